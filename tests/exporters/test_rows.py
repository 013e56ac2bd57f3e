"""JSON Lines files."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.errors import RecordError
from remud_gen.exporters.rows import RowFiles, encode_line, read_rows


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
            files.add("data", encode_line({"n": number, "text": "x" * number * 300_000}), holds_picture=holds_picture)
    assert "".join(str(row["n"]) for row in read_rows(tmp_path / "data.jsonl")) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["data.jsonl"]


@pytest.mark.parametrize("line", [b"{", b"[1]", b"\xff{}", b'{"a": 1} {"b": 2}'])
def test_a_broken_line_is_named(tmp_path, line):
    (tmp_path / "data.jsonl").write_bytes(b"{}\n" + line + b"\n")
    with pytest.raises(RecordError, match=r"data\.jsonl line 2") as caught:
        list(read_rows(tmp_path / "data.jsonl"))
    assert caught.value.code == "BAD_JSON"
