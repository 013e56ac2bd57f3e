"""What people decided about records, laid over the judged records of a run; the records on disk stay as they are.

RUN/review/decisions.jsonl holds one line per record and content that was judged. A decision is applied to a record of
its id as long as the record's content is the one that was judged; it survives every rerun, and is shown as outdated
where the record has become another one. An edit gives new content, on which there may be a further decision.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError

from remud_gen.config import Config
from remud_gen.errors import InputError
from remud_gen.protocols import Filter
from remud_gen.records import HUMAN_ACCEPTED, HUMAN_EDITED, Quadruplet, Record, Verdict
from remud_gen.rules.content_digest import digest_content
from remud_gen.runner.files import write_atomically
from remud_gen.stages.filter import build_filters, describe_filters

FILE = "review/decisions.jsonl"
FILTER = "review"  # who a verdict is from
FIELDS = ("question", "thinking", "answer")
Outcome = Literal["accept", "edit", "fix", "reject", "conflict"]
_TOLD = {
    "reject": ("HUMAN_REJECTED", "reject", "a reviewer rejected it"),
    "fix": ("HUMAN_FIX_WANTED", "review", "a reviewer wants it mended and did not say how"),
    "conflict": ("HUMAN_CONFLICT", "review", "reviewers disagree"),
    "accept": (HUMAN_ACCEPTED, "info", ""),
}


class Decision(Record):
    """What one or more reviewers made of a record; who they were is not kept."""

    id: str
    content: str  # digest of what they saw
    outcome: Outcome
    question: str | None = None  # of an edit: the new text; None: left as it was
    thinking: str | None = None  # empty: taken away
    answer: str | None = None


class Review:
    """The decisions of a run, ready to be applied."""

    def __init__(self, decisions: Iterable[Decision] = (), config: Config | None = None) -> None:
        self._config = config
        self._decisions: dict[str, dict[str, Decision]] = {}
        for decision in decisions:
            self._decisions.setdefault(decision.id, {})[decision.content] = decision

    def __bool__(self) -> bool:
        return bool(self._decisions)

    @cached_property
    def _filters(self) -> list[Filter]:
        return build_filters(self._config or Config(), "record")

    @cached_property
    def digest(self) -> str:
        """One digest over the decisions and, where there are edits, the filters that judge them."""
        lines = [decision.model_dump_json() for decision in self.list_decisions()]
        has_edits = any(decision.outcome == "edit" for decision in self.list_decisions())
        judges = json.dumps(describe_filters(self._filters), sort_keys=True) if has_edits else ""
        return hashlib.sha256("\n".join([*lines, judges]).encode("utf-8")).hexdigest()

    def list_decisions(self) -> list[Decision]:
        """All decisions, by id and content."""
        found = [decision for group in self._decisions.values() for decision in group.values()]
        return sorted(found, key=lambda decision: (decision.id, decision.content))

    def list_for(self, record_id: str) -> list[Decision]:
        """The decisions about one record, whatever it was when they were made."""
        return list(self._decisions.get(record_id, {}).values())

    def count(self) -> Mapping[str, int]:
        """Decisions by outcome."""
        counts = Counter(decision.outcome for decision in self.list_decisions())
        return {outcome: counts[outcome] for outcome in get_args(Outcome) if counts[outcome]}

    def add(self, decisions: Iterable[Decision]) -> Review:
        """A review with further decisions; of two about the same content the newer one holds."""
        return Review([*self.list_decisions(), *decisions], self._config)

    def holds_for(self, record: Quadruplet) -> bool:
        """Whether a decision about this record's present content is known."""
        return digest_content(record) in self._decisions.get(record.id, {})

    def apply(self, record: Quadruplet) -> Quadruplet:
        """The record with what was decided about it."""
        known = self._decisions.get(record.id)
        if known is None:
            return record
        if not self.holds_for(record):
            told = "decided about an earlier version of this record, and not applied"
            return _add(record, Verdict(code="HUMAN_OUTDATED", severity="info", evidence=told, filter=FILTER))
        met: set[str] = set()
        while (content := digest_content(record)) in known and content not in met:
            met.add(content)
            record = self._apply_one(record, known[content])
        return record

    def _apply_one(self, record: Quadruplet, decision: Decision) -> Quadruplet:
        if decision.outcome == "edit":
            return self._edit(record, decision)
        code, severity, told = _TOLD[decision.outcome]
        return _add(record, Verdict.model_validate(
            {"code": code, "severity": severity, "evidence": told, "filter": FILTER}
        ))  # fmt: skip

    def _edit(self, record: Quadruplet, decision: Decision) -> Quadruplet:
        changes: dict[str, Any] = {}
        verdicts = []
        for field in FIELDS:
            before, after = getattr(record, field) or "", getattr(decision, field)
            if after is None or after == before:
                continue
            changes[field] = after or (None if field == "thinking" else "")
            verdicts.append(
                Verdict(
                    code=HUMAN_EDITED, severity="fix", field=field, filter=FILTER, original=before, replacement=after
                )
            )
        if "thinking" in changes:
            changes["style"] = "reasoning" if changes["thinking"] else "direct"
        edited = record.model_copy(update=changes)
        return _add(edited, *verdicts, *self._flag(record, edited))

    def _flag(self, record: Quadruplet, edited: Quadruplet) -> list[Verdict]:
        """What filters find in an edited record and not in it as it was: for review, as a person meant it so."""
        known = {(verdict.code, verdict.field) for verdict in (*record.verdicts, *self._check(record))}
        flags = {
            verdict.model_copy(update={"severity": "review", "original": None, "replacement": None})
            for verdict in self._check(edited)
            if verdict.severity in ("reject", "review") and (verdict.code, verdict.field) not in known
        }
        return sorted(flags, key=lambda verdict: (verdict.code, verdict.field, verdict.evidence))

    def _check(self, record: Quadruplet) -> list[Verdict]:
        bare = record.model_copy(update={"verdicts": ()})
        return [verdict for each in self._filters for verdict in each.check(bare)]


def load_review(run: Path, config: Config | None = None) -> Review:
    """The decisions of a run.

    Raises:
        InputError: when the file was damaged.
    """
    try:
        lines = (run / FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return Review((), config)
    except OSError as error:
        raise InputError(f"{run / FILE} cannot be read: {error.strerror}") from None
    try:
        return Review([Decision.model_validate_json(line) for line in lines if line], config)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise InputError(
            f"{run / FILE} is damaged: {told}", "restore it, or remove it and import the reviewers' files again"
        ) from None


def save_review(run: Path, review: Review) -> None:
    """Write the decisions, sorted."""
    lines = [decision.model_dump_json() + "\n" for decision in review.list_decisions()]
    write_atomically(run / FILE, "".join(lines).encode("utf-8"))


def _add(record: Quadruplet, *verdicts: Verdict) -> Quadruplet:
    return record.model_copy(update={"verdicts": (*record.verdicts, *verdicts)})
