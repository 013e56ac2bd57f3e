"""README.md: the dataset card, with a head that the Hugging Face Hub reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from remud_gen.exporters.facts import LIMITS, ExportFacts, name_size
from remud_gen.exporters.provenance import PROVENANCE
from remud_gen.rules.late import compile_late
from remud_gen.rules.licences import find_rights

COUNTED = ("kind", "style", "form", "qtype", "organ", "language")
MADE_BY = ("model", "thinking_source", "prompt")
MOST_VALUES = 40
_MARKS = compile_late(r"[\\|<\[\]`]")
_RIGHTS = {
    "permissive": "may be passed on, with attribution where it asks for that",
    "share_alike": "may be passed on under the same licence",
    "noncommercial": "may be passed on, not for profit",
    "no_derivatives": "only whole and unchanged: cut-out pictures may not be passed on",
    "private": "none stated, or none that is known: for your own use",
}
_POLICIES = {
    "private": "Policy `private`: every source is in, whatever its licence. This set is for the use of whoever may use "
    "the sources; it may be passed on only where the table below says so of every source.",
    "research": "Policy `research`: pictures, and words beyond quotations, only of sources that may be passed on "
    "without profit. What was generated from other sources is in.",
    "permissive": "Policy `permissive`: pictures, and words beyond quotations, only of sources that anyone may pass on "
    "for any purpose. What was generated from other sources is in.",
}


def render_readme(facts: ExportFacts) -> str:
    """The whole card. The same facts give the same bytes."""
    head = yaml.safe_dump(make_head(facts), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{head}---\n\n" + "\n".join(_list_lines(facts)) + "\n"


def make_head(facts: ExportFacts) -> dict[str, Any]:
    """The card's head: language, licence, tasks, size, and which files make which split."""
    kinds = facts.summary.profile.get("kind", {})
    tasks = [
        task for kind, task in (("vqa", "visual-question-answering"), ("qa", "question-answering")) if kind in kinds
    ]
    head: dict[str, Any] = {"language": list(facts.languages), "license": facts.hub_licence}
    if facts.hub_licence == "other":
        head |= {"license_name": facts.licence_name, "license_link": "README.md"}
    head |= {
        "pretty_name": f"Ultrasound questions and answers ({facts.name})",
        "task_categories": tasks,
        "tags": ["ultrasound", "medical", "synthetic", "remud-gen"],
        "size_categories": [name_size(facts.exported)],
    }
    if facts.data_files:
        files = [{"split": split, "path": list(paths)} for split, paths in facts.data_files.items()]
        head["configs"] = [{"config_name": "default", "default": True, "data_files": files}]
    return head


def _list_lines(facts: ExportFacts) -> Iterator[str]:
    yield f"# Ultrasound fine-tuning data ({facts.name})"
    yield ""
    yield facts.purpose[:1].upper() + facts.purpose[1:] + "."
    yield ""
    yield "**Synthetic, and not for clinical use.** See the limits below."
    yield from _list_counts(facts)
    yield from _list_origins(facts)
    yield from _list_licences(facts)
    yield from ("", "## Limits", "", *(f"- {limit}" for limit in LIMITS))
    if facts.summary.notes:
        yield from ("", "## Notes", "", *(f"- {_escape_note(note)}" for note in facts.summary.notes))
    yield from _list_files(facts)


def _list_counts(facts: ExportFacts) -> Iterator[str]:
    yield from ("", "## What is in it", "", "| | records |", "|---|---|")
    yield from (f"| {split} | {count} |" for split, count in facts.summary.counts.items() if split != "images")
    for field in COUNTED:
        yield from _list_values(field, facts.summary.profile.get(field, {}))
    yield ""
    count = facts.summary.counts.get("images", 0)
    yield f"{count} distinct picture{'' if count == 1 else 's'}."
    if facts.funnel:
        yield from _list_funnel(facts)


def _list_funnel(facts: ExportFacts) -> Iterator[str]:
    funnel, summary = facts.funnel, facts.summary
    yield from ("", "## From what was made to what is here", "", "| | records |", "|---|---|")
    yield f"| made | {funnel['total']} |"
    yield f"| rejected by filters | {funnel['rejected']} |"
    yield f"| held back for review | {funnel['review']} |"
    yield f"| kept | {funnel['kept']} |"
    yield from (f"| not chosen: {_escape(wish)} | {count} |" for wish, count in summary.not_chosen.items())
    yield from (f"| left out: {code} | {count} |" for code, count in facts.left_out.items())
    yield f"| here | {facts.exported} |"
    codes = funnel.get("codes", {})
    if codes:
        told = ", ".join(f"{code} {count}" for code, count in codes.items())
        yield from ("", f"Why filters rejected or held back (a record may have several reasons): {told}.")


def _list_origins(facts: ExportFacts) -> Iterator[str]:
    yield from ("", "## Models and prompts", "", "| | records |", "|---|---|")
    for field in MADE_BY:
        yield from _list_values(field.replace("_", " "), facts.summary.profile.get(field, {}))


def _list_licences(facts: ExportFacts) -> Iterator[str]:
    policy = str(facts.settings.get("licence_policy", "private"))
    yield from ("", "## Licences of the sources", "", _POLICIES[policy])
    if facts.withheld:
        yield f"The pictures of {facts.withheld} records stand as pointers (`pointers.jsonl`): document, page and box."
    yield from ("", "| licence | records | the source |", "|---|---|---|")
    for licence, count in facts.licences.items():
        yield f"| {licence} | {count} | {_RIGHTS[find_rights(licence)]} |"
    yield ""
    yield "A licence is what `licences.csv` gives the file, else what the document says of itself, else `private`."


def _list_files(facts: ExportFacts) -> Iterator[str]:
    yield from ("", "## Files", "")
    if facts.left_out:
        told = ", ".join(f"{code} {count}" for code, count in facts.left_out.items())
        yield f"- `left_out.jsonl`: records that this format cannot hold, by name ({told})."
    yield f"- `{PROVENANCE}`: for every record the file's SHA-256, page, box and the words that each claim rests on."
    yield "- `MANIFEST.json`: counts, settings and the SHA-256 of every data file."
    yield "- `CHECKSUMS`: check all files with `sha256sum --quiet -c CHECKSUMS`."
    yield "- `croissant.json`: the same facts for machines (Croissant 1.0 with its responsible-AI part)."


def _list_values(field: str, values: Mapping[str, int]) -> Iterator[str]:
    ranked = (
        sorted(values.items(), key=lambda pair: (-pair[1], pair[0])) if len(values) > MOST_VALUES else values.items()
    )
    shown = list(ranked)[:MOST_VALUES]
    yield from (f"| {field}: {_escape(value)} | {count} |" for value, count in shown)
    if len(values) > MOST_VALUES:
        yield f"| {field}: {len(values) - MOST_VALUES} others | {sum(values.values()) - sum(n for _, n in shown)} |"


def _escape(value: str) -> str:
    """A value in a cell of a table: no HTML, no link or picture, no end of the cell."""
    return _MARKS.sub(_defuse, " ".join(value.split()))


def _escape_note(note: str) -> str:
    """A sentence as it stands, but for what a file's name or a licence in it could do; `code` is left alone."""
    pieces = " ".join(note.split()).split("`")
    is_paired = len(pieces) % 2 == 1 and "``" not in note
    return "`".join(
        piece if is_paired and number % 2 else _MARKS.sub(_defuse, piece) for number, piece in enumerate(pieces)
    )


def _defuse(mark: re.Match[str]) -> str:
    return "&lt;" if mark.group() == "<" else f"\\{mark.group()}"
