"""What one record gives away about others of the same picture: that it is paired wrongly, or shows a patient's name."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from remud_gen.filters.rule import RuleOptions, check_severities
from remud_gen.filters.shelf import TextShelf
from remud_gen.records import Quadruplet, Severity, Verdict
from remud_gen.rules.digests import digest_text

_HEDGE = "PAIR_CONFLICT_HEDGE"
_IDENTIFIER = "PHI_"
_PAIR, _IMAGE = "pair", "image"
_CODES = {_PAIR: "PAIR_SUSPECT", _IMAGE: "IMAGE_QUARANTINED"}


class CompanionsFilter:
    """Is a record's picture, or its pair, one that another record speaks against.

    It is shown rejected records too: they are the witnesses.
    """

    name: ClassVar[str] = "companions"
    scope: ClassVar[Literal["corpus"]] = "corpus"
    version: ClassVar[int] = 1
    sees_rejected: ClassVar[bool] = True
    options_class: ClassVar[type[RuleOptions]] = RuleOptions
    codes: ClassVar[Mapping[str, str]] = {
        "PAIR_SUSPECT": "Another record of this picture says that picture and text disagree.",
        "IMAGE_QUARANTINED": "A record of this picture holds an identifier, so the picture leaves with no record.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"PAIR_SUSPECT": "review", "IMAGE_QUARANTINED": "reject"}

    def __init__(self, options: RuleOptions) -> None:
        check_severities(self.name, self.codes, options.severities)
        self.options = options
        self._ids = TextShelf()
        self._keys, self._owners = array("Q"), array("I")  # a record's pair and pictures, as digests, by its number
        self._suspects: dict[int, tuple[str, str]] = {}  # digest -> what it is, and the first witness

    def observe(self, record: Quadruplet) -> None:
        """Note what a record speaks against, and what it shares with others."""
        for verdict in record.verdicts:
            if verdict.code == _HEDGE and verdict.severity in ("reject", "review"):
                self._suspects.setdefault(digest_text(_PAIR, record.parent_id), (_PAIR, record.id))
            elif verdict.code.startswith(_IDENTIFIER) and verdict.severity == "reject":
                # A masked picture that still shows somebody speaks against the one it was made from as well.
                for image in record.images:
                    for sha256 in filter(None, (image.sha256, image.derived_from)):
                        self._suspects.setdefault(digest_text(_IMAGE, sha256), (_IMAGE, record.id))
        if record.status != "rejected":
            number = self._ids.add(record.id)
            keys = [digest_text(_PAIR, record.parent_id)]
            keys += [digest_text(_IMAGE, image.sha256) for image in record.images]
            self._keys.extend(keys)
            self._owners.extend([number] * len(keys))

    def finish(self) -> Iterator[tuple[str, Verdict]]:
        """A verdict for every record whose pair or picture is spoken against by another."""
        if not self._suspects:
            return
        for key, number in zip(self._keys, self._owners, strict=True):
            kind, witness = self._suspects.get(key, ("", ""))
            record_id = self._ids.read(number) if kind else ""
            if not kind or witness == record_id:
                continue
            code = _CODES[kind]
            severity = self.options.severities.get(code) or self.severities[code]
            if severity != "off":
                yield (
                    record_id,
                    Verdict(code=code, severity=severity, field=kind, evidence=f"see {witness}", filter=self.name),
                )
