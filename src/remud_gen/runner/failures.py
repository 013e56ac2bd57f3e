"""When so many inputs of a stage fail that the cause is not in the inputs."""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.runner.parts import PartState

MIN_FAILURES = 5  # below this the share of errors says nothing


class FailureWatch:
    """Knows as soon as it is certain that too many inputs of a stage fail: the rest would be time and money lost."""

    def __init__(self, states: Sequence[PartState], todo: Sequence[PartState], most: float) -> None:
        self._most = most
        self._n_inputs = sum(state.spec.taken for state in states)
        redone = {state.spec.key for state in todo}
        kept = (state.meta for state in states if state.spec.key not in redone)
        self._n_failed = sum(meta.counts.failed for meta in kept if meta is not None)

    def count(self, n_failed: int) -> bool:
        """Add the failed inputs of a finished part; whether the whole stage is bound to end with too many."""
        self._n_failed += n_failed
        return n_failed > 0 and is_too_many(self._n_failed, self._n_inputs, self._most)


def is_too_many(n_failed: int, n_inputs: int, most: float) -> bool:
    """Whether the share of failed inputs is above `most`."""
    return n_failed >= MIN_FAILURES and n_failed > most * n_inputs
