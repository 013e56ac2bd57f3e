"""Questions of a question bank -> QuestionItem records: one that its bank does not answer is none."""

from __future__ import annotations

from collections.abc import Sequence

from remud_gen.errors import RecordError
from remud_gen.protocols import BankQuestion
from remud_gen.records import Evidence, ImageRef, Page, QuestionItem, Source, make_id
from remud_gen.rules.language import detect_language
from remud_gen.stages.base import Failure, PageInput, Rejection
from remud_gen.stages.loose_pictures import LooseCutter

ANSWER_SPAN, EXPLANATION_SPAN = "ans", "exp"
Loss = Failure | Rejection[Page]


def read_bank(
    questions: Sequence[BankQuestion], item: PageInput, cutter: LooseCutter, max_pixels: int
) -> tuple[list[QuestionItem], list[Loss]]:
    """Questions with their answers; one without an answer, or whose picture cannot be read, is a loss of its own."""
    kept: list[QuestionItem] = []
    losses: list[Loss] = []
    for asked in questions:
        if not asked.question.strip() or not asked.answer.strip():
            missing = "answer" if asked.question.strip() else "question"
            losses.append(Rejection("INCOMPLETE_QUESTION", f"the bank gives no {missing} ({asked.locator})"))
            continue
        try:
            image = _take_picture(asked, item, cutter, max_pixels)
        except RecordError as error:
            # Without its picture the question asks about something that nobody sees.
            losses.append(Failure(error.code, f"{error.message} ({asked.locator})", error.hint))
            continue
        kept.append(_record(asked, item, image))
    return kept, losses


def _take_picture(asked: BankQuestion, item: PageInput, cutter: LooseCutter, max_pixels: int) -> ImageRef | None:
    if asked.load is None:
        return None
    return cutter.cut(asked.load, max_pixels, item.document.id).image


def _record(asked: BankQuestion, item: PageInput, image: ImageRef | None) -> QuestionItem:
    document = item.document
    words = [option.text for option in asked.options if option.key in asked.keys]
    evidence = [Evidence(id=ANSWER_SPAN, kind="body", text="; ".join(words) or asked.answer, locator=asked.locator)]
    if asked.explanation:
        evidence.append(Evidence(id=EXPLANATION_SPAN, kind="note", text=asked.explanation, locator=asked.locator))
    said = " ".join([asked.question, *(option.text for option in asked.options), asked.answer])
    return QuestionItem(
        id=make_id(document.id, "question", asked.locator, asked.question, asked.answer),
        document_id=document.id,
        source=Source(
            document_sha256=document.sha256,
            file=document.file,
            page_number=item.number,
            unit="px",
            locator=asked.locator,
        ),
        question=asked.question,
        options=asked.options,
        given_answer=asked.answer,
        answer_keys=asked.keys,
        image=image,
        evidence=tuple(evidence),
        language=detect_language(said),
        licence=document.licence,
    )
