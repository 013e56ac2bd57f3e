"""Identifiers of patients anywhere in a record, its sources included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from remud_gen.filters.fields import read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules.identifiers import Identifier, IdentifierKind, find_identifiers, list_identifiers, mask_identifier
from remud_gen.rules.normalise import unify

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


class PrivacyFilter(RuleFilter[RuleOptions]):
    """Is there anything in the record by which a patient could be found."""

    name = "privacy"
    version = 2
    codes: ClassVar[Mapping[str, str]] = {f"PHI_{kind}": what for kind, what in _WHAT.items()}
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

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


def _to_finding(field: str, found: Identifier) -> Finding:
    return Finding(f"PHI_{found.kind}", field, mask_identifier(found.text), None if found.is_certain else "review")
