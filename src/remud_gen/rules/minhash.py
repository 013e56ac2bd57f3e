"""MinHash bands: which texts of many may resemble each other, found by sorting, in memory that stays flat."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

SHINGLE_CHARS = 3
BANDS = 32
ROWS = 4  # per band: texts sharing 60 % of their shingles meet in some band with a chance of 0.99
_BLOCK = 1024


class BandHasher:
    """Collects texts; afterwards lists the groups of them that agree in a whole band."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self._factors = random.integers(1, 2**63, BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
        self._offsets = random.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64)
        self._mixers = random.integers(1, 2**63, ROWS, dtype=np.uint64) | np.uint64(1)
        self._blocks: list[np.ndarray[tuple[int, int], np.dtype[np.uint64]]] = []
        self._open: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] = []

    def add(self, text: str) -> None:
        """Take in one text; its number is how many came before it."""
        shingles = {text[i : i + SHINGLE_CHARS] for i in range(max(1, len(text) - SHINGLE_CHARS + 1))}
        # crc32 is the same on every machine, unlike hash().
        values = np.fromiter((zlib.crc32(s.encode()) for s in shingles), np.uint64, len(shingles))
        mixed = values[:, None] * self._factors + self._offsets
        lowest = (mixed >> np.uint64(32)).min(axis=0).reshape(BANDS, ROWS)
        self._open.append((lowest * self._mixers).sum(axis=1, dtype=np.uint64))
        if len(self._open) >= _BLOCK:
            self._close_block()

    def list_buckets(self) -> Iterator[list[int]]:
        """Numbers of texts that agree in a band, ascending; the same group may come once per band."""
        self._close_block()
        if not self._blocks:
            return
        bands = np.concatenate(self._blocks)
        for band in range(BANDS):
            column = bands[:, band]
            order = np.argsort(column, kind="stable")
            starts = np.flatnonzero(np.diff(column[order], prepend=~column[order[:1]]))
            for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
                if end - start > 1:
                    yield [int(row) for row in order[start:end]]

    def _close_block(self) -> None:
        if self._open:
            self._blocks.append(np.stack(self._open))
            self._open = []
