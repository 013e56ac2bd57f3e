"""The judge stage against a real HTTP server that replies by rule: what each probe finds, and what it does not."""

from __future__ import annotations

import asyncio

import pytest
from PIL import Image

from remud_gen import registry
from remud_gen.config import load_config
from remud_gen.errors import ConfigError
from remud_gen.llm.opening import open_gateway
from remud_gen.records import Quadruplet, Verdict
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import Failure, StageContext
from remud_gen.stages.judge import JudgeStage
from tests.filters.quadruplets import CAPTION, chinese, choice, english, spans
from tests.judge_server import CANNOT, JudgeServer, make_judgement

OTHER = "Longitudinal view of the thyroid showing a nodule."


def examine(folder, rules, records, probes, *settings):
    """The judged records and the failures beside them, and the server that was asked."""
    store = ContentImageStore(folder)
    pictures = {}

    def draw(record):
        """A picture of its own for every group."""
        if record.kind == "qa":
            return record
        if record.group_id not in pictures:
            shade = 40 + 30 * len(pictures)
            pictures[record.group_id] = store.save(Image.new("RGB", (64, 48), (shade, shade, shade)))
        return record.model_copy(update={"images": (pictures[record.group_id],)})

    async def inner(url):
        values = [f"judge.probes=[{','.join(probes)}]", "judge.model=judge-7b", f"judge.base_url={url}", *settings]
        stage = JudgeStage(load_config(None, ["privacy.books=allow", *values], {}))
        stage.check()
        stage.setup(StageContext(stage.config, store, {}))
        drawn = [draw(record) for record in records]
        stage.look_ahead(drawn, range(len(drawn)))
        async with open_gateway(stage.model, folder / "replies.sqlite", store) as gateway:
            return [[outcome async for outcome in stage.process(record, gateway)] for record in drawn]

    with JudgeServer(rules=rules) as server:
        outcomes = asyncio.run(inner(server.base_url))
    made = [one for found in outcomes for one in found if isinstance(one, Quadruplet)]
    assert [record.id for record in made] == [record.id for record in records]
    return made, [one for found in outcomes for one in found if isinstance(one, Failure)], server


def codes(record):
    return {verdict.code: verdict.severity for verdict in record.verdicts}


def examine_one(folder, name, rule, record, *settings, **more):
    (made, *_), _, server = examine(folder, {name: rule, **more}, [record], [name], "judge.planted_share=0", *settings)
    return codes(made), made, server


def say(answer=None, key=None, **more):
    return lambda asked: {"can_tell": True, "answer": answer, "answer_key": key, "seen": "x", **more}


def cannot(asked):
    return {"reason": "not to be seen", "seen": "nothing", **CANNOT}


# --- blind -----------------------------------------------------------------------------------------------------


def pick(words):
    """The letter of an option by its words, wherever it stands now."""
    return lambda asked: {"can_tell": True, "basis": "knowledge", "answer": None, "answer_key": letter(asked, words)}


def letter(asked, words):
    return next((key for key, text in asked.options.items() if text == words), "A")


def test_choice_that_is_right_in_every_order_without_the_image_is_reviewed(tmp_path):
    found, made, server = examine_one(tmp_path, "blind", pick("Inflammation"), choice())
    assert found == {"BLIND_ANSWERABLE": "review"}
    assert made.status == "review"
    assert made.verdicts[0].evidence.startswith("3 of 3 right without the image by knowledge: ")
    assert server.count("blind") == 3
    assert len({asked.text for asked in server.asked}) == 3  # other orders of the options
    assert all(asked.image is None for asked in server.asked)


def test_choice_by_letter_alone_is_no_knowledge(tmp_path):
    found, made, server = examine_one(tmp_path, "blind", say(key="A"), choice(), "judge.repeats=6")
    assert found == {}
    assert server.count("blind") < 6  # once wrong, the rest is not asked
    assert made.probing.outcomes[0].right < 6


def test_who_cannot_tell_is_asked_no_more_than_needed(tmp_path):
    assert examine_one(tmp_path / "mcq", "blind", cannot, choice())[2].count("blind") == 1
    assert examine_one(tmp_path / "open", "blind", cannot, english())[2].count("blind") == 2


@pytest.mark.parametrize(("same", "expected"), [(True, {"BLIND_ANSWERABLE": "reject"}), (False, {}), (None, {})])
def test_open_answers_are_held_against_each_other_by_the_model(tmp_path, same, expected):
    rules = {"same": lambda asked: {"reason": "compared", "same": same}}
    settings = "judge.severities={BLIND_ANSWERABLE: reject}"
    answer = say("The wall of the gallbladder is thickened by inflammation.", basis="wording")
    found, _, server = examine_one(tmp_path, "blind", answer, english(), settings, **rules)
    assert found == expected
    assert server.count("same") > 0


def test_answers_that_a_rule_tells_apart_are_not_paid_for(tmp_path):
    answer = say("The gallbladder wall is not thickened.")
    found, _, server = examine_one(tmp_path, "blind", answer, english())
    assert (found, server.count("same")) == ({}, 0)


def test_open_answer_that_fits_another_image_as_well_proves_nothing(tmp_path):
    one, other = make_pair(answer="Something is thickened.")
    rules = {"blind": say("Something is seen.", basis="wording"), "same": lambda asked: {"reason": "x", "same": True}}
    made, _, server = examine(tmp_path, rules, [one, other], ["blind"])
    assert codes(made[0]) == {}
    assert any(asked.parts["First answer"] == other.answer for asked in server.asked if asked.prompt == "same")


# --- options only ----------------------------------------------------------------------------------------------


def test_options_that_tell_get_a_note_and_the_chance_of_a_guess(tmp_path):
    found, made, server = examine_one(tmp_path, "options_only", pick("Inflammation"), choice())
    assert found == {"OPTIONS_ONLY": "info"}
    assert made.status == "kept"
    assert made.probing.outcomes[0].chance == 0.25
    assert all("process explains" not in asked.text for asked in server.asked)
    assert examine_one(tmp_path / "open", "options_only", cannot, english())[2].asked == []


# --- swapped image ---------------------------------------------------------------------------------------------


def make_pair(**changes):
    """A record and one about another image."""
    one = english(id="q1", group_id="g1", **changes)
    other = english(id="q2", group_id="g2", evidence=spans(cap=OTHER), answer="A nodule of the thyroid.")
    return one, other


def test_answer_that_stays_with_another_image_does_not_come_from_the_image(tmp_path):
    one, other = make_pair()
    rules = {"reanswer": say(one.answer), "same": lambda asked: {"reason": "x", "same": True}}
    made, _, server = examine(tmp_path, rules, [one, other], ["swapped_image"])
    assert codes(made[0]) == {"IMAGE_IGNORED": "review"}
    assert {asked.image for asked in server.asked if asked.prompt == "reanswer"} - {None}
    made, _, _ = examine(tmp_path / "b", {"reanswer": cannot}, [one, other], ["swapped_image"])
    assert [codes(record) for record in made] == [{}, {}]


@pytest.mark.parametrize("changes", [{"qtype": "modality"}, {"form": "yesno", "answer_key": "yes", "answer": "Yes."}])
def test_questions_with_the_same_answer_on_most_images_are_not_asked(tmp_path, changes):
    one, _ = make_pair(**changes)
    other = make_pair(**changes)[1].model_copy(update={"qtype": "modality"})
    assert examine(tmp_path, {}, [one, other], ["swapped_image"])[2].asked == []


def test_image_of_another_region_stands_in_before_one_that_may_show_the_same(tmp_path):
    one, other = make_pair()
    near = english(id="q3", group_id="g3", question="What is seen of the gallbladder?")
    _, _, server = examine(tmp_path, {"reanswer": cannot}, [one, near, other], ["swapped_image"])
    sent = [asked.image for asked in server.asked]
    assert len(sent) == 3
    assert sent[0] == sent[1] != sent[2]  # both of the gallbladder are asked of the thyroid


# --- re-answer -------------------------------------------------------------------------------------------------


def test_answer_that_nobody_finds_again_is_reviewed_with_what_was_said(tmp_path):
    found, made, server = examine_one(tmp_path, "reanswer", pick("Torsion"), choice())
    assert found == {"SELF_INCONSISTENT": "review"}
    assert "0 of 3 agree" in made.verdicts[0].evidence
    assert server.count("reanswer") == 3
    assert all(asked.image is not None for asked in server.asked)


def test_one_agreeing_answer_is_enough_and_ends_the_asking(tmp_path):
    found, made, server = examine_one(tmp_path, "reanswer", pick("Inflammation"), choice())
    assert (found, server.count("reanswer"), made.probing.outcomes[0].right) == ({}, 1, 1)
    yes = english(form="yesno", answer_key="yes", answer="Yes, it is thickened to 7 mm.", question="Is it thickened?")
    assert examine_one(tmp_path / "yes", "reanswer", say("No.", "no"), yes)[0] == {"SELF_INCONSISTENT": "review"}
    assert examine_one(tmp_path / "no", "reanswer", say("Yes.", "yes"), yes)[0] == {}


def test_answers_that_cannot_be_compared_speak_for_neither(tmp_path):
    rules = {"same": lambda asked: {"reason": "x", "same": None}}
    assert examine_one(tmp_path, "reanswer", say("Something."), english(), **rules)[0] == {}


THOUGHT = "The lumen is anechoic. Its wall is thick. No stone is seen. So it is inflamed."


def test_thinking_that_leads_elsewhere_rejects_the_record(tmp_path):
    rules = {"conclude": pick("Torsion")}
    for record in (choice(thinking=THOUGHT), choice(thinking=THOUGHT, kind="qa", images=())):
        folder = tmp_path / record.kind
        found, made, server = examine_one(folder, "reanswer", pick("Inflammation"), record, **rules)
        assert found == {"SELF_INCONSISTENT": "reject"}
        assert made.verdicts[0].field == "thinking"
        (concluded,) = [asked for asked in server.asked if asked.prompt == "conclude"]
        assert concluded.parts["Thinking"].endswith("No stone is seen.")
        assert concluded.image is None
        assert server.count("reanswer") == (record.kind == "vqa")


def test_thinking_that_leads_to_the_answer_or_nowhere_is_left_alone(tmp_path):
    for name, rule in {"right": pick("Inflammation"), "nowhere": cannot}.items():
        record = choice(thinking=THOUGHT)
        found = examine_one(tmp_path / name, "reanswer", pick("Inflammation"), record, conclude=rule)[0]
        assert found == {}
    short = examine_one(tmp_path / "short", "reanswer", pick("Inflammation"), choice(thinking="So it is."))[2]
    assert short.count("conclude") == 0


# --- mismatch --------------------------------------------------------------------------------------------------


def contradict(quote, verdict="contradicts"):
    return lambda asked: {"agree": [], "contradict": [{"quote": quote, "seen": "a beating heart"}], "verdict": verdict}


def test_words_that_the_image_contradicts_reject_the_record(tmp_path):
    found, made, server = examine_one(tmp_path, "mismatch", contradict("the gallbladder"), english())
    assert found == {"IMAGE_TEXT_MISMATCH": "reject"}
    assert made.verdicts[0].evidence == "“the gallbladder”: a beating heart"
    assert server.asked[0].text == CAPTION
    assert examine_one(tmp_path / "unsure", "mismatch", contradict("gallbladder", "unsure"), english())[0] == {}


def test_contradiction_of_words_that_are_not_there_does_not_count(tmp_path):
    found, made, _ = examine_one(tmp_path, "mismatch", contradict("the spleen"), english())
    assert found == {"JUDGE_QUOTE_FALSE": "info"}
    assert made.probing.outcomes[0].n_false_quotes == 1


def test_records_of_one_image_share_its_question(tmp_path):
    records = [english(id=f"q{n}", answer=f"Seen: {n}.") for n in range(4)]
    _, _, server = examine(tmp_path, {}, records, ["mismatch"], "judge.planted_share=0")
    assert server.count("mismatch") == 1


# --- judge -----------------------------------------------------------------------------------------------------

FAILS = {
    "self_contained": ("JUDGE_AMBIGUOUS", "question", "gallbladder wall"),
    "supported": ("JUDGE_UNFAITHFUL", "cap", "without gallstones"),
    "image_agrees": ("JUDGE_UNFAITHFUL", "image", "the wall is thin"),
    "image_needed": ("JUDGE_IMAGE_NOT_NEEDED", "question", "abnormality"),
    "single_answer": ("JUDGE_AMBIGUOUS", "answer", "thickened to 7 mm"),
    "clinically_valid": ("JUDGE_CLINICAL", "answer", "suggesting inflammation"),
    "no_leak": ("JUDGE_LEAK", "question", "gallbladder wall"),
    "thinking_leads": ("JUDGE_THINKING", "thinking", "no stone casts a shadow"),
}


def fail(gate, where, quote, verdict="fail"):
    return lambda asked: make_judgement(asked, None, **{gate: (verdict, where, quote)})


@pytest.mark.parametrize("gate", FAILS)
def test_each_gate_has_its_code_and_its_quote(tmp_path, gate):
    code, where, quote = FAILS[gate]
    found, made, _ = examine_one(tmp_path, "judge", fail(gate, where, quote), english())
    assert found == {code: "review" if code == "JUDGE_IMAGE_NOT_NEEDED" else "reject"}
    assert made.verdicts[0].evidence == f"{gate}: “{quote}” ({where}): told by the test"
    assert made.verdicts[0].filter == "judge"


@pytest.mark.parametrize(
    ("gate", "where", "quote"),
    [
        ("supported", "cap", "with many gallstones"),
        ("supported", "answer", "thickened to 9 mm"),
        ("supported", "ctx7", "without gallstones"),
        ("supported", "image", "the wall is thin"),
        ("supported", "none", ""),
        ("image_agrees", "image", ""),
        ("no_leak", "question", ""),
    ],
)
def test_failed_gate_without_words_that_stand_there_is_discarded_and_counted(tmp_path, gate, where, quote):
    found, made, _ = examine_one(tmp_path, "judge", fail(gate, where, quote), english())
    assert found == {"JUDGE_QUOTE_FALSE": "info"}
    assert (made.status, made.probing.outcomes[0].n_false_quotes) == ("kept", 1)


def test_scores_count_behind_passed_gates_only(tmp_path):
    weak = lambda asked: make_judgement(asked, (2, 2))  # noqa: E731
    assert examine_one(tmp_path / "weak", "judge", weak, english())[0] == {"JUDGE_WEAK": "review"}
    assert examine_one(tmp_path / "low", "judge", weak, english(), "judge.weak_below=2")[0] == {}
    failed = lambda asked: make_judgement(asked, (1, 1), no_leak=("fail", "answer", "wall"))  # noqa: E731
    assert examine_one(tmp_path / "failed", "judge", failed, english())[0] == {"JUDGE_LEAK": "reject"}
    unsure = fail("clinically_valid", "answer", "wall", "unsure")
    assert examine_one(tmp_path / "unsure", "judge", unsure, english())[0] == {"JUDGE_UNSURE": "info"}


def test_text_record_is_judged_without_an_image_and_in_its_language(tmp_path):
    record = chinese(kind="qa", images=(), qtype="knowledge")
    found, _, server = examine_one(tmp_path, "judge", lambda asked: make_judgement(asked), record)
    assert found == {}
    assert "题目：" in server.asked[0].text
    assert server.asked[0].image is None
    for probe in ("blind", "swapped_image", "mismatch"):
        assert examine_one(tmp_path / probe, probe, cannot, record)[2].asked == []


def test_who_wrote_a_record_is_not_told(tmp_path):
    record = english()
    secret = record.generation.model_copy(update={"model": "secret-generator-9", "client": "secret-client"})
    probes = ["blind", "reanswer", "mismatch", "judge"]
    _, _, server = examine(tmp_path, {}, [record.model_copy(update={"generation": secret})], probes)
    assert server.bodies
    assert "secret" not in str(server.bodies)


# --- planted records -------------------------------------------------------------------------------------------


def test_planted_record_is_judged_like_any_other_and_leaves_no_verdict_behind(tmp_path):
    def judge(asked):
        if "7 mm" in asked.parts["Answer"] and "thickened wall (7 mm)" in asked.parts["Source spans"]:
            return make_judgement(asked)
        return make_judgement(asked, None, supported=("fail", "answer", asked.parts["Answer"]))

    records = [english(id=f"q{n}", group_id=f"g{n}") for n in range(6)]
    made, _, server = examine(tmp_path, {"judge": judge}, records, ["judge"], "judge.planted_share=0.5")
    assert [codes(record) for record in made] == [{}] * 6
    planted = [one for record in made for one in record.probing.planted]
    assert len(planted) == 3
    assert len({asked.text for asked in server.asked}) == 1 + len({one.changed for one in planted})
    for one in planted:
        assert one.is_caught == (one.kind in ("number", "caption")), one


def test_every_part_has_a_planted_record_and_the_same_each_time(tmp_path):
    records = [english(id=f"q{n}") for n in range(3)]
    made = [examine(tmp_path / str(n), {}, records, ["judge"])[0] for n in range(2)]
    assert [sum(bool(record.probing.planted) for record in run) for run in made] == [1, 1]
    assert [record.probing for record in made[0]] == [record.probing for record in made[1]]


# --- around it -------------------------------------------------------------------------------------------------


def test_record_that_a_rule_rejected_costs_nothing_and_stays_as_it_is(tmp_path):
    verdict = Verdict(code="LEN_A", severity="reject", field="answer", filter="form")
    record = english(verdicts=(verdict,))
    made, _, server = examine(tmp_path, {}, [record], list(registry.names("probes")))
    assert server.log == []
    assert made[0].verdicts == (verdict,)
    assert "probing" not in made[0].model_dump_json()


def test_reply_that_cannot_be_read_leaves_a_doubt_and_a_failure(tmp_path):
    rules = {"judge": lambda asked: {"gates": []}, "blind": cannot}
    made, failures, _ = examine(tmp_path, rules, [english()], ["judge", "blind"], "judge.planted_share=0")
    assert codes(made[0]) == {"PROBE_FAILED": "review"}
    assert [failure.code for failure in failures] == ["JSON_INVALID"]
    assert "generate." not in failures[0].hint
    assert failures[0].replies
    assert {one.probe: one.is_failed for one in made[0].probing.outcomes} == {"blind": False, "judge": True}


def test_share_of_records_is_the_same_each_time(tmp_path):
    records = [english(id=f"q{n}", question=f"What is seen at place {n}?") for n in range(20)]
    shares = "judge.shares={blind: 0.3}"
    asked = [examine(tmp_path / str(n), {}, records, ["blind"], shares)[2].asked for n in range(2)]
    texts = [sorted({one.text for one in some}) for some in asked]
    assert texts[0] == texts[1]
    assert 1 <= len(texts[0]) < 15


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["judge.probes=[judge]"], "need a model"),
        (["judge.probes=[judge]", "generate.client=extractive"], "need a model"),
        (["judge.probes=[oracle]", "judge.model=m"], "oracle"),
        (["judge.probes=[judge]", "judge.model=m", "judge.severities={JUDGE_WEEK: off}"], "JUDGE_WEEK"),
        (["judge.probes=[judge]", "judge.model=m", "privacy.offline=true"], "--offline"),
        (["judge.probes=[judge]", "judge.model=m", "judge.shares={judge: 2}"], "between 0 and 1"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_any_work(settings, told):
    with pytest.raises(ConfigError) as caught:
        JudgeStage(load_config(None, settings, {})).check()
    assert told in f"{caught.value.message} {caught.value.hint}"
