import asyncio
import re

import pytest

from remud_gen.config import load_config
from remud_gen.errors import ConfigError, ProviderError, RecordError
from remud_gen.llm.opening import open_gateway
from remud_gen.records import Evidence, Quadruplet, TextLine
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import Failure, Rejection, StageContext
from remud_gen.stages.generate import GenerateStage
from tests.llm.samples import make_pair, make_passage, save_picture
from tests.model_server import ModelServer

FAULTS = {
    "429": 0.08, "500": 0.08, "malformed": 0.06, "truncated": 0.06, "drop": 0.06, "hang": 0.04, "empty": 0.04,
}  # fmt: skip


@pytest.fixture(autouse=True)
def waits_are_short(monkeypatch):
    monkeypatch.setattr("remud_gen.llm.retry.FIRST_WAIT_S", 0.01)


def make_config(*assignments, base_url=None):
    settings = ["generate.model=tiny", f"generate.base_url={base_url}"] if base_url else []
    return load_config(None, [*settings, *assignments], {})


def generate(config, folder, inputs, distrusted=()):
    """All outcomes of every input, asked for at once, and the gateway's counts. A RecordError is an outcome."""

    async def one(stage, item, gateway):
        outcomes = []
        try:
            async for outcome in stage.process(item, gateway):
                outcomes.append(outcome)
        except RecordError as error:
            outcomes.append(Failure(error.code, error.message, error.hint, error.replies))
        return outcomes

    async def inner():
        store = ContentImageStore(folder)
        stage = GenerateStage(config)
        stage.setup(StageContext(config, store, {}))
        async with open_gateway(config.generate, folder / "replies.sqlite", store) as gateway:
            asker = Distrusting(gateway, distrusted)
            return await asyncio.gather(*(one(stage, item, asker) for item in inputs)), gateway.counts

    return asyncio.run(inner())


class Distrusting:
    """The gateway as a retry of errors sees it: what led to them is not taken from the store."""

    def __init__(self, gateway, replies):
        self.gateway, self.replies = gateway, frozenset(replies)

    async def ask(self, request):
        return await self.gateway.ask(request, distrusted=self.replies)


def make_inputs(folder, n_pairs, n_passages=0):
    store = ContentImageStore(folder)
    pairs = [make_pair(number, image=save_picture(store, number)) for number in range(n_pairs)]
    return [*pairs, *(make_passage(number) for number in range(n_passages))]


def test_pair_becomes_traceable_quadruplets(tmp_path):
    (pair,) = make_inputs(tmp_path, 1)
    with ModelServer() as server:
        (outcomes,), _ = generate(make_config(base_url=server.base_url), tmp_path, [pair])
    assert len(outcomes) == 4
    for record in outcomes:
        assert isinstance(record, Quadruplet)
        assert (record.kind, record.parent_id, record.group_id) == ("vqa", pair.id, pair.figure_id)
        assert (record.source, record.images, record.language) == (pair.source, (pair.image,), "en")
        spans = {span.id: span.text for span in record.evidence}
        assert all(quote.quote in spans[quote.span_id] for claim in record.claims for quote in claim.evidence)
        assert bool(record.thinking) == (record.style == "reasoning")
        assert record.generation.thinking_source == ("field" if record.thinking else "none")
        assert record.generation.prompt == "vqa.en@2"
        assert re.fullmatch("[0-9a-f]{64}", record.generation.request_sha256)
        assert record.generation.cost_usd is None
        assert str(tmp_path) not in record.model_dump_json()
    assert len({record.id for record in outcomes}) == 4
    assert sorted(record.style for record in outcomes).count("reasoning") == 2


def test_passage_becomes_text_only_records(tmp_path):
    passage = make_passage(language="zh", text="肾结石表现为强回声团，后方伴声影。", heading_path=("肾脏",))
    with ModelServer() as server:
        (outcomes,), _ = generate(make_config(base_url=server.base_url), tmp_path, [passage])
    assert [(record.kind, record.images, record.group_id, record.language) for record in outcomes] == [
        ("qa", (), passage.id, "zh")
    ] * 2
    assert isinstance(server.bodies[0]["messages"][-1]["content"], str)
    assert "超声" in server.bodies[0]["messages"][0]["content"]


def test_figure_numbers_and_other_panels_never_leave(tmp_path):
    (pair,) = make_inputs(tmp_path, 1)
    pair = pair.model_copy(
        update={
            "figure_number": "7-12", "panel": "A", "siblings": ("other",), "caption": "Secret of the other panel.",
            "note": "Note of the other panel.", "panel_caption": "Fig. 7-12A. A cyst.",
            "context": (Evidence(id="m", kind="mention", text="Cysts are dark (Fig. 7-12A). Fig. 7-13 is a stone."),),
            "burned_in_text": (TextLine(bbox=(0, 0, 1, 1), text="1 L 3.2 cm"),),
        }
    )  # fmt: skip
    with ModelServer() as server:
        generate(make_config("generate.examples=0", base_url=server.base_url), tmp_path, [pair])
    text = server.bodies[0]["messages"][-1]["content"][-1]["text"]
    assert text.splitlines()[2:6] == ["[cap] A cyst.", "[ctx1] Cysts are dark.", "[ocr1] 1 L 3.2 cm", ""]
    assert "7-1" not in text
    assert "other panel" not in text


def test_nothing_is_lost_doubled_or_asked_twice_under_faults(tmp_path):
    inputs = make_inputs(tmp_path, 70, 50)
    with ModelServer(faults=FAULTS, hang_s=20) as server:
        config = make_config("generate.request_timeout_s=5", "generate.max_attempts=5", base_url=server.base_url)
        results, _ = generate(config, tmp_path, inputs)
        n_first = len(server.log)
        assert set(server.outcomes()) == {"ok", *FAULTS}
        again, counts = generate(config, tmp_path, inputs)
        assert len(server.log) == n_first
    assert [len(outcomes) for outcomes in results] == [4] * 70 + [2] * 50
    records = [record for outcomes in results for record in outcomes]
    assert all(isinstance(record, Quadruplet) for record in records)
    assert len({record.id for record in records}) == len(records) == 380
    assert {"reask"} == {step for record in records for step in record.generation.repair_steps}
    assert again == results
    assert counts["sent"] == 0
    assert max(server.answered().values()) == 1


def test_same_bytes_whatever_the_order_and_concurrency(tmp_path):
    inputs = make_inputs(tmp_path, 12, 6)
    with ModelServer() as server:
        config = make_config(base_url=server.base_url)
        results, _ = generate(config, tmp_path, inputs)
        (tmp_path / "replies.sqlite").unlink()
        slow = make_config("generate.concurrency=1", base_url=server.base_url)
        reverse, _ = generate(slow, tmp_path, inputs[::-1])
    assert reverse[::-1] == results


def test_reply_that_cannot_be_mended_is_a_named_failure(tmp_path):
    inputs = make_inputs(tmp_path, 1)
    with ModelServer(faults={"length": 1.0}, max_faults=99) as server:
        (outcomes,), _ = generate(make_config(base_url=server.base_url), tmp_path, inputs)
    assert isinstance(outcomes[-1], Failure)
    assert outcomes[-1].code == "REPLY_TRUNCATED"
    assert all(isinstance(outcome, Quadruplet) for outcome in outcomes[:-1])
    with ModelServer(faults={"content_filter": 1.0}, max_faults=99) as server:
        (outcomes,), _ = generate(make_config("generate.seed=1", base_url=server.base_url), tmp_path, inputs)
    assert [outcome.code for outcome in outcomes] == ["CONTENT_FILTER"]


@pytest.mark.parametrize(
    ("fault", "code", "n_replies"),
    [("malformed", "JSON_INVALID", 2), ("empty", "EMPTY_REPLY", 2), ("content_filter", "CONTENT_FILTER", 1)],
)
def test_retry_asks_again_where_a_bad_reply_was_stored(tmp_path, fault, code, n_replies):
    inputs = make_inputs(tmp_path, 6)
    with ModelServer(faults={fault: 1.0}, max_faults=1, is_mended_by_reask=False) as server:
        config = make_config(base_url=server.base_url)
        failed, _ = generate(config, tmp_path, inputs)
        assert [[outcome.code for outcome in outcomes] for outcomes in failed] == [[code]] * 6
        assert {len(outcomes[0].replies) for outcomes in failed} == {n_replies}
        assert all("--retry-errors" in outcomes[0].hint for outcomes in failed)
        trusted, counts = generate(config, tmp_path, inputs)
        assert (trusted, counts["sent"]) == (failed, 0)  # a plain rerun finds what was paid for
        replies = {key for outcomes in failed for key in outcomes[0].replies}
        mended, counts = generate(config, tmp_path, inputs, replies)
        assert counts["sent"] == 6
        assert [len(outcomes) for outcomes in mended] == [4] * 6
        assert all(isinstance(outcome, Quadruplet) for outcomes in mended for outcome in outcomes)
        again, counts = generate(config, tmp_path, inputs)
        assert (again, counts["sent"]) == (mended, 0)


def test_items_that_broke_off_name_the_reply_they_were_in(tmp_path):
    inputs = make_inputs(tmp_path, 1)
    with ModelServer(faults={"length": 1.0}, max_faults=1) as server:
        config = make_config(base_url=server.base_url)
        (outcomes,), _ = generate(config, tmp_path, inputs)
        assert outcomes[-1].code == "REPLY_TRUNCATED"
        assert outcomes[-1].replies == (outcomes[0].generation.request_sha256,)
        (mended,), counts = generate(config, tmp_path, inputs, outcomes[-1].replies)
    assert counts["sent"] == 1
    assert [type(outcome) for outcome in mended] == [Quadruplet] * 4


def test_native_trace_is_asked_for_one_record_at_a_time(tmp_path):
    (pair,) = make_inputs(tmp_path, 1)
    with ModelServer(reasoning="The wall is dark and thin.") as server:
        config = make_config("generate.thinking=native", base_url=server.base_url)
        (outcomes,), _ = generate(config, tmp_path, [pair])
    assert len(server.log) == len(outcomes) == 4
    assert len({record.id for record in outcomes}) == 4
    for record in outcomes:
        native = record.style == "reasoning"
        assert record.thinking == ("The wall is dark and thin." if native else None)
        assert record.generation.thinking_source == ("native" if native else "none")


def test_no_thinking_means_direct_records_only(tmp_path):
    inputs = make_inputs(tmp_path, 3)
    with ModelServer() as server:
        results, _ = generate(make_config("generate.thinking=none", base_url=server.base_url), tmp_path, inputs)
    assert {(record.style, record.thinking) for outcomes in results for record in outcomes} == {("direct", None)}


def test_inputs_not_worth_a_question_are_rejected_by_name_and_cost_nothing(tmp_path):
    inputs = [
        make_pair(confidence=0.1, flags=("caption_far",)),
        make_pair(panel_caption=None),
        make_passage(),
    ]
    with ModelServer() as server:
        config = make_config("generate.items_per_passage=0", base_url=server.base_url)
        results, _ = generate(config, tmp_path, inputs)
    assert [[outcome.code for outcome in outcomes] for outcomes in results] == [
        ["LOW_CONFIDENCE"],
        ["NO_EVIDENCE"],
        ["NOT_WANTED"],
    ]
    assert "caption_far" in results[0][0].message
    assert not server.log


class Scripted:
    """Gives one reply to whatever is asked."""

    def __init__(self, text):
        self.text = text

    async def ask(self, request):
        from remud_gen.protocols import ModelReply

        return ModelReply("openai", "m", self.text, finish_reason="stop")


def process(item, text, *assignments):
    async def inner():
        stage = GenerateStage(make_config("generate.model=m", *assignments))
        return [outcome async for outcome in stage.process(item, Scripted(text))]

    return asyncio.run(inner())


def test_way_out_of_the_model_rejects_the_pair_with_its_reason():
    (outcome,) = process(make_pair(), '{"items": [], "unusable_reason": "this is a CT scan"}')
    assert outcome == Rejection("UNUSABLE", "this is a CT scan")


def test_items_that_cannot_be_read_follow_as_failures():
    good = '{"qtype": "finding", "form": "mcq", "style": "direct", "question": "q?", "answer": "The cyst.",'
    good += '"options": ["stone", "the cyst"], "answer_key": "the cyst"}'
    outcomes = process(make_pair(), f'{{"items": [{good}, {{"question": "?"}}]}}')
    assert [type(outcome) for outcome in outcomes] == [Quadruplet, Failure]
    assert outcomes[1].code == "ITEM_INVALID"
    assert "--retry-errors" in outcomes[1].hint
    assert outcomes[0].answer_key == "B"
    assert outcomes[0].generation.repair_steps == ("item_dropped",)


def test_output_language_can_be_set(tmp_path):
    inputs = make_inputs(tmp_path, 1)
    with ModelServer() as server:
        (outcomes,), _ = generate(make_config("generate.language=zh", base_url=server.base_url), tmp_path, inputs)
    assert {record.language for record in outcomes} == {"zh"}
    assert {record.generation.prompt for record in outcomes} == {"vqa.zh@2"}


def test_settings_hold_what_shapes_the_output_and_nothing_else(tmp_path):
    def settings(*assignments):
        return GenerateStage(make_config("generate.model=m", *assignments)).settings()

    plain = settings()
    for idle in ("concurrency=3", "max_attempts=2", "request_timeout_s=9", "base_url=http://localhost:1/v1"):
        assert settings(f"generate.{idle}") == plain
    for shaping in (
        "model=n", "temperature=0.1", "items_per_pair=3", "items_per_passage=1", "reasoning_share=0.1", "seed=5",
        "thinking=native", "language=zh", "max_output_tokens=100", "max_image_side_px=512", "min_confidence=0.9",
        "client=extractive", "thinking=solve", "samples=2", "facts=true", "examples=0", "separate_forms=true",
        "twins_share=0.5", "negatives_share=0.5", "rewrites_task_talk=false", "thinking_hint=true",
        "mix.forms={mcq: 1}", "mix.difficulties={3: 1}",
    ):  # fmt: skip
        more = ["generate.thinking=solve"] if shaping.startswith("samples") else []
        assert settings(f"generate.{shaping}", *more) != settings(*more), shaping
    folder = tmp_path / "mine"
    folder.mkdir()
    shipped = GenerateStage(make_config("generate.model=m"))._builder.prompts["vqa", "en"]
    head = "---\nname: vqa\nversion: 1\nlanguage: en\nvariables: [count, examples, facts, mix, spans]\n---\n"
    (folder / "vqa.en.md").write_text(f"{head}# System\n\nShort.\n\n# User\n\n{shipped.user}\n", "utf-8")
    assert settings(f"generate.prompts={folder}") != plain


def test_without_a_model_or_with_a_wrong_address_the_stage_does_not_start():
    stage = GenerateStage(load_config(environment={}))
    assert stage.settings()["client"] is None
    with pytest.raises(ConfigError, match="no model"):
        stage.check()
    with pytest.raises(ConfigError, match="is not an address"):
        GenerateStage(make_config(base_url="localhost:8000")).check()


def test_wrong_key_stops_everything(tmp_path, monkeypatch):
    monkeypatch.setenv("REMUD_API_KEY", "sk-wrong-12345678")
    inputs = make_inputs(tmp_path, 20)
    with ModelServer(key="sk-right-12345678") as server, pytest.raises(ProviderError) as caught:
        generate(make_config("generate.concurrency=4", base_url=server.base_url), tmp_path, inputs)
    assert len(server.log) <= 4
    assert "12345678" not in caught.value.message


def test_model_free_client_takes_the_same_path(tmp_path):
    pair = make_pair(
        panel_caption="Transverse view of the left kidney. A simple cyst measuring 3.2 cm is seen in the lower pole."
    )
    (outcomes,), counts = generate(make_config("generate.client=extractive"), tmp_path, [pair])
    assert +counts == {"asked": 1}
    assert not (tmp_path / "replies.sqlite").exists()
    assert outcomes
    for record in outcomes:
        assert isinstance(record, Quadruplet)
        assert record.generation.client == "extractive"
        assert record.generation.thinking_source == ("templated" if record.thinking else "none")
