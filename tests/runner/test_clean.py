"""What `clean` takes and what it leaves, on a run of toy stages; a kill between any two removals does no harm."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from filelock import FileLock

from remud_gen.config import Config
from remud_gen.errors import InputError
from remud_gen.llm.store import ReplyStore
from remud_gen.llm.store_reading import look_into_store
from remud_gen.protocols import ModelReply
from remud_gen.runner.cleaning.clean import clean
from remud_gen.runner.cleaning.text import Cleaning, to_json, to_text
from remud_gen.runner.options import Options
from tests.runner.bench import ROWS, bring_up, n_run, record_files, settings

UNUSED = "ab" * 32


def sweep(run: Path, *assignments: str, is_applied: bool = False) -> Cleaning:
    return clean(ROWS, Options(run, assignments=assignments), is_applied=is_applied)


def counts(cleaning: Cleaning) -> dict[str, int]:
    return {kind: finding.count for kind, finding in cleaning.findings.items()}


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with size and time of change."""
    stats = {path: path.stat() for path in folder.rglob("*")}
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def add_picture(run: Path, sha256: str = UNUSED) -> Path:
    path = run / "images" / sha256[:2] / f"{sha256}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"p" * 1000)
    return path


def rerun(run: Path, shelf: Path, config: Config | None = None) -> dict[str, int]:
    return n_run(bring_up(run, shelf, config or settings()))


NOTHING = {"documents": 0, "extract": 0, "pair": 0}


def test_a_run_in_order_has_nothing_to_remove(run: Path) -> None:
    before = tree(run)
    cleaning = sweep(run)
    assert (counts(cleaning), cleaning.kept) == ({}, [])
    assert tree(run) == before
    assert to_text(cleaning) == "Nothing to remove."


def test_a_list_changes_nothing_and_apply_removes_what_it_lists(run: Path, shelf: Path) -> None:
    (shelf / "first.txt").unlink()
    add_picture(run)
    (run / ".tmp-dead").write_bytes(b"x" * 10)
    before = tree(run)
    listed = sweep(run)
    assert tree(run) == before
    kinds = {"temporaries": 1, "gone_parts": 1 + 4 + 1, "pictures": 1, "cached_inputs": 1}
    assert counts(listed) == kinds
    assert listed.findings["pictures"].size_bytes == 1000
    assert "--apply" in to_text(listed)
    kept = {name: data for name, data in record_files(run).items() if "first" not in name}
    applied = sweep(run, is_applied=True)
    assert (counts(applied), applied.size_bytes) == (kinds, listed.size_bytes)
    assert record_files(run) == kept
    assert not (run / "images" / UNUSED[:2]).exists()
    assert counts(sweep(run)) == {}
    assert rerun(run, shelf) == NOTHING
    assert json.loads(to_json(applied))["found"]["gone_parts"]["names"][0].startswith("documents/first-")


def test_parts_of_a_renamed_book_stay_until_the_new_ones_are_made(run: Path, shelf: Path) -> None:
    (shelf / "first.txt").rename(shelf / "prime.txt")
    before = tree(run)
    cleaning = sweep(run, is_applied=True)
    assert counts(cleaning) == {"cached_inputs": 1}
    assert "documents has 1 missing part, which may still need them; run `remud extract` first" in cleaning.kept[0]
    assert {path for path in before if "first-" in path} <= set(tree(run))
    assert rerun(run, shelf)["extract"] == 4
    after = record_files(run)
    assert counts(sweep(run, is_applied=True)) == {"replaced_parts": 6}
    assert record_files(run) == {name: data for name, data in after.items() if "first-" not in name}
    assert rerun(run, shelf) == NOTHING


def test_a_copy_of_a_book_keeps_it_alive(run: Path, shelf: Path) -> None:
    (shelf / "zz copy.txt").write_bytes((shelf / "first.txt").read_bytes())
    rerun(run, shelf)
    assert counts(sweep(run)) == {}
    (shelf / "first.txt").unlink()
    assert set(counts(sweep(run, is_applied=True))) == {"cached_inputs"}
    rerun(run, shelf)
    assert counts(sweep(run, is_applied=True)) == {"replaced_parts": 6}
    assert rerun(run, shelf) == NOTHING


def test_another_setting_makes_no_part_unneeded(run: Path, shelf: Path) -> None:
    before = record_files(run)
    cut = "extract.pages_per_part=3"
    cleaning = sweep(run, cut, is_applied=True)
    assert counts(cleaning) == {}
    assert "extract has 3 missing parts" in cleaning.kept[0]
    assert record_files(run) == before
    assert (run / "config.yaml").read_text("utf-8").count("pages_per_part: 2") == 1
    # Once the other cut is made, the first one is what is not needed, with the bases that only it names.
    rerun(run, shelf, settings("serial", cut, "extract.min_dpi=200"))
    assert counts(sweep(run, is_applied=True)) == {"replaced_parts": 5, "bases": 1}
    assert rerun(run, shelf, settings("serial", cut, "extract.min_dpi=200")) == NOTHING


def test_parts_of_documents_with_failures_stay(run: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("bad\n" * 7, "utf-8")
    config = settings("serial", "extract.pages_per_part=3")
    rerun(run, shelf, settings())
    rerun(run, shelf, config)
    kept = sweep(run, is_applied=True).kept
    assert kept == ["extract: 3 parts kept: inputs of the same documents failed; mend the cause and add --retry-errors "
                    "first"]  # fmt: skip


def test_only_names_that_remud_writes_are_strays(run: Path) -> None:
    key = next((run / "pair").glob("first-*.meta.json")).name.removesuffix(".meta.json")
    (run / "pair" / f"{key}.meta.json").unlink()
    strays = ["ghost-0123abcd-p00001-00016.jsonl", "ghost-0123abcd.calls.json", "ghost-0123abcd-n0007.errors.jsonl"]
    own = ["notes.jsonl", "notes.txt", "funnel.json", "a b-0123abcd.jsonl", "ghost-0123ABCD.jsonl", "mine.meta.json"]
    for name in (*strays, *own):
        (run / "pair" / name).write_text("{}", "utf-8")
    mine = run / "images" / "ab" / "my picture.png"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"x")
    (run / "bases" / "notes.json").write_text("{}", "utf-8")
    cleaning = sweep(run, is_applied=True)
    assert counts(cleaning) == {"stray_files": len(strays) + 2}
    assert {path.name for path in (run / "pair").iterdir()} >= set(own)
    assert mine.exists()
    assert (run / "bases" / "notes.json").exists()


def test_a_picture_that_an_export_holds_frees_nothing(run: Path) -> None:
    picture = add_picture(run)
    held = run / "export" / "raw" / "images" / picture.name
    held.parent.mkdir(parents=True)
    held.hardlink_to(picture)
    cleaning = sweep(run, is_applied=True)
    assert (cleaning.findings["pictures"].count, cleaning.size_bytes) == (1, 0)
    assert held.exists()
    assert not picture.exists()


def test_half_written_exports_are_put_right(run: Path) -> None:
    scratch = run / "export" / ".remud-export-0123"
    (scratch / "new" / "raw").mkdir(parents=True)
    (scratch / "new" / "raw" / "train.jsonl").write_bytes(b"x" * 500)
    (run / "export" / ".remud-export-4567" / "old" / "swift").mkdir(parents=True)
    (run / "export" / ".remud-export-4567" / "old" / "swift" / "train.jsonl").write_bytes(b"old")
    (run / "export" / ".remud-export-4567" / "new" / "swift").mkdir(parents=True)
    (run / "export" / ".remud-export-4567" / "new" / "swift" / "train.jsonl").write_bytes(b"new")
    before = tree(run)
    assert (counts(sweep(run)), sweep(run).size_bytes) == ({"half_exports": 2}, 500)
    assert tree(run) == before
    assert counts(sweep(run, is_applied=True)) == {"half_exports": 2}
    # The second one was stopped between its two renames: what it was moving in is moved in.
    assert (run / "export" / "swift" / "train.jsonl").read_bytes() == b"new"
    assert counts(sweep(run)) == {}


def test_pictures_behind_a_link_or_of_unreadable_records_stay(run: Path, tmp_path: Path) -> None:
    picture = add_picture(run)
    (run / "images").rename(tmp_path / "images")
    (run / "images").symlink_to(tmp_path / "images")
    assert "is a link" in sweep(run, is_applied=True).kept[0]
    assert picture.exists()


def test_pictures_that_any_record_names_stay(run: Path, shelf: Path) -> None:
    named, unnamed = "cd" * 32, "ce" * 32
    for sha256 in (named, unnamed):
        add_picture(run, sha256)
    records = next(path for path in (run / "extract").glob("first*.jsonl") if "errors" not in path.name)
    # Far into a file, across the border of two reads, in a part that is stale by this edit.
    filler = b" " * (16 * 2**20 - records.stat().st_size - 20)
    records.write_bytes(records.read_bytes() + filler + f'"path":"images/cd/{named}.png"'.encode())
    assert sweep(run, is_applied=True).findings["pictures"].names == [f"images/ce/{unnamed}.png"]


@pytest.mark.parametrize("case", ["gone", "empty", "hidden_only", "dangling", "unlistable"])
def test_a_shelf_that_is_not_all_there_is_refused(run: Path, shelf: Path, tmp_path: Path, case: str) -> None:
    hidden = tmp_path / "hidden"
    if case == "dangling":
        (shelf / "disk").symlink_to(tmp_path / "unplugged")
    elif case == "unlistable":
        if os.geteuid() == 0:
            pytest.skip("root may list every folder")
        (shelf / "locked").mkdir(mode=0)
    else:
        shelf.rename(hidden)
        if case != "gone":
            shelf.mkdir()
        if case == "hidden_only":
            (shelf / ".DS_Store").write_bytes(b"x")
    (run / ".tmp-dead").write_bytes(b"x")
    before = tree(run)
    for is_applied in (False, True):
        with pytest.raises(InputError) as caught:
            sweep(run, is_applied=is_applied)
        assert "plugged" in caught.value.hint
    assert tree(run) == before


def test_while_a_file_cannot_be_read_no_document_is_taken_for_gone(run: Path, shelf: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    (shelf / "first.txt").chmod(0)
    before = record_files(run)
    assert "first.txt cannot be read" in sweep(run, is_applied=True).kept[0]
    assert record_files(run) == before


def test_a_run_in_use_is_refused_but_can_be_listed(run: Path, shelf: Path) -> None:
    (shelf / "first.txt").unlink()
    with FileLock(run / ".lock"):
        assert counts(sweep(run))["gone_parts"] == 6
        with pytest.raises(InputError, match="in use"):
            sweep(run, is_applied=True)
    assert counts(sweep(run))["gone_parts"] == 6


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for folder in (tmp_path / "mine", tmp_path / "absent"):
        with pytest.raises(InputError, match="not a run folder"):
            sweep(folder, is_applied=True)
        assert not (folder / ".lock").exists()


def test_a_kill_between_any_two_removals_leaves_a_whole_run(run: Path, shelf: Path) -> None:
    (shelf / "first.txt").unlink()
    kept = {name: data for name, data in record_files(run).items() if "first" not in name}
    for number in range(4):
        add_picture(run, f"{number}b" * 32)
    n_kills = 0
    while killed_after(run, 3):
        n_kills += 1
        assert {name: data for name, data in record_files(run).items() if "first" not in name} == kept
        assert rerun(run, shelf) == NOTHING
    assert n_kills >= 5
    assert record_files(run) == kept
    assert counts(sweep(run)) == {}


def killed_after(run: Path, n_removals: int) -> bool:
    """Apply in a process that dies by kill -9 before one more file is removed; whether it came to that."""
    child = os.fork()
    if child == 0:
        import sys

        left = [n_removals]

        def die(event: str, details: tuple[object, ...]) -> None:
            if event == "os.remove" and "lock" not in str(details[0]):
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die)
        code = 1
        try:
            sweep(run, is_applied=True)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def test_looking_into_a_store_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    store = ReplyStore(path)
    store.put(ModelReply(request_sha256="aa", client="openai", model="m", text="é" * 10, reasoning="why", seconds=0.1))
    store.register_user(tmp_path)
    for is_open in (True, False):  # with a log beside it, and without
        if not is_open:
            store.close()
        before = tree(tmp_path)
        look = look_into_store(path)
        assert (look.sizes, look.users) == ({"aa": 23}, (tmp_path.resolve(),))
        assert {name: stat for name, stat in tree(tmp_path).items() if "-shm" not in name} == {
            name: stat for name, stat in before.items() if "-shm" not in name
        }


def test_a_foreign_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    with pytest.raises(InputError, match="no reply store"):
        look_into_store(path)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="cannot be read"):
        look_into_store(path)
