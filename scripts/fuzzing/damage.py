"""Damage that any sort of file can take: bytes turned, cut, doubled, spliced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

Damage = Callable[[Random, bytes, Sequence[bytes]], bytes]  # (chance, file, other files of its kind) -> damaged file
NUMBERS = (0, 1, -1, 2, 7, 255, 14_400, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**64, 10**30)


def flip(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A few bytes, anywhere or all in one place, become others."""
    result = bytearray(data)
    low, high = 0, len(result)
    if chance.random() < 0.5:
        low = chance.randrange(len(result))
        high = min(len(result), low + 2000)
    for _ in range(chance.choice((1, 3, 10, 60))):
        result[chance.randrange(low, high)] = chance.randrange(256)
    return bytes(result)


def truncate(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The file ends early, sometimes after a few bytes."""
    return data[: chance.choice((chance.randrange(1, 64), chance.randrange(1, len(data)), len(data) - 1 or 1))]


def splice(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A stretch is replaced by one of another file of the kind."""
    other = chance.choice(others)
    start, size = chance.randrange(len(other)), chance.choice((16, 400, 5000))
    place = chance.randrange(len(data))
    return data[:place] + other[start : start + size] + data[place + chance.choice((0, size)) :]


def drop(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A stretch is missing, as after a broken transfer."""
    place = chance.randrange(len(data))
    return data[:place] + data[place + chance.choice((1, 512, 4096)) :]


def blank(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A stretch is zeros, as on a bad disk."""
    place, size = chance.randrange(len(data)), chance.choice((64, 512, 4096))
    return data[:place] + bytes(min(size, len(data) - place)) + data[place + size :]


def double(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A stretch comes many times."""
    place, size = chance.randrange(len(data)), chance.choice((8, 100, 1000))
    return data[:place] + data[place : place + size] * chance.choice((2, 50, 400)) + data[place + size :]


def pad(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Something else stands before or behind the file."""
    rubbish = chance.randbytes(chance.choice((1, 100, 3000)))
    return rubbish + data if chance.random() < 0.4 else data + rubbish


ANY: tuple[Damage, ...] = (flip, flip, truncate, splice, drop, blank, double, pad)
