"""Near pairs of hashes against every pair compared, below and above the size where blocks are used."""

from __future__ import annotations

import numpy as np
import pytest

from remud_gen.rules import near_hashes
from remud_gen.rules.near_hashes import find_near_pairs


def make_hashes(count: int, seed: int) -> np.ndarray:
    """Random hashes, a third of which are another one with up to 16 bits changed."""
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 2**64, count, dtype=np.uint64)
    for place in range(count // 3):
        value = int(hashes[place])
        for bit in random.choice(64, int(random.integers(0, 17)), replace=False):
            value ^= 1 << int(bit)
        hashes[count - 1 - place] = value
    return hashes


@pytest.mark.parametrize("distance", [0, 3, 6, 10, 15])
def test_blocks_find_exactly_the_pairs_that_comparing_all_finds(monkeypatch, distance: int) -> None:
    hashes = make_hashes(900, distance)
    bits = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    wanted = list(zip(*np.nonzero(np.triu(bits <= distance, 1)), strict=True))
    assert len(wanted) > 10
    for most in (10**6, 0):
        monkeypatch.setattr(near_hashes, "_BRUTE_FORCE_UP_TO", most)
        monkeypatch.setattr(near_hashes, "_PAIRS_AT_ONCE", 500)
        first, second, found = find_near_pairs(hashes, distance)
        assert list(zip(first, second, strict=True)) == wanted
        assert found.tolist() == [bits[pair] for pair in wanted]


def test_no_hashes_and_one_hash_have_no_pairs(monkeypatch) -> None:
    for most in (10**6, 0):
        monkeypatch.setattr(near_hashes, "_BRUTE_FORCE_UP_TO", most)
        for count in (0, 1):
            assert [len(part) for part in find_near_pairs(np.zeros(count, np.uint64), 6)] == [0, 0, 0]


def test_a_distance_that_blocks_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="distance 16"):
        find_near_pairs(np.zeros(2, np.uint64), 16)
