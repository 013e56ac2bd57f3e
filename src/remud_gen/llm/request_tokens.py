"""How many input tokens a request will be, and how many output tokens it may bring at most."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from remud_gen.llm.image_tokens import count_image
from remud_gen.llm.text_tokens import count_text
from remud_gen.protocols import ModelRequest

FRAME_TOKENS = 12  # roles and ends of two messages
DEFAULT_OUTPUT_TOKENS = 4096


class RequestCounter:
    """Counts requests for one model. System texts and schemas repeat from request to request: they are counted once."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._count_fixed = lru_cache(maxsize=64)(self._count)
        self._schemas: dict[int, tuple[Mapping[str, Any], int]] = {}

    def count_input(self, request: ModelRequest) -> int:
        """Input tokens: texts, schema, pictures as they are sent."""
        side_px = request.params.get("max_image_side_px")
        most_px = int(side_px) if side_px is not None else None
        pictures = sum(count_image(self._model, image.width_px, image.height_px, most_px) for image in request.images)
        texts = self._count_fixed(request.system) + self._count(request.user)
        return FRAME_TOKENS + texts + self._count_schema(request.schema) + pictures

    def count_most_output(self, request: ModelRequest) -> int:
        """Output tokens at which the endpoint breaks off."""
        return int(request.params.get("max_output_tokens") or DEFAULT_OUTPUT_TOKENS)

    def _count(self, text: str) -> int:
        return count_text(text, self._model)

    def _count_schema(self, schema: Mapping[str, Any] | None) -> int:
        if schema is None:
            return 0
        known = self._schemas.get(id(schema))
        if known is None:
            # Kept beside its number, so that the number cannot pass to another object.
            known = (schema, self._count(json.dumps(schema, ensure_ascii=False, separators=(",", ":"))))
            self._schemas[id(schema)] = known
        return known[1]
