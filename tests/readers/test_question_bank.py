"""Question banks as tables and as text: what is asked, what is offered, and what the bank says is right."""

from __future__ import annotations

import json

import pytest

from remud_gen.readers.question_bank import QuestionBankReader
from remud_gen.readers.question_rows import find_keys, split_options
from remud_gen.readers.question_text import looks_like_questions
from remud_gen.records import Option

OPTIONS = tuple(
    Option(key=key, text=text) for key, text in zip("ABCD", ("Cyst", "Stone", "Polyp", "Sludge"), strict=True)
)
STEM = "Which finding casts a clean acoustic shadow?"
TEXT_ZH = """第一章 练习题

1. 胆囊结石的典型声像图表现是（ B ）
A. 无回声  B. 强回声伴声影
C. 低回声  D. 等回声
2、肾囊肿的后方表现为
A．声影
B．后方回声增强
C．彗尾
答案：B
解析：液体对声的衰减小，
后方回声增强。
3. 简述肝血管瘤的声像图表现。
答案：边界清晰的高回声结节，后方回声无明显改变。
"""
TEXT_EN = """Question 1: Which organ lies behind the stomach?
(A) Spleen
(B) Pancreas (body)
(C) Gallbladder

2) Normal diameter of the common bile duct?
A. 3 mm B. 6 mm C. 12 mm

3) Fluid in Morison's pouch lies between
A. liver and right kidney
B. spleen and left kidney

Answer key: 1. B  2. B  3. A
"""


def read(path):
    reader = QuestionBankReader()
    with path.open("rb") as stream:
        assert reader.sniff(stream.read(4096), path) is not None
    with reader.open(path) as opened:
        pages = [opened.flow_page(n) for n in range(1, opened.info.page_count + 1)]
    return [question for page in pages for question in page.questions]


def brief(question):
    return question.question, [option.text for option in question.options], question.answer, question.keys


def test_a_csv_with_a_column_for_each_option(tmp_path):
    path = tmp_path / "bank.csv"
    header = "id,Question,Option A,Option B,Option C,Option D,Correct Answer,Explanation"
    path.write_text(f"{header}\n7,{STEM},Cyst,Stone,Polyp,Sludge,B,Calcium.\n", "utf-8")
    (question,) = read(path)
    assert brief(question) == (STEM, ["Cyst", "Stone", "Polyp", "Sludge"], "B", ("B",))
    assert (question.explanation, question.locator) == ("Calcium.", "bank.csv row 2")


def test_a_chinese_table_in_gb18030_with_options_in_one_cell(tmp_path):
    path = tmp_path / "题库.tsv"
    table = '题干\t选项\t正确答案\t解析\n胆囊结石表现为\t"A. 无回声\nB. 强回声伴声影"\t强回声伴声影\t钙质\n'
    path.write_bytes(table.encode("gb18030"))
    (question,) = read(path)
    assert brief(question) == ("胆囊结石表现为", ["无回声", "强回声伴声影"], "强回声伴声影", ("B",))


@pytest.mark.parametrize(
    "choices",
    [["Cyst", "Stone"], {"A": "Cyst", "B": "Stone"}, [{"key": "A", "text": "Cyst"}, {"key": "B", "text": "Stone"}]],
)
@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_json_with_options_in_every_usual_form(tmp_path, choices, kind):
    path = tmp_path / f"bank.{kind}"
    row = json.dumps({"question": STEM, "options": choices, "answer": "B"})
    path.write_text(
        f'{{"questions": [{row}]}}' if kind == "json" else row + "\n" + row.replace("casts", "throws"), "utf-8"
    )
    questions = read(path)
    assert brief(questions[0]) == (STEM, ["Cyst", "Stone"], "B", ("B",))
    assert len(questions) == (1 if kind == "json" else 2)


def test_all_sheets_of_a_workbook_are_read_and_named(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for sheet, stem in ((book.active, "Where is the spleen?"), (book.create_sheet("two"), "Where is the liver?")):
        for row in (("question", "answer"), (None, None), (stem, "In the abdomen.")):
            sheet.append(row)
    book.save(tmp_path / "bank.xlsx")
    questions = read(tmp_path / "bank.xlsx")
    assert [question.locator for question in questions] == ["bank.xlsx sheet 1 row 3", "bank.xlsx sheet 2 row 3"]
    assert [question.answer for question in questions] == ["In the abdomen."] * 2


def test_chinese_text_with_answers_in_the_gap_and_below(tmp_path):
    path = tmp_path / "ex.txt"
    path.write_text(TEXT_ZH, "utf-8")
    first, second, third = read(path)
    assert brief(first) == (
        "胆囊结石的典型声像图表现是（ ）",
        ["无回声", "强回声伴声影", "低回声", "等回声"],
        "B",
        ("B",),
    )
    assert brief(second) == ("肾囊肿的后方表现为", ["声影", "后方回声增强", "彗尾"], "B", ("B",))
    assert second.explanation.startswith("液体对声的衰减小") and second.explanation.endswith("后方回声增强。")
    assert (third.options, third.answer) == ((), "边界清晰的高回声结节，后方回声无明显改变。")
    assert third.locator == "ex.txt line 13"


def test_english_text_with_a_key_at_the_end(tmp_path):
    path = tmp_path / "ex.md"
    path.write_text(TEXT_EN, "utf-8")
    found = read(path)
    assert [question.keys for question in found] == [("B",), ("B",), ("A",)]
    assert [option.text for option in found[0].options] == ["Spleen", "Pancreas (body)", "Gallbladder"]
    assert [option.text for option in found[1].options] == ["3 mm", "6 mm", "12 mm"]


def test_numbers_that_stand_twice_get_no_answer_from_a_key(tmp_path):
    path = tmp_path / "ex.txt"
    path.write_text(TEXT_EN.replace("3) Fluid", "1) Fluid"), "utf-8")
    assert [question.answer for question in read(path)] == ["", "B", ""]


@pytest.mark.parametrize(
    "prose",
    [
        "1. Introduction\nThe kidney is examined in two planes.\n2. Method\nA linear probe was used.\n",
        "Steps:\n1. Place the probe.\n2. Tilt it.\nA. Kunz wrote this.\n",
        "",
    ],
)
def test_prose_with_numbers_is_no_bank(prose, tmp_path):
    assert not looks_like_questions(prose)
    assert QuestionBankReader.sniff(prose.encode(), tmp_path / "a.txt") is None


def test_a_label_table_is_no_bank(tmp_path):
    (tmp_path / "labels.csv").write_text("file,caption\n1.png,Cyst\n", "utf-8")
    assert QuestionBankReader.sniff(b"file,caption\n", tmp_path / "labels.csv") is None


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        ("B", ("B",)), ("(b)", ("B",)), ("Ｂ", ("B",)), ("B. Stone", ("B",)), ("stone", ("B",)), ("选B", ("B",)),
        ("A, C", ("A", "C")), ("ABD", ("A", "B", "D")), ("Option C.", ("C",)),
        ("B. Cyst", ()), ("2", ()), ("F", ()), ("A stone", ()), ("bad", ()),
    ],
)  # fmt: skip
def test_what_an_answer_names(answer, keys):
    assert find_keys(answer, OPTIONS) == keys


def test_letters_inside_options_are_words():
    options = split_options("A. vitamin B. deficiency\nB. hepatitis C virus\nC. none")
    assert [option.key for option in options] == ["A", "B", "C"]


def test_pictures_of_rows_are_companions_and_only_below_the_folder(tmp_path):
    (tmp_path / "shelf").mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    (tmp_path / "shelf" / "one.png").write_bytes(b"x")
    path = tmp_path / "shelf" / "bank.csv"
    path.write_text("question,answer,image\nWhat?,A cyst.,one.png\nWho?,A stone.,../secret.png\n", "utf-8")
    assert QuestionBankReader().companions(path, tmp_path).files == ((tmp_path / "shelf" / "one.png").resolve(),)
