"""Finds the dialect of an endpoint once, and keeps it for later commands.

A refusal that names the format steps down at once. An endpoint that takes the format and does not keep to it is known
by its replies: the rungs further down tell the model the schema in words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from remud_gen.llm.dialect import Dialect
from remud_gen.llm.memory import DialectMemory
from remud_gen.llm.structured import strip_fence
from remud_gen.protocols import ModelReply, ModelRequest

STRIKES_UNPROVEN = 3  # replies in a row that are not what was asked for, on a rung that never gave one
STRIKES_PROVEN = 10


class Prober:
    """The dialect of one model at one endpoint, as far as it is known by now."""

    def __init__(self, endpoint: str, model: str) -> None:
        self._endpoint, self._model = endpoint, model
        self._memory: DialectMemory | None = None
        self._noted: Dialect | None = None
        self._is_remembered = False  # not yet confirmed by a reply of this command
        self._is_proven = False
        self._n_strikes = 0
        self.dialect = Dialect()

    @property
    def is_known(self) -> bool:
        """Whether some reply, now or in an earlier command, came as asked for in this dialect."""
        return self._noted == self.dialect or self._is_proven

    def use_memory(self, memory: DialectMemory) -> None:
        """Start from what an earlier command found out."""
        self._memory = memory
        text = memory.recall_dialect(self._endpoint, self._model)
        noted = Dialect.from_text(text) if text is not None else None
        if noted is not None:
            self.dialect = self._noted = noted
            self._is_remembered = True

    def take_refusal(self, used: Dialect, message: str, sent: Mapping[str, Any]) -> bool:
        """Whether a refused request may be phrased anew; False if it was refused for something else."""
        following = used.after(message, sent)
        if following is None:
            return False
        if self.dialect == used:  # else another request has found out already
            # What worked once and does so no longer says nothing about the rungs above it.
            is_stale = self._is_remembered and used != Dialect()
            self._move(Dialect() if is_stale else following)
        return True

    def judge(self, used: Dialect, request: ModelRequest, reply: ModelReply) -> None:
        """Learn from a reply whether the endpoint keeps to the format it accepted."""
        if request.schema is None or used != self.dialect or reply.finish_reason != "stop":
            return
        if holds_reply(reply.text or reply.reasoning or "", request.schema):
            self._n_strikes, self._is_proven, self._is_remembered = 0, True, False
            if self._memory is not None and self._noted != self.dialect:
                self._memory.note_dialect(self._endpoint, self._model, self.dialect.to_text())
                self._noted = self.dialect
            return
        self._n_strikes += 1
        if self._n_strikes >= (STRIKES_PROVEN if self._is_proven else STRIKES_UNPROVEN):
            self._move(used.below() or used)

    def _move(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._n_strikes, self._is_proven, self._is_remembered = 0, False, False


def holds_reply(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether a text is a JSON object with any key that the schema requires."""
    fenced = strip_fence(text)
    try:
        value = json.loads(text if fenced is None else fenced)
    except (ValueError, RecursionError):
        return False
    wanted = schema.get("required", ())
    return isinstance(value, Mapping) and (not wanted or any(name in value for name in wanted))
