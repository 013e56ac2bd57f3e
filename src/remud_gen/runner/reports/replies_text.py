"""`remud replies` for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from remud_gen.llm.store_lines import StoredReply, Transfer
from remud_gen.rules.late import compile_late
from remud_gen.runner.replies import StoreAccount
from remud_gen.runner.reports.batches import batch_lines
from remud_gen.runner.reports.table import lay_out
from remud_gen.runner.reports.wording import count_noun, describe_price

CONTROL = compile_late(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what a model writes must not steer a terminal
HEADINGS = ("model", "replies", "input tokens", "output tokens", "cost")


def count_replies(count: int) -> str:
    """`1 reply`, `2,000 replies`."""
    return f"{count:,} {'reply' if count == 1 else 'replies'}"


def account_text(account: StoreAccount) -> str:
    """What a store holds, by model."""
    lines = [f"{account.path}: {count_replies(account.replies)}, {account.size_bytes / 2**20:.1f} MiB"]
    if account.models:
        rows = [
            (
                f"{share.client}/{share.model}",
                f"{share.replies:,}",
                f"{share.input_tokens:,}",
                f"{share.output_tokens:,}",
                describe_price(share.cost_usd, share.unpriced, share.replies),
            )
            for share in account.models
        ]
        lines += ["", *lay_out(HEADINGS, rows, ("model", "cost"))]
    if account.batches:
        lines += ["", *batch_lines(account.batches)]
    if account.users:
        lines += ["", f"used by {', '.join(str(user) for user in account.users)}"]
    return "\n".join(lines)


def reply_text(stored: StoredReply) -> str:
    """One reply with what was asked."""
    reply, asked = stored.reply, stored.asked
    at = datetime.fromtimestamp(stored.stored_at, UTC)
    tokens = f"{reply.input_tokens or 0:,} + {reply.output_tokens or 0:,} tokens"
    price = describe_price(reply.cost_usd or 0.0, int(reply.cost_usd is None), 1)
    lines = [
        f"request {reply.request_sha256}",
        f"  answered by {reply.client}/{reply.model}, stored {at:%Y-%m-%d %H:%M:%S} UTC",
        f"  {tokens}, cost {price}, ended by {reply.finish_reason or 'unknown'}",
    ]
    if asked is None:
        lines.append("  what was asked is not known: an older version stored the reply, or it was brought here without")
    else:
        params = ", ".join(f"{name} {value}" for name, value in asked.params.items())
        lines += [f"  asked of {asked.client}/{asked.model} for {asked.purpose} ({asked.prompt}): {params}"]
        lines += [f"  image {sha256}" for sha256 in asked.images]
        lines += (
            [f"  reply in the form of a schema, {len(json.dumps(asked.schema)):,} characters"] if asked.schema else []
        )
        lines += ["", "--- system", asked.system, "", "--- user", asked.user]
    lines += ["", "--- reasoning", reply.reasoning] if reply.reasoning else []
    return CONTROL.sub("\ufffd", "\n".join([*lines, "", "--- reply", reply.text]))


def transfer_json(transfer: Transfer) -> dict[str, Any]:
    """For scripts."""
    return {
        "new": transfer.new,
        "known": transfer.known,
        "differing": transfer.differing,
        "refused": transfer.refused,
        "reasons": [{"line": number, "reason": reason} for number, reason in transfer.reasons],
    }


def transfer_text(transfer: Transfer, file: Path) -> str:
    """What became of the lines of a file, and which were refused."""
    told = f"{file}: {count_replies(transfer.new)} new, {transfer.known:,} known"
    if transfer.differing:
        told += f", {transfer.differing:,} other than stored (the stored ones stay)"
    lines = [f"{told}, {transfer.refused:,} refused"]
    lines += [f"line {number}: {reason}" for number, reason in transfer.reasons]
    if transfer.refused > len(transfer.reasons):
        lines.append(f"… and {transfer.refused - len(transfer.reasons):,} more")
    if transfer.refused:
        lines.append(f"Finished with {count_noun(transfer.refused, 'error')}: the good lines are stored.")
    return "\n".join(lines)
