"""Requests to the model-free client, made of a few words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from remud_gen.config import GenerateConfig
from remud_gen.llm.extractive import ExtractiveClient
from remud_gen.llm.reply import ReplyItem, ReplyItems
from remud_gen.protocols import ModelRequest, WantedItem
from remud_gen.records import Evidence, ImageRef, ImageTextPair, Passage, Source

SOURCE = Source(document_sha256="a" * 64, file="book.pdf", page_number=1)
IMAGE = ImageRef(path="images/00/x.png", sha256="0" * 64, width_px=640, height_px=480)


class NoImages:
    """The client never looks at pictures."""

    def save(self, *_: Any, **__: Any) -> ImageRef:
        raise AssertionError

    def path(self, ref: ImageRef) -> Path:
        raise AssertionError(ref)


def spans_of(**texts: str | Sequence[str]) -> tuple[Evidence, ...]:
    kinds = {
        "cap": "caption",
        "note": "note",
        "title": "title",
        "ocr": "burned_in",
        "body": "body",
        "heading": "heading",
    }
    spans = []
    for name, text in texts.items():
        for number, part in enumerate([text] if isinstance(text, str) else text, start=1):
            span_id = name if isinstance(text, str) else f"{name}{number}"
            spans.append(Evidence(id=span_id, kind=kinds[name], text=part))  # type: ignore[arg-type]
    return tuple(spans)


def make_request(
    spans: tuple[Evidence, ...],
    wanted: Sequence[WantedItem] = (),
    *,
    language: str = "en",
    name: str = "p1",
    is_visual: bool = True,
    flags: tuple[str, ...] = (),
) -> ModelRequest:
    common: dict[str, Any] = {"id": name, "document_id": "d", "source": SOURCE, "language": language}
    payload = (
        ImageTextPair(**common, figure_id="f", figure_bbox=(0, 0, 1, 1), image=IMAGE, flags=flags)
        if is_visual
        else Passage(**common, text="text")
    )
    return ModelRequest(
        purpose="vqa" if is_visual else "qa", prompt="vqa@1", prompt_sha256="0", system="", user="", spans=spans,
        language=language, wanted=tuple(wanted), payload=payload, params={"seed": 0},
    )  # fmt: skip


def ask(request: ModelRequest) -> ReplyItems:
    client = ExtractiveClient(GenerateConfig(client="extractive"), NoImages())
    reply = asyncio.run(client.complete(request))
    assert reply.client == "extractive"
    return ReplyItems.model_validate_json(reply.text)


def ask_one(qtype: str, form: str = "open", style: str = "direct", key: str | None = None, **texts: Any) -> ReplyItem:
    """The single item for one wanted line; `language` and `is_visual` may be among the texts."""
    options = {name: texts.pop(name) for name in ("language", "is_visual", "name") if name in texts}
    line = WantedItem(qtype, form, style, key)  # type: ignore[arg-type]
    reply = ask(make_request(spans_of(**texts), [line], **options))
    assert len(reply.items) == 1, reply.unusable_reason
    return reply.items[0]
