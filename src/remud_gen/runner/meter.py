"""What a stage has paid so far and may come to, for its progress bar."""

from __future__ import annotations

from remud_gen.llm.budget import Spent
from remud_gen.runner.account import RunAccount
from remud_gen.runner.progress import Progress


class Meter:
    """Passes ticks on to a progress bar, with the money beside it."""

    def __init__(self, progress: Progress, account: RunAccount, n_inputs: int) -> None:
        self._progress, self._account, self._n_inputs = progress, account, n_inputs
        self._before = account.spent
        self._n_done = 0
        self._n_free: int | None = None  # inputs done before the first reply was paid for

    def tick(self, n: int) -> None:
        """Move on by n inputs."""
        if self._n_free is None and self._account.spent.n_replies > self._before.n_replies:
            self._n_free = self._n_done
        self._n_done += n
        self._progress.tick(n)
        self._progress.show(self.describe())

    def close(self, n_sent: int) -> None:
        """Leave the sum behind."""
        spent = describe_spent(self._before, self._account.spent)
        self._progress.show(f"{n_sent} calls sent{f', {spent} paid' if spent else ''}")

    def describe(self) -> str:
        """What was paid, and what all inputs come to if the rest is like those that were paid for."""
        now = self._account.spent
        told = describe_spent(self._before, now)
        if not told or self._n_free is None:
            return told
        paid_for, left = self._n_done - self._n_free, self._n_inputs - self._n_done
        if not paid_for or not left or now.n_unpriced > self._before.n_unpriced:
            return told
        usd = now.usd - self._before.usd
        return f"{told}, about ${usd + usd / paid_for * left:.2f} in all"


def describe_spent(before: Spent, now: Spent) -> str:
    """What was paid since; in tokens where the price of any of it is unknown, and nothing where nothing was sent."""
    if now.tokens == before.tokens and now.usd == before.usd:
        return ""
    if now.n_unpriced > before.n_unpriced:
        return f"{now.tokens - before.tokens:,} tokens"
    return f"${now.usd - before.usd:.4f}"
