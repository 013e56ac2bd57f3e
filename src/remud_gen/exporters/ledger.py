"""What an export kept and what it left out, counted while it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from remud_gen.errors import RecordError
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.protocols import ExportSummary
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

PROFILE = ("kind", "style", "form", "qtype", "language")


class Ledger:
    """Counts records as they are written."""

    def __init__(self) -> None:
        self._splits: Counter[str] = Counter()
        self._profile: dict[str, Counter[str]] = {field: Counter() for field in (*PROFILE, "model", "thinking_source")}
        self._left_out: list[tuple[str, str]] = []
        self._written = DigestTable()

    def check_new(self, record: Quadruplet) -> None:
        """Raise RecordError DUPLICATE_ID if a record with this id was already written."""
        if digest_text(record.id) in self._written:
            raise RecordError("DUPLICATE_ID", "a record with this id was already written")

    def keep(self, split: str, record: Quadruplet) -> None:
        """Note a record that was written."""
        self._written.setdefault(digest_text(record.id))
        self._splits[split] += 1
        for field in PROFILE:
            self._profile[field][getattr(record, field)] += 1
        self._profile["model"][f"{record.generation.client}/{record.generation.model}"] += 1
        self._profile["thinking_source"][record.generation.thinking_source] += 1

    def leave_out(self, record: Quadruplet, error: RecordError) -> None:
        """Note a record that the format cannot hold, and why."""
        self._left_out.append((record.id, f"{error.code}: {error.message}"))

    def to_summary(self, files: Iterable[str], image_count: int, notes: Iterable[str] = ()) -> ExportSummary:
        """The counts in a fixed order."""
        return ExportSummary(
            files=tuple(files),
            counts={
                **{split: self._splits[split] for split in SPLIT_NAMES if split in self._splits},
                "images": image_count,
            },
            left_out=tuple(self._left_out),
            profile={field: dict(sorted(values.items())) for field, values in self._profile.items() if values},
            notes=tuple(notes),
        )
