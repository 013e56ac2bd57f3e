"""Does a conclusion agree with the answer on record: by letter, by yes and no, by sides, numbers, denials and names."""

import pytest

from remud_gen.llm.conclusions import judge_conclusion
from remud_gen.llm.problems import Problem
from remud_gen.records import Option
from tests.llm.samples import make_pair

CYSTS = (Option(key="A", text="cyst"), Option(key="B", text="hemorrhagic cyst"), Option(key="C", text="teratoma"))


def judge(answer, conclusion, *, form="open", key=None, said=None, options=(), language="en"):
    problem = Problem(make_pair(), language, form, "?", answer, key, options)
    return judge_conclusion(problem, conclusion, said)


@pytest.mark.parametrize(
    ("language", "answer", "conclusion", "agrees"),
    [
        ("en", "A gallstone in the neck of the gallbladder.", "Gallstone in the gallbladder neck with shadow.", True),
        ("en", "The left kidney is enlarged.", "The right kidney is enlarged.", False),
        ("en", "The cyst measures 3.2 cm.", "The cyst measures 32 mm.", True),
        ("en", "The cyst measures 3.2 cm.", "The cyst measures 5.1 cm.", False),
        ("en", "There is no free fluid.", "There is free fluid.", False),
        ("en", "The lesion is hypoechoic.", "The lesion is hyperechoic.", False),
        ("en", "It is a renal cyst.", "It is an angiomyolipoma.", False),
        ("en", "A follicular cyst of the ovary.", "Nothing can be made out.", None),
        ("zh", "左肾囊肿，大小3.2 cm。", "左肾囊肿，约32 mm。", True),
        ("zh", "左肾囊肿。", "右肾囊肿。", False),
        ("zh", "未见游离液体。", "可见游离液体。", False),
        ("zh", "病灶呈低回声。", "病灶呈高回声。", False),
        ("zh", "胆囊结石。", "胆囊息肉。", False),
    ],
)
def test_statements(language, answer, conclusion, agrees):
    assert judge(answer, conclusion, language=language) is agrees


@pytest.mark.parametrize(
    ("said", "conclusion", "agrees"),
    [
        ("B", "", True),
        ("C", "hemorrhagic cyst", False),  # the letter is the choice
        (None, "This is a hemorrhagic cyst.", True),
        (None, "This is a cyst.", False),
        (None, "A cyst or a teratoma.", None),
        ("X", "Unclear.", None),
    ],
)
def test_choices(said, conclusion, agrees):
    assert judge("It is.", conclusion, form="mcq", key="B", said=said, options=CYSTS) is agrees


@pytest.mark.parametrize(
    ("said", "conclusion", "agrees"),
    [
        ("yes", "", True),
        (None, "No, it is thin.", False),
        (None, "是，壁增厚。", True),
        (None, "The wall is thin.", None),
    ],
)
def test_yes_and_no(said, conclusion, agrees):
    assert judge("Yes.", conclusion, form="yesno", key="yes", said=said) is agrees
