"""Does every fact rest on words that really stand in a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from remud_gen.filters.fields import read_texts
from remud_gen.filters.refusal import is_boilerplate
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Claim, Evidence, Quadruplet, Severity
from remud_gen.rules.normalise import squash
from remud_gen.rules.quotes import THRESHOLDS, is_quoted
from remud_gen.rules.words import list_content_words, measure_cover, split_sentences

# Facts of these kinds are about this picture, so they need words of this picture's source.
PICTURE_KINDS = frozenset({"modality", "plane", "anatomy", "finding", "measurement", "diagnosis", "grading"})


class EvidenceOptions(RuleOptions):
    """Thresholds in percent of similarity (quotes) and share of words (sentences)."""

    layer_threshold: int = Field(95, ge=50, le=100)
    """For spans from a text layer."""
    ocr_threshold_en: int = Field(THRESHOLDS["ocr", "en"], ge=50, le=100)
    ocr_threshold_zh: int = Field(THRESHOLDS["ocr", "zh"], ge=50, le=100)
    min_sentence_cover: float = Field(0.40, ge=0, le=1)
    """An answer sentence sharing fewer of its words with claims, quotes and question rests on nothing."""
    min_sentence_chars: int = 6


class EvidenceFilter(RuleFilter[EvidenceOptions]):
    """Is every claim quoted, every quote real, every sentence covered."""

    name = "evidence"
    options_class = EvidenceOptions
    codes: ClassVar[Mapping[str, str]] = {
        "EVID_QUOTE_NOT_FOUND": "A quote does not stand in the span it cites, or cites a span that was not given.",
        "CLAIM_NO_EVIDENCE": "The record makes no claims, or a claim about the picture has no quote.",
        "SENT_UNSUPPORTED": "A sentence of the answer is covered by no claim.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Check claims, then quotes, then the sentences of all answers."""
        if not record.claims:
            yield Finding("CLAIM_NO_EVIDENCE", "claims", "no claims")
        elif not any(claim.evidence for claim in record.claims):
            yield Finding("CLAIM_NO_EVIDENCE", "claims", "no claim is quoted", "review")
        spans = {span.id: span for span in record.evidence}
        for claim in record.claims:
            if claim.kind in PICTURE_KINDS and not any(squash(quote.quote) for quote in claim.evidence):
                yield Finding("CLAIM_NO_EVIDENCE", f"claims.{claim.id}", claim.text)
            yield from self._check_quotes(record, claim, spans)
        if record.claims:
            yield from self._check_sentences(record)

    def _check_quotes(self, record: Quadruplet, claim: Claim, spans: Mapping[str, Evidence]) -> Iterator[Finding]:
        options = self.options
        for quote in claim.evidence:
            span = spans.get(quote.span_id)
            if span is None:
                yield Finding("EVID_QUOTE_NOT_FOUND", f"claims.{claim.id}", f"no span {quote.span_id}")
                continue
            threshold = options.layer_threshold
            if span.origin == "ocr" or span.kind == "burned_in":
                threshold = options.ocr_threshold_zh if record.language == "zh" else options.ocr_threshold_en
            if not is_quoted(quote.quote, span.text, threshold):
                yield Finding("EVID_QUOTE_NOT_FOUND", f"claims.{claim.id}", f"{span.id}: {quote.quote}")

    def _check_sentences(self, record: Quadruplet) -> Iterator[Finding]:
        known = set(list_content_words(record.question))
        for claim in record.claims:
            known |= list_content_words(claim.text)
            for quote in claim.evidence:
                known |= list_content_words(quote.quote)
        for option in record.options:
            known |= list_content_words(option.text)
        for turn in record.turns:
            known |= list_content_words(turn.question)
        supported = frozenset(known)
        for field in read_texts(record).shown:
            if field.kind != "answer":
                continue
            for sentence in split_sentences(field.text):
                if len(squash(sentence)) < self.options.min_sentence_chars or is_boilerplate(sentence):
                    continue
                if measure_cover(sentence, supported) < self.options.min_sentence_cover:
                    yield Finding("SENT_UNSUPPORTED", field.name, sentence)
