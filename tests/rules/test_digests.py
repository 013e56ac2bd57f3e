"""The table of digests does what a dictionary does."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.digests import DigestTable, digest_text


@given(st.lists(st.tuples(st.one_of(st.integers(1, 40), st.integers(1, 2**64 - 1)), st.integers(0, 2**32 - 1))))
def test_a_table_holds_what_a_dictionary_would(entries):
    table, expected = DigestTable(), {}
    for key, value in entries:
        assert (key in table) == (key in expected)
        assert table.setdefault(key, value) == expected.setdefault(key, value)
    assert len(table) == len(expected)
    assert {key: table.get(key) for key in expected} == expected
    assert table.get(2**63 + 12345) == expected.get(2**63 + 12345)


def test_many_entries_survive_every_growth_in_little_memory():
    tracemalloc.start()
    table = DigestTable()
    for number in range(50_000):
        assert table.setdefault(digest_text("picture", str(number)), number) == number
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 40 * 50_000
    assert all(table.get(digest_text("picture", str(number))) == number for number in range(50_000))


def test_digests_tell_where_a_part_ends():
    assert digest_text("a", "bc") != digest_text("ab", "c")
    assert digest_text("\ud83d") != digest_text("?")
