"""Questions of a bank from the file to the judged record: the given answer is kept word for word."""

from __future__ import annotations

import asyncio
import json

import pytest

from remud_gen.config import Config
from remud_gen.protocols import ModelReply
from remud_gen.records import QuestionItem
from remud_gen.runner.images import ContentImageStore
from remud_gen.runner.inventory import take_inventory
from remud_gen.stages.base import Failure, PageInput, Rejection, StageContext
from remud_gen.stages.documents import DocumentsStage
from remud_gen.stages.extract import ExtractStage
from remud_gen.stages.filter import FilterStage
from remud_gen.stages.generate import GenerateStage
from remud_gen.stages.pair import PairStage
from tests.pdf.sheets import make_frame

BANK = """question,A,B,C,answer,explanation,image
What lies behind a simple renal cyst on ultrasound?,Shadow,Enhancement,Comet tail,B,Fluid attenuates little.,
How is a haemangioma of the liver seen on ultrasound,,,,Round and echogenic with a sharp border and no rim of low echo,,
Which organ is shown on this image?,Kidney,Liver,Spleen,A,,k.png
Which of these is an organ?,Kidney,Liver,Table,AB,,
Which of these is no organ?,Kidney,Liver,Table,the last one,,
Which answer is missing?,Kidney,Liver,Table,,,
What is shown here?,,,,A cyst.,,gone.png
"""


class Teacher:
    """Stands at the place of the gateway and thinks about whatever it is asked."""

    def __init__(self, thinking):
        self.thinking, self.requests = thinking, []

    async def ask(self, request):
        self.requests.append(request)
        item = {
            "qtype": "knowledge", "form": "open", "style": "reasoning", "difficulty": 2, "question": "Something else?",
            "options": [], "claims": [], "thinking": self.thinking, "answer": "Something else.", "answer_key": None,
        }  # fmt: skip
        return ModelReply(client="openai", model="m", text=json.dumps({"items": [item]}), finish_reason="stop")


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """What became of the bank's rows, up to the pair stage."""
    folder = tmp_path_factory.mktemp("bank")
    shelf = folder / "shelf"
    shelf.mkdir()
    (shelf / "bank.csv").write_text(BANK, "utf-8")
    make_frame(320, 240).save(shelf / "k.png")
    config = Config.model_validate({"extract": {"reads_burned_in_text": False}})
    files = {file.file: file for file in take_inventory([shelf], folder, is_writable=False)}
    context = StageContext(config, ContentImageStore(folder), {file.sha256: file.place for file in files.values()})
    documents, extract, pair = DocumentsStage(config), ExtractStage(config), PairStage(config)
    for stage in (documents, extract, pair):
        stage.setup(context)
    (picture,) = documents.process(files["k.png"])
    (document,) = documents.process(files["bank.csv"])
    page, *losses = extract.process(PageInput("p", document, 1))
    return picture, document, losses, [outcome for _, outcome in pair.process_document(document.id, [page])]


def generate(item, teacher, **options):
    # These say what becomes of questions; who is named in their pictures is another matter.
    stage = GenerateStage(Config.model_validate({"generate": options, "privacy": {"books": "allow"}}))

    async def collect():
        return [outcome async for outcome in stage.process(item, teacher)]

    (outcome,) = asyncio.run(collect())
    return outcome


def judge(record):
    (outcome,) = FilterStage(Config()).process(record)
    return outcome


def test_rows_become_question_records_beside_what_is_lost(bank):
    picture, document, losses, items = bank
    assert (document.reader, document.media_type, document.page_count) == ("question_bank", "text/csv", 1)
    assert isinstance(picture, Rejection) and picture.code == "PART_OF_DOCUMENT"
    assert [(type(loss), loss.code) for loss in losses] == [
        (Rejection, "INCOMPLETE_QUESTION"), (Failure, "PICTURE_MISSING"),
    ]  # fmt: skip
    assert "bank.csv row 7" in losses[0].message
    assert [item.given_answer for item in items] == [
        "B", "Round and echogenic with a sharp border and no rim of low echo", "A", "AB", "the last one",
    ]  # fmt: skip
    assert all(isinstance(item, QuestionItem) for item in items)
    assert [item.image is not None for item in items] == [False, False, True, False, False]
    assert items[0].source.locator == "bank.csv row 2"
    assert [(span.id, span.text) for span in items[0].evidence] == [
        ("ans", "Enhancement"), ("exp", "Fluid attenuates little."),
    ]  # fmt: skip


def test_without_a_model_the_given_answers_are_direct_records_that_are_kept(bank):
    teacher = Teacher("never asked")
    first, second, third = (generate(item, teacher, client="extractive") for item in bank[3][:3])
    assert teacher.requests == []
    assert (first.form, first.answer_key, first.answer) == ("mcq", "B", "B. Enhancement")
    assert (second.form, second.answer) == ("open", "Round and echogenic with a sharp border and no rim of low echo")
    assert (third.kind, third.images) == ("vqa", (bank[3][2].image,))
    for record in (first, second, third):
        assert (record.style, record.thinking, record.generation.client) == ("direct", None, "given")
        judged = judge(record)
        assert getattr(judged, "status", judged) == "kept", getattr(judged, "verdicts", judged)
        assert judged.answer == record.answer


def test_a_model_adds_the_thinking_and_nothing_else(bank):
    thinking = (
        "The question asks what lies behind a simple renal cyst. Fluid attenuates little, so the sound behind the cyst "
        "is stronger than beside it. A shadow would need absorption. This speaks for enhancement, option B."
    )
    teacher = Teacher(thinking)
    record = generate(bank[3][0], teacher, model="m", reasoning_share=1.0)
    assert (record.style, record.thinking, record.answer) == ("reasoning", thinking, "B. Enhancement")
    assert record.question == bank[3][0].question
    assert (record.generation.prompt, record.generation.thinking_source) == ("bank.en@1", "field")
    (request,) = teacher.requests
    assert "Right answer: B. Enhancement" in request.user
    assert "C. Comet tail" in request.user
    assert "Fluid attenuates little." in request.user
    assert judge(record).status == "kept"
    shown = generate(bank[3][2], teacher, model="m", reasoning_share=1.0)
    assert shown.images == teacher.requests[1].images == (bank[3][2].image,)


def test_the_share_of_reasoning_and_the_wish_for_none_are_kept(bank):
    teacher = Teacher("x")
    assert generate(bank[3][0], teacher, model="m", reasoning_share=0.0).style == "direct"
    assert generate(bank[3][0], teacher, model="m", reasoning_share=1.0, thinking="none").style == "direct"
    assert teacher.requests == []


def test_thinking_that_does_not_come_is_a_failure(bank):
    outcome = generate(bank[3][0], Teacher(None), model="m", reasoning_share=1.0)
    assert isinstance(outcome, Failure)
    assert outcome.code == "NO_THINKING"


@pytest.mark.parametrize(("index", "told"), [(3, "several options are right"), (4, "names none of its options")])
def test_what_no_record_can_hold_is_rejected_with_its_reason(bank, index, told):
    outcome = generate(bank[3][index], Teacher("x"), client="extractive")
    assert isinstance(outcome, Rejection)
    assert (outcome.code, told in outcome.message) == ("UNUSABLE", True)
