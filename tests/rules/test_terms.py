from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.terms import (
    KINDS,
    find_alternatives,
    find_kin,
    find_sides,
    find_terms,
    list_terms,
    swap_opposites,
)


def names(text: str, language: str, *kinds: str) -> list[str]:
    hits = find_terms(text, language, *kinds)  # type: ignore[arg-type]
    return [text[hit.start : hit.end] for hit in hits]


def test_the_longest_form_wins_and_hyphens_are_spaces() -> None:
    text = "Apical 4-chamber view of the left ventricle with hypo-echoic and hypoechoic masses"
    assert names(text, "en", "plane", "anatomy", "finding") == [
        "Apical 4-chamber",
        "left ventricle",
        "hypoechoic",
        "masses",
    ]


def test_abbreviations_are_read_in_capitals_only() -> None:
    assert names("CT of us", "en", "modality") == ["CT"]


def test_chinese_terms_need_no_spaces() -> None:
    assert names("右侧腮腺增大，内见散在低回声区", "zh", "anatomy", "finding") == ["腮腺", "增大", "低回声"]


def test_a_single_character_is_no_organ_inside_another_word() -> None:
    assert names("肝功能正常，肾素升高", "zh", "anatomy") == []


def test_long_axis_of_a_kidney_is_no_cross_section() -> None:
    (hit,) = find_terms("左肾长轴切面", "zh", "plane")
    assert hit.term.english[0] == "longitudinal"


def test_kin_never_overlap_with_the_term() -> None:
    for kind in KINDS:
        for term in list_terms(kind):
            for other in find_kin(term, "en"):
                assert other.group == term.group
                assert not set(other.english) & set(term.english)
    coronal = next(term for term in list_terms("plane") if term.english[0] == "coronal")
    assert "longitudinal" not in [kin.english[0] for kin in find_kin(coronal, "en")]


def test_opposites_make_false_statements() -> None:
    texts = {swap.text for swap in swap_opposites("an anechoic area in the left kidney", "en")}
    assert texts == {"a hyperechoic area in the left kidney", "an anechoic area in the right kidney"}
    assert {swap.text for swap in swap_opposites("右侧腮腺增大，回声不均匀", "zh")} == {
        "左侧腮腺增大，回声不均匀",
        "右侧腮腺缩小，回声不均匀",
        "右侧腮腺增大，回声均匀",
    }


def test_a_word_whose_opposite_also_stands_there_is_left_alone() -> None:
    assert swap_opposites("proximal dilation and distal collapse", "en")[0].old == "dilation"
    assert swap_opposites("左右对称", "zh") == []


def test_no_exchange_breaks_a_longer_term() -> None:
    assert swap_opposites("the tibialis anterior muscle", "en") == []
    assert swap_opposites("the inferior vena cava", "en")[0].text == "the superior vena cava"


def test_general_statements_exchange_words_of_state_only() -> None:
    text = "The left lobe is enlarged"
    assert [swap.old for swap in swap_opposites(text, "en", is_general=True)] == ["enlarged"]


def test_alternatives_are_parallel() -> None:
    assert find_alternatives("a hypoechoic nodule", "en") == [
        ["a hyperechoic nodule", "an anechoic nodule", "an isoechoic nodule"]
    ]


def test_sides_of_both_languages() -> None:
    assert [side for _, _, side in find_sides("Left and right; bilateral", "en")] == ["Left", "right", "bilateral"]
    assert [side for _, _, side in find_sides("双侧增大，左侧明显", "zh")] == ["双侧", "左侧"]


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    for language in ("en", "zh"):
        for hit in find_terms(text, language):
            assert 0 <= hit.start < hit.end <= len(text)
        for swap in swap_opposites(text, language):
            assert swap.text != text


def test_letters_that_only_match_others_are_no_part_of_a_term() -> None:
    # Without regard to case a Turkish dotted I matches an i, and a long s an s; lower-case they are neither.
    assert names("free flu\u0130d beside the kidney", "en", "anatomy", "finding") == ["kidney"]
    assert names("the \u017fpleen and the liver", "en", "anatomy") == ["liver"]
    assert swap_opposites("the r\u0130ght kidney", "en") == []


def test_places_hold_where_lower_case_is_longer() -> None:
    text = "\u0130stanbul: the left kidney and the 肝脏"
    assert names(text, "en", "anatomy") == ["kidney"]
    assert names(text, "zh", "anatomy") == ["肝脏"]
