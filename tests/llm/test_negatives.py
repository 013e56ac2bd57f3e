"""Questions asked of an image of another organ: from the same document, never from the same figure or region."""

import asyncio
from contextlib import suppress

import pytest

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.llm.negatives import ANSWERS, FLAGS, build_negative, choose_partners, read_shown
from remud_gen.records import Evidence
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import StageContext
from remud_gen.stages.filter import build_filters, judge
from remud_gen.stages.generate import GenerateStage
from tests.llm.samples import make_pair, save_picture
from tests.stages.test_generate import make_config

CAPTIONS = {
    "en": (
        "Longitudinal view of the liver with a simple cyst in the right lobe.",
        "Transverse view of the thyroid with a hypoechoic nodule.",
        "Gallbladder with a stone in its neck.",
        "Longitudinal view of the Achilles tendon with fusiform thickening.",
    ),
    "zh": (
        "肝右叶囊肿，边界清晰。",
        "甲状腺右叶低回声结节。",
        "胆囊颈部结石，后方伴声影。",
        "跟腱长轴切面，呈梭形增厚。",
    ),
}
QUESTIONS = {
    "en": ("What lesion is seen in the liver?", "How does the nodule of the thyroid look here?",
           "What is seen in the neck of the gallbladder?", "What shape does the Achilles tendon have here?"),
    "zh": ("图中肝脏内可见什么病变？", "图中甲状腺结节呈什么回声？", "图中胆囊颈部可见什么？", "图中跟腱呈什么形态？"),
}  # fmt: skip
TRUE = {"en": "It is what the view shows.", "zh": "如图所示。"}


def make_pairs(language, folder=None):
    store = ContentImageStore(folder) if folder else None
    return [
        make_pair(
            number,
            panel_caption=caption,
            language=language,
            image=save_picture(store, number)
            if store
            else make_pair().image.model_copy(update={"sha256": str(number) * 64}),
        )
        for number, caption in enumerate(CAPTIONS[language])
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_partner_is_of_the_same_document_and_of_another_figure_and_region(language):
    pairs = make_pairs(language)
    stranger = pairs[1].model_copy(update={"id": "other", "document_id": "another book", "figure_id": "f9"})
    sibling = pairs[3].model_copy(update={"id": "panel b", "figure_id": pairs[0].figure_id})
    silent = make_pair(9, panel_caption="A typical image." if language == "en" else "典型图像。", language=language)
    partners = choose_partners([*pairs, stranger, sibling, silent], 1.0, 0)
    assert set(partners) == {pair.id for pair in pairs} | {"panel b"}
    for pair in pairs:
        partner = partners[pair.id]
        assert partner.document_id == pair.document_id
        assert partner.figure_id != pair.figure_id
        assert not read_shown(pair).regions & read_shown(partner).regions
    assert partners[pairs[0].id].id != pairs[2].id  # the gallbladder lies beside the liver
    assert choose_partners([*pairs, stranger, sibling, silent], 1.0, 0) == partners
    assert choose_partners(pairs, 0.0, 0) == {}
    assert choose_partners(pairs[:1] + pairs[2:3], 1.0, 0) == {}  # a book of one region has none


def test_words_around_a_figure_forbid_its_neighbours():
    pairs = make_pairs("en")
    context = (Evidence(id="m", kind="mention", text="The thyroid and the liver were examined."),)
    pairs[3] = pairs[3].model_copy(update={"context": context})
    assert choose_partners(pairs[:2] + pairs[3:], 1.0, 0)["pair0000"].id == "pair0001"
    assert "pair0003" not in choose_partners(pairs[:2] + pairs[3:], 1.0, 0)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("number", range(4))
def test_negative_is_labelled_traceable_and_passes_the_filters(language, number):
    pairs = make_pairs(language)
    pair = pairs[number]
    partner = choose_partners(pairs, 1.0, 0)[pair.id]
    questioned = ask(pair, QUESTIONS[language][number])
    answers = set()
    for seed in range(40):
        negative = build_negative([questioned], pair, partner.model_copy(update={"id": f"{partner.id}{seed}"}))
        assert negative.images == (partner.image,)
        assert (negative.source, negative.group_id) == (partner.source, partner.figure_id)
        assert (negative.question, negative.question_from) == (questioned.question, pair.id)
        assert set(FLAGS) <= set(negative.flags)
        assert (negative.style, negative.form, negative.thinking) == ("direct", "open", None)
        (claim,) = negative.claims
        spans = {span.id: span.text for span in negative.evidence}
        assert all(quote.quote in spans[quote.span_id] for quote in claim.evidence)
        judged = judge(negative, build_filters(Config(), "record"))
        assert [(v.code, v.evidence) for v in judged.verdicts] == []
        answers.add(negative.answer)
    assert len(answers) == len(ANSWERS[language])


def ask(pair, question, form="open"):
    from remud_gen.llm.build import Origin, Thought, build_quadruplet
    from remud_gen.llm.reply import ReplyItem
    from remud_gen.llm.spans import build_spans
    from tests.test_examples import GENERATION

    item = ReplyItem(qtype="finding", form=form, style="direct", question=question, answer=TRUE[pair.language])
    return build_quadruplet(Origin(pair, build_spans(pair), pair.language, GENERATION), 0, item, Thought())


def test_question_that_names_no_organ_or_the_organ_shown_makes_no_negative():
    liver, thyroid, *_ = make_pairs("en")
    for question in ("What does this image show?", "What is seen in the thyroid here?"):
        assert build_negative([ask(liver, question)], liver, thyroid) is None
    assert build_negative([ask(liver, "Is a cyst seen in the liver?", "yesno")], liver, thyroid) is None


class Scripted:
    def __init__(self, pairs):
        self.questions = {pair.id: question for pair, question in zip(pairs, QUESTIONS["en"], strict=True)}

    async def ask(self, request):
        from remud_gen.protocols import ModelReply

        item = '{"qtype": "finding", "form": "open", "style": "direct", "question": "%s", "answer": "It is."}'
        return ModelReply("openai", "m", '{"items": [%s]}' % (item % self.questions[request.payload.id]))


def test_stage_makes_them_for_the_share_that_is_wanted_and_none_by_default(tmp_path):
    pairs = make_pairs("en", tmp_path)

    def run(*assignments):
        async def inner():
            config = make_config("generate.model=m", *assignments)
            stage = GenerateStage(config)
            stage.setup(StageContext(config, ContentImageStore(tmp_path), {}))
            stage.look_ahead(pairs, range(len(pairs)))
            return [o for pair in pairs async for o in stage.process(pair, Scripted(pairs))]

        return asyncio.run(inner())

    assert not any(record.question_from for record in run())
    records = run("generate.negatives_share=1.0")
    negatives = [record for record in records if record.question_from]
    assert len(records) == 8
    assert {record.question_from for record in negatives} == {pair.id for pair in pairs}
    assert len({record.id for record in records}) == 8


def test_nothing_is_kept_of_inputs_that_are_done_with_or_not_asked_about(tmp_path):
    """A book of a hundred thousand pairs must not stay in memory for the sake of negatives."""
    pairs = make_pairs("en", tmp_path)
    stage = GenerateStage(make_config("generate.model=m", "generate.negatives_share=1.0"))
    stage.setup(StageContext(stage.config, ContentImageStore(tmp_path), {}))

    class Unwilling:
        async def ask(self, request):
            raise RecordError("REFUSAL", "no")

    async def work():
        with suppress(RecordError):
            async for _ in stage.process(pairs[0], Unwilling()):
                pass

    stage.look_ahead(pairs, [0])
    assert list(stage._partners) == [pairs[0].id]
    asyncio.run(work())
    assert stage._partners == {}
