"""Which of many short texts say nearly the same, by sketches of 64 bytes each, in memory that stays flat."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from remud_gen.rules.late import compile_late

SHINGLE_CHARS = 3
HASHES = 64
ROWS = 4  # hashes of a band: texts that share 70 % of their shingles meet in one of 16 bands with a chance of 0.99
LEAST_EQUAL = 45  # of 64 hashes: about 70 % of the shingles are shared
_BLOCK = 4096
_PAIRS = 1 << 21  # compared at once

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_NUMBER = compile_late(r"\d+(?:\.\d+)?")

Array = np.ndarray[Any, np.dtype[Any]]


class TextSketches:
    """Collects texts; afterwards lists pairs that say nearly the same. With other numbers a text says another thing."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self._factors = random.integers(1, 2**63, HASHES, dtype=np.uint64) | np.uint64(1)
        self._offsets = random.integers(0, 2**63, HASHES, dtype=np.uint64)
        self._blocks: list[Array] = []
        self._filled = _BLOCK
        self._numbers = array("I")  # digests of the numbers in each text

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, text: str) -> None:
        """Take in one text; its number is how many came before it."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass") or bytes(4), np.uint32).astype(np.uint64)
        if len(codes) < SHINGLE_CHARS:
            codes = np.pad(codes, (0, SHINGLE_CHARS - len(codes)))
        # Three characters of 21 bits each are one number; a shingle that comes twice has the same lowest hashes.
        shingles = codes[:-2] << np.uint64(42) | codes[1:-1] << np.uint64(21) | codes[2:]
        shingles = (shingles ^ shingles >> np.uint64(29)) * _SPREAD
        mixed = (shingles ^ shingles >> np.uint64(32))[:, None] * self._factors + self._offsets
        if self._filled == _BLOCK:
            self._blocks.append(np.empty((_BLOCK, HASHES), np.uint8))
            self._filled = 0
        # A byte of each lowest hash is enough: 64 of them tell likeness, 4 of them make the key of a band.
        self._blocks[-1][self._filled] = (mixed.min(axis=0) >> np.uint64(40)).astype(np.uint8)
        self._filled += 1
        self._numbers.append(zlib.crc32(" ".join(sorted(_NUMBER.findall(text))).encode()))

    def list_near(self) -> Iterator[tuple[int, int]]:
        """(earlier, later) numbers; all that resemble each other are tied by a chain of pairs, not each with each."""
        if not self._blocks:
            return
        sketches = np.concatenate([*self._blocks[:-1], self._blocks[-1][: self._filled]])
        numbers = np.frombuffer(self._numbers, np.uint32)
        for band in range(HASHES // ROWS):
            keys = np.ascontiguousarray(sketches[:, band * ROWS : (band + 1) * ROWS]).view(np.uint32).ravel()
            order = np.argsort(keys, kind="stable")
            ordered = keys[order]
            is_start = np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))
            leaders = np.repeat(is_start, np.diff([*is_start, len(ordered)]))
            places = np.arange(len(ordered))
            inside = places[places > leaders]
            for others in (inside - 1, leaders[inside]):  # the neighbour, and the first of all with this key
                yield from _confirm(sketches, numbers, order[others], order[inside])


def _confirm(sketches: Array, numbers: Array, earlier: Array, later: Array) -> Iterator[tuple[int, int]]:
    for start in range(0, len(later), _PAIRS // HASHES):
        part = slice(start, start + _PAIRS // HASHES)
        equal = (sketches[earlier[part]] == sketches[later[part]]).sum(axis=1)
        for place in np.flatnonzero((equal >= LEAST_EQUAL) & (numbers[earlier[part]] == numbers[later[part]])).tolist():
            yield int(earlier[part][place]), int(later[part][place])
