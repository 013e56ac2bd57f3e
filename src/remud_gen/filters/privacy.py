"""Identifiers of patients anywhere in a record, its sources included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import ClassVar

from remud_gen.filters.fields import read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import BBox, Language, Quadruplet, Severity, TextLine
from remud_gen.rules.banners import find_hidden_lines, is_clinical
from remud_gen.rules.identifiers import Identifier, IdentifierKind, find_identifiers, list_identifiers, mask_identifier
from remud_gen.rules.normalise import unify
from remud_gen.rules.placeholders import is_placeholder

_WHAT: Mapping[IdentifierKind, str] = {
    "NAME": "A patient's name behind a label, a title or in a device's spelling.",
    "NAME_SEX_AGE": "A Chinese name with sex and age, as printed in device banners.",
    "RECORD_NUMBER": "A hospital, accession or examination number.",
    "RESIDENT_ID": "A Chinese resident id; without a valid checksum and label it is for review.",
    "PHONE": "A telephone number.",
    "EMAIL": "An e-mail address.",
    "BIRTH_DATE": "A date of birth.",
    "EXAM_TIME": "The date and time of an examination.",
    "ADDRESS": "A postal address behind a label.",
    "SOCIAL_SECURITY": "A social security number.",
    "AGE_OVER_89": "An age above 89 years, which identifies by itself.",
}


_IN_PICTURE = {
    "PHI_BANNER": "Words in the picture name a day or a place, or stand where machines print who was examined.",
    "PHI_PICTURE": "The picture shows who was examined, and `privacy` let it pass unmasked.",
}
_UNMASKED = "unmasked"  # flag of records whose picture was let pass as it is


class PrivacyFilter(RuleFilter[RuleOptions]):
    """Is there anything in the record by which a patient could be found.

    The filter `companions` keeps back every other record of a picture that this one rejects a record of.
    """

    name = "privacy"
    version = 3
    codes: ClassVar[Mapping[str, str]] = {f"PHI_{kind}": what for kind, what in _WHAT.items()} | _IN_PICTURE
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes, PHI_BANNER="review")

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Identifiers in shown fields, claims, quotes and sources; verdicts never repeat them."""
        texts = read_texts(record)
        for field, found in texts.locate(list(find_identifiers(texts.joined))):
            yield _to_finding(field.name, found)
        for claim in record.claims:
            stated = unify("\n".join([claim.text, *(quote.quote for quote in claim.evidence)]))
            for found in list_identifiers(stated):
                yield _to_finding(f"claims.{claim.id}", found)
        for field in texts.sources:
            for found in list_identifiers(field.text):
                yield _to_finding(field.name, found)
        yield from _find_banners(record)
        if _UNMASKED in record.flags:
            yield Finding("PHI_PICTURE", "images.0", "mask it: privacy.clinical, privacy.books")


def _find_banners(record: Quadruplet) -> Iterator[Finding]:
    """What stands in the picture and gives somebody away by its kind or place, and is no identifier by itself."""
    spans = [span for span in record.evidence if span.kind == "burned_in" and span.bbox is not None]
    if not spans or not record.images:
        return
    image = record.images[0]
    frame = record.source.bbox or (0.0, 0.0, float(image.width_px), float(image.height_px))
    lines = tuple((span.bbox, span.text) for span in spans if span.bbox is not None)
    for index in _list_banners(lines, frame, is_clinical(record.source), record.language):
        severity: Severity | None = "reject" if is_clinical(record.source) else None
        yield Finding("PHI_BANNER", f"evidence.{spans[index].id}", mask_identifier(spans[index].text), severity)


@lru_cache(maxsize=1024)
def _list_banners(
    lines: tuple[tuple[BBox, str], ...], frame: BBox, is_from_clinic: bool, language: Language
) -> tuple[int, ...]:
    read = [TextLine(bbox=box, text=text) for box, text in lines]
    hidden = find_hidden_lines(read, frame, "clinical" if is_from_clinic else "book", language)
    return tuple(
        line.index
        for line in hidden
        if line.kind in ("DATE", "PLACE", "BANNER") and not is_placeholder(unify(lines[line.index][1]))
    )


def _to_finding(field: str, found: Identifier) -> Finding:
    return Finding(f"PHI_{found.kind}", field, mask_identifier(found.text), None if found.is_certain else "review")
