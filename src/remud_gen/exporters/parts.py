"""Messages whose content is a list of parts: pictures first, then one text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from remud_gen.exporters.chat import PLACEHOLDER, Messages

Part = Mapping[str, Any]


def to_part_messages(messages: Messages, pictures: Iterable[Part]) -> list[dict[str, Any]]:
    """Messages with a list of parts each; every placeholder at the head of a text becomes the next picture's part."""
    waiting = iter(pictures)
    made = []
    for role, text in messages:
        content: list[Part] = []
        while text.startswith(PLACEHOLDER):
            content.append(next(waiting))
            text = text.removeprefix(PLACEHOLDER)
        made.append({"role": role, "content": [*content, {"type": "text", "text": text}]})
    return made


def from_part_messages(turns: Sequence[Any], read_picture: Callable[[Part], str]) -> tuple[Messages, tuple[str, ...]]:
    """(role, text) with placeholders, and what `read_picture` makes of the parts that are not text, in order.

    Raises:
        KeyError, TypeError, ValueError: a part is neither a text nor what `read_picture` knows.
    """
    messages, pictures = [], []
    for turn in turns:
        text = ""
        for part in turn["content"]:
            if part["type"] == "text":
                text += take_value(part, "text")
            else:
                pictures.append(read_picture(part))
                text += PLACEHOLDER
        messages.append((turn["role"], text))
    return tuple(messages), tuple(pictures)


def take_value(part: Part, key: str) -> str:
    """The text under a key of a part that has no other besides `type`.

    Raises:
        KeyError, ValueError: it has others, or another type of value.
    """
    value = part[key]
    if part.keys() != {"type", key} or not isinstance(value, str):
        raise ValueError(f"a content part has the keys {', '.join(part)}")
    return value
