"""The published rule, against sizes that its makers and users give, and what must hold of every size."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remud_gen.rules.smart_resize import fit_picture, smart_resize

LIMITS = (4 * 28 * 28, 16384 * 28 * 28)  # of qwen-vl-utils


@pytest.mark.parametrize(
    ("size", "factor", "limits", "expected"),
    [
        ((727, 1000), 28, LIMITS, (728, 1008)),  # pages of a published data set of this kind
        ((1654, 2339), 28, LIMITS, (1652, 2352)),  # A4 at 200 dpi
        ((1654, 2339), 28, (3136, 1280 * 28 * 28), (840, 1176)),
        ((20, 20), 28, LIMITS, (56, 56)),
        ((14, 42), 28, (1, 10**9), (28, 56)),  # 0.5 -> 0, raised to one factor; 1.5 -> 2: halves go to even
        ((70, 70), 28, (1, 10**9), (56, 56)),  # 2.5 -> 2
        ((1000, 1000), 32, (65536, 16777216), (992, 992)),
        ((100, 100), 32, (65536, 16777216), (256, 256)),
    ],
)
def test_known_sizes(size, factor, limits, expected) -> None:
    assert smart_resize(*size, factor, *limits) == expected


def test_a_strip_is_refused() -> None:
    with pytest.raises(ValueError, match="200 times"):
        smart_resize(10, 2001, 28, *LIMITS)


@given(
    st.floats(100, 15_000),
    st.floats(100, 15_000),
    st.sampled_from([28, 32]),
    st.integers(100_000, 4_000_000),
    st.integers(256, 4096),
)
@example(15_000, 110, 28, 100_000, 4096)
@example(100, 15_000, 32, 100_000, 4096)
def test_what_is_sent_is_never_resized_again(width, height, factor, max_pixels, max_side) -> None:
    wide, high = fit_picture(width, height, factor, max_pixels, max_side)
    assert (wide % factor, high % factor) == (0, 0)
    assert wide * high <= max_pixels
    assert max(wide, high) <= max_side
    assert smart_resize(wide, high, factor, factor * factor, max_pixels) == (wide, high)
