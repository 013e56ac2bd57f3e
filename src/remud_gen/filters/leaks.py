"""References to what the learner cannot see: figures, panels, other pictures, the source, the task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from remud_gen.filters.fields import RecordTexts, read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules import leaks
from remud_gen.rules.measurements import find_quantities
from remud_gen.rules.patterns import search_first

_GROUPS = (
    ("REF_FIGNUM", leaks.FIGURE_NUMBER),
    ("REF_PANEL", leaks.PANEL),
    ("REF_OTHER_IMAGE", leaks.OTHER_IMAGE),
    ("REF_SOURCE_TEXT", leaks.SOURCE_TEXT),
)


class LeaksFilter(RuleFilter[RuleOptions]):
    """Can every field be understood with this one picture and nothing else."""

    name = "leaks"
    codes: ClassVar[Mapping[str, str]] = {
        "REF_FIGNUM": "A field cites a figure, plate, table or video by its number.",
        "REF_PANEL": "A field cites a panel by its letter, or a half of the screen that the source does not speak of.",
        "REF_OTHER_IMAGE": "A field speaks of another picture.",
        "REF_SOURCE_TEXT": "A field speaks of the caption, legend, book or text behind the question.",
        "REF_TASK": "A question or answer speaks of the task of writing it.",
        "REF_ANNOTATION": "A field speaks of an arrow or marker that no source span mentions.",
        "IMAGE_REF_IN_TEXT_QA": "A question without a picture points at a picture.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes, REF_ANNOTATION="review")

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Scan all shown fields at once, one group of patterns after the other."""
        texts = read_texts(record)
        for code, patterns in _GROUPS:
            for field, found in texts.scan(patterns):
                yield Finding(code, field.name, found)
        for field, found in texts.scan(leaks.TASK_TALK):
            if field.kind != "thinking":  # thinking about the task has its own code
                yield Finding("REF_TASK", field.name, found)
        if record.kind == "qa":
            for field, found in texts.scan(leaks.TEXT_ONLY_POINTING):
                yield Finding("IMAGE_REF_IN_TEXT_QA", field.name, found)
        else:
            yield from _find_unsupported_pointing(texts)


def _find_unsupported_pointing(texts: RecordTexts) -> Iterator[Finding]:
    halves = list(texts.scan(leaks.SCREEN_HALF))
    if halves and not any(search_first(leaks.SCREEN_HALF_SOURCES, span.text) for span in texts.sources):
        for field, found in halves:
            yield Finding("REF_PANEL", field.name, found, "review")
    marks, calipers = list(texts.scan(leaks.ANNOTATION)), list(texts.scan(leaks.CALIPERS))
    if not marks and not calipers:
        return
    known = "\n".join(span.text for span in texts.sources)
    if calipers and not find_quantities(known) and not search_first(leaks.CALIPERS, known):
        marks += calipers
    if search_first(leaks.ANNOTATION, known) or any(sign in known.lower() for sign in leaks.ANNOTATION_SIGNS):
        return
    for field, found in marks:
        yield Finding("REF_ANNOTATION", field.name, found)
