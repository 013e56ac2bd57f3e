"""What a stage has paid so far and may come to, for its progress bar."""

from __future__ import annotations

from remud_gen.llm.budget import Spent
from remud_gen.runner.account import RunAccount
from remud_gen.runner.progress import Progress


class Meter:
    """Passes ticks on to a progress bar, with the money beside it."""

    def __init__(self, progress: Progress, account: RunAccount, n_inputs: int) -> None:
        self._progress, self._account, self._n_inputs = progress, account, n_inputs
        self._before, self._is_late = account.spent, account.has_late
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
        # Of batches replies come before the inputs that they are for.
        if not paid_for or not left or not told.startswith("$") or self._is_late or self._account.has_late:
            return told
        usd = _add_replies(now) - _add_replies(self._before)
        return f"{told}, about ${usd + usd / paid_for * left:.2f} in all"


def describe_spent(before: Spent, now: Spent) -> str:
    """What was paid since for replies; in tokens where the price of any of it is unknown, nothing where none came."""
    if now.n_replies == before.n_replies:
        return ""
    unpriced = now.unpriced_input_tokens + now.unpriced_output_tokens
    unpriced -= before.unpriced_input_tokens + before.unpriced_output_tokens
    if unpriced:  # with the replies of known price, but for those whose guesses were taken back
        return f"{max(unpriced, now.tokens - before.tokens):,} tokens"
    return f"${_add_replies(now) - _add_replies(before):.4f}"


def _add_replies(spent: Spent) -> float:
    """USD without guesses for what has no reply."""
    return spent.usd - spent.lost_usd
