"""Counts by size, in bins whose edges suit what is counted, and how they look in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, Field

BAR_CHARS = 32

LENGTH_EDGES = (0, 10, 20, 40, 80, 160, 320, 640, 1280, 2560)
PERCENT_EDGES = (0, 50, 60, 70, 80, 85, 90, 95, 99, 100)


class Histogram(BaseModel):
    """How many values lie between each two edges; the last bin is open, values below the first edge count as it."""

    edges: tuple[float, ...]
    counts: list[int] = Field(default_factory=list)

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    def add(self, value: float) -> None:
        """Count one value."""
        if not self.counts:
            self.counts = [0] * len(self.edges)
        place = sum(value >= edge for edge in self.edges[1:])
        self.counts[place] += 1

    def to_lines(self, title: str, unit: str = "") -> Iterator[str]:
        """A title and a bar per bin, from the first to the last that holds anything."""
        yield f"{title}: {self.total}{f' ({unit})' if unit else ''}"
        used = [place for place, count in enumerate(self.counts) if count]
        if used:
            names = [_name_bin(self.edges, place) for place in range(len(self.edges))]
            rows = list(range(used[0], used[-1] + 1))
            yield from draw_bars([(names[place], self.counts[place]) for place in rows])


def draw_bars(rows: Sequence[tuple[str, int]]) -> Iterator[str]:
    """A line per row: name, count, and a bar as long as the count is large; the largest fills the width."""
    most = max((count for _, count in rows), default=0)
    width = max((len(name) for name, _ in rows), default=0)
    digits = len(str(most))
    for name, count in rows:
        bar = "█" * -(-BAR_CHARS * count // most) if most else ""
        yield f"  {name.rjust(width)}  {count:{digits}}  {bar}".rstrip()


def _name_bin(edges: Sequence[float], place: int) -> str:
    if place == len(edges) - 1:
        return f"{edges[place]:g}+"
    return f"{edges[place]:g}–{edges[place + 1]:g}"
