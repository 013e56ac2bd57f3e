"""`remud extract` with figures found by a model: the whole way, from a PDF over a real server to pages and pictures."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from remud_gen.pipeline import PIPELINE
from remud_gen.runner.cleaning.clean import clean
from remud_gen.runner.command import run_stages
from remud_gen.runner.options import Options, Result
from remud_gen.runner.survey import survey
from tests.e2e.command import read_records as read
from tests.e2e.command import record_files, remud, start_remud
from tests.grounding_server import GroundingServer
from tests.pdf import sheets

FIGURES = [
    [(60, 100, 300, 280)],
    [(60, 330, 290, 490), (310, 120, 530, 290)],
    [],
    [(200, 60, 500, 200)],
]
WIDTH, HEIGHT = sheets.A4


def make_shelf(folder: Path) -> list[tuple[Image.Image, list[tuple[float, float, float, float]]]]:
    """A book of four pages in folder/shelf, and what the server must know of it."""
    document = pymupdf.open()
    for number, boxes in enumerate(FIGURES, 1):
        page = document.new_page(width=WIDTH, height=HEIGHT)
        page.insert_textbox((60, 560 + 20 * number, 530, 800), sheets.BODY * 3, fontsize=10)
        for k, box in enumerate(boxes):
            frame = sheets.encode(sheets.make_frame(seed=10 * number + k))
            page.insert_image(box, stream=frame, keep_proportion=False)
            page.insert_text((box[0], box[3] + 14), f"Figure {number}{k}. Long axis of the left kidney.", fontsize=9)
    pages = []
    for page, boxes in zip(document, FIGURES, strict=True):
        pixmap = page.get_pixmap(dpi=72)
        image = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
        pages.append((image, [(b[0] / WIDTH, b[1] / HEIGHT, b[2] / WIDTH, b[3] / HEIGHT) for b in boxes]))
    (folder / "shelf").mkdir()
    sheets.save(document, folder / "shelf" / "kidney.pdf")
    return pages


def list_settings(server: GroundingServer, *more: str) -> tuple[str, ...]:
    return (
        "extract.layout=vlm", "extract.reads_burned_in_text=false", "extract.pages_per_part=2", "vision.model=tiny",
        f"vision.base_url={server.base_url}", "vision.coords=qwen2.5-vl", "runner.executor=serial",
        "privacy.books=allow",  # else each page is read before it is sent, which is tested elsewhere and takes long
        *more,
    )  # fmt: skip


def extract(run: Path, settings: tuple[str, ...], last: str = "extract", **options: object) -> Result:
    """As the command does, in this process."""
    return run_stages(PIPELINE, Options(run, None, settings, (run.parent / "shelf",), is_quiet=True, **options), last)


def count(result: Result, field: str) -> dict[str, int]:
    return {report.name: getattr(report.counts, field) for report in result.reports}


def find_boxes(run: Path) -> list[list[tuple[float, ...]]]:
    pages = sorted(read(run, "extract"), key=lambda page: page["source"]["page_number"])
    return [sorted(tuple(figure["bbox"]) for figure in page["figures"]) for page in pages]


def count_boxes(run: Path) -> list[int]:
    return [len(boxes) for boxes in find_boxes(run)]


def read_errors(run: Path) -> list[dict]:
    return [
        json.loads(line)
        for path in (run / "ground").glob("*.errors.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]


def test_figures_lie_where_the_model_saw_them_and_pair_with_their_captions(tmp_path: Path) -> None:
    with GroundingServer(make_shelf(tmp_path)) as server:
        run = tmp_path / "run"
        words = [word for setting in list_settings(server) for word in ("--set", setting)]
        done = remud("pair", tmp_path / "shelf", "--run", run, *words, "--quiet", "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)["stages"]
        made = {name: told[name]["outputs"] for name in ("documents", "views", "ground", "extract")}
        assert made == {"documents": 1, "views": 4, "ground": 4, "extract": 4}
        assert len(server.bodies) == 4
        for found, true in zip(find_boxes(run), FIGURES, strict=True):
            assert sum(found, ()) == pytest.approx(sum(sorted(true), ()), abs=1.5)
        pairs = [pair for pair in read(run, "pair") if pair["record"] == "pair"]
        assert [pair["caption"] for pair in pairs] == ["Long axis of the left kidney."] * 4

        status = remud("status", "--run", run).stdout
        assert {"documents", "views", "ground", "extract", "pair"} <= {
            line.split(" ")[0] for line in status.splitlines()
        }
        seen = next(record for record in read(run, "ground") if record["boxes"])
        shown = remud("inspect", seen["id"], "--run", run).stdout
        assert "figure    [" in shown
        assert "kidney.pdf" in shown
        assert len(server.bodies) == 4


def test_serial_and_processes_give_the_same_bytes(tmp_path: Path) -> None:
    with GroundingServer(make_shelf(tmp_path)) as server:
        made = []
        for name in ("serial", "processes"):
            run = tmp_path / name
            more = (f"runner.executor={name}", "runner.shuffle_seed=3", "vision.concurrency=2", "runner.workers=2")
            extract(run, list_settings(server, *more))
            views = {path.name: path.read_bytes() for path in sorted(run.glob("[vg]*/*.jsonl"))}
            made.append((record_files(run), views, sorted(path.name for path in run.glob("images/*/*.*"))))
        assert made[0] == made[1]
        assert len(made[0][1]) == 4  # two parts of each stage have the same names: records and errors
        assert len(made[0][2]) == 4 + 4  # what was shown, what was cut out


def test_another_layout_knows_nothing_of_it_and_clean_takes_what_is_left(tmp_path: Path) -> None:
    with GroundingServer(make_shelf(tmp_path)) as server:
        run, plain = tmp_path / "run", tmp_path / "plain"
        settings = list_settings(server)
        extract(run, settings, "pair")
        result = extract(run, (*settings, "extract.layout=auto"), "pair")
        assert [report.name for report in result.reports] == ["documents", "extract", "pair"]
        extract(plain, (*settings, "extract.layout=auto"), "pair")
        assert record_files(run) == record_files(plain)
        assert sorted(path.name for path in plain.iterdir() if path.is_dir()) == [
            "bases", "documents", "extract", "images", "pair",
        ]  # fmt: skip
        assert [report.name for report in survey(PIPELINE, Options(run)).reports][:3] == [
            "documents",
            "extract",
            "pair",
        ]
        found = clean(PIPELINE, Options(run), is_applied=True).findings
        assert (
            sorted(name.partition("/")[0] for name in found["replaced_parts"].names) == ["ground"] * 2 + ["views"] * 2
        )
        assert "pictures" in found  # what was shown
        assert not list(run.glob("[vg]*/*.jsonl"))
        extract(run, settings, "pair")  # back again: only what was swept is asked for once more
        assert count_boxes(run) == [1, 2, 0, 1]


def test_a_killed_run_asks_nothing_twice(tmp_path: Path) -> None:
    with GroundingServer(make_shelf(tmp_path), latency_s=0.4) as server:
        run, settings = tmp_path / "run", list_settings(server, "vision.concurrency=1")
        words = [word for setting in settings for word in ("--set", setting)]
        process = start_remud("extract", tmp_path / "shelf", "--run", run, *words, "--quiet")
        deadline = time.monotonic() + 120
        while len(server.shown) < 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
        assert len(server.shown) == 3
        extract(run, settings)
        # The reply that was on its way when the kill came may be paid twice, no other.
        assert max(server.asked.values()) <= 2
        assert len(server.shown) <= 5
        assert count_boxes(run) == [1, 2, 0, 1]


def test_a_page_that_failed_is_asked_again_on_request_alone(tmp_path: Path) -> None:
    choose = lambda page, times: "blank" if page == 1 and times == 1 else None  # noqa: E731
    with GroundingServer(make_shelf(tmp_path), choose=choose) as server:
        run, settings = tmp_path / "run", list_settings(server)
        assert extract(run, settings).n_errors == 1
        assert [(error["code"], error["page_number"]) for error in read_errors(run)] == [("BOX_ON_BLANK", 2)]
        assert count_boxes(run) == [1, 0, 1]
        extract(run, settings)
        assert len(server.bodies) == 4
        assert extract(run, settings, retries_errors=True).n_errors == 0
        assert len(server.bodies) == 5
        assert count_boxes(run) == [1, 2, 0, 1]


def test_the_wrong_setting_is_loud_and_mended_without_paying_again(tmp_path: Path) -> None:
    with GroundingServer(make_shelf(tmp_path), writes="gemini") as server:
        run = tmp_path / "run"
        result = extract(run, list_settings(server))
        assert count(result, "failed")["ground"] == 3
        errors = read_errors(run)
        assert {error["code"] for error in errors} == {"COORDS_WRONG"}
        assert all("set vision.coords: gemini" in error["hint"] for error in errors)
        assert find_boxes(run) == [[]]  # the one page without figures
        assert extract(run, list_settings(server, "vision.coords=gemini")).n_errors == 0
        assert count_boxes(run) == [1, 2, 0, 1]


def test_a_limit_bounds_what_is_asked(tmp_path: Path) -> None:
    with GroundingServer(make_shelf(tmp_path)) as server:
        run, settings = tmp_path / "run", list_settings(server)
        inputs = count(extract(run, settings, limit=3), "inputs")
        assert inputs == {"documents": 1, "views": 3, "ground": 3, "extract": 3}
        assert len(server.bodies) == 3
        extract(run, settings)
        assert len(server.bodies) == 4
        assert count_boxes(run) == [1, 2, 0, 1]


def test_a_renamed_book_is_not_shown_again(tmp_path: Path) -> None:
    with GroundingServer(make_shelf(tmp_path)) as server:
        run, settings = tmp_path / "run", list_settings(server)
        extract(run, settings)
        (tmp_path / "shelf" / "kidney.pdf").rename(tmp_path / "shelf" / "atlas.pdf")
        extract(run, settings)
        assert len(server.bodies) == 4
        named = [record for record in read(run, "ground") if record["document"]["file"] == "atlas.pdf"]
        assert len(named) == 4
        assert {record["source"]["file"] for record in named} == {"atlas.pdf"}
