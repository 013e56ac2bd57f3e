"""Publishing a folder: whole or not at all, whatever fails or is killed at whatever moment."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from remud_gen.errors import InputError
from remud_gen.runner.place import PREFIX, find_leftovers, open_place, recover
from tests.exporters.samples import read_tree

PROJECT = Path(__file__).resolve().parents[2]


def make_export(folder: Path, text: str, *more: str) -> None:
    """A folder that looks like an export of remud-gen."""
    folder.mkdir(parents=True)
    for name in ("train.jsonl", *more):
        (folder / name).write_text(text, "utf-8")
    (folder / "images" / "aa").mkdir(parents=True)
    (folder / "images" / "aa" / "aa.png").write_text(text, "utf-8")
    files = {name: {"sha256": "0", "bytes": len(text)} for name in ("train.jsonl", *more)}
    manifest = {"format": "raw", "made_by": "remud-gen 0", "schema_version": 1, "fingerprint": text, "settings": {}}
    counts = {"inputs": 1, "counts": {"train": 1}, "profile": {}, "left_out": {}, "notes": [], "files": files}
    (folder / "MANIFEST.json").write_text(json.dumps({**manifest, **counts}), "utf-8")


def traces(target: Path) -> list[str]:
    """All that publishing might have left beside the exports."""
    return sorted(path.name for path in target.iterdir() if path.name.startswith(PREFIX))


def make_cut_short(target: Path) -> None:
    """The state between the two renames of a swap."""
    scratch = target / f"{PREFIX}-dead"
    make_export(scratch / "new" / "raw", "new")
    make_export(scratch / "old" / "raw", "old", "test.jsonl")


def test_an_export_appears_whole_and_replaces_the_older_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with open_place(tmp_path / "out") as place:
            make_export(place.new / "raw", text, *(["test.jsonl"] if text == "old" else []))
            place.flush()
            place.swap("raw")
    assert set(read_tree(tmp_path / "out")) == {"raw/MANIFEST.json", "raw/images/aa/aa.png", "raw/train.jsonl"}
    assert (tmp_path / "out" / "raw" / "train.jsonl").read_text("utf-8") == "new"
    assert traces(tmp_path / "out") == []


def test_what_a_training_wrote_into_the_export_moves_along(tmp_path: Path) -> None:
    make_export(tmp_path / "raw", "old")
    (tmp_path / "raw" / "saves" / "lora").mkdir(parents=True)
    (tmp_path / "raw" / "saves" / "lora" / "adapter.bin").write_bytes(b"a week of training")
    with open_place(tmp_path) as place:
        make_export(place.new / "raw", "new")
        place.swap("raw")
    assert (tmp_path / "raw" / "train.jsonl").read_text("utf-8") == "new"
    assert (tmp_path / "raw" / "saves" / "lora" / "adapter.bin").read_bytes() == b"a week of training"


def test_a_swap_cut_short_is_finished(tmp_path: Path) -> None:
    make_cut_short(tmp_path)
    (tmp_path / f"{PREFIX}-dead" / "old" / "raw" / "saves").mkdir()
    recover(tmp_path)
    assert (tmp_path / "raw" / "train.jsonl").read_text("utf-8") == "new"
    assert (tmp_path / "raw" / "saves").is_dir()
    assert not (tmp_path / "raw" / "test.jsonl").exists()
    assert traces(tmp_path) == []


def test_an_unfinished_export_is_cleared_and_the_published_one_stays(tmp_path: Path) -> None:
    make_export(tmp_path / "raw", "published")
    before = read_tree(tmp_path / "raw")
    make_export(tmp_path / f"{PREFIX}-dead" / "new" / "raw", "half")
    (tmp_path / f"{PREFIX}-dead" / "old").mkdir()
    recover(tmp_path)
    assert read_tree(tmp_path) == {f"raw/{name}": data for name, data in before.items()}
    assert traces(tmp_path) == []


def test_a_half_deleted_older_export_is_not_mixed_into_the_new_one(tmp_path: Path) -> None:
    make_export(tmp_path / "raw", "new")
    make_export(tmp_path / f"{PREFIX}-dead" / "done" / "raw", "old", "test.jsonl")
    (tmp_path / f"{PREFIX}-dead" / "done" / "raw" / "MANIFEST.json").unlink()
    recover(tmp_path)
    assert not (tmp_path / "raw" / "test.jsonl").exists()
    assert traces(tmp_path) == []


@pytest.mark.parametrize("moment", ["before the swap", "between the renames", "after the swap"])
def test_a_kill_leaves_an_export_and_the_next_command_clears_up(tmp_path: Path, moment: str) -> None:
    make_export(tmp_path / "raw", "old")
    child = f"""
        import os, signal
        from pathlib import Path
        from remud_gen.runner import place as module
        from tests.runner.test_place import make_export
        target, moment, count, rename = Path({str(tmp_path)!r}), {moment!r}, 0, os.replace
        def die(*paths):
            os.kill(os.getpid(), signal.SIGKILL)
        def replace(source, goal):
            global count
            count += 1
            die() if count == 2 and moment == "between the renames" else rename(source, goal)
        os.replace = replace
        with module.open_place(target) as place:
            make_export(place.new / "raw", "new")
            place.flush()
            if moment == "before the swap":
                die()
            place.swap("raw")
            die()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(child)],
        env={**os.environ, "PYTHONPATH": f"{PROJECT / 'src'}{os.pathsep}{PROJECT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (tmp_path / "raw").exists() == (moment != "between the renames")
    assert traces(tmp_path) != []
    recover(tmp_path)
    expected = "old" if moment == "before the swap" else "new"
    assert (tmp_path / "raw" / "train.jsonl").read_text("utf-8") == expected
    assert traces(tmp_path) == []


def test_the_scratch_of_another_living_export_is_left_alone(tmp_path: Path) -> None:
    with open_place(tmp_path) as place:
        make_export(place.new / "raw", "being written")
        (scratch,) = find_leftovers(tmp_path)
        before = read_tree(scratch)
        recover(tmp_path)
        with pytest.raises(InputError, match="another remud command is exporting"), open_place(tmp_path):
            pytest.fail("the place was given to two")
        assert read_tree(scratch) == before
        place.swap("raw")
    assert (tmp_path / "raw" / "train.jsonl").read_text("utf-8") == "being written"
    assert traces(tmp_path) == []


def break_renames_of(monkeypatch: pytest.MonkeyPatch, is_broken: Callable[[Path, Path], bool]) -> None:
    rename = os.replace

    def replace(source: Path, goal: Path) -> None:
        if is_broken(Path(source), Path(goal)):
            raise OSError(errno.EIO, "Input/output error", str(goal))
        rename(source, goal)

    monkeypatch.setattr(os, "replace", replace)


def test_a_refused_rename_puts_the_older_export_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_export(tmp_path / "raw", "old")
    before = read_tree(tmp_path)
    break_renames_of(monkeypatch, lambda source, goal: source.parent.name == "new")
    with pytest.raises(OSError, match="Input/output"), open_place(tmp_path) as place:
        make_export(place.new / "raw", "new")
        place.swap("raw")
    assert read_tree(tmp_path) == before
    assert traces(tmp_path) == []


def test_nothing_is_deleted_while_no_rename_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_export(tmp_path / "raw", "old")
    with monkeypatch.context() as patch:
        break_renames_of(patch, lambda source, goal: goal == tmp_path / "raw")
        with pytest.raises(OSError, match="Input/output"), open_place(tmp_path) as place:
            make_export(place.new / "raw", "new")
            place.swap("raw")
        assert find_leftovers(tmp_path)
    recover(tmp_path)
    assert (tmp_path / "raw" / "train.jsonl").read_text("utf-8") == "new"
    assert traces(tmp_path) == []


def test_a_failed_first_export_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_place(tmp_path / "out") as place:
        make_export(place.new / "raw", "new")
        raise ZeroDivisionError
    assert not (tmp_path / "out").exists()


@contextmanager
def mount(folder: Path, options: str) -> Iterator[None]:
    """A small file system of its own in memory; skips where that is not allowed."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("file systems may not be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_place_that_cannot_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    with mount(tmp_path / "disk", "size=1m"):
        make_export(tmp_path / "disk" / "raw", "old")
        before = read_tree(tmp_path / "disk")
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        with pytest.raises(OSError, match="Read-only"), open_place(tmp_path / "disk"):
            pytest.fail("nothing can be written there")
        recover(tmp_path / "disk")
        assert read_tree(tmp_path / "disk") == before
