"""`status` on small real runs: the counts add up, reasons are told once, and nothing but sidecars is read."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from remud_gen.errors import TooManyErrors
from remud_gen.runner.driver import Wish
from remud_gen.runner.options import Result
from remud_gen.runner.parts import Counts, PartMeta, Usage
from remud_gen.runner.reports.reasons import generalise_reason
from remud_gen.runner.reports.report import StageReport, list_errors
from remud_gen.runner.reports.standing import take_stock
from remud_gen.runner.reports.status import status_json
from remud_gen.runner.reports.status_text import WIDTH, status_text
from remud_gen.runner.reports.summary import to_json, to_text
from remud_gen.runner.reports.table import measure_text
from remud_gen.runner.reports.wording import describe_price, format_duration
from tests.runner.bench import bring_up, settings, survey


def look(run: Path, shelf: Path, *more: str, is_thorough: bool = False) -> Result:
    config = settings("serial", *more)
    reports = list(survey(run, shelf, config, is_thorough=is_thorough).values())
    return Result(run, config, reports, errors=list_errors(run, reports))


def read(result: Result) -> dict:
    return json.loads(status_json(result))


def count_lines(run: Path, stage: str) -> int:
    paths = (path for path in (run / stage).glob("*.jsonl") if not path.name.endswith(".errors.jsonl"))
    return sum(len(path.read_bytes().splitlines()) for path in paths)


def test_every_input_ends_once_and_every_output_is_an_input(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    (shelf / "first.txt").write_text("good\nbad\nunfit\nbug\ngood", "utf-8")
    (shelf / "empty.txt").write_text("", "utf-8")
    bring_up(run, shelf, settings())
    stages = read(look(run, shelf))["stages"]
    for name, stage in stages.items():
        assert stage["inputs"] == stage["produced"] + stage["rejected"] + stage["failed"] == stage["planned"], name
        assert stage["outputs"] == count_lines(run, name), name
        per_document = [document["counts"] for document in stage["documents"].values()]
        for figure in ("planned", "inputs", "produced", "rejected", "failed", "outputs", "errors"):
            assert sum(counts[figure] for counts in per_document) == stage[figure], (name, figure)
    assert (stages["documents"]["inputs"], stages["documents"]["failed"]) == (3, 1)
    assert stages["extract"]["inputs"] == 5 + 3
    assert (stages["extract"]["rejected"], stages["extract"]["failed"]) == (1, 2)
    assert stages["pair"]["inputs"] == stages["extract"]["outputs"] == 5
    assert read(look(run, shelf))["faults"] == []


def test_counts_that_do_not_add_up_are_told(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    sidecar = next((run / "extract").glob("first*00001*.meta.json"))
    data = json.loads(sidecar.read_bytes())
    data["counts"]["inputs"] = 3
    meta = PartMeta.model_validate(data)
    meta.seal = meta.make_seal()  # as a defect of the runner would leave it
    sidecar.write_text(meta.model_dump_json(), "utf-8")
    faults = read(look(run, shelf))["faults"]
    assert "extract: 11 inputs, but 10 produced, 0 rejected, 0 failed" in faults
    assert "does not add up: extract" in status_text(look(run, shelf))


def test_a_run_in_order_says_so(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    result = look(tmp_path / "run", shelf)
    lines = status_text(result).splitlines()
    assert lines[-1] == "Up to date, no errors."
    headings = "stage inputs produced rejected failed outputs work parts fresh"
    assert " ".join(lines[0].split()) == headings
    assert lines[2].split()[:7] == ["extract", "10", "10", "0", "0", "10", "pages"]
    (row,) = [line for line in lines if line.startswith("第二册.txt")]
    assert row.split() == ["第二册.txt", "1/0/0", "3/0/0", "3/0/0"]
    data = read(result)
    assert (data["is_up_to_date"], data["errors"]) == (True, 0)
    assert all(stage["parts"] == [] for stage in data["stages"].values())
    assert data["totals"]["states"] == {"fresh": 10}
    assert data["stages"]["extract"]["work_s"] > 0


def test_errors_are_told_with_hint_and_command(tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("good\nbad\ngood", "utf-8")
    bring_up(tmp_path / "run", shelf, settings())
    text = status_text(look(tmp_path / "run", shelf))
    assert "extract: first.txt, page 2: BAD_LINE: line 2 is bad (mend it)" in text
    assert "extract: BAD_LINE 1" in text
    assert text.splitlines()[-1] == (
        "Up to date, but 1 error on record: when the cause is mended, run `remud pair --retry-errors`."
    )
    (part,) = read(look(tmp_path / "run", shelf))["stages"]["extract"]["parts"]
    assert (part["document"], part["state"], part["failed"], part["inputs"]) == ("first.txt", "fresh", 1, 2)


def test_what_a_limit_left_is_told(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings(), Wish("pair", limits={"extract": 3}))
    result = look(run, shelf)
    extract = read(result)["stages"]["extract"]
    assert (extract["planned"], extract["inputs"]) == (10, 3)
    assert extract["states"] == {"fresh": 1, "partial": 1, "missing": 4}
    assert extract["documents"]["第二册.txt"]["states"] == {"missing": 2}
    text = status_text(result)
    assert "3 of 10" in text
    assert "extract: 1 part partial (1 of 2 pages: " in text
    assert "extract: 4 parts missing: not made yet (6 pages: " in text
    assert text.splitlines()[-1] == "5 parts to be made (extract 5), then what follows: run `remud pair`."
    assert not read(result)["is_up_to_date"]


def test_one_reason_of_many_parts_is_one_line(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    result = look(tmp_path / "run", shelf, "extract.min_dpi=200")
    (line,) = [line for line in status_text(result).splitlines() if "stale:" in line]
    assert line.startswith("extract: 6 parts stale: setting min_dpi changed (10 pages: ")
    assert line.count("-p0000") == 3
    assert line.endswith(", …)")
    documents = read(result)["stages"]["extract"]["documents"]
    assert documents["first.txt"]["reasons"] == ["stale: setting min_dpi changed"]


def test_names_that_only_one_part_has_do_not_split_a_reason() -> None:
    one = generalise_reason("setting rule changed, input extract/a-p1.jsonl changed, input extract/a-p2.jsonl changed")
    two = generalise_reason("setting rule changed, input extract/b-p1.jsonl changed")
    assert one == two == "setting rule changed, inputs of extract changed"
    assert generalise_reason("kidney-ab12cd34.jsonl was edited") == "its record file was edited"
    assert generalise_reason("kidney-ab12cd34.errors.jsonl is missing") == "its error file is missing"
    assert generalise_reason("library rapidocr changed (3.1 -> 3.2)") == "library rapidocr changed (3.1 -> 3.2)"


def test_a_removed_book_leaves_orphans(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    (shelf / "first.txt").unlink()
    result = look(tmp_path / "run", shelf)
    stages = read(result)["stages"]
    assert {name: len(stage["orphans"]) for name, stage in stages.items()} == {"documents": 1, "extract": 4, "pair": 1}
    assert stages["pair"]["waiting"] == []
    assert "remud clean" in status_text(result)


def test_parts_whose_inputs_are_to_be_made_again_are_no_orphans(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    stages = read(look(tmp_path / "run", shelf, "extract.pages_per_part=4"))["stages"]
    assert len(stages["extract"]["orphans"]) == 6
    assert stages["pair"]["orphans"] == []
    assert len(stages["pair"]["waiting"]) == 2
    assert not stages["pair"]["is_up_to_date"]


def test_an_edit_of_same_size_and_time_is_seen_when_asked_to_verify(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    bring_up(run, shelf, settings())
    victim = next(path for path in sorted((run / "pair").glob("first*.jsonl")) if "errors" not in path.name)
    stat = victim.stat()
    victim.write_bytes(victim.read_bytes().replace(b'"text":"xxxxxxx"', b'"text":"xxxyxxx"'))
    os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert read(look(run, shelf))["is_up_to_date"]
    (part,) = read(look(run, shelf, is_thorough=True))["stages"]["pair"]["parts"]
    assert (part["state"], part["reason"]) == ("stale", f"{victim.name} was edited")
    assert bring_up(run, shelf, settings(), Wish("pair", is_thorough=True))["pair"].n_run == 1
    assert read(look(run, shelf, is_thorough=True))["is_up_to_date"]


def test_of_many_documents_those_that_need_a_look_are_shown(tmp_path: Path, shelf: Path) -> None:
    for number in range(30):
        (shelf / f"book{number:02d}.txt").write_text(f"page {number}\n" + "bad\n" * (number == 7), "utf-8")
    bring_up(tmp_path / "run", shelf, settings())
    lines = status_text(look(tmp_path / "run", shelf)).splitlines()
    assert [line.split() for line in lines if line.startswith("book")] == [["book07.txt", "1/0/0", "1/0/1", "1/0/0"]]
    assert "31 of 32 documents are as they should be; `--json` lists all" in lines
    for number in range(30):
        (shelf / f"book{number:02d}.txt").write_text(f"page {number} again", "utf-8")
    lines = status_text(look(tmp_path / "run", shelf)).splitlines()
    assert sum(line.startswith("book") for line in lines) == 15
    assert "… and 15 more with open parts or errors" in lines


opened: list[str] = []
is_watching = [False]


def _note_opened(event: str, details: tuple[object, ...]) -> None:
    if is_watching[0] and event == "open":
        opened.append(str(details[0]))


def test_only_error_files_that_are_quoted_are_opened(tmp_path: Path, shelf: Path) -> None:
    run = tmp_path / "run"
    (shelf / "first.txt").write_text("good\ngood\ngood\nbad", "utf-8")
    bring_up(run, shelf, settings())
    sys.addaudithook(_note_opened)
    is_watching[0] = True
    try:
        result = look(run, shelf)
        status_text(result)
        status_json(result)
    finally:
        is_watching[0] = False
    records = [Path(name).name for name in opened if name.endswith(".jsonl")]
    assert len(records) == 1
    assert records[0].startswith("first-")
    assert records[0].endswith("-p00003-00004.errors.jsonl")
    assert any(name.endswith(".meta.json") for name in opened)


def test_twenty_thousand_parts_are_added_up_quickly(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    reports = []
    for name, report in survey(tmp_path / "run", shelf, settings()).items():
        model = report.states[0]
        states = [
            replace(
                model,
                state="stale" if number % 3 == 0 else "fresh",
                reason=f"input documents/a{number}.jsonl changed" if number % 3 == 0 else "",
                spec=replace(model.spec, key=f"book-{number:08x}", document=f"shelf/book {number}.pdf"),
            )
            for number in range(10_000)
        ]
        reports.append(StageReport(name, report.unit, report.command, states=states))
    result = Result(tmp_path / "run", settings(), reports[:2])
    started = time.process_time()
    text, told = status_text(result), status_json(result)
    assert time.process_time() - started < 2.5  # 0.6 s where this was written
    data = json.loads(told)
    assert len(data["stages"]["extract"]["documents"]) == 10_000
    assert len(text.splitlines()) < 40


def test_an_unknown_price_is_never_nothing(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    result = look(tmp_path / "run", shelf)
    state = result.reports[2].states[0]
    assert state.meta is not None
    usage = Usage(calls=3, input_tokens=1200, output_tokens=80, cost_usd=0.25, unpriced_calls=1)
    result.reports[2].states[0] = replace(state, meta=state.meta.model_copy(update={"usage": usage}))
    data = read(result)
    for place in (data["totals"], data["stages"]["pair"], data["stages"]["pair"]["documents"]["first.txt"]):
        assert (place["usage"]["cost_usd"], place["usage"]["priced_usd"]) == (None, 0.25)
    text = status_text(result)
    assert "pair: 3 calls, 1,200 + 80 tokens, cost unknown ($0.2500 for the calls of known price)" in text
    assert describe_price(0.0, 2, 2) == "unknown"
    assert describe_price(0.0, 0, 2) == "$0.0000"


def test_a_wide_table_is_split_rather_than_wrapped(tmp_path: Path, shelf: Path) -> None:
    bring_up(tmp_path / "run", shelf, settings())
    result = look(tmp_path / "run", shelf)
    kinds = {"pair": 123456, "passage": 234567, "question": 345678}
    counts = Counts(inputs=1, produced=1, outputs=703701, records=kinds, errors=1)
    first, second, third, *_ = result.reports[1].states
    assert first.meta is not None
    meta: PartMeta = first.meta.model_copy(update={"counts": counts, "seconds": 4000.0})
    result.reports[1].states[:3] = [
        replace(first, meta=meta),
        replace(second, state="stale"),
        replace(third, state="partial"),
    ]
    lines = status_text(result).split("\n\n")[0:2]
    assert [block.split()[:2] for block in lines] == [["stage", "inputs"], ["stage", "parts"]]
    assert max(measure_text(line) for block in lines for line in block.splitlines()) <= WIDTH


def test_a_retry_says_what_it_tried_and_what_remains(tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("good\nbad\ngood\nbad\ngood", "utf-8")
    bring_up(tmp_path / "run", shelf, settings())
    reports = bring_up(tmp_path / "run", shelf, settings(), Wish("pair", retries_errors=True))
    result = Result(tmp_path / "run", settings(), list(reports.values()))
    assert "extract: 2 errors tried again, 2 remaining" in to_text(result)
    stages = json.loads(to_json(result))["stages"]
    assert (stages["extract"]["errors_retried"], stages["extract"]["errors_remaining"]) == (2, 2)
    assert stages["pair"]["errors_retried"] == 0
    (shelf / "third.txt").write_text("bad", "utf-8")
    again = bring_up(tmp_path / "run", shelf, settings())
    assert again["extract"].n_retried == 0


def test_a_stopped_run_says_what_is_finished(tmp_path: Path, shelf: Path) -> None:
    (shelf / "first.txt").write_text("\n".join(["bad"] * 30), "utf-8")
    with pytest.raises(TooManyErrors) as caught:
        bring_up(tmp_path / "run", shelf, settings("serial", "runner.max_error_rate=0.5"))
    assert caught.value.__notes__ == ["finished so far: extract 18 of 33 pages"]
    # What is said to be finished is what status finds.
    assert take_stock(look(tmp_path / "run", shelf).reports)[1].tally.inputs == 18


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0.0 s"), (59.9, "59.9 s"), (65, "1 min 05 s"), (3600, "1 h 00 min"), (7380, "2 h 03 min")],
)
def test_durations(seconds: float, told: str) -> None:
    assert format_duration(seconds) == told
