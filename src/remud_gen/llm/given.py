"""A question of a question bank -> a quadruplet whose answer is the bank's own, word for word."""

from __future__ import annotations

import hashlib

from remud_gen.llm.build import FIRST_WORD, NO, YES, Thought, note_thought
from remud_gen.records import (
    Claim,
    Evidence,
    Generation,
    Option,
    Quadruplet,
    QuestionForm,
    QuestionItem,
    Quote,
    make_id,
)

GIVEN = Generation(client="given", model="none", prompt="none", prompt_sha256="", request_sha256="")
GIVEN_FLAG = "given_answer"
NO_THOUGHT = Thought()


def explain_unfit(item: QuestionItem) -> str | None:
    """Why no record can be made of a question, None where one can."""
    if not item.options:
        return None
    if not item.answer_keys:
        return f"its answer {item.given_answer[:60]!r} names none of its options"
    return "several options are right, which no form of a record holds" if len(item.answer_keys) > 1 else None


def settle_form(item: QuestionItem) -> QuestionForm:
    """Told by options, then by how the answer begins."""
    if item.options:
        return "mcq"
    return "yesno" if _read_yes_no(item) else "open"


def settle_answer(item: QuestionItem) -> str:
    """The given answer; where it is a letter only, with the words of its option as the bank has them."""
    chosen = _find_option(item)
    if chosen is None or len(item.given_answer) > len(chosen.text):
        return item.given_answer
    return item.given_answer if item.given_answer == chosen.text else f"{chosen.key}. {chosen.text}"


def find_key(item: QuestionItem) -> str | None:
    """The letter of the right option, or yes or no."""
    return item.answer_keys[0] if item.options and item.answer_keys else _read_yes_no(item)


def wants_thinking(item: QuestionItem, share: float, seed: int) -> bool:
    """Whether this question is among the share that get a line of thought; the same on every machine."""
    drawn = int(hashlib.sha256(f"{seed}/{item.id}".encode()).hexdigest()[:8], 16)
    return drawn / 0x1_0000_0000 < share


def build_given(item: QuestionItem, generation: Generation = GIVEN, thought: Thought = NO_THOUGHT) -> Quadruplet:
    """The record; evidence is the bank's own row."""
    answer = settle_answer(item)
    return Quadruplet(
        id=make_id(item.id, "given", item.question, answer),
        document_id=item.document_id,
        parent_id=item.id,
        group_id=make_id(item.document_id, item.image.sha256) if item.image is not None else item.id,
        source=item.source,
        images=(item.image,) if item.image is not None else (),
        kind="vqa" if item.image is not None else "qa",
        qtype="finding" if item.image is not None else "knowledge",
        form=settle_form(item),
        style="reasoning" if thought.thinking is not None else "direct",
        language=item.language,
        question=item.question,
        options=item.options,
        answer_key=find_key(item),
        thinking=thought.thinking,
        agreement=thought.agreement,
        traces=thought.traces,
        answer=answer,
        claims=tuple(_quote(span, item, i) for i, span in enumerate(item.evidence, 1)),
        evidence=item.evidence,
        generation=note_thought(generation, thought),
        flags=(GIVEN_FLAG,),
        licence=item.licence,
    )


def describe_question(item: QuestionItem) -> str:
    """The question with its options, as a model is shown it."""
    return "\n".join([item.question, *(f"{option.key}. {option.text}" for option in item.options)])


def _quote(span: Evidence, item: QuestionItem, number: int) -> Claim:
    kind = "finding" if item.image is not None else "knowledge"
    return Claim(id=f"c{number}", kind=kind, text=span.text, evidence=(Quote(span_id=span.id, quote=span.text),))


def _find_option(item: QuestionItem) -> Option | None:
    keys = item.answer_keys
    return next((option for option in item.options if len(keys) == 1 and option.key == keys[0]), None)


def _read_yes_no(item: QuestionItem) -> str | None:
    word = FIRST_WORD.split(item.given_answer.strip().lower(), maxsplit=1)[0]
    return "yes" if word in YES else "no" if word in NO else None
