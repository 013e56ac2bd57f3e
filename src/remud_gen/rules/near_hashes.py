"""All pairs of 64-bit picture hashes that differ in a few bits only, exactly, in memory that stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

Hashes = np.ndarray[tuple[int], np.dtype[np.uint64]]
Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]

BLOCKS = 4
BLOCK_BITS = 16
MAX_DISTANCE = (
    4 * BLOCKS - 1
)  # with more, some block may differ in 4 bits, and looking that up is slower than comparing
_BRUTE_FORCE_UP_TO = 4096
_PAIRS_AT_ONCE = 1 << 21


def find_near_pairs(hashes: Hashes, distance: int) -> tuple[Numbers, Numbers, Numbers]:
    """Places of the pairs (first < second) of different places whose hashes differ in at most so many bits.

    Two hashes at a distance of 10 bits agree in all but 2 bits of at least one of four blocks of 16: so each block of
    a hash is looked up with every change of up to 2 bits. Bits are dealt out to the blocks in turn, because
    neighbouring bits of a picture's hash are of like frequency and vary together.

    Args:
        hashes: unsigned, 64 bits each; equal ones are pairs at distance 0.
        distance: 0 to 15 bits.

    Returns:
        First places, second places, distances, in the order of (first, second).
    """
    if not 0 <= distance <= MAX_DISTANCE:
        raise ValueError(f"distance {distance} is not between 0 and {MAX_DISTANCE}")
    source = _compare_all if len(hashes) <= _BRUTE_FORCE_UP_TO else _compare_blocks
    found = [np.zeros((0,), dtype=np.uint64)]
    for first, second in source(hashes, distance):
        bits = np.bitwise_count(hashes[first] ^ hashes[second])
        near = np.flatnonzero(bits <= distance)
        low, high = np.minimum(first[near], second[near]), np.maximum(first[near], second[near])
        found.append(np.unique(low.astype(np.uint64) << np.uint64(32) | high.astype(np.uint64)))
    pairs = np.unique(np.concatenate(found))
    low, high = (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return low, high, np.bitwise_count(hashes[low] ^ hashes[high]).astype(np.int64)


def _compare_all(hashes: Hashes, distance: int) -> Iterator[tuple[Numbers, Numbers]]:
    rows = max(1, _PAIRS_AT_ONCE // max(1, len(hashes)))
    for start in range(0, len(hashes), rows):
        bits = np.bitwise_count(hashes[start : start + rows, None] ^ hashes[None, :])
        first, second = np.nonzero(bits <= distance)
        is_ordered = first + start < second
        yield first[is_ordered] + start, second[is_ordered]


def _compare_blocks(hashes: Hashes, distance: int) -> Iterator[tuple[Numbers, Numbers]]:
    changes = _list_changes(distance // BLOCKS)
    for block in range(BLOCKS):
        keys = _deal(hashes, block)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = np.searchsorted(ordered, np.arange((1 << BLOCK_BITS) + 1))
        for change in changes:
            partners = ordered ^ change
            # Every pair of two buckets is met from both: the lower one sees it.
            rows = np.arange(len(ordered)) if change == 0 else np.flatnonzero(ordered < partners)
            begins, ends = starts[partners[rows]], starts[partners[rows] + 1]
            if change == 0:
                begins = rows + 1
            for places, others in _spread(rows, begins, ends):
                yield order[places], order[others]


def _spread(rows: Numbers, begins: Numbers, ends: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Every row with each number of its own range, some millions at a time."""
    sizes = np.maximum(ends - begins, 0)
    totals = np.cumsum(sizes)
    start = 0
    while start < len(rows):
        done = totals[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(totals, done + _PAIRS_AT_ONCE, side="right")))
        counts = sizes[start:stop]
        offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        if len(offsets):
            yield np.repeat(rows[start:stop], counts), np.repeat(begins[start:stop], counts) + offsets
        start = stop


def _deal(hashes: Hashes, block: int) -> Numbers:
    keys = np.zeros(len(hashes), dtype=np.int64)
    for place in range(BLOCK_BITS):
        bit = (hashes >> np.uint64(BLOCKS * place + block)) & np.uint64(1)
        keys |= bit.astype(np.int64) << place
    return keys


def _list_changes(bits: int) -> list[int]:
    """All numbers of one block with at most so many bits set."""
    return [sum(1 << place for place in places) for n in range(bits + 1) for places in combinations(range(16), n)]
