"""A question as the one who thinks it through sees it, with the answer on record beside it."""

from __future__ import annotations

from dataclasses import dataclass

from remud_gen.llm.build import Origin, build_options, settle_key
from remud_gen.llm.given import find_key, settle_answer, settle_form
from remud_gen.llm.reply import ReplyItem
from remud_gen.records import GenerateInput, Language, Option, QuestionForm, QuestionItem

HEADS: dict[Language, tuple[str, str]] = {"en": ("Said before:", "Asked now:"), "zh": ("此前的对话：", "现在的问题：")}


@dataclass(frozen=True, slots=True)
class Problem:
    """A question to be thought through, with the answer on record."""

    item: GenerateInput
    language: Language
    form: QuestionForm
    question: str
    answer: str
    answer_key: str | None = None
    options: tuple[Option, ...] = ()
    before: tuple[tuple[str, str], ...] = ()  # earlier turns of a dialogue: question, answer

    def describe(self) -> str:
        """The question as its reader sees it: what was said before, the question, its options."""
        asked = "\n".join([self.question, *(f"{option.key}. {option.text}" for option in self.options)])
        if not self.before:
            return asked
        said, now = HEADS[self.language]
        talk = [f"- {one}\n- {other}" for one, other in self.before]
        return "\n".join([said, *talk, "", now, asked])


def state_problems(origin: Origin, entry: ReplyItem) -> list[Problem]:
    """The question of an item, and those of its later turns with all that was said before."""
    item, options = origin.parent, build_options(entry)
    key = settle_key(entry, options)
    problems = [Problem(item, origin.language, entry.form, entry.question, entry.answer, key, options)]
    before = [(entry.question, entry.answer)]
    for turn in entry.turns:
        problems.append(Problem(item, origin.language, "open", turn.question, turn.answer, before=tuple(before)))
        before.append((turn.question, turn.answer))
    return problems


def state_given(item: QuestionItem) -> Problem:
    """The question of a bank."""
    answer, key = settle_answer(item), find_key(item)
    return Problem(item, item.language, settle_form(item), item.question, answer, key, item.options)
