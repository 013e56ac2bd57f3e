from collections import Counter

import pytest

from remud_gen.config import GenerateConfig
from remud_gen.llm.mix import TEXT_TYPES, choose_mix, render_mix
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


def test_mix_has_the_wanted_size_and_no_type_twice():
    for mix in draw(50, items_per_pair=5):
        assert len({item.qtype for item in mix}) == len(mix) == 5
    assert {len(mix) for mix in draw(3, items_per_pair=20)} == {20}
    assert {len(mix) for mix in draw(3, is_visual=False, items_per_passage=3)} == {3}


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


def test_keys_are_even_and_forms_varied():
    items = [item for mix in draw(800) for item in mix]
    forms = Counter(item.form for item in items)
    assert {"open", "mcq", "yesno", "dialogue", "report"} == set(forms)
    keys = Counter(item.key for item in items if item.form == "mcq")
    assert set(keys) == set("ABCD")
    assert max(keys.values()) < 0.32 * forms["mcq"]
    answers = Counter(item.key for item in items if item.form == "yesno")
    assert abs(answers["yes"] - answers["no"]) < 0.2 * forms["yesno"]
    assert not any(item.form == "dialogue" for mix in draw(300, is_visual=False) for item in mix)


def test_mix_reads_as_numbered_lines():
    wanted = (WantedItem("finding", "mcq", "reasoning", "C"), WantedItem("plane", "open", "direct"))
    assert render_mix(wanted) == (
        "1. qtype=finding, form=mcq, style=reasoning, key=C\n2. qtype=plane, form=open, style=direct"
    )
