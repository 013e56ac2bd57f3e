"""The export of a real run: left alone while nothing changed, honest about what it lacks, whole whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from remud_gen.errors import InputError, Interrupted, RecordError
from remud_gen.exporters.rows import read_rows
from remud_gen.filters import funnel
from remud_gen.pipeline import PIPELINE
from remud_gen.runner import judged
from remud_gen.runner.command import run_stages
from remud_gen.runner.export_places import PLACES, recover_exports
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.options import Options, Result
from remud_gen.runner.publish import Crop, Publication, Publisher
from remud_gen.runner.reports.summary import to_json, to_text
from tests.e2e.command import make_book
from tests.exporters.samples import read_tree
from tests.runner.test_place import PROJECT, mount, traces

FORMATS = ("llamafactory", "raw")
SETTINGS = (
    "generate.client=extractive", "runner.executor=serial", "extract.reads_burned_in_text=false",
    "export.formats=[llamafactory, raw]", "export.split=[1.0]",
)  # fmt: skip


def command(run: Path, last: str = "export", **options: object) -> Result:
    """Run a stage command in this process."""
    assignments = (*SETTINGS, *options.pop("settings", ()))  # type: ignore[misc]
    return run_stages(PIPELINE, Options(run, assignments=assignments, is_quiet=True, **options), last)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A shelf of two books, and its run, exported."""
    base = tmp_path_factory.mktemp("exported")
    for number in (1, 2):
        make_book(base / "shelf" / f"book{number}.pdf", 1, seed=number)
    command(base / "run", inputs=(base / "shelf",))
    return base / "shelf", base / "run"


@pytest.fixture
def run(exported: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of that run, times of files included, to be changed at will."""
    shutil.copytree(exported[1], tmp_path / "run")
    return tmp_path / "run"


def inodes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_ino for path in folder.rglob("*")}


def is_up_to_date(result: Result) -> dict[str, bool]:
    return {name: one.is_up_to_date for name, one in result.exports.items()}


def make_crop(result: Result) -> Crop:
    states = {report.name: report.states for report in result.reports}
    assert result.funnel is not None
    return Crop(result.run, states["filter"], states["corpus"], result.funnel.kept)


def publish(result: Result, target: Path | None = None, **changes: object) -> dict[str, Publication]:
    crop = make_crop(result)
    publisher = Publisher(RunFolder(result.run), result.config, target or result.run / "export")
    return dict(publisher.publish(replace(crop, **changes), is_quiet=True))  # type: ignore[arg-type]


def test_a_rerun_reads_no_record_and_leaves_the_export_alone(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*states: object) -> Iterator[object]:
        raise AssertionError("records were read")

    monkeypatch.setattr(judged, "read_judged", refuse)
    monkeypatch.setattr("remud_gen.runner.publish.read_judged", refuse)
    before = inodes(run / "export")
    for last in ("export", "run", "filter"):
        result = command(run, last)
        assert is_up_to_date(result) == ({} if last == "filter" else dict.fromkeys(FORMATS, True))
    assert inodes(run / "export") == before


def test_the_summary_says_up_to_date_and_reconciles(run: Path) -> None:
    result = command(run)
    text, data = to_text(result), json.loads(to_json(result))["exports"]["raw"]
    assert "raw is up to date: " in text
    row = next(line for line in text.splitlines() if line.startswith("export raw"))
    figures = [int(cell) for cell in row.split()[2:6]]
    assert figures[0] == sum(figures[1:]) == result.funnel.kept > 0  # type: ignore[union-attr]
    assert (data["is_up_to_date"], data["inputs"], data["exported"]) == (True, figures[0], figures[1])
    manifest = json.loads((run / "export" / "raw" / "MANIFEST.json").read_text("utf-8"))
    assert manifest["inputs"] == manifest["counts"]["train"] + sum(manifest["left_out"].values())


def test_a_first_export_and_one_left_alone_report_the_same(exported: tuple[Path, Path], tmp_path: Path) -> None:
    first = command(tmp_path / "run", inputs=(exported[0],))
    again = command(tmp_path / "run")
    assert {name: one.summary.counts for name, one in first.exports.items()} == {
        name: one.summary.counts for name, one in again.exports.items()
    }
    assert (is_up_to_date(first), is_up_to_date(again)) == (dict.fromkeys(FORMATS, False), dict.fromkeys(FORMATS, True))
    assert read_tree(tmp_path / "run" / "export") == read_tree(exported[1] / "export")


@pytest.mark.parametrize("damage", ["cut", "edited", "manifest", "picture gone", "picture more", "readme gone"])
def test_a_damaged_export_is_written_anew_and_the_other_left_alone(run: Path, damage: str) -> None:
    raw = run / "export" / "raw"
    before, others = read_tree(raw), inodes(run / "export" / "llamafactory")
    picture = next(path for path in (raw / "images").rglob("*") if path.is_file())
    if damage == "cut":
        (raw / "train.jsonl").write_bytes((raw / "train.jsonl").read_bytes()[:-9])
    elif damage == "edited":
        (raw / "train.jsonl").write_bytes((raw / "train.jsonl").read_bytes().replace(b"e", b"a"))
    elif damage == "manifest":
        (raw / "MANIFEST.json").write_bytes(b"{")
    elif damage == "picture gone":
        picture.unlink()
    elif damage == "picture more":
        picture.with_name("more.png").write_bytes(b"x")
    else:
        (raw / "README.md").unlink()
    assert is_up_to_date(command(run)) == {"llamafactory": True, "raw": False}
    assert read_tree(raw) == before
    assert inodes(run / "export" / "llamafactory") == others


@pytest.mark.parametrize("change", ["settings", "limit", "records"])
def test_what_shapes_an_export_makes_it_stale(
    run: Path, exported: tuple[Path, Path], tmp_path: Path, change: str
) -> None:
    if change == "settings":
        result = command(run, settings=("export.thinking=none",))
    elif change == "limit":
        result = command(run, limit=2)
        assert [one.exported for one in result.exports.values()] == [2, 2]
        assert "Limited: the first 2 of" in (run / "export" / "raw" / "README.md").read_text("utf-8")
    else:
        shutil.copytree(exported[0], tmp_path / "shelf")
        make_book(tmp_path / "shelf" / "book3.pdf", 1, seed=3)
        result = command(run, inputs=(tmp_path / "shelf",))
    assert is_up_to_date(result) == dict.fromkeys(FORMATS, False)


def test_a_limit_that_cuts_nothing_off_changes_nothing(run: Path) -> None:
    assert is_up_to_date(command(run, limit=10_000)) == dict.fromkeys(FORMATS, True)


def test_the_funnel_is_counted_anew_when_its_file_is_damaged_or_of_other_records(
    run: Path, exported: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = run / judged.FILE
    whole, counts = file.read_bytes(), command(run, "filter").funnel
    assert counts is not None
    for other in (b"", whole[:-20], b"[]", whole.replace(b'"total":', b'"total":1')):
        file.write_bytes(other)
        assert command(run, "filter").funnel == counts
        assert file.read_bytes() == whole
    monkeypatch.setattr(judged, "VERSION", funnel.VERSION + 1)
    command(run, "filter")
    assert file.read_bytes() != whole
    fewer = command(run, "filter", inputs=(exported[0] / "book1.pdf",)).funnel
    assert fewer is not None
    assert 0 < fewer.total < counts.total


def find_part(run: Path, stage: str) -> Path:
    return next(
        path
        for path in sorted((run / stage).glob("*.jsonl"))
        if path.stat().st_size and not path.name.endswith(".errors.jsonl")
    )


def edit_unnoticed(path: Path) -> bytes:
    """Other bytes of the same size and time; returns the old ones."""
    before, stat = path.read_bytes(), path.stat()
    path.write_bytes(before.replace(b'"language":"en"', b'"language":"zh"'))
    assert path.read_bytes() != before
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return before


@pytest.mark.parametrize("reader", ["export", "funnel"])
def test_a_part_edited_unnoticed_stops_the_command_and_the_same_one_again_mends_it(run: Path, reader: str) -> None:
    kept = (run / judged.FILE).read_bytes()
    exports = read_tree(run / "export")
    if reader == "export":
        shutil.rmtree(run / "export" / "raw")
    else:
        (run / judged.FILE).unlink()
    part = find_part(run, "filter")
    before = edit_unnoticed(part)
    with pytest.raises(InputError, match="was changed after it was written") as caught:
        command(run)
    assert part.name in caught.value.message
    assert "run the same command again" in caught.value.hint
    command(run)
    assert (part.read_bytes(), (run / judged.FILE).read_bytes()) == (before, kept)
    assert read_tree(run / "export") == exports


def test_a_part_that_vanishes_while_it_is_exported_is_made_anew_by_the_same_command_again(run: Path) -> None:
    result = command(run)
    exports = read_tree(run / "export")
    for name in FORMATS:
        (run / "export" / name / "MANIFEST.json").unlink()
    part = find_part(run, "filter")
    part.unlink()
    with pytest.raises(InputError, match="is gone"):
        publish(result)
    command(run)
    assert part.exists()
    assert read_tree(run / "export") == exports


def test_partial_stale_and_failed_parts_are_named(exported: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(exported[0], tmp_path / "shelf")
    (tmp_path / "shelf" / "torn.pdf").write_bytes(b"%PDF-1.7\nnothing follows")
    run = tmp_path / "run"
    limited = command(run, "run", inputs=(tmp_path / "shelf",), limit=1)
    assert "Limited: extract looked at 1 page (--limit 1)." in limited.exports["raw"].summary.notes
    result = command(run)
    failed = "Incomplete: 1 of 3 files failed in documents (1 of 3 parts)."
    assert result.exports["raw"].summary.notes == (failed,)
    for text in (to_text(result), *((run / "export" / name / "README.md").read_text("utf-8") for name in FORMATS)):
        assert text.count(failed) == 1
    next((run / "filter").glob("*.meta.json")).unlink()
    stale = command(run, settings=("filter.options={form: null}",), is_only=True)
    assert stale.exports["raw"].summary.notes == (
        failed,
        "Incomplete: 1 of 2 parts of filter is missing.",
        "Incomplete: 1 of 2 parts of filter is out of date.",
        "Incomplete: 1 of 1 parts of corpus is out of date.",
    )
    assert command(run).exports["raw"].summary.notes == (failed,)


def test_parts_cut_short_are_named(exported: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    command(run, "generate", inputs=(exported[0],), limit=1)
    command(run, "filter", is_only=True)
    result = command(run, is_only=True)
    notes = result.exports["raw"].summary.notes
    assert "Incomplete: 1 of 2 parts of generate is partial." in notes
    assert "Incomplete: 1 of 2 parts of generate is missing." in notes
    readme = (run / "export" / "raw" / "README.md").read_text("utf-8")
    assert all(note in readme for note in notes)


def test_a_vanished_picture_is_left_out_by_name_and_taken_in_once_it_is_back(run: Path) -> None:
    result = command(run)
    victim = next(path for path in (run / "images").rglob("*") if path.is_file())
    aside = victim.rename(run / "aside")
    made = publish(result, gaps=("A note.",))["llamafactory"]
    codes = {reason.partition(":")[0] for _, reason in made.summary.left_out}
    assert codes == {"IMAGE_MISSING"}
    assert made.inputs == made.exported + len(made.summary.left_out)
    left = [row["id"] for row in read_rows(run / "export" / "llamafactory" / "left_out.jsonl")]
    assert left == [record_id for record_id, _ in made.summary.left_out]
    aside.rename(victim)
    again = publish(result, gaps=("A note.",))["llamafactory"]
    assert (again.is_up_to_date, again.summary.left_out) == (False, ())
    assert publish(result, gaps=("A note.",))["llamafactory"].is_up_to_date


def test_a_picture_that_vanishes_between_two_looks_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result, before = command(run), read_tree(run / "export")
    link = os.link

    def lose(source: Path, target: Path) -> None:
        source.unlink()
        link(source, target)

    monkeypatch.setattr(os, "link", lose)
    with pytest.raises(InputError, match=r"the picture .*\.(png|jpg) vanished") as caught:
        publish(result, gaps=("Changed.",))
    assert "remud extract" in caught.value.hint
    assert read_tree(run / "export") == before
    assert traces(run / "export") == []


def test_a_folder_that_a_user_made_meanwhile_is_not_replaced(run: Path, tmp_path: Path) -> None:
    result = command(run)
    mine = tmp_path / "out" / "raw" / "train.jsonl"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work", "utf-8")
    with pytest.raises(InputError, match="no export"):
        publish(result, tmp_path / "out")
    assert read_tree(tmp_path / "out") == {"raw/train.jsonl": b"years of work"}


def test_a_stop_during_an_export_leaves_the_older_one(run: Path) -> None:
    result, before = command(run), read_tree(run / "export")
    ticks = iter(range(5))

    def check() -> None:
        if next(ticks, None) is None:
            raise Interrupted("stopped on request")

    publisher = Publisher(RunFolder(run), result.config, run / "export")
    with pytest.raises(Interrupted):
        publisher.publish(replace(make_crop(result), gaps=("Changed.",)), is_quiet=True, check=check)
    assert read_tree(run / "export") == before
    assert traces(run / "export") == []


def test_a_full_disk_leaves_the_older_export_and_no_scratch(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = command(run)
    target = tmp_path / "disk"
    with mount(target, "size=2m"):
        publish(result, target)
        before = read_tree(target)
        filler = target / "filler"
        room = shutil.disk_usage(target).free
        for spare in range(0, 9 * 4096, 4096):  # so that another write fails each time
            filler.write_bytes(b"x" * (room - spare - sum(len(data) for data in before.values()) // 3))
            with pytest.raises(InputError, match="No space left") as caught:
                publish(result, target, gaps=("Changed.",))
            assert "--out" in caught.value.hint
            filler.unlink()
            assert read_tree(target) == before
            assert traces(target) == []
        assert publish(result, target)["raw"].is_up_to_date
        assert not publish(result, target, gaps=("Changed.",))["raw"].is_up_to_date
    assert capfd.readouterr() == ("", "")


def test_a_foreign_folder_file_or_link_is_never_replaced(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "raw").mkdir(parents=True)
    (out / "raw" / "MANIFEST.json").write_text('{"name": "my web page"}', "utf-8")
    with pytest.raises(InputError, match="no export"):
        command(run, out=out)
    shutil.rmtree(out / "raw")
    (out / "raw").write_text("years of work", "utf-8")
    with pytest.raises(InputError, match="no folder of its own"):
        command(run, out=out)
    (out / "raw").unlink()
    (tmp_path / "elsewhere").mkdir()
    (out / "raw").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="no folder of its own"):
        command(run, out=out)
    assert traces(out) == []


def test_a_kill_between_the_renames_is_mended_by_the_next_command_of_any_kind(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command(run, out=out)
    child = f"""
        import os, signal
        from pathlib import Path
        from tests.runner.test_publish import command
        rename = os.replace
        def replace(source, goal):
            if Path(source).parent.name == "new":
                os.kill(os.getpid(), signal.SIGKILL)
            rename(source, goal)
        os.replace = replace
        command(Path({str(run)!r}), out=Path({str(out)!r}), settings=("export.thinking=none",))
    """
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT / 'src'}{os.pathsep}{PROJECT}"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(child)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (out / "llamafactory").exists()
    command(run, "filter")
    manifest = json.loads((out / "llamafactory" / "MANIFEST.json").read_text("utf-8"))
    assert manifest["settings"]["thinking"] == "none"
    assert traces(out) == []
    command(run, out=out, settings=("export.thinking=none",))
    command(run, out=tmp_path / "reference", settings=("export.thinking=none",))
    assert read_tree(out) == read_tree(tmp_path / "reference")


def test_an_export_that_does_not_account_for_every_kept_record_is_refused(run: Path) -> None:
    result, before = command(run), read_tree(run / "export")
    kept = make_crop(result).kept
    with pytest.raises(RecordError, match=f"{kept + 1} records were kept") as caught:
        publish(result, kept=kept + 1, gaps=("Changed.",))
    assert caught.value.code == "EXPORT_INVALID"
    assert read_tree(run / "export") == before
    assert traces(run / "export") == []


def test_a_remembered_place_that_cannot_be_looked_at_is_passed_over(tmp_path):
    unreachable = "/" + "x" * 5_000  # as one on a share that is away, or of a colleague
    (tmp_path / PLACES).write_text(json.dumps({"places": {unreachable: {}}}), "utf-8")
    recover_exports(tmp_path)
