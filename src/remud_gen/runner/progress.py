"""Progress on stderr: a bar on a terminal, a plain line now and then in a log. Nothing here reaches a record."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from tqdm import tqdm

from remud_gen.runner.reports.wording import count_noun, format_duration

FIRST_LINE_S = 10.0  # a log of a short run holds one line a stage
LINE_EVERY_S = 60.0


class Progress:
    """How far one stage is; silent when quiet. What redraws itself on a terminal would be noise in a log file."""

    def __init__(self, label: str, total: int, unit: str, *, is_quiet: bool) -> None:
        if not hasattr(tqdm, "_lock"):  # bars belong to this process: the package's own lock loads what starts others
            tqdm.set_lock(threading.RLock())
        self._log = None if is_quiet or sys.stderr.isatty() else _Log(label, total, unit)
        self._bar = tqdm(
            total=total,
            desc=f"{label:<9}",
            unit=f" {unit}",
            disable=is_quiet or self._log is not None,
            mininterval=0.2,
            maxinterval=0.4,
            dynamic_ncols=True,
            file=sys.stderr,
            leave=True,
        )
        self._n_failed, self._aside = 0, ""

    def __enter__(self) -> Progress:
        return self

    def tick(self, n: int) -> None:
        """Move on by n inputs."""
        self._bar.update(n)
        if self._log is not None:
            self._log.move_on(n)

    def count_failures(self, n: int) -> None:
        """Show how many inputs failed so far."""
        if n:
            self._n_failed += n
            self.show(self._aside)

    def show(self, text: str) -> None:
        """Show a short live figure, such as the cost so far."""
        self._aside = text
        told = ", ".join(filter(None, (f"{self._n_failed} failed" if self._n_failed else "", text)))
        self._bar.set_postfix_str(told, refresh=False)
        if self._log is not None:
            self._log.aside = told

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if self._log is not None:
            self._log.write_line()


class _Log:
    """Lines for a file or pipe, at most one a minute and one at the end."""

    def __init__(self, label: str, total: int, unit: str) -> None:
        self.aside = ""
        self._label, self._total, self._unit = label, total, unit
        self._n = 0
        self._started = time.monotonic()
        self._due = self._started + FIRST_LINE_S

    def move_on(self, n: int) -> None:
        self._n += n
        now = time.monotonic()
        if now >= self._due:
            self._due = now + LINE_EVERY_S
            self.write_line()

    def write_line(self) -> None:
        passed = time.monotonic() - self._started
        told = [f"{self._n:,} of {count_noun(self._total, self._unit)} in {format_duration(passed)}"]
        if 0 < self._n < self._total:
            told.append(f"about {format_duration(passed * (self._total - self._n) / self._n)} left")
        if self.aside:
            told.append(self.aside)
        sys.stderr.write(f"{self._label}: {', '.join(told)}\n")
        sys.stderr.flush()


def tell(text: str) -> None:
    """A message to the user on stderr that does not tear a running bar."""
    tqdm.write(text, file=sys.stderr)
