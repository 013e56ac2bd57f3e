"""Ways to spoil a file: what a bad disk, a bad copy or a curious person does to it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.e2e.command import make_book

GARBAGE = b"\x00\xff<html>not what you look for</html>\n"

Damage = Callable[[Path], None]


def hide_file(book: Path) -> None:
    book.unlink()


def change_book(book: Path) -> None:
    make_book(book, 3, seed=77)


def cut_file(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def tear_file(path: Path) -> None:
    os.truncate(path, max(0, path.stat().st_size - 5))


def edit_file(path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.rfind(b'"') - 1 if data else 0
    data[at : at + 1] = b"#"
    path.write_bytes(data)


def empty_file(path: Path) -> None:
    path.write_bytes(b"")


def remove_file(path: Path) -> None:
    path.unlink()


def append_file(path: Path) -> None:
    path.write_bytes(path.read_bytes() + GARBAGE)


def replace_file(path: Path) -> None:
    path.write_bytes(GARBAGE)


def swap_for_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def set_key(key: str, value: object) -> Damage:
    def damage(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_bytes()), key: value}), "utf-8")

    return damage


RECORD_DAMAGES: Mapping[str, Damage] = {
    "cut in half": cut_file,
    "torn": tear_file,
    "edited": edit_file,
    "emptied": empty_file,
    "removed": remove_file,
    "with something appended": append_file,
    "replaced": replace_file,
}
ERROR_DAMAGES: Mapping[str, Damage] = {
    "with something appended": append_file,
    "removed": remove_file,
    "replaced": replace_file,
}
META_DAMAGES: Mapping[str, Damage] = {
    "cut in half": cut_file,
    "emptied": empty_file,
    "removed": remove_file,
    "replaced": replace_file,
    "with another fingerprint": set_key("fingerprint", "0" * 64),
    "of an older version": set_key("schema_version", 0),
    "of another stage's kind": set_key("counts", "many"),
}


def overwrite_head(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"\x00" * 100)


def overwrite_middle(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.seek(size // 4)
        stream.write(GARBAGE * (size // 2 // len(GARBAGE)))


STORE_DAMAGES: Mapping[str, Damage] = {
    "with another header": overwrite_head,
    "overwritten in the middle": overwrite_middle,
    "cut in half": cut_file,
    "replaced": replace_file,
    "that is a folder": swap_for_folder,
}
