"""Verdicts that rest on the whole corpus, looked up record by record in memory that a large corpus does not fill."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

from remud_gen.records import CorpusVerdict, Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.late import compile_late
from remud_gen.rules.record_texts import lay_over
from remud_gen.runner.reading import PartInput, parse_line, read_verified

_ID = compile_late(rb'"id":"([^"\\\\]+)"')


class Overlay:
    """The lines of the overlay as they lie on disk, found by the ids they begin with; parsed when they are needed."""

    def __init__(self, run: Path, parts: Sequence[PartInput]) -> None:
        """Read the overlay.

        Raises:
            DamagedPart: when it does not hold the bytes that were promised.
        """
        self._data = b"".join(read_verified(run, part) for part in parts)
        self._lines = DigestTable()
        self._starts = array("Q")
        start = 0
        while start < len(self._data):
            end = self._data.index(b"\n", start) + 1
            found = _ID.search(self._data, start, end)
            if found is not None:
                self._lines.setdefault(digest_text(found[1].decode("utf-8")), len(self._starts))
            self._starts.append(start)
            start = end
        self._starts.append(start)

    def find(self, identity: str) -> CorpusVerdict | None:
        """What was found about a quadruplet; None where nothing was."""
        number = self._lines.get(digest_text(identity)) if len(self._lines) else None
        if number is None:
            return None
        record = parse_line(self._data[self._starts[number] : self._starts[number + 1]])
        return record if isinstance(record, CorpusVerdict) and record.id == identity else None

    def lay_over(self, record: Quadruplet) -> Quadruplet:
        """The record with what was found about it."""
        extra = self.find(record.id)
        return record if extra is None else lay_over(record, extra)
