"""The benchmark of exports exports what it makes up, all of it."""

from __future__ import annotations

import pytest

from scripts.bench_export import measure


@pytest.mark.parametrize(("name", "wish", "exported"), [("raw", [], 1200), ("llamafactory", ["export.max=50"], 50)])
def test_all_records_arrive(name: str, wish: list[str], exported: int) -> None:
    found = measure(1200, name, wish)
    assert (found["exported"], found["left_out"]) == (exported, 0)
    assert found["peak_mb"] >= found["peak_before_mb"] > 0
