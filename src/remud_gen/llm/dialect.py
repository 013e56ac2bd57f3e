"""What one endpoint understands: found out by its refusals, remembered for the rest of the run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from remud_gen.protocols import ModelRequest

ResponseFormat = Literal["json_schema", "json_object", "text"]
LADDER: dict[ResponseFormat, ResponseFormat] = {"json_schema": "json_object", "json_object": "text"}
ABOUT_FORMAT = re.compile(r"response_format|json_schema|json_object|structured.?output|guided|grammar", re.IGNORECASE)
OPTIONAL = ("temperature", "seed", "top_p")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to phrase a request; `after` gives the next dialect to try when this one was refused."""

    response_format: ResponseFormat = "json_schema"
    token_field: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    left_out: frozenset[str] = frozenset()

    def after(self, message: str, sent: Mapping[str, Any]) -> Dialect | None:
        """The dialect to try when a request was refused with this message; None if it is about something else."""
        if "response_format" in sent and ABOUT_FORMAT.search(message):
            return replace(self, response_format=LADDER[self.response_format])
        if self.token_field == "max_tokens" and "max_completion_tokens" in message:
            return replace(self, token_field="max_completion_tokens")
        for name in OPTIONAL:
            if name in sent and re.search(rf"\b{name}\b", message):
                return replace(self, left_out=self.left_out | {name})
        return None

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
            wanted = {"name": "reply", "strict": True, "schema": request.schema}
            params["response_format"] = {"type": "json_schema", "json_schema": wanted}
        else:
            schema = json.dumps(request.schema, ensure_ascii=False, separators=(",", ":"))
            system = f"{system}\n\nReply with JSON that follows this JSON schema:\n{schema}"
        if self.response_format == "json_object":
            params["response_format"] = {"type": "json_object"}
        return system, params
