"""What one endpoint understands: how a request is phrased there, and what to try when it is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from remud_gen.protocols import ModelRequest
from remud_gen.rules.late import compile_late
from remud_gen.rules.shared import MadeOnce

ResponseFormat = Literal["json_schema", "json_object", "tool", "text"]
TokenField = Literal["max_completion_tokens", "max_tokens"]
LADDER: dict[ResponseFormat, ResponseFormat] = {"json_schema": "json_object", "json_object": "tool", "tool": "text"}
ABOUT_FORMAT = compile_late(r"response_format|json_schema|json_object|structured.?output|guided|grammar", re.IGNORECASE)
ABOUT_TOOLS = compile_late(r"\btools?\b|tool_choice|tool.?call|function", re.IGNORECASE)
OPTIONAL = ("temperature", "seed", "top_p")
TOOL = "reply"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to phrase a request; `after` gives the next dialect to try when this one was refused."""

    response_format: ResponseFormat = "json_schema"
    token_field: TokenField = "max_tokens"
    left_out: frozenset[str] = frozenset()

    def after(self, message: str, sent: Mapping[str, Any]) -> Dialect | None:
        """The dialect to try when a request was refused with this message; None if it is about something else."""
        about_format = "response_format" in sent and ABOUT_FORMAT.search(message)
        if about_format or ("tools" in sent and ABOUT_TOOLS.search(message)):
            return self.below()
        if self.token_field == "max_tokens" and "max_completion_tokens" in message:
            return replace(self, token_field="max_completion_tokens")
        for name in OPTIONAL:
            if name in sent and re.search(rf"\b{name}\b", message):
                return replace(self, left_out=self.left_out | {name})
        return None

    def below(self) -> Dialect | None:
        """The next rung of the ladder of formats; None on the last, which asks for nothing special."""
        lower = LADDER.get(self.response_format)
        return None if lower is None else replace(self, response_format=lower)

    def phrase(self, request: ModelRequest) -> tuple[str, dict[str, Any]]:
        """The system text and the parameters of a request."""
        system = request.system
        params = {
            name: value
            for name, value in request.params.items()
            if name in OPTIONAL and name not in self.left_out and value is not None
        }
        if "max_output_tokens" in request.params:
            params[self.token_field] = request.params["max_output_tokens"]
        if request.schema is None:
            return system, params
        if self.response_format == "json_schema":
            params["response_format"] = _ask_for_schema(request.schema)
        elif self.response_format == "tool":
            function = {"name": TOOL, "description": "Give the reply.", "parameters": request.schema}
            params["tools"] = [{"type": "function", "function": function}]
            params["tool_choice"] = {"type": "function", "function": {"name": TOOL}}
        else:
            schema = json.dumps(request.schema, ensure_ascii=False, separators=(",", ":"))
            system = f"{system}\n\nReply with JSON that follows this JSON schema:\n{schema}"
        if self.response_format == "json_object":
            params["response_format"] = {"type": "json_object"}
        return system, params

    def to_text(self) -> str:
        """For the notes of later commands."""
        return json.dumps({**asdict(self), "left_out": sorted(self.left_out)}, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> Dialect | None:
        """The dialect of a note; None if the note is of another version, and so of no use."""
        try:
            data = json.loads(text)
            dialect = cls(data["response_format"], data["token_field"], frozenset(data["left_out"]))
        except (ValueError, KeyError, TypeError):
            return None
        known = dialect.response_format in get_args(ResponseFormat) and dialect.token_field in get_args(TokenField)
        return dialect if known and dialect.left_out <= set(OPTIONAL) else None


def _ask_for_schema_anew(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": TOOL, "strict": True, "schema": schema}}


_ask_for_schema = MadeOnce[Mapping[str, Any], dict[str, Any]](
    _ask_for_schema_anew
)  # one object, so that it is written once
