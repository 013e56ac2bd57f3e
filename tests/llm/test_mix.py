from collections import Counter

import pytest
from pydantic import ValidationError

from remud_gen.config import GenerateConfig
from remud_gen.llm.mix import choose_mix, render_mix, split_by_form
from remud_gen.mix_config import FORMS, IMAGE_TYPES, TEXT_TYPES
from remud_gen.protocols import WantedItem
from remud_gen.records import Evidence

PLAIN = (Evidence(id="cap", kind="caption", text="A cyst in the kidney."),)
RICH = (Evidence(id="cap", kind="caption", text="TI-RADS 4 nodule, 12 mm, on the left; the right lobe is normal."),)


def draw(n, spans=RICH, *, is_visual=True, **options):
    config = GenerateConfig(**options)
    return [choose_mix(f"pair{number}", spans, config, is_visual=is_visual) for number in range(n)]


def test_mix_depends_on_id_and_seed_alone():
    assert draw(20) == draw(20)
    assert draw(20) != draw(20, seed=1)
    assert len({render_mix(mix) for mix in draw(20)}) > 10


def test_mix_has_the_wanted_size_and_types_twice_only_where_they_are_due_twice():
    for mix in draw(50, items_per_pair=4):
        assert len(mix) == 4
        assert len({item.qtype for item in mix}) == 4
    assert {len(mix) for mix in draw(3, items_per_pair=20)} == {20}
    assert {len(mix) for mix in draw(3, is_visual=False, items_per_passage=3)} == {3}


def measure(items, name):
    counts = Counter(getattr(item, name) for item in items)
    return {key: count / counts.total() for key, count in counts.items()}


def within(found, wanted, tolerance):
    total = sum(wanted.values())
    return all(abs(found.get(key, 0.0) - share / total) < tolerance for key, share in wanted.items())


def test_shares_of_types_and_forms_are_those_of_the_configuration():
    items = [item for mix in draw(2000) for item in mix]
    assert within(measure(items, "qtype"), IMAGE_TYPES, 0.01)
    others = [item for item in items if item.qtype != "report"]
    assert within(measure(others, "form"), FORMS, 0.015)
    own = {
        "image_types": {"finding": 3, "diagnosis": 1},
        "forms": {"mcq": 1, "open": 1},
        "difficulties": {1: 1, 5: 3},
        "option_counts": {5: 1},
    }
    items = [item for mix in draw(800, mix=own) for item in mix]
    assert within(measure(items, "qtype"), own["image_types"], 0.02)
    assert within(measure(items, "form"), own["forms"], 0.03)
    assert within(measure(items, "difficulty"), own["difficulties"], 0.03)
    assert {item.n_options for item in items} == {5, None}
    texts = [item for mix in draw(2000, is_visual=False) for item in mix]
    assert within(measure(texts, "qtype"), TEXT_TYPES, 0.015)


def test_order_of_shares_in_a_configuration_means_nothing():
    turned = {"image_types": dict(reversed(IMAGE_TYPES.items())), "forms": dict(reversed(FORMS.items()))}
    assert draw(30, mix=turned) == draw(30)


def test_words_that_bear_no_wanted_type_yield_no_questions():
    assert draw(3, PLAIN, mix={"image_types": {"grading": 1, "finding": 0}}) == [()] * 3


@pytest.mark.parametrize(
    ("mix", "told"),
    [
        ({"forms": {"mcq": 0}}, "above 0"),
        ({"image_types": {"knowledge": 1}}, "never carries an image"),
        ({"forms": {"riddle": 1}}, "riddle"),
        ({"difficulties": {6: 1}}, "difficulties"),
        ({"option_counts": {4: -1}}, "option_counts"),
        ({"qtypes": {}}, "qtypes"),
    ],
)
def test_wrong_mix_is_named(mix, told):
    with pytest.raises(ValidationError, match=told):
        GenerateConfig(mix=mix)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_reasoning_share_is_met_over_many_inputs(share):
    styles = Counter(item.style for mix in draw(500, items_per_pair=3, reasoning_share=share) for item in mix)
    assert abs(styles["reasoning"] / 1500 - share) < 0.03


def test_types_are_asked_for_only_where_the_words_bear_them():
    kinds = {item.qtype for mix in draw(300, PLAIN) for item in mix}
    assert not kinds & {"measurement", "grading", "comparison", "knowledge"}
    assert {"measurement", "grading", "comparison"} <= {item.qtype for mix in draw(300) for item in mix}
    text_only = {item.qtype for mix in draw(300, is_visual=False) for item in mix}
    assert text_only == set(TEXT_TYPES)


def test_keys_are_even_for_each_number_of_options():
    items = [item for mix in draw(2500) for item in mix]
    assert {"open", "mcq", "yesno", "dialogue", "report"} == {item.form for item in items}
    for n_options in (4, 5):
        keys = measure([item for item in items if item.n_options == n_options], "key")
        assert within(keys, dict.fromkeys("ABCDE"[:n_options], 1), 0.03)
        assert len(keys) == n_options
    answers = Counter(item.key for item in items if item.form == "yesno")
    assert abs(answers["yes"] - answers["no"]) < 0.1 * answers.total()
    assert not any(item.form in ("dialogue", "report") for mix in draw(300, is_visual=False) for item in mix)


def test_forms_with_a_prompt_of_their_own_are_parted():
    lines = [WantedItem("finding", form, "direct") for form in ("open", "mcq", "yesno", "mcq", "dialogue")]
    assert [[item.form for item in group] for group in split_by_form(lines)] == [
        ["open", "yesno"],
        ["mcq", "mcq"],
        ["dialogue"],
    ]


def test_mix_reads_as_numbered_lines():
    wanted = (WantedItem("finding", "mcq", "reasoning", "C", 5, 2), WantedItem("plane", "open", "direct"))
    assert render_mix(wanted) == (
        "1. qtype=finding, form=mcq, style=reasoning, key=C, options=5, difficulty=2\n"
        "2. qtype=plane, form=open, style=direct"
    )
