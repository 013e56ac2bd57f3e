from __future__ import annotations

import pytest

from remud_gen.rules.mutations import list_mutations
from remud_gen.rules.normalise import squash

CASES = [
    ("en", "The left kidney holds a cyst of 4.5 cm.", {"number": "8.2", "side": "right"}),
    ("en", "Left lobe, left duct.", {"side": "Right lobe, right duct."}),
    ("en", "Gallbladder without stones.", {"negation": "with stones"}),
    ("en", "There is no free fluid.", {"negation": "There is free fluid."}),
    ("en", "The wall is thickened.", {"negation": "is not thickened"}),
    ("en", "A hypoechoic nodule with a smooth margin.", {"opposite": "hyperechoic"}),
    ("zh", "左肾可见囊肿，大小约4.5 cm。", {"number": "8.2", "side": "右肾", "negation": "未见"}),
    ("zh", "胆囊壁增厚，未见强回声团。", {"negation": "可见强回声团"}),
]


@pytest.mark.parametrize(("language", "text", "wanted"), CASES)
def test_each_kind_changes_what_it_says(language, text, wanted):
    found = list_mutations(text, language)
    assert found
    for kind, words in wanted.items():
        assert any(one.kind == kind and words in one.text for one in found), (kind, found)
    for one in found:
        assert squash(one.text) != squash(text)
        assert one.old or one.new


@pytest.mark.parametrize("text", ["Both the left and the right kidney.", "左侧与右侧。"])
def test_sides_stay_where_both_are_named(text):
    language = "en" if text.isascii() else "zh"
    assert all(one.kind != "side" for one in list_mutations(text, language))


def test_words_that_only_look_like_a_side_or_a_denial_stay():
    assert all(one.kind != "side" for one in list_mutations("长度约3 cm左右。", "zh"))
    assert list_mutations("囊腔呈无回声区。", "zh") == list_mutations("囊腔呈无回声区。", "zh")
    assert all("回声" in one.text for one in list_mutations("囊腔呈无回声区。", "zh"))


def test_numbers_keep_their_digits_behind_the_point():
    changed = {one.new for one in list_mutations("3 mm and 12.50 cm", "en") if one.kind == "number"}
    assert changed == {"6", "21.00"}
