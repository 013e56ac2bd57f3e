"""What an import did not take, counted by code, the first ones by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

SHOWN = 20


@dataclass(slots=True)
class LeftOut:
    """Records, tasks or lines that were not taken."""

    codes: Counter[str] = field(default_factory=Counter)
    shown: list[tuple[str, str]] = field(default_factory=list)  # (id or place, "CODE: reason")

    def add(self, place: str, code: str, reason: str) -> None:
        """Note one."""
        self.codes[code] += 1
        if len(self.shown) < SHOWN:
            self.shown.append((place, f"{code}: {reason}"))

    @property
    def total(self) -> int:
        """How many in all."""
        return self.codes.total()
