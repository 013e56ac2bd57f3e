"""Replies that are one plain object (a solution, a rewritten trace, facts), read by the same ladder as all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from remud_gen.errors import RecordError
from remud_gen.llm.structured import HINTS, UnreadableReply, choose_text, read_json
from remud_gen.protocols import ModelReply

Value = TypeVar("Value", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Plain(Generic[Value]):
    """What was read of a reply, and the repairs it took."""

    value: Value
    steps: tuple[str, ...]


def read_as(model: type[Value], list_field: str | None = None) -> Callable[[ModelReply], Plain[Value]]:
    """A reader of replies that hold one object of a model; a bare list counts as its `list_field`."""

    def read(reply: ModelReply) -> Plain[Value]:
        text, detour = choose_text(reply)
        found, steps = read_json(text)
        if reply.finish_reason == "length" and "json_repair" in steps:
            told = "the reply broke off at the limit of output tokens"
            raise RecordError("REPLY_TRUNCATED", told, HINTS["REPLY_TRUNCATED"])
        fields = _unwrap(found, model, list_field)
        try:
            value = model.model_validate(fields)
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:4])
            raise UnreadableReply("JSON_INVALID", f"the reply is not of the asked form: {told}") from None
        return Plain(value, (*detour, *steps))

    return read


def _unwrap(found: Any, model: type[BaseModel], list_field: str | None) -> Any:
    if isinstance(found, list):
        if list_field is not None and not (len(found) == 1 and _fits(found[0], model)):
            return {list_field: found}
        return found[0] if len(found) == 1 else found
    if isinstance(found, Mapping) and len(found) == 1 and not _fits(found, model):
        return next(iter(found.values()))
    return found


def _fits(found: Any, model: type[BaseModel]) -> bool:
    return isinstance(found, Mapping) and bool(set(found) & set(model.model_fields))
