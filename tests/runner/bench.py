"""A shelf of text files and the toy stages over it, through the real driver."""

from __future__ import annotations

import json
from pathlib import Path

from remud_gen.config import Config, load_config
from remud_gen.runner.driver import Driver, Wish
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.plan import StageRow
from remud_gen.runner.reports.report import StageReport

TOY = "tests.runner.toy_stages"
ROWS = (
    StageRow("documents", f"{TOY}:TextDocuments", "file", "file", command="extract"),
    StageRow("extract", f"{TOY}:LinePages", "pages", "page", is_limited=True),
    StageRow("pair", f"{TOY}:JoinedPassages", "document", "page"),
)


def make_shelf(folder: Path) -> Path:
    folder.mkdir()
    (folder / "first.txt").write_text("\n".join(f"line {n}" for n in range(1, 8)), "utf-8")
    (folder / "第二册.txt").write_text("甲\n乙\n丙", "utf-8")
    return folder


def settings(executor: str = "serial", *more: str) -> Config:
    base = [f"runner.executor={executor}", "runner.workers=2", "extract.pages_per_part=2", "runner.max_error_rate=1"]
    return load_config(None, [*base, *more], {})


def bring_up(
    run: Path, shelf: Path, config: Config, wish: Wish | None = None, rows: tuple[StageRow, ...] = ROWS
) -> dict[str, StageReport]:
    folder = RunFolder(run).open(config)
    try:
        with Interruption(lambda text: None) as interruption:
            driver = Driver(folder, config, rows, interruption, is_quiet=True)
            return {report.name: report for report in driver.bring_up_to(wish or Wish("pair"), [shelf])}
    finally:
        folder.close()


def survey(run: Path, shelf: Path, config: Config, *, is_thorough: bool = False) -> dict[str, StageReport]:
    with Interruption(lambda text: None) as interruption:
        driver = Driver(RunFolder(run), config, ROWS, interruption, is_quiet=True)
        return {report.name: report for report in driver.survey([shelf], is_thorough=is_thorough)}


def record_files(run: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(run)): path.read_bytes()
        for stage in ("documents", "extract", "pair")
        for path in sorted((run / stage).glob("*.jsonl"))
    }


def error_lines(run: Path, stage: str) -> list[dict]:
    paths = sorted((run / stage).glob("*.errors.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_bytes().split(b"\n") if line]


def n_run(reports: dict[str, StageReport]) -> dict[str, int]:
    return {name: report.n_run for name, report in reports.items()}


def reasons(reports: dict[str, StageReport], stage: str) -> set[str]:
    return {state.reason for state in reports[stage].states if state.reason}
