"""scripts/fuzz.py in short, and that it sees what it looks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.fuzzing.judge import Verdict, _judge_outcomes, judge
from scripts.fuzzing.seeds import make_kinds
from scripts.fuzzing.shelf import fill_shelf, list_files

N_FILES = 24


@pytest.mark.slow
def test_damaged_files_of_every_kind_end_by_name(tmp_path: Path) -> None:
    (tmp_path / "sound").mkdir()
    kinds = make_kinds(tmp_path / "sound", None)
    files = list(list_files(kinds, N_FILES, seed=11))
    assert files == list(list_files(kinds, N_FILES, seed=11))
    assert len({Path(name).suffix for name, _ in files}) >= 7
    fill_shelf(tmp_path / "place" / "shelf", files)
    verdict = judge(tmp_path / "place")
    assert verdict.defects == []
    assert verdict.contained == []
    assert verdict.outcomes.total() == verdict.files == N_FILES + 1
    assert verdict.outcomes["failed"] >= 5
    assert verdict.outcomes["produced"] >= 5


def test_the_judge_sees_what_is_missing(tmp_path: Path) -> None:
    shelf, run = tmp_path / "shelf", tmp_path / "run"
    shelf.mkdir()
    for name in ("lost.pdf", "blunt.pdf", "short.pdf"):
        (shelf / name).write_bytes(b"%PDF-" + name.encode())
    (run / "documents").mkdir(parents=True)
    blunt = {"file": "blunt.pdf", "outcome": "failed", "code": "UNEXPECTED", "message": "KeyError", "hint": ""}
    (run / "documents" / "a.errors.jsonl").write_text(json.dumps({**blunt, "page_number": None}) + "\n", "utf-8")
    short = {"file": "short.pdf", "copies": [], "pages": None, "page_count": 2}
    (run / "documents" / "b.jsonl").write_text(json.dumps(short) + "\n", "utf-8")
    verdict = Verdict()
    _judge_outcomes(run, shelf, verdict)
    told = "\n".join(verdict.defects)
    for words in ("lost.pdf ended as nothing", "UNEXPECTED: KeyError", "no hint", "short.pdf: 0 of 2 pages"):
        assert words in told
    assert len(verdict.defects) == 4


def test_the_judge_sees_what_is_written_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "a.txt").write_text("Nothing but a line. " * 20, "utf-8")
    (tmp_path / "site").mkdir()
    elsewhere = tmp_path / "home" / "telltale"
    (tmp_path / "site" / "sitecustomize.py").write_text(f"open({str(elsewhere)!r}, 'w').close()\n", "utf-8")
    from scripts.fuzzing import judge as module

    known = module.environment
    path = f"{tmp_path / 'site'}:{known()['PYTHONPATH']}"
    monkeypatch.setattr(module, "environment", lambda **more: known(**{**more, "PYTHONPATH": path}))
    found = module.judge(tmp_path).defects
    assert "outside the run folder changed: home/telltale" in found


@pytest.mark.shared
@pytest.mark.slow
def test_every_nasty_file_gives_pages_or_says_why_not(shared: Path, tmp_path: Path) -> None:
    nasty = sorted((shared / "corpus" / "nasty").glob("*.pdf"))
    assert nasty
    (tmp_path / "shelf").mkdir()
    for path in nasty:
        _copy_first_pages(path, tmp_path / "shelf" / path.name)
    # The words inside pictures are other tests' business.
    verdict = judge(tmp_path, settings=("extract.reads_burned_in_text=false",))
    assert verdict.defects == []
    assert verdict.contained == []
    assert verdict.outcomes["produced"] >= 0.5 * len(nasty)


def _copy_first_pages(source: Path, target: Path) -> None:
    """The file itself; of a sound long one, a copy of its first pages."""
    import pymupdf

    if source.name.startswith("gen_1500"):
        with pymupdf.open(source) as book:
            book.select(range(3))
            book.save(target)
    else:
        target.write_bytes(source.read_bytes())
