"""Progress bars on stderr: rate, remaining time, failures. Nothing here reaches stdout or a record."""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm


class Progress:
    """A bar for one stage; silent when quiet. On a pipe it prints a line every ten seconds instead of redrawing."""

    def __init__(self, label: str, total: int, unit: str, *, is_quiet: bool) -> None:
        interval = 0.2 if sys.stderr.isatty() else 10.0
        self._bar = tqdm(
            total=total,
            desc=f"{label:<9}",
            unit=f" {unit}",
            disable=is_quiet,
            mininterval=interval,
            maxinterval=interval * 2,
            dynamic_ncols=True,
            file=sys.stderr,
            leave=True,
        )
        self._n_failed = 0

    def __enter__(self) -> Progress:
        return self

    def tick(self, n: int) -> None:
        """Move on by n inputs."""
        self._bar.update(n)

    def count_failures(self, n: int) -> None:
        """Show how many inputs failed so far."""
        if n:
            self._n_failed += n
            self._bar.set_postfix_str(f"{self._n_failed} failed", refresh=False)

    def show(self, text: str) -> None:
        """Show a short live figure, such as the cost so far."""
        self._bar.set_postfix_str(text, refresh=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()


def tell(text: str) -> None:
    """A message to the user on stderr that does not tear a running bar."""
    tqdm.write(text, file=sys.stderr)
