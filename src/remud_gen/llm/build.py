"""A checked item of a reply -> a quadruplet."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    Step,
    ThinkingSource,
    Trace,
    Turn,
    make_id,
)
from remud_gen.rules.late import compile_late

YES = {"yes", "y", "true", "correct", "是", "对", "正确"}
FIRST_WORD = compile_late(r"[\s,.;:!。、\uff0c\uff1b\uff1a]")
NO = {"no", "n", "false", "incorrect", "否", "不是", "错", "错误"}


@dataclass(frozen=True, slots=True)
class Thought:
    """The thinking of all turns of a record and how it came about; `code` says why there is none."""

    turns: tuple[str | None, ...] = (None,)  # of the question itself, then of later turns
    source: ThinkingSource = "none"
    is_hinted: bool = False
    agreement: float | None = None
    traces: tuple[Trace, ...] = ()
    steps: tuple[Step, ...] = ()
    code: str = ""
    message: str = ""

    @property
    def thinking(self) -> str | None:
        """Of the question itself."""
        return self.turns[0]

    def fail(self, code: str, message: str) -> Thought:
        """The same without any thinking, and why."""
        return replace(self, turns=(None,) * len(self.turns), source="none", code=code, message=message)


@dataclass(frozen=True, slots=True)
class Origin:
    """What all items of one reply share."""

    parent: ImageTextPair | Passage
    spans: tuple[Evidence, ...]
    language: Language
    generation: Generation


def build_quadruplet(origin: Origin, number: int, item: ReplyItem, thought: Thought) -> Quadruplet:
    """The record of the `number`-th item. Nothing is judged here: what is wrong with it, the filters say by name."""
    later = (*thought.turns[1:], *[None] * len(item.turns))
    parent = origin.parent
    is_visual = isinstance(parent, ImageTextPair)
    options = build_options(item)
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
        thinking=thought.thinking,
        agreement=thought.agreement,
        traces=thought.traces,
        answer=item.answer,
        turns=tuple(
            Turn(question=turn.question, thinking=thinking, answer=turn.answer, claim_ids=tuple(turn.claim_ids))
            for turn, thinking in zip(item.turns, later, strict=False)
        ),
        claims=tuple(_build_claims(item)),
        evidence=origin.spans,
        generation=note_thought(origin.generation, thought),
        flags=parent.flags if isinstance(parent, ImageTextPair) else (),
        licence=parent.licence,
    )


def build_options(item: ReplyItem) -> tuple[Option, ...]:
    """The choices of an item."""
    return tuple(Option(key=option.key, text=option.text) for option in item.options)


def note_thought(generation: Generation, thought: Thought) -> Generation:
    """How a record came to be, with how its thinking did."""
    update = {
        "thinking_source": thought.source,
        "is_hinted": thought.is_hinted,
        "steps": (*generation.steps, *thought.steps),
    }
    return generation.model_copy(update=update)


def make_twin(record: Quadruplet) -> tuple[Quadruplet, Quadruplet]:
    """A reasoned record and the same question in direct form, each marked as the other's twin."""
    twin_id = make_id(record.id, "twin")
    turns = tuple(turn.model_copy(update={"thinking": None}) for turn in record.turns)
    generation = record.generation.model_copy(update={"thinking_source": "none", "is_hinted": False})
    direct = record.model_copy(
        update={
            "id": make_id(record.id, "direct"),
            "style": "direct",
            "thinking": None,
            "turns": turns,
            "traces": (),
            "generation": generation,
            "twin_id": twin_id,
        }
    )
    return record.model_copy(update={"twin_id": twin_id}), direct


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
