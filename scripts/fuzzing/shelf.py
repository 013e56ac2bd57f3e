"""Shelves of damaged files: the same seed gives the same files."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from scripts.fuzzing.seeds import Kind
from tests.readers.documents import picture

MOST_DAMAGES = 3
CANNOT = (zipfile.BadZipFile, EOFError, ValueError, IndexError, OSError, RuntimeError, zlib.error, struct.error)


def list_files(kinds: Sequence[Kind], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each damaged file; the name tells kind and damage."""
    for number in range(count):
        chance = Random(f"{seed}/{number}")  # each for itself: a file can be made again without those before it
        [kind] = chance.choices(kinds, [kind.weight for kind in kinds])
        data = chance.choice(kind.seeds)
        told = []
        for _ in range(chance.choice((1, 1, 1, 2, MOST_DAMAGES))):
            damage = chance.choice(kind.damages)
            try:
                data = damage(chance, data, kind.seeds) or b"\0"
            except CANNOT:
                continue  # what is damaged already cannot always be damaged in this way
            told.append(damage.__name__)
        yield f"{number:05d}-{'+'.join(told) or 'sound'}{kind.suffix}", data


def fill_shelf(folder: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Write the files, and the picture that pages and notes point at."""
    folder.mkdir(parents=True)
    (folder / "figure.png").write_bytes(picture(5))
    for name, data in files:
        (folder / name).write_bytes(data)
