"""`inspect --out`: pages drawn with what was found on them."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from PIL import Image
from typer.testing import CliRunner

from remud_gen.cli import app
from remud_gen.errors import ConfigError, InputError
from remud_gen.layout.upright import UprightView
from remud_gen.pipeline import PIPELINE
from remud_gen.runner.command import run_stages
from remud_gen.runner.options import Options
from remud_gen.runner.reports.drawing import contact_sheet, page_picture
from remud_gen.runner.reports.drawing.command import draw
from remud_gen.runner.reports.drawing.groups import find_box
from remud_gen.runner.reports.drawing.ink import (
    FIGURES,
    Pen,
    grade_confidence,
    load_font,
    measure_text,
    wrap_text,
)
from remud_gen.runner.reports.drawing.legend import MARK, SIZE, SPACE, Legend
from remud_gen.runner.reports.drawing.subject import find_subject, view_sheet
from tests.choice_server import ChoiceServer, answer, find
from tests.e2e.command import make_book
from tests.unsure_books import make_facing


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A shelf of two books, one of them in a folder, and its run up to the pairs."""
    folder = tmp_path_factory.mktemp("drawing")
    make_book(folder / "shelf" / "kidney.pdf", 2)
    make_book(folder / "shelf" / "中文 书" / "liver.pdf", 1, seed=5)
    settings = ("runner.executor=serial", "extract.reads_burned_in_text=false")
    run_stages(PIPELINE, Options(folder / "run", None, settings, (folder / "shelf",), is_quiet=True), "pair")
    return folder


def test_a_page_shows_its_panel_in_the_colour_of_its_figure(place, tmp_path):
    (out,) = draw(place / "run", "kidney.pdf", 2, tmp_path / "page.png")
    subject = find_subject(place / "run", "kidney.pdf")
    (pair,) = subject.sheets[2].pairs
    with Image.open(out) as image:
        scale = page_picture.LONG_SIDE_PX / 595
        x0, y0, x1, y1 = (value * scale for value in find_box(pair))
        left, top = page_picture.EDGE, page_picture.HEAD
        middle = round(top + (y0 + y1) / 2)
        edges = [image.getpixel((round(left + x) + step, middle)) for x, step in ((x0, 2), (x1, -2))]
        assert edges == [FIGURES[0], FIGURES[0]]
        colours = {image.getpixel((round(left + (x0 + x1) / 2), round(top + y) - 1)) for y in (y0 + 3, y1)}
        assert FIGURES[0] in colours
        assert image.height > page_picture.LONG_SIDE_PX


def test_checked_pairs_are_drawn_while_they_answer_what_the_rules_ask(tmp_path, monkeypatch):
    """RUN/check may hold what was asked before the pairs were made anew, or by a configuration of yesterday."""
    monkeypatch.setenv("REMUD_API_KEY", "sk-test")
    shelf = make_facing(tmp_path / "shelf" / "facing.pdf").parent
    settings = ("runner.executor=serial", "pair.rule=vlm_check", "vision.model=tiny", "generate.client=extractive")
    with ChoiceServer(lambda figures, words: answer(figures, find(words, "liver with"))) as server:
        here = (*settings, f"vision.base_url={server.base_url}")
        run_stages(PIPELINE, Options(tmp_path / "run", None, here, (shelf,), is_quiet=True), "pair")
    (part,) = (path for path in (tmp_path / "run" / "pair").glob("*.jsonl") if ".errors" not in path.name)
    before = [pair for pair in map(json.loads, part.read_text("utf-8").splitlines()) if pair["record"] == "pair"]
    assert [pair["figure_number"] for pair in before] == ["Figure 7", "Figure 8"]
    subject = find_subject(tmp_path / "run", "facing.pdf")
    assert [pair.figure_number for pair in subject.pairs] == ["Figure 8"] * 2
    assert [pair.figure_number for pair in subject.sheets[1].pairs] == ["Figure 8"] * 2
    first = json.dumps(before[0]["sketch"]["choices"][0]["text"])
    part.write_text(part.read_text("utf-8").replace(first, json.dumps("Other words.")), "utf-8")
    assert [pair.figure_number for pair in find_subject(tmp_path / "run", "facing.pdf").pairs] == [
        "Figure 7",
        "Figure 8",
    ]


@pytest.mark.parametrize("name", ["中文 书/liver.pdf", "liver.pdf", "中文 书\\liver.pdf"])
def test_a_document_is_known_by_its_file_and_by_its_id(place, name):
    document = find_subject(place / "run", name).document
    assert find_subject(place / "run", document.id[:9]).document == document
    assert document.file == "中文 书/liver.pdf"


def test_many_pages_make_many_sheets(place, tmp_path, monkeypatch):
    monkeypatch.setattr(contact_sheet, "COLUMNS", 1)
    monkeypatch.setattr(contact_sheet, "ROWS", 1)
    written = draw(place / "run", "kidney.pdf", None, tmp_path / "all.webp")
    assert [path.name for path in written] == ["all.webp", "all-2.webp"]
    for path in written:
        with Image.open(path) as image:
            assert image.format == "WEBP"
            reds = [n for n, (r, g, b) in image.convert("RGB").getcolors(10**6) if r > 180 and max(g, b) < 90]
            assert sum(reds) > 100


@pytest.mark.parametrize("width", [150, 400, 860, 2000])
@pytest.mark.parametrize("is_small", [True, False])
def test_a_legend_is_whole_at_any_width(width, is_small):
    legend = Legend(width, is_small=is_small)
    told = [name for row in legend.rows for _, name in row]
    assert told[:3] == ["title", "section", "body"]
    assert told[-4:] == ["no pair", "sure", "doubtful", "unsure"]
    assert ("cited" in told) != is_small
    for row in legend.rows:
        assert len(row) == 1 or sum(MARK + SPACE + measure_text(name, SIZE) for _, name in row) - SPACE <= width
    image = Image.new("RGB", (width + 40, legend.height), "white")
    legend.draw(Pen(image), 20, 4)
    below, last = image.crop((0, image.height - 4, *image.size)), image.crop((0, image.height - 34, *image.size))
    assert (len(below.getcolors()), last.getcolors(10**5) != [(last.width * last.height, (255, 255, 255))]) == (1, True)


@pytest.mark.parametrize("confidence", [0.9, 0.6, 0.2])
def test_a_contact_sheet_grades_pairs_as_their_page_does(place, tmp_path, confidence):
    subject = find_subject(place / "run", "liver.pdf")
    (sheet,) = subject.sheets.values()
    pairs = [pair.model_copy(update={"confidence": confidence, "flags": ("caption_shared",)}) for pair in sheet.pairs]
    sheet.pairs[:], subject.pairs[:] = pairs, pairs
    (drawn,) = contact_sheet.draw_contact_sheets(subject)
    cell = contact_sheet.GAP + contact_sheet.CELL_PX - 10
    column = [drawn.getpixel((cell, y)) for y in range(contact_sheet.HEAD + 100, drawn.height - Legend(800).height)]
    grades = {grade_confidence(value) for value in (0.9, 0.6, 0.2)}
    assert {colour for colour in column if colour in grades} == {grade_confidence(confidence)}


def test_the_command_writes_and_names_the_picture(place, tmp_path):
    out = tmp_path / "new folder" / "sheet.png"
    done = CliRunner().invoke(app, ["inspect", "kidney.pdf", "--run", str(place / "run"), "--out", str(out)])
    assert (done.exit_code, done.output.strip()) == (0, str(out))
    assert out.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("name", "number", "file", "error", "told"),
    [
        ("heart.pdf", 1, "a.png", InputError, "no document"),
        ("kidney.pdf", 3, "a.png", ConfigError, "page 3 of kidney.pdf was not extracted"),
        ("kidney.pdf", 1, "a.pdf", ConfigError, "no name of a picture"),
    ],
)
def test_what_cannot_be_drawn_is_said(place, tmp_path, name, number, file, error, told):
    with pytest.raises(error, match=told):
        draw(place / "run", name, number, tmp_path / file)
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_a_file_to_draw_to_is_refused(place):
    done = CliRunner().invoke(app, ["inspect", "kidney.pdf", "--run", str(place / "run"), "--page", "1"])
    assert done.exit_code == ConfigError.exit_code
    assert "--out" in done.output


def test_a_file_that_is_gone_or_changed_is_not_drawn_on(tmp_path):
    book = make_book(tmp_path / "shelf" / "one.pdf", 1)
    settings = ("runner.executor=serial", "extract.reads_burned_in_text=false")
    run_stages(PIPELINE, Options(tmp_path / "run", None, settings, (tmp_path / "shelf",), is_quiet=True), "extract")
    book.write_bytes(make_book(tmp_path / "other.pdf", 1, seed=9).read_bytes())
    with pytest.raises(InputError, match="no longer there as it was read"):
        draw(tmp_path / "run", "one.pdf", 1, tmp_path / "a.png")
    book.unlink()
    with pytest.raises(InputError, match="no longer there as it was read"):
        draw(tmp_path / "run", "one.pdf", 1, tmp_path / "a.png")


def test_a_page_that_was_turned_is_seen_upright(place):
    subject = find_subject(place / "run", "kidney.pdf")
    with subject.open() as opened:
        turned = UprightView(opened.page(1), 1, 0.0)
        page = subject.sheets[1].pages[0]
        source = page.source.model_copy(update={"to_original": turned.to_original})
        subject.sheets[1].pages[0] = page.model_copy(update={"source": source})
        view = view_sheet(opened, subject.sheets[1])
        assert (view.width, view.height) == (595, 420)
        assert view.render(30).tobytes() == turned.render(30).tobytes()


def test_chinese_letters_are_drawn_as_they_are():
    font = load_font(24)
    glyphs = {letter: bytes(font.getmask(letter)) for letter in "图肾囊肿超声A1é\uffff"}
    missing = glyphs.pop("\uffff")
    assert all(any(glyph) and glyph != missing for glyph in glyphs.values())
    assert len(set(glyphs.values())) == len(glyphs)


@pytest.mark.parametrize(
    "text", ["右肾集合系统分离，肾盂前后径1.77 cm，肾盏扩张。" * 4, "A simple cyst of the left kidney " * 9, "x" * 200]
)
@pytest.mark.parametrize("indent", [0, 70])
def test_wrapped_lines_fit_and_lose_nothing_unsaid(text, indent):
    lines = wrap_text(text, 15, 200, 50, indent)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(measure_text(line, 15) <= 200 - (0 if i else indent) for i, line in enumerate(lines))
    assert not any(line[0] in "，。" for line in lines)
    short = wrap_text(text, 15, 200, 2, indent)
    assert (len(short), short[-1][-1], short[0]) == (2, "…", lines[0])
    assert measure_text(short[-1], 15) <= 200


def test_a_dashed_line_has_gaps():
    image = Image.new("RGB", (100, 9), "white")
    Pen(image).line(((0, 4), (99, 4)), FIGURES[0], width=3, dash=10)
    row = [image.getpixel((x, 4)) != (255, 255, 255) for x in range(100)]
    assert 35 < sum(row) < 75
    assert sum(a != b for a, b in pairwise(row)) >= 7


def test_a_document_of_chapters_is_told_in_words(tmp_path):
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "notes.md").write_text("# Kidney\n\n" + "A cyst is anechoic. " * 20, "utf-8")
    pytest.importorskip("markdown_it")
    run_stages(PIPELINE, Options(tmp_path / "run", None, ("runner.executor=serial",), (tmp_path / "shelf",)), "extract")
    with pytest.raises(InputError, match="no pages that could be drawn on"):
        draw(tmp_path / "run", "notes.md", None, tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("kidney.pdf", (), ("kidney.pdf is a document of this run", "add --out page.png")),
        ("notes.xyz", (), ("notes.xyz is no document: it was rejected: UNSUPPORTED_KIND",)),
        ("empty.pdf", ("--out", "x.png"), ("empty.pdf is no document: it failed: EMPTY_FILE", "copy it again")),
        ("empty.pdf", (), ("empty.pdf is no document: it failed: EMPTY_FILE",)),
        ("nothing", (), ("no record in",)),
    ],
)
def test_a_file_is_told_what_it_is(tmp_path, monkeypatch, name, more, words):
    monkeypatch.chdir(tmp_path)
    make_book(tmp_path / "shelf" / "kidney.pdf", 1)
    (tmp_path / "shelf" / "empty.pdf").touch()
    (tmp_path / "shelf" / "notes.xyz").write_bytes(b"\x00\x01\x02")
    (tmp_path / "norun").mkdir()
    settings = ("runner.executor=serial", "extract.reads_burned_in_text=false")
    run_stages(PIPELINE, Options(tmp_path / "run", None, settings, (tmp_path / "shelf",), is_quiet=True), "extract")
    result = CliRunner().invoke(app, ["inspect", name, "--run", "run", *more])
    assert result.exit_code == 3
    for word in words:
        assert word in result.output
    missing = CliRunner().invoke(app, ["inspect", name, "--run", "norun", *more])
    assert (missing.exit_code, "norun is not a run folder" in missing.output) == (3, True)
