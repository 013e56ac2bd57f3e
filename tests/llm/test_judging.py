"""What needs no model: how questions are posed, what is planted, and how a run's judge is weighed."""

from __future__ import annotations

import re

import pytest

from remud_gen.config import load_config
from remud_gen.judge_records import PlantedOutcome, ProbeOutcome, Probing
from remud_gen.llm.judging.case import Case, pose
from remud_gen.llm.judging.planting import choose_originals, choose_partners, plant
from remud_gen.llm.judging.replies import FORMS, GATES, SCHEMAS, ReplyJudgement
from remud_gen.llm.judging.trial import settle, weigh
from remud_gen.prompts import load_prompt
from remud_gen.records import ImageRef, Verdict
from tests.filters.quadruplets import chinese, choice, english, options, spans

OTHER = english(id="o", group_id="other", evidence=spans(cap="Longitudinal view of the thyroid with a nodule."))
TESTED = frozenset({"judge", "mismatch"})


def judge_config(*settings):
    return load_config(None, ["judge.model=judge-7b", *settings], {}).resolve_judge()


# --- posing ----------------------------------------------------------------------------------------------------


def test_first_way_to_ask_is_the_question_as_it_stands():
    record = choice()
    assert pose(record).options == record.options
    assert pose(record).key == record.answer_key


def test_later_ways_move_the_options_and_the_key_with_them():
    record = choice()
    orders = [pose(record, number) for number in range(1, 12)]
    right = {next(option.text for option in one.options if option.key == one.key) for one in orders}
    assert right == {"Inflammation"}
    assert len({one.key for one in orders}) > 1
    assert all([option.key for option in one.options] == list("ABCD") for one in orders)
    assert [pose(record, 3)] == [pose(record, 3)]


# --- planting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [english(), chinese(), choice()], ids=["en", "zh", "mcq"])
def test_planted_record_differs_from_its_original_and_says_how(record):
    planted = plant(Case(record), "judge", 0)
    assert planted is not None
    assert planted.record != record
    assert planted.record.id == record.id
    assert " -> " in planted.changed
    assert plant(Case(record), "judge", 0) == planted


def test_every_kind_is_planted_by_some_seed():
    yes = english(form="yesno", answer_key="yes", answer="Yes, the left gallbladder wall is thickened to 7 mm.")
    kinds = {plant(Case(yes, OTHER), "judge", seed).kind for seed in range(60)}
    assert kinds == {"number", "side", "negation", "opposite", "key", "caption"}
    assert {plant(Case(yes, OTHER), "mismatch", seed).kind for seed in range(5)} == {"caption"}
    assert plant(Case(yes), "mismatch", 0) is None


def test_flipped_yes_says_no_and_keeps_the_rest():
    yes = english(form="yesno", answer_key="yes", answer="Yes, it is so.")
    keyed = next(one for seed in range(60) if (one := plant(Case(yes), "judge", seed)).kind == "key")
    assert (keyed.record.answer_key, keyed.record.answer) == ("no", "No, it is so.")


def test_number_in_the_thinking_follows_that_in_the_answer():
    changed = next(one for seed in range(60) if (one := plant(Case(english()), "judge", seed)).kind == "number")
    new = changed.changed.split(" -> ")[1]
    assert f"{new} mm" in changed.record.answer
    assert f"measures {new} mm" in changed.record.thinking


def test_nothing_is_planted_where_nothing_can_be_changed():
    assert plant(Case(english(answer="A cyst.", thinking=None)), "judge", 0) is None


def test_share_of_originals_is_at_least_one_and_never_more_than_all():
    records = [english(id=f"q{n}") for n in range(40)]
    assert len(choose_originals(records, 0.05, 0)) == 2
    assert len(choose_originals(records[:3], 0.05, 0)) == 1
    assert choose_originals(records, 0, 0) == choose_originals([], 0.5, 0) == frozenset()
    assert choose_originals(records, 0.1, 0) != choose_originals(records, 0.1, 1)


def test_partner_has_another_image_of_the_same_document_and_language():
    one = english(id="a", group_id="a")
    images = {name: (ImageRef(path=f"images/{name}", sha256=name, width_px=9, height_px=9),) for name in "bcde"}
    same_image = english(id="b", group_id="b")
    foreign = english(id="c", group_id="c", images=images["c"], document_id="elsewhere")
    other_language = chinese(id="d", group_id="d", images=images["d"])
    fit = english(id="e", group_id="e", images=images["e"])
    found = choose_partners([one, same_image, foreign, other_language, fit])
    assert found["a"].id == "e"
    assert "c" not in found


# --- reading ---------------------------------------------------------------------------------------------------


def test_judgement_must_hold_every_gate_once():
    gate = {"where": "question", "quote": "x", "reason": "y", "verdict": "PASS"}
    names = ["self_contained", "supported", "image_agrees", "image_needed", "single_answer", "clinically_valid"]
    with pytest.raises(ValueError, match="no_leak, thinking_leads"):
        ReplyJudgement.model_validate({"gates": [{**gate, "name": name} for name in names]})
    whole = [{**gate, "name": name} for name in (*names, "No leak", "thinking-leads")]
    read = ReplyJudgement.model_validate({"gates": whole, "scores": {"usefulness": "4/5", "depth": 9}})
    assert read.gates[0].verdict == "pass"
    assert (read.scores.usefulness, read.scores.depth) == (4.0, None)
    with pytest.raises(ValueError, match="twice"):
        ReplyJudgement.model_validate({"gates": [*whole, whole[0]]})


# --- the trial -------------------------------------------------------------------------------------------------


def probed(number, *, caught=None, flagged=False, family=None, **outcome):
    planted = [] if caught is None else [PlantedOutcome(probe="judge", kind="side", changed="a -> b", is_caught=caught)]
    own = ProbeOutcome(probe="judge", asked=1, is_flagged=flagged, **outcome)
    verdict = Verdict(code="JUDGE_CLINICAL", severity="reject", field="answer", filter="judge")
    rule = Verdict(code="SENT_UNSUPPORTED", severity="review", field="answer", filter="evidence")
    return english(
        id=f"q{number}",
        verdicts=(rule, verdict) if flagged else (),
        probing=Probing(outcomes=(own,), planted=tuple(planted), family=family),
    )


def weigh_all(records, *settings):
    return weigh(records, judge_config("judge.probes=[judge]", *settings), TESTED)


def test_recall_precision_and_what_was_missed():
    records = [probed(n, caught=n != 3, flagged=n == 0) for n in range(10)] + [probed(10)]
    trial = weigh_all(records)
    one = trial.probes["judge"]
    assert (one.records, one.planted, one.caught, one.missed) == (11, 10, 9, {"side": 1})
    assert (one.recall, one.originals_flagged, one.precision) == (0.9, 1, 0.9)
    assert one.is_applied
    assert trial.alarms == ()


def test_verdicts_of_a_judge_that_finds_too_little_become_information():
    records = [probed(n, caught=n < 7, flagged=True) for n in range(10)]
    trial = weigh_all(records)
    assert not trial.probes["judge"].is_applied
    assert "found 7 of 10 planted bad records (below 0.8): its verdicts are NOT applied" in trial.alarms[0]
    settled = settle(records[0], trial)
    assert [(verdict.code, verdict.severity) for verdict in settled.verdicts] == [
        ("SENT_UNSUPPORTED", "review"), ("JUDGE_CLINICAL", "info"),
    ]  # fmt: skip
    assert (records[0].status, settled.status) == ("rejected", "review")
    assert settle(records[0], None) is records[0]
    assert weigh_all(records, "judge.min_planted_recall=0.7").probes["judge"].is_applied


def test_judge_that_nothing_could_be_planted_for_is_not_believed_unless_that_is_switched_off():
    records = [probed(n, flagged=True) for n in range(3)]
    assert "no bad record could be made" in weigh_all(records).alarms[0]
    assert weigh_all(records, "judge.planted_share=0").alarms == ()
    assert weigh_all([], "judge.planted_share=0.05").alarms == ()


def test_planted_record_without_a_reply_says_nothing():
    failed = PlantedOutcome(probe="judge", kind="side", changed="a -> b", is_caught=False, is_failed=True)
    own = ProbeOutcome(probe="judge", is_failed=True)
    records = [english(probing=Probing(outcomes=(own,), planted=(failed,))), probed(1, caught=True)]
    one = weigh_all(records).probes["judge"]
    assert (one.planted, one.caught, one.failed) == (1, 1, 1)


def test_judge_of_the_generators_family_is_named():
    trial = weigh_all([probed(0, caught=True, family="qwen"), probed(1, caught=True)])
    assert (trial.family, trial.same_family) == ("qwen", 1)
    assert "of the generator's family (qwen) for 1 records" in trial.alarms[0]


@pytest.mark.parametrize(("right", "is_alarm"), [(5, False), (8, False), (9, True)])
def test_options_that_give_more_away_than_chance_raise_an_alarm(right, is_alarm):
    config = judge_config("judge.probes=[options_only]")
    outcome = ProbeOutcome(probe="options_only", asked=1, chance=0.25)
    records = [
        choice(id=f"q{n}", options=options("a", "b", "c", "d"), probing=Probing(
            outcomes=(outcome.model_copy(update={"right": int(n < right)}),)))
        for n in range(20)
    ]  # fmt: skip
    trial = weigh(records, config, TESTED)
    assert (trial.probes["options_only"].right, trial.probes["options_only"].expected) == (right, 5.0)
    assert bool(trial.alarms) is is_alarm


# --- prompts ---------------------------------------------------------------------------------------------------


def list_fields(model):
    """The names in a form, those of the objects in it as well."""
    names = set()
    for definition in (SCHEMAS[model], *SCHEMAS[model].get("$defs", {}).values()):
        names |= set(definition.get("properties", {}))
    return names


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", FORMS)
def test_form_of_the_reply_names_the_fields_that_are_read_and_no_others(name, language):
    system = load_prompt(name, language).system
    form = max(re.findall(r"`(\{.*\})`", system), key=len)
    assert set(re.findall(r'"([a-z_]+)"', form)) == list_fields(name)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_gate_is_explained_in_the_order_in_which_it_is_asked(language):
    assert re.findall(r"^\d\. `(\w+)`", load_prompt("judge", language).system, re.MULTILINE) == list(GATES)
