"""Empty fields, lengths out of bounds, answers cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from remud_gen.filters.fields import FieldText, read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import HAN, squash

_HAN = compile_late(f"[{HAN}]")
_WORD = compile_late(r"[A-Za-z0-9][\w.'’/-]*")
# No sentence ends on these, whatever stands in a claim.
_DANGLING = compile_late(
    r"(?:\b(?:an?|the|of|and|or|with|by|that|which|whose|because|than|into|from|its|their)"
    r"|并且|而且|以及|因为|由于|因此|所以|但是|而|和|与|或|及|包括|对于|关于|其中)\s*[,,、::]?\s*$",
    re.IGNORECASE,
)
TERMINAL = compile_late(r"[.。!?！？)）\]】》」』”\"’'%％…℃°*|]\s*$")


class FormOptions(RuleOptions):
    """Bounds in Chinese characters for Chinese records, in words for English ones."""

    question_chars: tuple[int, int] = (4, 200)
    question_words: tuple[int, int] = (3, 80)
    answer_chars: tuple[int, int] = (1, 600)
    answer_words: tuple[int, int] = (1, 250)
    report_factor: float = Field(3.0, ge=1)
    """How much longer the answer of a report may be."""
    ending_checked_from_chars: int = 12
    """Shorter Chinese answers may end without punctuation; English ones below 2.5 times as many letters."""


class FormFilter(RuleFilter[FormOptions]):
    """Does the record have the parts and the size that its form asks for."""

    name = "form"
    options_class = FormOptions
    codes: ClassVar[Mapping[str, str]] = {
        "EMPTY_FIELD": "The question or an answer is blank.",
        "LEN_Q": "A question is shorter or longer than a question can reasonably be.",
        "LEN_A": "An answer is longer than the form allows.",
        "ANSWER_TRUNCATED": "An answer stops in mid-sentence, or the model ran into its token limit.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Blank, short, long or unfinished fields."""
        is_given = "given_answer" in record.flags  # a question bank's, which often writes no full stop
        for field in read_texts(record).shown:
            if field.kind not in ("question", "answer"):
                continue
            if not squash(field.text):
                yield Finding("EMPTY_FIELD", field.name)
                continue
            yield from self._check_length(record, field)
            is_checked = field.kind == "answer" and record.form not in ("mcq", "cloze") and not is_given
            if is_checked and self._is_cut(record, field.text):
                yield Finding("ANSWER_TRUNCATED", field.name, field.text[-24:])
        if record.generation.finish_reason in ("length", "max_tokens"):
            yield Finding("ANSWER_TRUNCATED", "generation", "the model ran into its token limit")

    def _check_length(self, record: Quadruplet, field: FieldText) -> Iterator[Finding]:
        options = self.options
        is_chinese = record.language == "zh"
        size = len(_HAN.findall(field.text)) if is_chinese else len(_WORD.findall(field.text))
        if is_chinese:  # abbreviations and numbers inside Chinese text count as a character each
            size += len(_WORD.findall(field.text))
        if field.kind == "question":
            low, high = options.question_chars if is_chinese else options.question_words
            code = "LEN_Q"
        else:
            low, high = options.answer_chars if is_chinese else options.answer_words
            high = int(high * options.report_factor) if record.form == "report" else high
            code = "LEN_A"
        if not low <= size <= high:
            yield Finding(
                code, field.name, f"{size} {'characters' if is_chinese else 'words'}, allowed {low} to {high}"
            )

    def _is_cut(self, record: Quadruplet, text: str) -> bool:
        limit = self.options.ending_checked_from_chars * (1.0 if record.language == "zh" else 2.5)
        if len(text.strip()) <= limit or TERMINAL.search(text):
            return False
        # A phrase that ends where a claim or a quote ends is whole, with or without a full stop.
        if _DANGLING.search(text[-24:]):
            return True
        ending = squash(text)
        whole = [claim.text for claim in record.claims]
        whole += [quote.quote for claim in record.claims for quote in claim.evidence]
        return not any(len(squash(part)) >= 4 and ending.endswith(squash(part)) for part in whole)
