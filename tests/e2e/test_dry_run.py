"""Dry runs through the whole pipeline, against a server whose replies are as long as a law says, and its bill."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remud_gen.pipeline import PIPELINE
from remud_gen.runner.command import run_stages
from remud_gen.runner.options import Options
from remud_gen.runner.reports.summary import to_json
from tests.e2e.command import make_book, record_files, remud
from tests.length_server import LengthServer

LAW = "with the input"


def write_shelf(folder: Path) -> Path:
    """Two texts of sections of very different lengths, and a small book with pictures."""
    draw = random.Random(1)
    (folder / "books").mkdir()
    for book in range(2):
        sections = []
        for number in range(70):
            n_more = int(draw.lognormvariate(1, 0.9))
            more = " ".join(f"Look {k}: the wall is {1 + k % 3} mm thick and holds {k + 2} ml." for k in range(n_more))
            sections.append(
                f"# Section {number} of book {book}\n\nThe cyst of case {number} lies in the lower pole of the left "
                f"kidney and measures {3 + number % 7}.{book} cm across, with a thin wall. {more}\n"
            )
        (folder / "books" / f"notes{book}.md").write_text("\n".join(sections), "utf-8")
    make_book(folder / "books" / "atlas.pdf", n_pages=3)
    config = (
        "generate: {model: tiny}\nbudget: {prices: {tiny: {input: 1, output: 10}}}\n"
        "extract: {reads_burned_in_text: false}\nrunner: {executor: serial}\n"
    )
    (folder / "dry.yaml").write_text(config, "utf-8")
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[LengthServer]:
    with LengthServer(LAW) as running:
        yield running


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shelf(tmp_path_factory.mktemp("shelf"))


def call(shelf: Path, server: LengthServer, *more: str, last: str = "generate", **options: Any) -> Any:
    """One command in this process; what `--json` prints."""
    assignments = (f"generate.base_url={server.base_url}", *more)
    wish = Options(shelf / "run", shelf / "dry.yaml", assignments, (shelf / "books",), is_quiet=True, **options)
    return json.loads(to_json(run_stages(PIPELINE, wish, last)))


def test_dry_run_sends_nothing_and_its_sample_foretells_the_bill(shelf: Path, server: LengthServer) -> None:
    plain = call(shelf, server, dry_run=0)
    forecast = plain["forecast"]["generate"]
    assert server.bodies == []
    assert plain["stages"]["pair"]["inputs"] > 0  # what costs nothing is done
    assert plain["stages"]["generate"]["inputs"] == 0
    assert forecast["calls_new"] == forecast["inputs_asking"] == forecast["inputs"] > 140
    assert not forecast["is_measured"]
    assert 0 < forecast["cost_usd"]["low"] < forecast["cost_usd"]["likely"] < forecast["cost_usd"]["high"]

    sampled = call(shelf, server, dry_run=50)["forecast"]["generate"]
    assert len(server.bodies) == 50
    assert sampled["inputs_sampled"] == sampled["calls_stored"] == 50
    assert sampled["calls_new"] == forecast["calls_new"] - 50
    assert sampled["sampled_usd"] == pytest.approx(server.billed_usd)

    again = call(shelf, server, dry_run=50)["forecast"]["generate"]
    assert len(server.bodies) == 50  # what is stored is not paid for again
    assert again["bill_usd"] == sampled["bill_usd"]
    later = call(shelf, server, dry_run=0)["forecast"]["generate"]
    assert later["is_measured"]
    assert later["cost_usd"]["likely"] == pytest.approx(sampled["cost_usd"]["likely"], rel=0.02)

    before = server.billed_usd
    whole = call(shelf, server)
    assert len(server.bodies) == forecast["calls_new"]
    assert server.billed_usd == pytest.approx(sampled["bill_usd"]["likely"], rel=0.15)
    assert server.billed_usd - before == pytest.approx(sampled["cost_usd"]["likely"], rel=0.15)
    assert whole["stages"]["generate"]["usage"]["cost_usd"] == pytest.approx(server.billed_usd)
    nothing = call(shelf, server, dry_run=0)["forecast"]["generate"]
    assert nothing["calls_new"] == nothing["cost_usd"]["high"] == 0


def test_dry_run_changes_no_record_and_follows_run_and_limit(tmp_path: Path, server: LengthServer) -> None:
    shelf = write_shelf(tmp_path)
    first = call(shelf, server, last="run", limit=10, dry_run=0)
    assert first["forecast"]["generate"]["calls_new"] == 10
    assert "exports" not in first
    n_sent = len(server.bodies)
    made = record_files(shelf / "run")
    assert not [name for name in made if name.startswith(("generate/", "filter/"))]
    native = call(shelf, server, "generate.thinking=native", last="run", limit=10, dry_run=0)
    assert native["forecast"]["generate"]["calls_new"] > 15  # a call for every item
    solve = call(shelf, server, "generate.thinking=solve", last="run", limit=10, dry_run=0)
    assert 10 < solve["forecast"]["generate"]["calls_new"] <= 30  # and one more for each that is reasoned
    assert record_files(shelf / "run") == made
    assert len(server.bodies) == n_sent


def test_what_the_folder_has_paid_is_in_the_bill_whatever_became_of_it(tmp_path: Path, server: LengthServer) -> None:
    shelf = write_shelf(tmp_path)
    before = server.billed_usd
    call(shelf, server, limit=30)
    for more in ((), ("generate.max_output_tokens=1500",)):  # some inputs are finished; then all are asked anew
        told = call(shelf, server, *more, dry_run=15)["forecast"]["generate"]
        paid = server.billed_usd - before
        assert paid > 0
        assert told["bill_usd"]["likely"] - told["cost_usd"]["likely"] == pytest.approx(paid)
        assert told["calls_new"] + told["calls_stored"] == told["inputs"]
        assert told["inputs"] > (140 if more else 110)
    handed = {"late": "a" * 64, "stage": "generate", "usd": 5.0, "tokens": 9}
    with (shelf / "run" / "spending.log").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(handed) + "\n")
    late = call(shelf, server, *more, dry_run=15)["forecast"]["generate"]
    assert late["bill_usd"] == told["bill_usd"]  # what waits in a batch is among the calls to make


def test_rows_that_look_at_pages_are_foreseen_too(tmp_path: Path, server: LengthServer) -> None:
    shelf = write_shelf(tmp_path)
    n_sent = len(server.bodies)
    checked = call(shelf, server, "pair.rule=vlm_check", dry_run=0)["forecast"]
    assert list(checked) == ["check", "generate"]
    assert checked["generate"]["calls_new"] > 140  # what was not checked yet is taken as it is
    grounded = call(shelf, server, "extract.layout=vlm", "vision.coords=qwen2.5-vl", dry_run=0)["forecast"]
    assert grounded["ground"]["calls_new"] >= 3
    assert grounded["ground"]["cost_usd"]["likely"] > 0
    assert grounded["generate"]["cost_usd"] is None or grounded["generate"]["calls_new"] > 0
    assert len(server.bodies) == n_sent


def test_dry_run_without_a_price_says_unknown_and_how_to_mend_it(tmp_path: Path, server: LengthServer) -> None:
    shelf = write_shelf(tmp_path)
    (shelf / "dry.yaml").write_text("generate: {model: tiny}\nextract: {reads_burned_in_text: false}\n", "utf-8")
    more = ("--config", "dry.yaml", "--base-url", server.base_url, "--quiet", "--limit", "5")
    done = remud("generate", "books", "--run", "run", *more, "--dry-run", cwd=shelf)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert "unknown" in told
    assert "budget.prices" in told
    assert "$0" not in told


def test_sample_belongs_to_a_dry_run(tmp_path: Path) -> None:
    done = remud("generate", "--sample", "5", cwd=tmp_path)
    assert done.returncode == 2
    assert "--dry-run" in done.stderr
