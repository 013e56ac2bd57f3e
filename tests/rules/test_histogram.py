from __future__ import annotations

from remud_gen.rules.histogram import Histogram


def test_values_fall_between_edges_and_bars_are_as_long_as_counts() -> None:
    histogram = Histogram(edges=(0, 10, 20, 40))
    for value in (0, 9.9, 10, 39, 40, 4000, -1):
        histogram.add(value)
    assert histogram.counts == [3, 1, 1, 2]
    assert list(histogram.to_lines("length", "characters")) == [
        "length: 7 (characters)",
        f"   0–10  3  {'█' * 32}",
        f"  10–20  1  {'█' * 11}",
        f"  20–40  1  {'█' * 11}",
        f"    40+  2  {'█' * 22}",
    ]


def test_only_the_bins_in_use_are_drawn() -> None:
    histogram = Histogram(edges=(0, 10, 20, 40))
    assert list(histogram.to_lines("nothing")) == ["nothing: 0"]
    histogram.add(15)
    assert list(histogram.to_lines("one")) == ["one: 1", f"  10–20  1  {'█' * 32}"]
