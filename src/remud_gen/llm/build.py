"""A checked item of a reply -> a quadruplet."""

from __future__ import annotations

import re
from dataclasses import dataclass

from remud_gen.llm.reply import ReplyItem
from remud_gen.records import (
    Claim,
    Evidence,
    Generation,
    ImageTextPair,
    Language,
    Option,
    Passage,
    Quadruplet,
    Quote,
    Turn,
    make_id,
)

YES = {"yes", "y", "true", "correct", "是", "对", "正确"}
FIRST_WORD = re.compile(r"[\s,.;:!。、\uff0c\uff1b\uff1a]")
NO = {"no", "n", "false", "incorrect", "否", "不是", "错", "错误"}


@dataclass(frozen=True, slots=True)
class Origin:
    """What all items of one reply share."""

    parent: ImageTextPair | Passage
    spans: tuple[Evidence, ...]
    language: Language
    generation: Generation


def build_quadruplet(origin: Origin, number: int, item: ReplyItem, thinking: str | None) -> Quadruplet:
    """The record of the `number`-th item. Nothing is judged here: what is wrong with it, the filters say by name."""
    parent = origin.parent
    is_visual = isinstance(parent, ImageTextPair)
    options = tuple(Option(key=option.key, text=option.text) for option in item.options)
    return Quadruplet(
        id=make_id(parent.id, number, item.question, item.answer),
        document_id=parent.document_id,
        parent_id=parent.id,
        group_id=parent.figure_id if isinstance(parent, ImageTextPair) else parent.id,
        source=parent.source,
        images=(parent.image,) if isinstance(parent, ImageTextPair) else (),
        kind="vqa" if is_visual else "qa",
        qtype=item.qtype,
        form=item.form,
        style=item.style,
        language=origin.language,
        difficulty=item.difficulty,
        question=item.question,
        options=options,
        answer_key=settle_key(item, options),
        thinking=thinking,
        answer=item.answer,
        turns=tuple(
            Turn(question=turn.question, thinking=turn.thinking, answer=turn.answer, claim_ids=tuple(turn.claim_ids))
            for turn in item.turns
        ),
        claims=tuple(_build_claims(item)),
        evidence=origin.spans,
        generation=origin.generation,
        flags=parent.flags if isinstance(parent, ImageTextPair) else (),
        licence=parent.licence,
    )


def settle_key(item: ReplyItem, options: tuple[Option, ...]) -> str | None:
    """The key as the form wants it: an option's letter, or yes/no; what cannot be settled stays as it came."""
    key = item.answer_key
    if item.form == "yesno":
        word = FIRST_WORD.split((key or item.answer).strip().lower(), maxsplit=1)[0]
        return "yes" if word in YES else "no" if word in NO else key
    if item.form != "mcq" or any(option.key == key for option in options):
        return key
    for told in (key, item.answer):
        texts = [option.key for option in options if told and option.text.strip(" .。") == told.strip(" .。")]
        if len(texts) == 1:
            return texts[0]
    return key


def _build_claims(item: ReplyItem) -> list[Claim]:
    return [
        Claim(
            id=claim.id or f"c{number}",
            kind=claim.kind,
            text=claim.text,
            evidence=tuple(Quote(span_id=quote.span_id, quote=quote.quote) for quote in claim.evidence if quote.quote),
            is_general=claim.support == "general",
        )
        for number, claim in enumerate(item.claims, start=1)
    ]
