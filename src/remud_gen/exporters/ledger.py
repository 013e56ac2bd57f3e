"""What an export kept and what it left out, counted while it is written."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from remud_gen.errors import RecordError
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.protocols import ExportSummary
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.licences import name_licence
from remud_gen.rules.organs import name_organ

PROFILE = ("kind", "style", "form", "qtype", "organ", "language", "licence", "model", "thinking_source")

Made = TypeVar("Made")


class Ledger:
    """Counts records as they are written."""

    def __init__(self) -> None:
        self._sorts: Counter[tuple[str, ...]] = Counter()  # split and the values of PROFILE
        self._prompts: Counter[tuple[str, str]] = Counter()  # name and digest; of a record several may stand here
        self._left_out: list[tuple[str, str]] = []
        self._written = DigestTable()

    def sift(
        self, records: Iterable[tuple[str, Quadruplet]], make: Callable[[str, Quadruplet], Made]
    ) -> Iterator[tuple[str, Quadruplet, Made]]:
        """Each new record with its split and what `make` makes of both, to be written before the next one is taken.

        Records that `make` turns down with a RecordError are left out by name.
        """
        for split, record in records:
            try:
                self.check_new(record)
                made = make(split, record)
            except RecordError as error:
                self.leave_out(record, error)
                continue
            yield split, record, made
            self.keep(split, record)

    def check_new(self, record: Quadruplet) -> None:
        """Raise RecordError DUPLICATE_ID if a record with this id was already written."""
        if digest_text(record.id) in self._written:
            raise RecordError("DUPLICATE_ID", "a record with this id was already written")

    def keep(self, split: str, record: Quadruplet) -> None:
        """Note a record that was written."""
        self._written.setdefault(digest_text(record.id))
        origin = record.generation
        model = f"{origin.client}/{origin.model}"
        licence = name_licence(record.licence)
        sort = (record.kind, record.style, record.form, record.qtype, name_organ(record), record.language)
        self._sorts[split, *sort, licence, model, origin.thinking_source] += 1
        further = {(step.prompt, step.prompt_sha256) for step in origin.steps}
        self._prompts.update({(origin.prompt, origin.prompt_sha256), *further})

    def leave_out(self, record: Quadruplet, error: RecordError) -> None:
        """Note a record that the format cannot hold, and why."""
        # Most reasons are the same text: of a million questions without options each is told in the same words.
        self._left_out.append((record.id, sys.intern(f"{error.code}: {error.message}")))

    def to_summary(self, files: Iterable[str], image_count: int, notes: Iterable[str] = ()) -> ExportSummary:
        """The counts in a fixed order."""
        splits, *profile = (self._count(place) for place in range(len(PROFILE) + 1))
        return ExportSummary(
            files=tuple(files),
            counts={
                **{split: splits[split] for split in SPLIT_NAMES if split in splits},
                "images": image_count,
            },
            left_out=tuple(self._left_out),
            profile={
                **{f: dict(sorted(values.items())) for f, values in zip(PROFILE, profile, strict=True) if values},
                "prompt": {f"{name} sha256:{sha256[:16]}": n for (name, sha256), n in sorted(self._prompts.items())},
            },
            notes=tuple(notes),
        )

    def _count(self, place: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        for sort, count in self._sorts.items():
            counts[sort[place]] += count
        return counts
