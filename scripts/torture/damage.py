"""Books that vanish or change, and files of a run that are cut short, edited, torn or gone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from scripts.torture.bench import Bench, try_cases
from scripts.torture.comparison import STORE, compare, read_remains, read_signatures
from scripts.torture.disk import copy_shelf, expect_refusal
from scripts.torture.processes import Command
from scripts.torture.spoiling import (
    ERROR_DAMAGES,
    GARBAGE,
    META_DAMAGES,
    RECORD_DAMAGES,
    STORE_DAMAGES,
    Damage,
    change_book,
    cut_file,
    edit_file,
    empty_file,
    hide_file,
    overwrite_middle,
    remove_file,
    replace_file,
    set_key,
)
from tests.e2e.command import remud

STAGES = ("documents", "extract", "pair", "generate", "filter", "corpus")
TIMES = ("seconds", "mtime_ns", "errors_mtime_ns", "seal")  # of a sidecar, and what covers them: not compared
GONE = "thyroid.pdf"


def list_damage_cases(bench: Bench) -> Iterator[tuple[str, Callable[[], str]]]:
    """Names and calls, so that tests can choose."""
    yield "input folder gone for a while", partial(lose_shelf, bench)
    yield "a book removed between two commands", partial(remove_book, bench)
    for name, change in (("vanishes", hide_file), ("changes", change_book)):
        yield f"a book that {name} while extract runs", partial(disturb_book, bench, change)
    for number in range(len(RECORD_DAMAGES)):
        names = (tuple(damages)[number % len(damages)] for damages in (RECORD_DAMAGES, ERROR_DAMAGES, META_DAMAGES))
        yield "in every stage records {}, errors {}, a sidecar {}".format(*names), partial(damage_parts, bench, number)
    yield "a sidecar of a newer version", partial(meet_newer_sidecar, bench)
    yield "small files of the run", partial(damage_small_files, bench)
    yield "edits that keep size and time, with --verify", partial(verify_edits, bench)
    yield "pictures damaged and gone, with --verify", partial(verify_pictures, bench)
    for name, damage in STORE_DAMAGES.items():
        yield f"a reply store {name}", partial(damage_store, bench, damage)
    yield "run.json and config.yaml", partial(damage_marker, bench)
    yield "a run folder that is a file", partial(name_file, bench)


def lose_shelf(bench: Bench) -> str:
    """As when a disk is not plugged in: nothing is dropped, nothing is made anew later."""
    shelf, run = copy_shelf(bench), bench.new_run(after="pair")
    with bench.serve(0.05) as server:
        _succeed(bench.arguments("extract", run, server, shelf=shelf))
        shelf.rename(shelf.with_name("away"))
        for step in ("extract", "pair", "generate", "filter", "export"):
            expect_refusal(bench.arguments(step, run, server, shelf=shelf), ("does not exist",), "check the spelling")
        expect_refusal(("status", "--run", run), ("does not exist",), "check the spelling")
        shelf.with_name("away").rename(shelf)
        _succeed(bench.arguments("run", run, server, shelf=shelf))
    compare(run, bench.undisturbed)
    return "every command names it; once it is back, the run ends with the same bytes"


def remove_book(bench: Bench) -> str:
    """Its parts stay and are told of, and nothing of it is exported; when it is back, nothing is asked again."""
    shelf, run, fresh = copy_shelf(bench), bench.new_run(after="export"), bench.new_run()
    with bench.serve(0.05) as server:
        _succeed(bench.arguments("run", run, server, shelf=shelf))
        (shelf / GONE).rename(bench.folder / "removed.pdf")
        _succeed(bench.arguments("export", run, server, shelf=shelf))
        stages = json.loads(remud("status", "--run", run, "--json").stdout)["stages"]
        counts = {name: len(stages[name]["orphans"]) for name in STAGES[:5]}
        assert all(counts.values()), f"orphans: {counts}"
        _succeed(bench.arguments("run", fresh, server, shelf=shelf))
        expected, found = read_remains(fresh), read_remains(run)
        assert expected.exports != bench.undisturbed.exports, "the book made no difference: nothing would be seen"
        wrong = [name for name in {*expected.exports, *found.exports} if _differ(name, found.exports, expected.exports)]
        assert not wrong, f"exports differ from those of a shelf without the book: {sorted(wrong)[:5]}"
        (bench.folder / "removed.pdf").rename(shelf / GONE)
        n_requests = len(server.read_log())
        _succeed(bench.arguments("run", run, server, shelf=shelf))
        assert len(server.read_log()) == n_requests, "something was asked for again"
    compare(run, bench.undisturbed)
    return f"{sum(counts.values())} orphans told of, the export is that of a shelf without it; back, nothing was asked"


def disturb_book(bench: Bench, disturb: Callable[[Path], None]) -> str:
    """Its pages fail by name unless they were read before; put back, a retry gives the same bytes."""
    shelf, run = copy_shelf(bench), bench.new_run()
    stat = (shelf / GONE).stat()
    with bench.serve(0.05) as server:
        arguments = bench.arguments("extract", run, server, "--set", "runner.workers=1", shelf=shelf)
        with Command(*arguments) as command:
            assert command.wait_until(lambda: any((run / "extract").glob("*.meta.json"))), command.said
            disturb(shelf / GONE)
            command.succeed()
        lines = [json.loads(line) for path in run.glob("*/*.errors.jsonl") for line in path.open("rb")]
        assert lines, "the book was read before it was disturbed"
        codes = {line["code"] for line in lines}
        assert {line["file"] for line in lines} == {GONE}, lines
        assert len(codes) == 1 and codes <= {"FILE_VANISHED", "FILE_CHANGED"}, codes
        assert all(line["hint"] for line in lines), lines
        read = read_remains(run).records
        wrong = [name for name, data in bench.undisturbed.records.items() if GONE[:-4] not in name and name in read]
        wrong = [name for name in wrong if name.startswith(("documents/", "extract/"))]
        assert wrong and all(read[name] == bench.undisturbed.records[name] for name in wrong), "other books differ"
        shutil.copyfile(bench.shelf / GONE, shelf / GONE)
        os.utime(shelf / GONE, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        _succeed(bench.arguments("run", run, server, "--retry-errors", shelf=shelf))
    _compare_files(run, bench)
    return f"{len(lines)} inputs failed with {codes.pop()}, other books as ever; put back, a retry gave the same bytes"


def damage_parts(bench: Bench, number: int) -> str:
    """One part of each stage each: all are made anew with the same bytes, out of stored replies."""
    run = bench.new_run(after="export")
    damages = [
        (suffix, tuple(kinds.values())[number % len(kinds)])
        for suffix, kinds in (
            (".jsonl", RECORD_DAMAGES),
            (".errors.jsonl", ERROR_DAMAGES),
            (".meta.json", META_DAMAGES),
        )
    ]
    n_damaged = 0
    for stage in STAGES:
        keys = sorted(path.name.removesuffix(".meta.json") for path in (run / stage).glob("*.meta.json"))
        for place, (suffix, damage) in enumerate(damages):
            # A stage of one part suffers one kind at a time.
            if len(keys) > place or place == number % len(damages):
                damage(run / stage / f"{keys[place % len(keys)]}{suffix}")
                n_damaged += 1
    sidecars = _read_sidecars(bench.folder / "undisturbed")
    _mend(bench, run)
    found = _read_sidecars(run)
    wrong = [name for name in sidecars if found.get(name) != sidecars[name]]
    assert not wrong, f"sidecars differ: {[(name, _tell(found.get(name), sidecars[name])) for name in wrong[:3]]}"
    return f"{n_damaged} files damaged; made anew, the same bytes, nothing asked for again"


def meet_newer_sidecar(bench: Bench) -> str:
    """What a later version made is not overwritten."""
    for stage in ("documents", "generate", "corpus"):
        run = bench.new_run(after="export")
        path = sorted((run / stage).glob("*.meta.json"))[0]
        set_key("schema_version", 99)(path)
        before = path.read_bytes()
        with bench.serve(0.05) as server:
            told = expect_refusal(bench.arguments("run", run, server), ("newer remud-gen",), "upgrade")
        assert path.read_bytes() == before, "it was overwritten"
    return f"refused: {told}"


def damage_small_files(bench: Bench) -> str:
    """Caches and notes of the run are made anew, whatever is in them."""
    n_files = 0
    for damage in (
        cut_file,
        replace_file,
        remove_file,
        partial(_fill, b"[]"),
        partial(_fill, b'{"places": 5, "%s": 5}'),
    ):
        run = bench.new_run(after="export")
        names = ("inputs.json", "export.json", "corpus/funnel.json", "generate/*.calls.json", "bases/*", ".lock")
        paths = [path for name in names for path in sorted(run.glob(name)) if path.is_file()]
        assert {path.parent.name for path in paths} >= {run.name, "corpus", "generate"}, paths
        lasting = [path for path in paths if path.parent.name in {"bases", "generate"}]
        assert len(lasting) > 3, "there are no bases or calls"
        for path in paths:
            # These only serve to say what changed and what a retry must not trust: one that is gone is not made anew
            # before its part is.
            if path not in lasting or damage is not remove_file:
                damage(path)
        n_files = len(paths)
        told = remud("status", "--run", run, "--set", "pair.passage_min_chars=90", "--set", "extract.min_dpi=151")
        assert told.returncode == 0, f"status of changed settings: {told.stderr}"
        _mend(bench, run, "--retry-errors")
    return f"{n_files} files in five ways: the same bytes, nothing stored asked for but what had failed"


def _fill(data: bytes, path: Path) -> None:
    path.write_bytes(data.replace(b"%s", next(iter(_keys_of(path)), "x").encode()))


def _keys_of(path: Path) -> list[str]:
    try:
        data = json.loads(path.read_bytes())
    except ValueError:
        return []
    return list(data) if isinstance(data, dict) else []


def verify_edits(bench: Bench) -> str:
    """Only reading everything finds them, and --verify does."""
    run = bench.new_run(after="export")
    edited = [
        next(path for path in sorted((run / stage).glob("*.jsonl")) if not path.name.endswith(".errors.jsonl"))
        for stage in STAGES[:5]
    ]
    sidecar = sorted((run / "filter").glob("*.meta.json"))[-1]
    edited += [path for path in sorted((run / "generate").glob("*.errors.jsonl")) if path.stat().st_size][:1]
    for path in edited:
        stat = path.stat()
        edit_file(path)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    sidecars = _read_sidecars(run)
    set_key("sha256", "0" * 64)(sidecar)  # nothing reads this digest unless it is told to
    status = json.loads(remud("status", "--run", run, "--json", "--verify").stdout)
    # What lies below a stale part is not judged before that is made anew.
    stale = {name for name in STAGES if status["stages"][name]["parts"]}
    assert not status["is_up_to_date"] and "documents" in stale, f"status --verify sees damage only in {stale}"
    _mend(bench, run, "--verify")
    assert _read_sidecars(run) == sidecars, "a digest that was edited stayed"
    return f"{len(edited) + 1} edits in {len(STAGES[:5])} stages found and made anew with the same bytes"


def verify_pictures(bench: Bench) -> str:
    """Pictures of the run and the linked ones in its exports are restored."""
    run = bench.new_run(after="export")
    shutil.rmtree(run / "export")  # copying broke its links to the run's pictures
    _mend(bench, run)
    first, second, third = sorted(path for path in (run / "images").rglob("*") if path.is_file())[:3]
    edit_file(first)
    second.unlink()
    empty_file(third)
    status = json.loads(remud("status", "--run", run, "--json", "--verify").stdout)
    assert not status["is_up_to_date"], "status --verify sees nothing"
    _mend(bench, run, "--verify")
    return "an edited, a removed and an emptied one were found and restored, in the exports, too"


def damage_store(bench: Bench, damage: Damage) -> str:
    """A clear end that leaves the file alone; moved away as the hint says, the run ends with the same bytes."""
    run = bench.new_run(after="generate")
    shutil.rmtree(run / "generate")
    for path in run.glob(f"{STORE}-*"):
        path.unlink()
    store = run / STORE
    damage(store)
    before = store.read_bytes() if store.is_file() else None
    with bench.serve(0.05) as server:
        told = expect_refusal(
            bench.arguments("generate", run, server),
            ("reply store",),
            "runner.replies" if store.is_dir() else "move the file away",
        )
        # Where only pages in the middle are bad, the note that this run uses the store may still be written.
        if damage is not overwrite_middle:
            assert (store.read_bytes() if store.is_file() else None) == before, "the file was changed"
        store.rename(bench.folder / f"{run.name}-store")
        for path in run.glob(f"{STORE}-*"):
            path.unlink()
        _succeed(bench.arguments("run", run, server))
    compare(run, bench.undisturbed)
    return f"{told.replace(str(run), 'RUN')}; moved away, the run ended with the same bytes"


def damage_marker(bench: Bench) -> str:
    """What a run is and how it is configured: never guessed."""
    newer = b'{"schema_version": 99, "inputs": []}'
    cases: tuple[tuple[str, bytes, int, str, str], ...] = (
        ("run.json", GARBAGE, 3, "cannot be read", "restore it or use another --run folder"),
        ("run.json", b"", 3, "cannot be read", "restore it or use another --run folder"),
        ("run.json", b"[1]", 3, "cannot be read", "restore it or use another --run folder"),
        ("run.json", newer, 3, "newer remud-gen", "upgrade remud-gen"),
        ("config.yaml", GARBAGE, 2, "config.yaml", ""),
        ("config.yaml", b"extract: {min_dpi", 2, "config.yaml", ""),
        ("config.yaml", b"extract: {from_the_future: 1}\n", 2, "unknown key `extract.from_the_future`", "known here"),
    )
    with bench.serve(0.05) as server:
        run = bench.new_run(after="generate")
        for name, data, code, words, advice in cases:
            kept = (run / name).read_bytes()
            (run / name).write_bytes(data)
            for arguments in (bench.arguments("run", run, server), ("status", "--run", run)):
                expect_refusal(arguments, (words,), advice, code=code)
            assert (run / name).read_bytes() == data, f"{name} was overwritten"
            (run / name).write_bytes(kept)
        old = {**json.loads((run / "run.json").read_bytes()), "schema_version": 0}
        (run / "run.json").write_text(json.dumps(old), "utf-8")
        (run / "config.yaml").unlink()
        arguments = bench.arguments("run", run, server)
        _succeed((*arguments, "--set", "generate.client=openai"))
    compare(run, bench.undisturbed)
    return f"{len(cases)} refused and left alone; an older run.json and no config.yaml: the same bytes"


def name_file(bench: Bench) -> str:
    """--run names a file, or a folder below one."""
    path = bench.folder / "a-file"
    path.write_text("mine", "ascii")
    with bench.serve(0.05) as server:
        for run in (path, path / "run"):
            for arguments in (bench.arguments("run", run, server), ("status", "--run", run)):
                told = expect_refusal(arguments, (str(path),), "--run")
    assert path.read_text("ascii") == "mine"
    return f"refused: {told.replace(str(bench.folder), '…')}"


def _succeed(arguments: tuple[object, ...]) -> None:
    with Command(*arguments) as command:
        command.succeed()


def _mend(bench: Bench, run: Path, *more: object) -> None:
    """The whole chain once more; nothing that is stored and good may be asked for again."""
    stored = read_signatures(run)
    with bench.serve(0.05) as server:
        _succeed(bench.arguments("run", run, server, *more))
        again = {entry["id"] for entry in server.read_log() if entry["outcome"] == "ok"} & stored
    assert not again, f"{len(again)} of {len(stored)} stored replies were asked for again"
    compare(run, bench.undisturbed)


def _compare_files(run: Path, bench: Bench) -> None:
    """As `compare`, where the run may hold orphans."""
    found, expected = read_remains(run), bench.undisturbed
    for kind in ("records", "exports", "images"):
        ours, theirs = getattr(found, kind), getattr(expected, kind)
        wrong = [name for name in theirs if _differ(name, ours, theirs)]
        assert not wrong, f"{kind} that differ: {wrong[:5]}"
    assert found.exports.keys() == expected.exports.keys(), "files in one export only"


def _differ(name: str, ours: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> bool:
    return ours.get(name) != theirs.get(name)


def _read_sidecars(run: Path) -> dict[str, dict[str, object]]:
    """All sidecars without their times."""
    return {
        path.relative_to(run).as_posix(): {
            key: value for key, value in json.loads(path.read_bytes()).items() if key not in TIMES
        }
        for path in sorted(run.glob("*/*.meta.json"))
    }


def _tell(found: dict[str, object] | None, expected: dict[str, object]) -> object:
    return "missing" if found is None else [key for key in expected if found.get(key) != expected[key]]


def disturb_disk(bench: Bench) -> list[str]:
    """All cases of this module and of disk.py.

    Raises:
        AssertionError: listing every case that failed; the others were tried all the same.
    """
    from scripts.torture.disk import list_disk_cases

    return try_cases((*list_disk_cases(bench), *list_damage_cases(bench)))
