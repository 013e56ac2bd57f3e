"""Whatever a user does wrong gets a message that says what to do, the exit code of the design, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path

import pymupdf
import pytest

from tests.e2e.command import PROJECT, leftovers, make_book, read_records, record_files, remud, start_remud
from tests.model_server import ModelServer


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A shelf with one small book, and a run brought up to pairs."""
    folder = tmp_path_factory.mktemp("bad_input")
    make_book(folder / "shelf" / "kidney.pdf")
    done = remud("pair", folder / "shelf", "--run", folder / "run", "--quiet")
    assert done.returncode == 0, done.stderr
    return folder / "shelf", folder / "run"


def test_no_model_says_how_to_set_one(paired: tuple[Path, Path]) -> None:
    done = remud("generate", "--run", paired[1], "--quiet")
    assert done.returncode == 2
    for word in ("--model", "REMUD_MODEL", "OPENAI_API_KEY", "--base-url", "demo.yaml"):
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_no_key(paired: tuple[Path, Path], tmp_path: Path) -> None:
    done = remud("generate", "--run", paired[1], "--model", "gpt-4o", "--quiet", cwd=tmp_path)
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr


def test_a_missing_key_is_told_before_the_books_are_read(tmp_path: Path) -> None:
    make_book(tmp_path / "shelf" / "kidney.pdf")
    done = remud("run", tmp_path / "shelf", "--run", tmp_path / "run", "--model", "gpt-4o", "--quiet", cwd=tmp_path)
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr
    assert not (tmp_path / "run" / "extract").exists()


def test_unknown_model_and_wrong_key(paired: tuple[Path, Path]) -> None:
    with ModelServer(key="right-key-0123456789") as server:
        flags = ("--run", paired[1], "--base-url", server.base_url, "--quiet")
        unknown = remud("generate", *flags, "--model", "nonesuch", REMUD_API_KEY="right-key-0123456789")
        assert unknown.returncode == 5, unknown.stderr
        assert "nonesuch" in unknown.stderr
        wrong = remud("generate", *flags, "--model", "tiny", REMUD_API_KEY="wrong-key-0123456789")
        assert wrong.returncode == 5, wrong.stderr
        assert "wrong-key" not in wrong.stdout + wrong.stderr
    for path in paired[1].rglob("*"):
        if path.is_file():
            assert b"key-0123456789" not in path.read_bytes(), path


def test_unreachable_endpoint(paired: tuple[Path, Path]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    started = time.monotonic()
    done = remud("generate", "--run", paired[1], "--model", "tiny", "--base-url", url, "--quiet")
    assert done.returncode == 5
    assert f"127.0.0.1:{port}" in done.stderr
    assert time.monotonic() - started < 60


def test_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir()
    done = remud("extract", tmp_path / "shelf", "--run", tmp_path / "run")
    assert done.returncode == 3
    assert "no files in" in done.stderr


def test_missing_folder_leaves_no_run_behind(tmp_path: Path) -> None:
    done = remud("extract", tmp_path / "nowhere", "--run", tmp_path / "run")
    assert done.returncode == 3
    assert "does not exist" in done.stderr
    assert not (tmp_path / "run").exists()


def test_no_inputs_at_all(tmp_path: Path) -> None:
    done = remud("extract", "--run", tmp_path / "run")
    assert done.returncode == 3
    assert "remud extract books/" in done.stderr


def test_folder_without_readable_files(tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "noise.bin").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "shelf" / "empty.pdf").write_bytes(b"")
    done = remud("extract", tmp_path / "shelf", "--run", tmp_path / "run", "--quiet")
    assert done.returncode == 3
    assert "none of the 2 files can be read" in done.stderr
    assert "noise.bin" in done.stderr


def test_folder_of_unsupported_files_alone_names_them(tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "talk.mp3").write_bytes(b"ID3\4")
    done = remud("extract", tmp_path / "shelf", "--run", tmp_path / "run", "--quiet")
    assert done.returncode == 3
    assert "the one file cannot be read" in done.stderr
    assert "talk.mp3: NOT_A_DOCUMENT" in done.stderr


def hide_package(folder: Path, package: str) -> str:
    """A folder for PYTHONPATH in which a package cannot be imported."""
    (folder / "hidden").mkdir()
    (folder / "hidden" / f"{package}.py").write_text("raise ImportError('not installed')", "utf-8")
    return f"{folder / 'hidden'}{os.pathsep}{PROJECT / 'src'}"


def test_missing_package_costs_the_files_that_need_it_alone(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx")
    path = hide_package(tmp_path, "docx")
    (tmp_path / "shelf").mkdir()
    document = docx.Document()
    document.add_paragraph("The kidney is normal.")
    document.save(tmp_path / "shelf" / "report.docx")
    alone = remud("extract", tmp_path / "shelf", "--run", tmp_path / "alone", "--quiet", PYTHONPATH=path)
    assert alone.returncode == 4, alone.stderr
    assert "pip install 'remud-gen[office]'" in alone.stderr
    make_book(tmp_path / "shelf" / "good.pdf", 1)
    done = remud("extract", tmp_path / "shelf", "--run", tmp_path / "run", "--quiet", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert "Finished with 1 error" in done.stdout
    assert [page["source"]["file"] for page in read_records(tmp_path / "run", "extract")] == ["good.pdf"]
    again = remud("extract", "--run", tmp_path / "run", "--quiet", "--retry-errors")
    assert "Finished." in again.stdout, again.stdout
    assert len(read_records(tmp_path / "run", "extract")) == 2


def encrypt(path: Path) -> None:
    with pymupdf.open() as book:
        book.new_page()
        book.save(path, encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner", user_pw="secret")


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("locked.pdf", encrypt, "PASSWORD_PROTECTED"),
        (
            "page.pdf",
            lambda path: path.write_text("<!DOCTYPE html><html><body>Sign in</body></html>"),
            "UNREADABLE_FORMAT",
        ),
        ("empty.pdf", lambda path: path.write_bytes(b""), "EMPTY_FILE"),
        ("cut.pdf", lambda path: path.write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog"), None),
    ],
)
def test_one_bad_file_is_named_and_the_rest_is_done(tmp_path: Path, name: str, make, code: str | None) -> None:
    make_book(tmp_path / "shelf" / "good.pdf", 1)
    make(tmp_path / "shelf" / name)
    done = remud("extract", tmp_path / "shelf", "--run", tmp_path / "run", "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["status"] == "finished_with_errors"
    assert data["stages"]["extract"]["produced"] == 1
    assert data["stages"]["documents"]["failed"] == 1
    codes = data["stages"]["documents"]["codes"]
    assert codes == ({code: 1} if code else codes)
    [line] = [
        json.loads(text)
        for path in (tmp_path / "run" / "documents").glob("*.errors.jsonl")
        for text in path.read_text("utf-8").splitlines()
    ]
    assert line["file"] == name
    assert line["hint"]


def test_a_run_with_errors_does_not_say_success(tmp_path: Path) -> None:
    make_book(tmp_path / "shelf" / "good.pdf", 1)
    (tmp_path / "shelf" / "bad.pdf").write_bytes(b"")
    done = remud("extract", tmp_path / "shelf", "--run", tmp_path / "run", "--quiet")
    assert done.stdout.rstrip().splitlines()[-1].startswith("Finished with 1 error:")


@pytest.mark.parametrize("place", ["/proc/remud-run", "a-file/run"])
def test_unwritable_run_folder(tmp_path: Path, place: str) -> None:
    if place.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("no /proc here")
    (tmp_path / "a-file").write_text("x", "utf-8")
    make_book(tmp_path / "shelf" / "good.pdf", 1)
    done = remud("extract", tmp_path / "shelf", "--run", place, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "--run" in done.stderr


def test_newer_schema(paired: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text('{"schema_version": 99}', "utf-8")
    for command in (("extract", paired[0]), ("status",), ("pair",)):
        done = remud(*command, "--run", run)
        assert done.returncode == 3
        assert "newer remud-gen" in done.stderr


def test_an_edited_checkpoint_line_is_redone(tmp_path: Path) -> None:
    make_book(tmp_path / "shelf" / "kidney.pdf")
    run = tmp_path / "run"
    remud("pair", tmp_path / "shelf", "--run", run, "--quiet")
    before = record_files(run)
    victim = next(path for path in (run / "pair").glob("*.jsonl") if "errors" not in path.name)
    victim.write_text(victim.read_text("utf-8").replace("kidney", "spleen"), "utf-8")
    assert record_files(run) != before
    again = remud("pair", "--run", run, "--quiet", "--json")
    assert json.loads(again.stdout)["stages"]["pair"]["parts_run"] == 1
    assert record_files(run) == before


@pytest.mark.parametrize("command", [("extract", "--frobnicate"), ("frobnicate",), ("extract", "--limit", "0")])
def test_wrong_arguments(command: tuple[str, ...]) -> None:
    done = remud(*command)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("extract.dpi=3", ("unknown key `extract.dpi`", "max_dpi")),
        ("nonsense.x=1", ("unknown key `nonsense`", "extract, filter")),
        ("extract.min_dpi=abc", ("extract.min_dpi", "abc")),
        ("export.formats=[nonesuch]", ("nonesuch", "llamafactory")),
        ("filter.options={nonesuch: {}}", ("nonesuch",)),
    ],
)
def test_wrong_settings_name_the_key_and_the_known_ones(
    paired: tuple[Path, Path], tmp_path: Path, assignment: str, words: tuple[str, ...]
) -> None:
    done = remud(
        "run", paired[0], "--run", tmp_path / "run", "--set", "generate.client=extractive", "--set", assignment
    )
    assert done.returncode == 2, done.stderr
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_key_in_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("generate:\n  modell: gpt-4o\n", "utf-8")
    done = remud("config", "--config", file)
    assert done.returncode == 2
    for word in ("mine.yaml", "generate.modell", "model"):
        assert word in done.stderr


def test_ctrl_c_saves_what_is_finished_and_a_rerun_goes_on(tmp_path: Path) -> None:
    make_book(tmp_path / "shelf" / "kidney.pdf", 6)
    run, flags = tmp_path / "run", ("--quiet", "--set", "extract.pages_per_part=1", "--set", "runner.workers=1")
    process = start_remud("extract", tmp_path / "shelf", "--run", run, *flags)
    deadline = time.monotonic() + 120
    while not list((run / "extract").glob("*.meta.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "press Ctrl-C again" in stderr
    n_done = len(list((run / "extract").glob("*.meta.json")))
    assert 1 <= n_done < 6
    assert leftovers(run) == []
    again = remud("extract", "--run", run, *flags, "--json")
    assert json.loads(again.stdout)["stages"]["extract"]["parts_run"] == 6 - n_done
    assert len(read_records(run, "extract")) == 6


def test_an_export_never_replaces_a_folder_of_the_users(paired: tuple[Path, Path], tmp_path: Path) -> None:
    mine = tmp_path / "out" / "raw" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work", "utf-8")
    flags = ("--run", paired[1], "--set", "generate.client=extractive", "--format", "raw", "--quiet")
    done = remud("export", *flags, "--out", tmp_path / "out")
    assert done.returncode == 3, done.stderr
    assert "--out" in done.stderr
    assert mine.read_text("utf-8") == "years of work"
    assert remud("export", *flags, "--out", tmp_path / "new").returncode == 0
    assert remud("export", *flags, "--out", tmp_path / "new").returncode == 0


def test_only_runs_one_stage(tmp_path: Path) -> None:
    make_book(tmp_path / "shelf" / "kidney.pdf", 1)
    flags = ("--run", tmp_path / "run", "--quiet", "--set", "generate.client=extractive")
    assert remud("pair", tmp_path / "shelf", *flags).returncode == 0
    done = remud("filter", "--only", "--json", *flags)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stages"]["generate"]["parts_run"] == 0
    assert remud("export", "--only", *flags).returncode == 3
    assert remud("filter", *flags).returncode == 0
    assert remud("export", "--only", *flags).returncode == 0


def test_a_refused_configuration_is_not_remembered(paired: tuple[Path, Path]) -> None:
    url = "https://user:hunter2secret@example.org/v1"
    done = remud("generate", "--run", paired[1], "--model", "tiny", "--base-url", url)
    assert done.returncode == 2
    assert "hunter2secret" not in done.stdout + done.stderr
    assert remud("filter", "--run", paired[1], "--set", "filter.options={nonesuch: {}}").returncode == 2
    kept = (paired[1] / "config.yaml").read_text("utf-8")
    assert "hunter2secret" not in kept
    assert "nonesuch" not in kept
