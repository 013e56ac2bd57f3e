"""What a run leaves, and where two runs differ."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.command import leftovers, record_files
from tests.model_server import SIGNATURE

SHOWN = 5
STORE = "replies.sqlite"


@dataclass(frozen=True)
class Remains:
    """All that must be the same however a run came about, by path below the run folder."""

    records: Mapping[str, bytes]
    exports: Mapping[str, bytes]
    images: Mapping[str, bytes]
    replies: frozenset[tuple[str, str]]  # hash of the request, text
    names: frozenset[str]

    @property
    def size(self) -> str:
        """In words, for a report."""
        n_records = sum(data.count(b"\n") for name, data in self.records.items() if not name.endswith("errors.jsonl"))
        return (
            f"{len(self.records)} record files with {n_records} records, {len(self.exports)} exported files, "
            f"{len(self.images)} images"
        )


def read_remains(run: Path) -> Remains:
    """Read a run folder that no command uses."""
    files = {path.relative_to(run).as_posix(): path for path in run.rglob("*") if path.is_file()}
    return Remains(
        records=record_files(run),
        exports={name: path.read_bytes() for name, path in files.items() if name.startswith("export/")},
        images={name: path.read_bytes() for name, path in files.items() if name.startswith("images/")},
        replies=frozenset(read_replies(run)),
        names=frozenset(name for name in files if not name.startswith(STORE)),
    )


def compare(run: Path, expected: Remains, *, is_finished: bool = True) -> None:
    """Compare a run with what an undisturbed one left.

    Raises:
        AssertionError: naming the first files that differ, and where.
    """
    found = read_remains(run)
    left = leftovers(run)
    assert not left, f"temporary files stayed: {left[:SHOWN]}"
    problems = explain("record files", found.records, expected.records)
    problems += explain("images", found.images, expected.images)
    if is_finished:
        problems += explain("exports", found.exports, expected.exports)
        if found.names != expected.names:
            problems.append(f"files in one run only: {sorted(found.names ^ expected.names)[:SHOWN]}")
        if found.replies != expected.replies:
            problems.append(f"{len(found.replies ^ expected.replies)} stored replies are in one run only")
    assert not problems, "\n".join(problems)


def explain(kind: str, found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> list[str]:
    """The first differences between two sets of files; empty when there is none."""
    assert expected, f"the undisturbed run has no {kind}: nothing would be compared"
    wrong = [name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]
    lines = [f"{kind}: {len(wrong)} of {len(expected)} differ"] if wrong else []
    for name in wrong[:SHOWN]:
        if name not in found or name not in expected:
            lines.append(f"  {name}: {'missing' if name not in found else 'not in the undisturbed run'}")
        else:
            lines.append(f"  {name}: {_point_at(found[name], expected[name])}")
    return lines


def read_replies(run: Path) -> set[tuple[str, str]]:
    """What is committed to a run's reply store, read from a copy so that the reading changes nothing."""
    if not (run / STORE).exists():
        return set()
    with tempfile.TemporaryDirectory() as folder:
        for name in (STORE, f"{STORE}-wal"):
            if (run / name).exists():
                shutil.copy2(run / name, Path(folder) / name)
        with closing(sqlite3.connect(Path(folder) / STORE)) as store:
            if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'replies'").fetchone():
                return set()
            return {(key, text) for key, text in store.execute("SELECT request_sha256, text FROM replies")}


def read_signatures(run: Path) -> set[str]:
    """Ids of the requests whose replies are committed, as the model server signed them."""
    return {identity for _, text in read_replies(run) for identity in SIGNATURE.findall(text)}


def _point_at(found: bytes, expected: bytes) -> str:
    length = min(len(found), len(expected))
    at = next((index for index in range(length) if found[index] != expected[index]), length)
    line = expected[:at].count(b"\n") + 1
    excerpts = (data[max(0, at - 30) : at + 50].decode("utf-8", "replace") for data in (found, expected))
    return f"line {line}, byte {at}: {' instead of '.join(repr(text) for text in excerpts)}"
