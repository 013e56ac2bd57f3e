from __future__ import annotations

import json

from remud_gen.filters.examples import ExampleBook
from remud_gen.filters.funnel import Funnel, count_funnel
from remud_gen.records import Verdict
from tests.filters.quadruplets import IMAGE, chinese, choice, english, options

REJECT = Verdict(code="REF_PANEL", severity="reject", field="answer", evidence="Panel B")
REVIEW = Verdict(code="BLIND_LINT", severity="review", field="question")
FIX = Verdict(code="BOILERPLATE", severity="fix", field="answer", original="a", replacement="b")


def test_counts_add_up() -> None:
    funnel = count_funnel(
        [
            english(),
            english(id="q2", verdicts=(REVIEW, REJECT)),
            chinese(id="q3", verdicts=(REVIEW,)),
            chinese(id="q4", verdicts=(FIX,)),
        ]
    )
    assert (funnel.total, funnel.kept, funnel.review, funnel.rejected, funnel.fixed) == (4, 2, 1, 1, 1)
    assert funnel.by_language == {
        "en": {"kept": 1, "review": 0, "rejected": 1},
        "zh": {"kept": 1, "review": 1, "rejected": 0},
    }
    assert funnel.by_document["book.pdf"] == {"kept": 2, "review": 1, "rejected": 1}
    blind, panel = funnel.codes["BLIND_LINT"], funnel.codes["REF_PANEL"]
    assert (blind.records, blind.first, panel.records, panel.first) == (2, 1, 1, 1)
    assert panel.examples[0].snippet == "answer: Panel B"


def test_report_is_stable_json_and_a_table() -> None:
    records = [english(id=f"q{n}", verdicts=(REJECT,)) for n in range(30)]
    funnel = count_funnel(records)
    assert json.dumps(funnel.to_json()) == json.dumps(count_funnel(iter(records)).to_json())
    assert len(funnel.codes["REF_PANEL"].examples) == 5
    lines = funnel.to_lines()
    assert "0 kept, 0 for review, 30 rejected of 30" in lines[0]
    assert any("REF_PANEL" in line and "30" in line for line in lines)
    assert lines[-1].strip().startswith("ALARM REF_PANEL rejects 100 %")


def test_filters_that_reject_nothing_at_all_raise_an_alarm() -> None:
    funnel = count_funnel(english(id=f"q{n}") for n in range(5000))
    assert "nothing was rejected" in funnel.alarms[0]
    assert count_funnel([]).to_lines() == ["filter: 0 kept, 0 for review, 0 rejected of 0"]


def test_what_is_left_is_described() -> None:
    records = [
        english(id="a"), english(id="b"), chinese(id="c"), english(id="d", verdicts=(REJECT,)),
        choice(id="e", answer_key="B", options=options("One", "The longest of all", "Three")),
    ]  # fmt: skip
    funnel = count_funnel(records)
    assert funnel.mix["form"] == {"mcq": 1, "open": 3}
    assert funnel.mix["language"] == {"en": 3, "zh": 1}
    assert funnel.mix["key of 3"] == {"B": 1}
    assert {name: histogram.total for name, histogram in funnel.lengths.items()} == {
        "answer en": 3, "answer zh": 1, "question en": 3, "question zh": 1, "thinking en": 3, "thinking zh": 1,
    }  # fmt: skip
    variety = funnel.variety
    assert (variety.records, variety.distinct_questions, variety.choices, variety.longest_keys) == (4, 3, 1, 1)
    assert (variety.pictures, variety.distinct_picture_questions, variety.picture_records) == (1, 3, 4)
    again = Funnel.model_validate_json(funnel.model_dump_json())
    assert again.to_json() == funnel.to_json()


def test_pictures_of_one_group_count_once() -> None:
    images = [(IMAGE.model_copy(update={"sha256": name}),) for name in "abc"]
    records = [english(id=f"q{n}", images=one, image_groups=("g",) if n < 2 else ()) for n, one in enumerate(images)]
    assert (count_funnel(records).variety.pictures, count_funnel(records).variety.picture_groups) == (3, 2)


def alarms_of(records) -> str:
    return " ".join(count_funnel(records).alarms)


def test_alarms_of_kept_records() -> None:
    plain = [english(id=f"q{n}", question=f"What is in view {n}?") for n in range(240)]
    assert alarms_of(plain) == ""
    assert "only 48 questions are different among 240" in alarms_of(
        english(id=f"q{n}", question=f"What is in view {n % 48}?", images=()) for n in range(240)
    )
    assert "pictures are asked the same again: 100 different questions in 240" in alarms_of(
        english(id=f"q{n}", question=f"What is in view {n % 100}?") for n in range(240)
    )
    keys = [choice(id=f"c{n}", question=f"{n}?", answer_key="ABCD"[n % 4 if n < 60 else 1]) for n in range(100)]
    assert "B is the key of 55 of 100 kept records with 4 options" in alarms_of(keys)
    long = [
        choice(id=f"c{n}", question=f"{n}?", answer_key=key, options=options(*texts))
        for n in range(60)
        for key in ["ABCD"[n % 4]]
        for texts in [["much longer" if "ABCD"[place] == key and n < 30 else f"word{place}" for place in range(4)]]
    ]
    assert "the longest option is the right one in 30 of 60 kept records" in alarms_of(long)


def test_the_same_five_examples_whatever_the_order() -> None:
    records = [english(id=f"q{n}", verdicts=(REJECT, REVIEW)) for n in range(50)]
    books = [ExampleBook(5), ExampleBook(5)]
    count_funnel(records, books[0])
    count_funnel(records[::-1], books[1])
    lines = list(books[0].to_lines())
    assert lines == list(books[1].to_lines())
    rows = [json.loads(line) for line in lines]
    assert [row["code"] for row in rows] == ["BLIND_LINT"] * 5 + ["REF_PANEL"] * 5
    assert rows[-1]["question"] == english().question
    assert rows[-1]["evidence"] == "Panel B"
    assert len({row["id"] for row in rows[5:]}) == 5
    assert {row["id"] for row in rows[5:]} != {f"q{n}" for n in range(5)}
