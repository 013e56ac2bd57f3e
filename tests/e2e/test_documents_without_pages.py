"""A shelf of Word, EPUB, HTML, Markdown and text files, from the command line to a trainer's files."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.command import PROJECT, record_files, remud
from tests.readers.documents import PROSE, PROSE_ZH, Word, picture, write_epub

HEART = "Four-chamber view of the fetal heart in diastole."
SPLEEN = "Longitudinal view of a normal spleen with homogeneous echotexture."
LIVER = "Simple hepatic cyst with posterior enhancement."


def fill(shelf: Path) -> Path:
    (shelf / "img").mkdir(parents=True)
    for name, seed in (("img/a.png", 1), ("img/b.png", 2), ("loose.png", 3)):
        (shelf / name).write_bytes(picture(seed, width=320, height=240))
    word = Word().text("第一章 肾脏", "Heading 1").text(f"{PROSE_ZH * 2}肾囊肿的声像图见图1-1。").pictures(4, 5)
    word.text("A        B").text("图1-1 肾囊肿", "Caption").text("图解要点：A图为纵切面，见无回声区；B图为横切面。")
    word.save(shelf / "肾脏.docx")
    chapter = f"<h1>Heart</h1><p>{PROSE} See Figure 3.</p><img src='img/x.png'/><p>Figure 3. {HEART}</p>"
    write_epub(shelf / "heart.epub", {"c1.xhtml": chapter}, {"img/x.png": picture(6)})
    (shelf / "liver.html").write_text(
        f"<!doctype html><html><title>Liver</title><h1>Liver</h1><p>{PROSE}</p><script>x()</script><figure><img "
        f"src='img/a.png'><figcaption>Figure 1. {LIVER}</figcaption></figure><img src='http://127.0.0.1:9/no.png'>"
        "<img src='../../secret.png'><img src='gone.png'></html>",
        encoding="utf-8",
    )
    (shelf / "spleen.md").write_text(
        f"# Spleen\n\n{PROSE}\n\n![](img/b.png)\n\nFigure 2: {SPLEEN}\n",
        "utf-8",
    )
    (shelf / "breast.txt").write_bytes(f"第一章 乳腺\n\n{PROSE_ZH}\n{PROSE_ZH}\n".encode("gb18030"))
    return shelf


def run(shelf: Path, folder: Path, *arguments: object) -> dict[str, object]:
    options = ("--config", PROJECT / "configs/demo.yaml", "--set", "extract.reads_burned_in_text=false")
    more = ("--set", "runner.executor=serial", "--json", "--quiet")
    done = remud("run", shelf, "--run", folder, *options, *more, *arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def read(folder: Path, stage: str, kind: str | None = None) -> list[dict[str, object]]:
    lines = [
        json.loads(line)
        for path in sorted((folder / stage).glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if path.name.endswith(".errors.jsonl") == (kind is None)
    ]
    return [line for line in lines if kind is None or line["record"] == kind]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flow")
    shelf = fill(folder / "shelf")
    (folder / "secret.png").write_bytes(picture(9))
    shutil.copytree(shelf, folder / "same")
    run(shelf, folder / "run")
    return shelf, folder / "run", record_files(folder / "run")


def test_every_picture_has_its_words(done):
    told = {(p["source"]["file"], p["panel"]): (p["caption"], p["panel_note"]) for p in read(done[1], "pair", "pair")}
    assert told == {
        ("肾脏.docx", "A"): ("肾囊肿", "纵切面，见无回声区"),
        ("肾脏.docx", "B"): ("肾囊肿", "横切面。"),
        ("heart.epub", None): (HEART, None),
        ("liver.html", None): (LIVER, None),
        ("spleen.md", None): (SPLEEN, None),
        ("loose.png", None): (None, None),
    }


def test_passages_say_where_they_stand(done):
    told = {
        p["source"]["file"]: (p["source"]["locator"], p["source"]["bbox"]) for p in read(done[1], "pair", "passage")
    }
    assert told["breast.txt"] == ("line 3", None)
    assert told["spleen.md"] == ("line 3", None)
    assert told["heart.epub"] == ("c1.xhtml paragraph 2", None)
    assert {"liver.html", "肾脏.docx"} <= set(told)


def test_what_was_left_out_is_named(done):
    losses = {(e["file"], e["code"], e["outcome"]) for e in read(done[1], "extract")}
    assert losses == {
        ("liver.html", "PICTURE_REMOTE", "rejected"),
        ("liver.html", "PICTURE_OUTSIDE", "rejected"),
        ("liver.html", "PICTURE_MISSING", "failed"),
    }
    parts = {(e["file"], e["code"]) for e in read(done[1], "documents")}
    assert parts == {("img/a.png", "PART_OF_DOCUMENT"), ("img/b.png", "PART_OF_DOCUMENT")}


def test_quadruplets_and_exports_come_of_it(done):
    files = {q["source"]["file"] for q in read(done[1], "filter", "quadruplet")}
    assert {"肾脏.docx", "liver.html"} <= files
    assert files & {"heart.epub", "spleen.md", "breast.txt"}
    rows = (done[1] / "export" / "llamafactory").rglob("*.json*")
    assert any(path.stat().st_size > 500 for path in rows)


def test_a_second_run_makes_nothing_anew_and_a_changed_picture_its_document_alone(done):
    shelf, folder, _ = done
    before = record_files(folder)
    run(shelf, folder)
    assert record_files(folder) == before
    stamp = (shelf / "img/a.png").stat().st_mtime_ns
    (shelf / "img/a.png").write_bytes(picture(77, width=320, height=240))
    os.utime(shelf / "img/a.png", ns=(stamp + 10**9, stamp + 10**9))
    run(shelf, folder)
    after = record_files(folder)
    changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    assert any(name.startswith("extract/liver-") for name in changed)
    assert not any(name.startswith(("extract/spleen", "extract/heart")) for name in changed)


def test_the_same_shelf_gives_the_same_bytes(done, tmp_path):
    run(done[0].parent / "same", tmp_path / "run", "--set", "runner.shuffle_seed=7")
    assert record_files(tmp_path / "run") == done[2]
