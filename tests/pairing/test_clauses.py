import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.pairing.clauses import find_panel_keys, split_clauses, strip_letters


@pytest.mark.parametrize(
    ("text", "key", "own"),
    [
        ("TEE revealed (a) a large mass and (b) a small one.", "A", "TEE revealed a large mass"),
        ("TEE revealed (a) a large mass and (b) a small one.", "B", "TEE revealed a small one."),
        ("ECG before the test (a) and during the test (b).", "B", "during the test"),
        ("(a)–(c) Three views.", "B", "Three views."),
        ("(a) and (b) Two views.", "A", "Two views."),
        ("A, Apical view. B, Short axis; C, Long axis.", "B", "Short axis"),
        ("A.纵切面；B.横切面", "B", "横切面"),
        ("A图为纵切面；B、C图为横切面。", "C", "横切面。"),
        ("Ａ图：左肾；Ｂ图：右肾。", "A", "左肾"),
        ("甲状腺 A图示结节：B图示血流", "A", "甲状腺结节"),
        ("(Left): healthy lung and, (Right): B-line.", "right", "B-line."),
        ("左图为灰阶，右图为彩色。", "left", "灰阶"),
        ("A-C show the liver; D shows the spleen.", "B", "the liver"),
        ("(a, b) Liver; (c) spleen.", "B", "Liver"),
        ("Panels A and B: liver. Panel C: spleen.", "B", "liver."),
        ("Views. a Liver. b Spleen. c Kidney", "C", "Views. Kidney"),
        ("(A1) Liver. (A2) Spleen.", "A2", "Spleen."),
        ("(i) Liver; (ii) spleen; (iii) kidney.", "ii", "spleen"),
        ("(B) Spleen. (A) Liver.", "A", "Liver."),
        ("A、B. 肝脏；C. 脾脏。", "B", "肝脏"),
        ("A～C图示肝脏；D图示脾脏。", "D", "脾脏。"),
        ("A图、B图为肝脏；C图为脾脏。", "B", "肝脏"),
        ("经食管超声心动图（a）左心房占位；（b）右心房占位", "A", "经食管超声心动图左心房占位"),
        ("肝囊肿（A：灰阶；B：彩色）", "B", "肝囊肿彩色"),
        ("上图：肝脏；下图：脾脏。", "top", "肝脏"),
        ("左侧图为灰阶；右侧图为彩色。", "right", "彩色。"),
        ("Left, liver; right, spleen.", "left", "liver"),
        ("The left image shows the liver and the right image shows the spleen.", "right", "the spleen."),
        (
            "(A) Heart. (B) Liver. LV: left ventricle; RV: right ventricle.",
            "A",
            "Heart. LV: left ventricle; RV: right ventricle.",
        ),
    ],
)
def test_the_clause_of_a_panel(text, key, own):
    clauses = split_clauses(text)
    assert clauses is not None
    assert clauses.of(key) == own


@pytest.mark.parametrize(
    "text",
    [
        "Images before (a) and after (b) treatment.",
        "Vitamin (C) level.",
        "A large mass, B-mode image.",
        "Right kidney (arrow).",
    ],
)
def test_doubtful_marks_split_nothing(text):
    assert split_clauses(text) is None


def test_letters_and_numbers_of_figures_are_taken_out_of_the_words():
    assert strip_letters("Before (a) and after (b) it (see Fig. 3).", "AB") == "Before and after it."
    assert strip_letters("A图为左肾，B图为右肾（见图2-1）。", "AB") == "左肾，为右肾。"
    assert strip_letters("The level of vitamin (C) rose.", "AB") == "The level of vitamin (C) rose."


@given(st.text(alphabet="AaBbCc()（）图为、,.;:；。 -liver肝", max_size=60))
def test_any_text_is_read_without_error_and_words_are_never_invented(text):
    clauses = split_clauses(text)
    for key in clauses.keys if clauses else ():
        rest = iter(text)  # every letter stands in the text, in the same order
        assert all(character in rest for character in clauses.of(key) if character not in " .。\n")
    find_panel_keys(text)
    assert len(strip_letters(text, "ABC")) <= len(text)
