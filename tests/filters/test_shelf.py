"""Texts kept out of memory come back unchanged."""

from __future__ import annotations

import tempfile

import pytest

from remud_gen.errors import InputError
from remud_gen.filters.shelf import TextShelf


def test_texts_come_back_however_many_there_are_and_in_any_order():
    shelf = TextShelf()
    texts = [f"{n} 胆囊壁\n増厚 \ud83d " + "x" * (n % 700) for n in range(6000)]
    for number, text in enumerate(texts):
        assert shelf.add(text) == number
        if number % 1000 == 7:
            assert shelf.read(number // 2) == texts[number // 2]
    order = [n * 7919 % len(texts) for n in range(len(texts))]
    assert [shelf.read(number) for number in order] == [texts[number] for number in order]
    assert len(shelf) == len(texts)
    assert shelf.add("") == len(texts)
    assert shelf.read(len(texts)) == ""


def test_no_room_for_temporary_files_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    shelf = TextShelf()
    with pytest.raises(InputError, match="cannot be kept in") as caught:
        for _ in range(20):
            shelf.add("x" * 100_000)
    assert "TMPDIR" in caught.value.hint
