"""Where thinking comes from: the second call that solves, several samples, hints, native traces, rewriting."""

import asyncio
import json

import pytest

from remud_gen.errors import ConfigError, Deferred, RecordError
from remud_gen.protocols import ModelReply
from remud_gen.records import Option, Quadruplet, QuestionItem
from remud_gen.stages.base import Failure, Rejection
from remud_gen.stages.generate import GenerateStage
from tests.llm.samples import SOURCE, make_pair, make_passage
from tests.model_server import answer_by_rule
from tests.stages.test_generate import generate, make_config, make_inputs
from tests.thinking_server import TALK, ThinkingServer

ALL_REASONED = ("generate.thinking=solve", "generate.reasoning_share=1.0")


def run(folder, inputs, server, *assignments):
    results, counts = generate(make_config(*assignments, base_url=server.base_url), folder, inputs)
    return [outcome for outcomes in results for outcome in outcomes], counts


def read_user(body):
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def test_solving_sees_the_image_and_the_question_alone(tmp_path):
    inputs = make_inputs(tmp_path, 6)
    with ThinkingServer() as server:
        records, _ = run(tmp_path, inputs, server, "generate.thinking=solve")
    assert len(records) == 24
    reasoned = [record for record in records if record.style == "reasoning"]
    assert len(reasoned) == 12
    assert all("style=reasoning" not in read_user(body) for body in server.asked["items"])  # direct form first
    for record in records:
        assert (record.thinking is not None) == (record in reasoned)
    for record in reasoned:
        assert (record.generation.thinking_source, record.generation.is_hinted) == ("solve", False)
        assert record.agreement == 1.0
        assert record.traces == ()
        assert {step.prompt for step in record.generation.steps} == {"solve.en@1"}
        assert all(turn.thinking for turn in record.turns)
        assert record.generation.steps[0].request_sha256 != record.generation.request_sha256
    turns = sum(1 + len(record.turns) for record in reasoned)
    assert len(server.asked["answer"]) == turns
    captions = [pair.panel_caption for pair in inputs]
    for body in server.asked["answer"]:
        assert [part["type"] for part in body["messages"][-1]["content"]] == ["image_url", "text"]
        told = read_user(body)
        assert "Private note" not in told
        assert not any(f"[cap] {caption}" in told for caption in captions)
    assert len({body["messages"][0]["content"] for body in server.asked["answer"]}) == 1


def test_later_turns_are_solved_after_what_was_said(tmp_path):
    with ThinkingServer() as server:
        records, _ = run(tmp_path, make_inputs(tmp_path, 3), server, *ALL_REASONED, "generate.mix.forms={dialogue: 1}")
    talks = [record for record in records if record.form == "dialogue"]
    assert talks
    asked = [read_user(body) for body in server.asked["answer"]]
    for record in talks:
        (turn,) = record.turns
        assert turn.thinking
        assert f"Said before:\n- {record.question}\n- {record.answer}\n\nAsked now:\n{turn.question}" in asked


def test_samples_are_different_questions_and_the_best_is_kept(tmp_path):
    inputs = make_inputs(tmp_path, 4)
    with ThinkingServer(wrong=(0, 2)) as server:
        records, _ = run(tmp_path, inputs, server, *ALL_REASONED, "generate.samples=4")
        again, counts = run(tmp_path, inputs, server, *ALL_REASONED, "generate.samples=4")
    assert (again, counts["sent"]) == (records, 0)
    assert {body["seed"] for body in server.asked["answer"]} == {0, 1, 2, 3}
    solo = [record for record in records if isinstance(record, Quadruplet) and record.form != "dialogue"]
    assert solo
    for record in solo:
        assert record.agreement == 0.5
        assert [trace.agrees for trace in record.traces] == [True, False, False]
        assert record.style == "reasoning"
        hashes = {record.generation.steps[0].request_sha256, *(trace.request_sha256 for trace in record.traces)}
        assert len(hashes) == 4


def test_contradicted_answer_is_kept_in_direct_form_and_counted_by_code(tmp_path):
    with ThinkingServer(wrong=(0, 1)) as server:
        outcomes, _ = run(tmp_path, make_inputs(tmp_path, 5), server, *ALL_REASONED, "generate.samples=2")
    assert len(outcomes) == 20
    for outcome in outcomes:
        assert isinstance(outcome, Rejection)
        assert outcome.code == "SELF_INCONSISTENT"
        record = outcome.record
        assert (record.style, record.thinking, record.agreement) == ("direct", None, 0.0)
        assert "self_inconsistent" in record.flags
        assert [trace.agrees for trace in record.traces] == [False, False]
        assert record.generation.thinking_source == "none"


def test_hint_is_shown_and_recorded(tmp_path):
    with ThinkingServer() as server:
        records, _ = run(tmp_path, make_inputs(tmp_path, 2), server, *ALL_REASONED, "generate.thinking_hint=true")
    assert all(record.generation.is_hinted for record in records)
    assert all("Private note: the answer is: " in read_user(body) for body in server.asked["answer"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("thinking", ["field", "solve"])
def test_talk_about_the_task_is_rewritten_once(tmp_path, language, thinking):
    words = {"panel_caption": "左肾下极囊肿，大小3.2 cm。"} if language == "zh" else {}
    inputs = [pair.model_copy(update={**words, "language": language}) for pair in make_inputs(tmp_path, 2)]
    with ThinkingServer(talks=True) as server:
        settings = (f"generate.thinking={thinking}", "generate.reasoning_share=1.0", "generate.mix.forms={open: 1}")
        records, _ = run(tmp_path, inputs, server, *settings)
    assert len(records) == 8
    for record in records:
        assert isinstance(record, Quadruplet)
        assert record.generation.thinking_source == "rewrite"
        assert record.generation.steps[-1].prompt == f"rewrite.{language}@1"
        assert TALK[language].strip() not in record.thinking
    assert len(server.asked["rewrite"]) == 8


def test_talk_that_stays_costs_the_thinking_not_the_question(tmp_path):
    with ThinkingServer(talks=True, stubborn=True) as server:
        outcomes, _ = run(tmp_path, make_inputs(tmp_path, 2), server, *ALL_REASONED)
        left, _ = run(tmp_path, make_inputs(tmp_path, 2), server, *ALL_REASONED, "generate.rewrites_task_talk=false")
        n_rewrites = len(server.asked["rewrite"])
    for outcome in (*outcomes, *left):
        assert isinstance(outcome, Rejection)
        assert (outcome.code, outcome.record.style, outcome.record.thinking) == ("THINK_META", "direct", None)
        assert "think_meta" in outcome.record.flags
    assert n_rewrites == sum(1 for outcome in outcomes if "rewritten" in outcome.message) == 8
    assert all("user wants" in outcome.message for outcome in left)


def test_native_trace_is_mended_like_any_other(tmp_path):
    talk = "The user wants a question about the picture. The wall is thin and the lumen black. So it is a cyst."
    with ThinkingServer(reasoning=talk) as server:
        records, _ = run(
            tmp_path, make_inputs(tmp_path, 1), server, "generate.thinking=native", "generate.reasoning_share=1.0"
        )
    assert all(isinstance(record, Rejection) for record in records)  # this server takes out other words
    assert all(read_user(body).endswith(talk) for body in server.asked["rewrite"])


def test_text_only_questions_are_solved_without_an_image(tmp_path):
    with ThinkingServer() as server:
        records, _ = run(tmp_path, [make_passage(n) for n in range(3)], server, *ALL_REASONED)
    assert {(record.kind, record.style) for record in records} == {("qa", "reasoning")}
    assert all(isinstance(body["messages"][-1]["content"], str) for body in server.asked["answer"])


def make_bank_question(**changes):
    fields = {
        "id": "q1", "document_id": "bank", "source": SOURCE, "question": "Which probe suits the thyroid?",
        "options": (Option(key="A", text="linear"), Option(key="B", text="convex")),
        "given_answer": "A", "answer_keys": ("A",),
    }  # fmt: skip
    return QuestionItem(**{**fields, **changes})


def test_question_of_a_bank_is_solved_and_held_against_its_given_answer(tmp_path):
    class Bank(ThinkingServer):
        def _answer_answer(self, body, text):
            return {
                "thinking": "The organ lies shallow. A high frequency resolves it.",
                "answer": "linear",
                "answer_key": self.chosen,
            }

    for key, code in (("A", ""), ("B", "SELF_INCONSISTENT")):
        Bank.chosen = key
        with Bank() as server:
            folder = tmp_path / key
            folder.mkdir()
            (outcome,), _ = run(folder, [make_bank_question()], server, *ALL_REASONED)
        record = outcome.record if code else outcome
        assert (record.answer, record.answer_key) == ("A. linear", "A")
        assert getattr(outcome, "code", "") == code
        assert record.style == ("direct" if code else "reasoning")
        assert record.agreement == (0.0 if code else 1.0)
        assert (record.generation.prompt, record.generation.is_hinted) == ("solve.en@1", False)
        assert record.generation.model == "tiny"


def test_failed_solution_fails_its_question_alone_and_can_be_retried(tmp_path):
    inputs = make_inputs(tmp_path, 1)

    class Silent(ThinkingServer):
        def _answer_answer(self, body, text):
            return (
                {"thinking": None, "answer": "It is.", "answer_key": None}
                if self.is_silent
                else super()._answer_answer(body, text)
            )

    with Silent() as server:
        server.is_silent = True
        settings = ("generate.thinking=solve", "generate.reasoning_share=0.5", "generate.mix.forms={open: 1}")
        outcomes, _ = run(tmp_path, inputs, server, *settings)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Failure"] * 2 + ["Quadruplet"] * 2
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        assert {failure.code for failure in failures} == {"NO_ITEMS"}
        server.is_silent = False
        n_sent = len(server.log)
        distrusted = [key for failure in failures for key in failure.replies]
        (mended,), _ = generate(make_config(*settings, base_url=server.base_url), tmp_path, inputs, distrusted)
        assert len(server.log) == n_sent + 2  # what was paid for is not paid for again
    assert all(isinstance(record, Quadruplet) for record in mended)


class Patient:
    """Answers questions, and puts off whatever else is asked, as a batch does."""

    def __init__(self):
        self.put_off = []

    async def ask(self, request):
        if request.purpose == "solve":
            self.put_off.append(request)
            raise Deferred("later")
        text = json.dumps(answer_by_rule(request.user))
        return ModelReply("openai", "m", text, finish_reason="stop", request_sha256="q")


def test_all_that_is_to_be_solved_is_asked_before_any_reply_is_waited_for():
    async def collect(stage, asker):
        return [outcome async for outcome in stage.process(make_pair(), asker)]

    settings = (*ALL_REASONED, "generate.samples=3", "generate.model=m", "generate.mix.forms={dialogue: 1}")
    asker = Patient()
    with pytest.raises(Deferred):
        asyncio.run(collect(GenerateStage(make_config(*settings)), asker))
    assert len(asker.put_off) == 4 * 3 + 4  # three samples of each question, and its later turn


@pytest.mark.parametrize(
    ("settings", "n_requests"),
    [
        (("generate.thinking=native", "generate.reasoning_share=1.0"), 8),
        (("generate.separate_forms=true", "generate.mix.forms={open: 1, mcq: 1, dialogue: 1}"), 3),
        (("generate.separate_forms=true", "generate.mix.forms={open: 1, mcq: 1, dialogue: 1}", *ALL_REASONED), 3),
    ],
)
def test_all_requests_for_one_input_are_made_before_any_reply_is_waited_for(settings, n_requests):
    class Later(Patient):
        async def ask(self, request):
            self.put_off.append(request)
            raise Deferred("later")

    stage, asker = GenerateStage(make_config(*settings, "generate.model=m", "generate.items_per_pair=8")), Later()

    async def collect():
        return [outcome async for outcome in stage.process(make_pair(), asker)]

    with pytest.raises(Deferred):
        asyncio.run(collect())
    assert len(asker.put_off) == n_requests
    assert sum(len(request.wanted) for request in asker.put_off) == 8


class Moody:
    """Answers each request for questions as it is told for its number."""

    def __init__(self, *moods):
        self.moods, self.n_asked = list(moods), 0

    async def ask(self, request):
        mood = self.moods[self.n_asked]
        self.n_asked += 1
        if isinstance(mood, Exception):
            raise mood
        reply = answer_by_rule(request.user) if mood is None else {"unusable_reason": mood, "items": []}
        text = json.dumps(reply)
        return ModelReply("openai", "m", text, "I look.", finish_reason="stop", request_sha256=str(self.n_asked))


def test_one_of_several_requests_that_fails_costs_the_others_nothing_and_unusable_is_said_once():
    stage = GenerateStage(make_config("generate.thinking=native", "generate.model=m"))

    async def collect(*moods):
        return [outcome async for outcome in stage.process(make_pair(), Moody(*moods))]

    whole = asyncio.run(collect(None, None, None, None))
    assert [type(outcome) for outcome in whole] == [Quadruplet] * 4
    lost = RecordError("TIMEOUT", "no answer", "ask again", ("k",))
    made = asyncio.run(collect(None, lost, "too dark", "too dark to see"))
    assert made == [whole[0], Failure("TIMEOUT", "no answer", "ask again", ("k",)), Rejection("UNUSABLE", "too dark")]
    assert asyncio.run(collect(*["blurred"] * 4)) == [Rejection("UNUSABLE", "blurred")]


@pytest.mark.parametrize(
    ("settings", "told", "hint"),
    [
        (("generate.samples=3",), "generate.thinking is field", "--set generate.thinking=solve, or --samples 1"),
        (
            ("generate.samples=3", "generate.thinking=solve", "generate.temperature=0"),
            "at temperature 0",
            "raise generate.temperature, or --samples 1",
        ),
    ],
)
def test_idle_samples_are_refused_before_anything_is_asked_and_the_way_out_is_told(settings, told, hint):
    with pytest.raises(ConfigError, match=told) as caught:
        GenerateStage(make_config("generate.model=m", *settings)).check()
    assert hint in caught.value.hint


def test_facts_come_first_and_questions_rest_on_those_that_quote(tmp_path):
    inputs = [*make_inputs(tmp_path, 2), make_passage(3)]
    with ThinkingServer() as server:
        records, _ = run(tmp_path, inputs, server, "generate.facts=true")
    assert len(records) == 10
    assert len(server.asked["facts"]) == 3
    assert all(isinstance(body["messages"][-1]["content"], str) for body in server.asked["facts"])  # no image
    for body in server.asked["items"]:
        told = read_user(body)
        assert "Facts, each with the words it rests on:" in told
        assert "- finding: " in told
        assert "An invention" not in told
    for record in records:
        assert record.generation.steps[0].prompt == "facts.en@1"
        assert all(quote.quote in span.text for span in record.evidence for claim in record.claims
                   for quote in claim.evidence if quote.span_id == span.id)  # fmt: skip


def test_facts_that_quote_nothing_reject_the_input_by_name(tmp_path):
    class Inventive(ThinkingServer):
        def _answer_facts(self, body, text):
            return {"unusable_reason": None, "facts": super()._answer_facts(body, text)["facts"][-1:]}

    with Inventive() as server:
        (outcome,), _ = run(tmp_path, make_inputs(tmp_path, 1), server, "generate.facts=true")
    assert outcome == Rejection("NO_FACTS", "none of 1 facts quotes its source")
    assert "items" not in server.asked


def test_forms_with_a_prompt_of_their_own_are_asked_for_apart(tmp_path):
    inputs = make_inputs(tmp_path, 12)
    settings = ("generate.separate_forms=true", "generate.mix.forms={open: 1, mcq: 1, dialogue: 1}")
    with ThinkingServer() as server:
        records, _ = run(tmp_path, inputs, server, *settings)
    assert len(records) == 48
    assert len({record.id for record in records}) == 48
    own = {"mcq": "mcq.en@1", "dialogue": "dialogue.en@1"}
    assert {record.form for record in records} >= {"open", "mcq", "dialogue"}
    for record in records:
        assert record.generation.prompt == own.get(record.form, "vqa.en@2")


def test_twins_are_one_question_in_two_forms(tmp_path):
    inputs = make_inputs(tmp_path, 5)
    with ThinkingServer() as server:
        records, counts = run(tmp_path, inputs, server, "generate.twins_share=1.0")
    assert counts["sent"] == 5
    assert len(records) == 30
    pairs = {}
    for record in records:
        if record.twin_id:
            pairs.setdefault(record.twin_id, []).append(record)
    assert len(pairs) == 10
    for reasoned, direct in pairs.values():
        assert (reasoned.style, direct.style, direct.thinking) == ("reasoning", "direct", None)
        assert reasoned.thinking
        assert reasoned.id != direct.id
        same = ("question", "answer", "options", "answer_key", "claims", "group_id", "images", "document_id")
        assert all(getattr(reasoned, name) == getattr(direct, name) for name in same)
        assert direct.generation.thinking_source == "none"
