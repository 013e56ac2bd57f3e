"""JSON Lines files."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.errors import RecordError
from remud_gen.exporters.rows import ArrayFiles, RowFiles, encode_line, read_array, read_rows


@given(text=st.text(st.characters(codec="utf-8")))
def test_a_row_is_one_line_to_every_reader(text):
    line = encode_line({"text": text})
    assert len(line.decode("utf-8").splitlines()) == 1
    assert json.loads(line) == {"text": text}


@pytest.mark.parametrize(("first", "expected"), [(3, "3012456"), (0, "0123456"), (None, "0123456"), (6, "6012345")])
def test_the_first_row_with_a_picture_leads_its_file(tmp_path, first, expected):
    with RowFiles(tmp_path) as files:
        for number in range(7):
            holds_picture = first is not None and number in (first, 6)
            line = encode_line({"n": number, "text": "x" * number * 300_000})
            files.add("data", line, filled=("images",) if holds_picture else ())
    assert "".join(str(row["n"]) for row in read_rows(tmp_path / "data.jsonl")) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["data.jsonl"]


@pytest.mark.parametrize("line", [b"{", b"[1]", b"\xff{}", b'{"a": 1} {"b": 2}'])
def test_a_broken_line_is_named(tmp_path, line):
    (tmp_path / "data.jsonl").write_bytes(b"{}\n" + line + b"\n")
    with pytest.raises(RecordError, match=r"data\.jsonl line 2") as caught:
        list(read_rows(tmp_path / "data.jsonl"))
    assert caught.value.code == "BAD_JSON"


def test_every_column_that_may_be_empty_has_its_first_row_in_front(tmp_path):
    filled = [(), (), ("images",), (), ("history",), ("images", "history")]
    with RowFiles(tmp_path) as files:
        for number, columns in enumerate(filled):
            files.add("data", files.encode({"n": number}), filled=columns)
    assert [row["n"] for row in read_rows(tmp_path / "data.jsonl")] == [2, 4, 0, 1, 3, 5]


def test_ascii_lines_say_the_same(tmp_path):
    with RowFiles(tmp_path, as_ascii=True) as files:
        files.add("a/data", files.encode({"text": "肾 😀 \u2028"}))
    assert files.files == ("a/data.jsonl",)
    assert (tmp_path / "a/data.jsonl").read_bytes().isascii()
    assert list(read_rows(tmp_path / "a/data.jsonl")) == [{"text": "肾 😀 \u2028"}]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_an_array_is_one_json_text_and_reads_back_row_by_row(tmp_path, count):
    rows = [{"n": number, "text": "肾\n],"} for number in range(count)]
    with ArrayFiles(tmp_path) as files:
        for row in rows:
            files.add("data", files.encode(row), filled=("n",))
    assert files.files == ("data.json",)
    assert json.loads((tmp_path / "data.json").read_bytes()) == rows
    assert list(read_array(tmp_path / "data.json")) == rows


@pytest.mark.parametrize(
    "text",
    ["", "[\n", '[\n{"a": 1}\n', '[\n{"a": 1},\n]\n', '[\n{"a": 1}\n{"a": 2}\n]\n', '[\n{"a": 1}\n]\n]\n', '{"a": 1}\n',
     '[\n{"a": \n]\n', "[\n1\n]\n", '[\n{"a": 1}\n]\n{"a": 2}\n'],
)  # fmt: skip
def test_a_broken_array_is_named(tmp_path, text):
    (tmp_path / "data.json").write_text(text, "utf-8")
    with pytest.raises(RecordError, match=r"data\.json line \d") as caught:
        list(read_array(tmp_path / "data.json"))
    assert caught.value.code == "BAD_JSON"
