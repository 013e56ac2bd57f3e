"""How the measures that rules go by are spread over a corpus: what a threshold would cost is seen before it is set."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, Field
from rapidfuzz import fuzz

from remud_gen.filter_protocols import PictureFacts
from remud_gen.filters.funnel import list_lengths
from remud_gen.records import Quadruplet
from remud_gen.rules.histogram import LENGTH_EDGES, PERCENT_EDGES, Histogram
from remud_gen.rules.normalise import squash
from remud_gen.rules.words import list_content_words, measure_cover

COVER_EDGES = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
SHARPNESS_EDGES = (0, 30, 60, 120, 250, 500, 1000, 2000, 4000)
SIDE_EDGES = (0, 96, 160, 224, 336, 512, 768, 1024)
SCORE_EDGES = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Histograms(BaseModel):
    """All records, rejected ones too, by length and by score; pictures by their facts."""

    statuses: dict[str, int] = Field(default_factory=lambda: {"kept": 0, "review": 0, "rejected": 0})
    lengths: dict[str, Histogram] = Field(default_factory=dict)  # in characters: "question zh", …
    quote_similarity: Histogram = Histogram(edges=PERCENT_EDGES)  # of each quote to its span, in percent
    answer_cover: Histogram = Histogram(edges=COVER_EDGES)  # words of answers that claims, quotes or question hold
    sharpness: Histogram = Histogram(edges=SHARPNESS_EDGES)
    short_side_px: Histogram = Histogram(edges=SIDE_EDGES)
    ultrasound_score: Histogram = Histogram(edges=SCORE_EDGES)
    pictures_measured: int = 0
    pictures: int = 0

    def add(self, record: Quadruplet) -> None:
        """Count one judged record."""
        self.statuses[record.status] += 1
        for name, text in list_lengths(record):
            self.lengths.setdefault(name, Histogram(edges=LENGTH_EDGES)).add(len(text))
        for value in _measure_quotes(record):
            self.quote_similarity.add(value)
        if record.claims and record.form != "mcq":
            self.answer_cover.add(_measure_answer(record))

    def add_picture(self, facts: PictureFacts) -> None:
        """Count one distinct picture."""
        self.pictures_measured += 1
        self.sharpness.add(facts.sharpness)
        self.short_side_px.add(min(facts.width_px, facts.height_px))
        self.ultrasound_score.add(facts.ultrasound_score)

    def to_lines(self) -> Iterator[str]:
        """Every histogram with its title; empty ones are left out."""
        for name, histogram in sorted(self.lengths.items()):
            yield from ("", *histogram.to_lines(f"length of {name}", "characters"))
        measured = f"of {self.pictures_measured} of {self.pictures} pictures"
        rows = (
            (self.quote_similarity, "likeness of quotes to their source", "percent"),
            (self.answer_cover, "words of the answer that claims, quotes and question hold", "percent"),
            (self.sharpness, "sharpness of pictures", f"variance of the Laplacian, {measured}"),
            (self.short_side_px, "shorter side of pictures", f"pixels, {measured}"),
            (self.ultrasound_score, "how much pictures look like ultrasound", f"0 to 1, {measured}"),
        )
        for histogram, title, unit in rows:
            if histogram.total:
                yield from ("", *histogram.to_lines(title, unit))


def _measure_quotes(record: Quadruplet) -> Iterator[float]:
    spans = {span.id: squash(span.text) for span in record.evidence}
    for claim in record.claims:
        for quote in claim.evidence:
            words, span = squash(quote.quote), spans.get(quote.span_id, "")
            yield 100.0 if words and words in span else fuzz.partial_ratio(words, span)


def _measure_answer(record: Quadruplet) -> float:
    known = set(list_content_words(record.question))
    for claim in record.claims:
        known |= list_content_words(claim.text)
        for quote in claim.evidence:
            known |= list_content_words(quote.quote)
    return 100 * measure_cover(record.answer, frozenset(known))
