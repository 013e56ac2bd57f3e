"""A model server for checks of pairs: reads the numbered boxes out of the prompt and answers by a rule of the test."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.model_server import ModelServer, read_user_text

LINE = re.compile(r"^(\d+): (?:page (\d+)|第 (\d+) 页)(?:, marked (\S+)|，图中字母 (\S+))?(?:: (.+))?$", re.MULTILINE)


@dataclass(frozen=True)
class Box:
    """A numbered box as the prompt lists it: words have a text, pictures have none."""

    number: int
    page: int
    panel: str | None
    text: str | None


Rule = Callable[[list[Box], list[Box]], "dict | str"]


class ChoiceServer(ModelServer):
    """`rule(figures, words)` is the reply: an object, or a text that is sent as it is."""

    def __init__(self, rule: Rule, **options):
        super().__init__(**options)
        self.rule = rule
        self.asked: list[tuple[list[Box], list[Box]]] = []

    def _build_completion(self, body: dict, fault: str | None, signature: str) -> dict:
        completion = super()._build_completion(body, fault, signature)
        text = read_user_text(body)
        if fault is None and "qtype=" not in text:
            figures, words = read_boxes(text)
            self.asked.append((figures, words))
            reply = self.rule(figures, words)
            content = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
            completion["choices"][0]["message"]["content"] = content
        return completion


def read_boxes(text: str) -> tuple[list[Box], list[Box]]:
    """The red and the blue boxes of a prompt; of a second question, those of the request that it repeats."""
    boxes = [
        Box(int(number), int(page or page_zh), panel or panel_zh or None, words or None)
        for number, page, page_zh, panel, panel_zh, words in LINE.findall(text.split("\n---\n")[0])
    ]
    return [box for box in boxes if box.text is None], [box for box in boxes if box.text is not None]


def answer(figures: list[Box], caption: int | None, note: int | None = None, *, is_sure: bool = True) -> dict:
    """The same words for all figures."""
    chosen = [{"figure": box.number, "caption": caption, "note": note} for box in figures]
    return {"reason": "told by the test", "figures": chosen, "sure": is_sure}


def find(words: list[Box], part: str) -> int | None:
    """The number of the one box whose words hold a part."""
    return next((box.number for box in words if part in (box.text or "")), None)
