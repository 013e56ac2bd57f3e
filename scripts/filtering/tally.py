"""Counts of hits, and per reason code how often it was right."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass
class Score:
    """How many of how many, and the names of the rest."""

    hits: int = 0
    total: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, name: str, *, is_hit: bool) -> None:
        """Count one case."""
        self.total += 1
        self.hits += is_hit
        if not is_hit:
            self.misses.append(name)

    @property
    def share(self) -> float:
        """Hits of all cases, 1.0 when there were none."""
        return self.hits / self.total if self.total else 1.0

    def __str__(self) -> str:
        return f"{self.hits}/{self.total} ({self.share:.3f})"


class Tally:
    """For each code: faulty records it was wanted for, those it was given to, and sound records it was given to."""

    def __init__(self) -> None:
        self._wanted: dict[str, int] = {}
        self._found: dict[str, int] = {}
        self._wrong: dict[str, int] = {}
        self.n_sound = 0

    def add_bad(self, wanted: Collection[str], found: Collection[str]) -> None:
        """Count a faulty record; of alternatives that are wanted, those that were found count, else the first."""
        kinds = {code for code in found if "PHI" in wanted and code.startswith("PHI_")}
        hits = (set(wanted) & set(found)) | kinds
        for code in sorted(hits):
            self._found[code] = self._found.get(code, 0) + 1
        for code in sorted(hits or {min(wanted)}):
            self._wanted[code] = self._wanted.get(code, 0) + 1

    def add_good(self, found: Collection[str]) -> None:
        """Count a sound record."""
        self.n_sound += 1
        for code in sorted(set(found)):
            self._wrong[code] = self._wrong.get(code, 0) + 1

    def list_figures(self) -> Iterator[tuple[str, Mapping[str, int]]]:
        """Code -> wanted, found, wrong."""
        for code in sorted({*self._wanted, *self._wrong}):
            yield (
                code,
                {
                    "wanted": self._wanted.get(code, 0),
                    "found": self._found.get(code, 0),
                    "wrong": self._wrong.get(code, 0),
                },
            )
