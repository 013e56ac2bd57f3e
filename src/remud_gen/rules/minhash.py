"""MinHash bands: which texts of many may resemble each other, found by sorting, in memory that stays flat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

SHINGLE_CHARS = 3
BANDS = 32
ROWS = 4  # per band: texts sharing 60 % of their shingles meet in some band with a chance of 0.99
_BLOCK = 1024

Bands = np.ndarray[tuple[int], np.dtype[np.uint64]]


class BandHasher:
    """Collects texts; afterwards lists the groups of them that agree in a whole band."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self._mix = random.integers(1, 2**32, SHINGLE_CHARS, dtype=np.uint32) | np.uint32(1)
        self._factors = random.integers(1, 2**32, (BANDS * ROWS, 1), dtype=np.uint32) | np.uint32(1)
        self._offsets = random.integers(0, 2**32, (BANDS * ROWS, 1), dtype=np.uint32)
        self._mixers = random.integers(1, 2**63, ROWS, dtype=np.uint64) | np.uint64(1)
        self._blocks: list[np.ndarray[tuple[int, int], np.dtype[np.uint64]]] = []
        self._open: list[Bands] = []

    def add(self, text: str) -> None:
        """Take in one text; its number is how many came before it."""
        self._open.append(self.hash_bands(text))
        if len(self._open) >= _BLOCK:
            self._close_block()

    def hash_bands(self, text: str) -> Bands:
        """One number per band of a text; the same on every machine."""
        # Shingles that occur twice need not be found: they have the same numbers, and only the lowest counts.
        lowest = (self._factors * self._hash_shingles(text) + self._offsets).min(axis=1)
        mixed = lowest.astype(np.uint64).reshape(BANDS, ROWS) * self._mixers
        return np.asarray(mixed.sum(axis=1, dtype=np.uint64))

    def list_buckets(self) -> Iterator[list[int]]:
        """Numbers of texts that agree in a band, ascending; the same group may come once per band."""
        self._close_block()
        for band in range(BANDS if self._blocks else 0):
            column = np.concatenate([block[:, band] for block in self._blocks])
            order = np.argsort(column, kind="stable")
            edges = np.flatnonzero(np.diff(column[order])) + 1
            starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(order)]])
            several = ends - starts > 1
            for start, end in zip(starts[several].tolist(), ends[several].tolist(), strict=True):
                yield order[start:end].tolist()

    def _hash_shingles(self, text: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        if len(codes) < SHINGLE_CHARS:
            codes = np.concatenate([codes, np.zeros(SHINGLE_CHARS - len(codes), np.uint32)])
        count = len(codes) - SHINGLE_CHARS + 1
        value = np.zeros(count, np.uint32)
        for place, factor in enumerate(self._mix):
            value = (value ^ codes[place : place + count]) * factor
            value ^= value >> np.uint32(15)
        return value

    def _close_block(self) -> None:
        if self._open:
            self._blocks.append(np.stack(self._open))
            self._open = []
