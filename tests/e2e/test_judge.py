"""Finished records are shown to a model: the real command line, a real HTTP server that judges by rule.

All but the killed run takes place in this process: starting Python anew for each command would take most of the time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pymupdf
import pytest
from click.testing import Result
from typer.testing import CliRunner

from remud_gen.cli import app
from tests.e2e.command import SECRETS, leftovers, read_records, record_files, start_remud
from tests.judge_server import JudgeServer, make_judgement

CAPTIONS = (
    "Longitudinal view of the left kidney with a simple cyst measuring 4.5 cm at the upper pole.",
    "Transverse view of the gallbladder with a thickened wall of 7 mm and no gallstones.",
    "Transverse view of the right thyroid lobe showing a hypoechoic nodule of 12 mm.",
    "Longitudinal view of the uterus with a fibroid measuring 3.4 cm in the anterior wall.",
    "Apical view of the heart showing a dilated left atrium of 52 mm.",
    "Longitudinal view of the Achilles tendon, which is thickened to 11 mm.",
)
MIX = "{image_types: {finding: 1}, forms: {open: 2, mcq: 1, yesno: 1}, option_counts: {4: 1}}"
OFF = "{images: null, choices: null, question: null, duplicates: null, balance: null}"


def make_atlas(path: Path, captions=CAPTIONS) -> Path:
    """A page for each caption, with a picture of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pymupdf.open() as book:
        for number, caption in enumerate(captions, 1):
            page = book.new_page(width=420, height=595)
            page.insert_text((40, 50), f"{number}. Section", fontsize=15, fontname="hebo")
            pixmap = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 320, 240))
            pixmap.set_rect(pixmap.irect, (8, 8, 8))
            for k in range(6):
                shade = 40 + (17 * k + 31 * number) % 180
                box = pymupdf.IRect(20 + 48 * k, 30 + (13 * k + 9 * number) % 60, 60 + 48 * k, 150 + (29 * number) % 80)
                pixmap.set_rect(box, (shade, shade, shade))
            page.insert_image(pymupdf.Rect(90, 80, 330, 260), pixmap=pixmap)
            page.insert_textbox(pymupdf.Rect(60, 270, 360, 310), f"Figure {number}. {caption}", fontsize=9)
        path.write_bytes(book.tobytes(no_new_id=True))
    return path


def remud(*arguments: object, **env: str) -> Result:
    """`remud …` in this process."""
    clean: dict[str, str | None] = dict.fromkeys(SECRETS)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={**clean, **env})


def to_flags(**settings: object) -> tuple[str, ...]:
    return tuple(
        part for name, value in settings.items() for part in ("--set", f"{name.replace('__', '.', 1)}={value}")
    )


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose records are made and not yet filtered, and what its server remembers."""
    folder = tmp_path_factory.mktemp("judged")
    make_atlas(folder / "books" / "atlas.pdf")
    with JudgeServer() as server:
        settings = to_flags(
            generate__mix=MIX, generate__items_per_passage=0, generate__examples=0, generate__reasoning_share=0,
            filter__options=OFF, runner__executor="serial", privacy__books="allow",
            extract__reads_burned_in_text="false",
        )  # fmt: skip
        flags = ("--model", "tiny", "--base-url", server.base_url, "--quiet", *settings)
        done = remud("generate", folder / "books", "--run", folder / "run", *flags)
        assert done.exit_code == 0, done.stderr
        generated_by.update(written=server._written, words=server.words)
    return folder


generated_by: dict = {}


@pytest.fixture
def run(generated: Path, tmp_path: Path) -> Path:
    shutil.copytree(generated / "run", tmp_path / "run")
    return tmp_path / "run"


class Judge(JudgeServer):
    """A server that remembers what the one of the fixture wrote."""

    def __init__(self, **options):
        super().__init__(**options)
        self._written |= generated_by["written"]
        self.words |= generated_by["words"]


def judge(run: Path, server: JudgeServer, *more: object, command: str = "filter", probes: str = "[judge]", **settings):
    flags = to_flags(
        **{"judge__probes": probes, "judge__model": "judge-7b", "judge__planted_share": 0.3, **settings},
        judge__base_url=server.base_url,
    )
    return remud(command, "--run", run, "--quiet", *flags, *more, REMUD_API_KEY="sk-test")


def told(done) -> dict:
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def judged_files(run: Path) -> dict[str, bytes]:
    own = {f"judge/{path.name}": path.read_bytes() for path in sorted((run / "judge").glob("*.jsonl"))}
    return {**record_files(run), **own}


def test_off_by_default_it_costs_nothing_and_changes_no_byte(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "other")
    with JudgeServer() as server:
        assert remud("filter", "--run", run, "--quiet").exit_code == 0
        flags = to_flags(judge__model="judge-7b", judge__base_url=server.base_url, judge__repeats=5)
        assert remud("filter", "--run", tmp_path / "other", "--quiet", *flags).exit_code == 0
        assert server.log == []
    assert record_files(run) == record_files(tmp_path / "other")
    assert not (run / "judge").exists()
    assert all("probing" not in record for record in read_records(run, "filter"))


def test_truthful_judge_is_believed_and_export_honours_it(run: Path) -> None:
    def say(asked):
        if asked.parts["Answer"].startswith("Longitudinal view of the uterus"):
            return make_judgement(asked, None, clinically_valid=("fail", "answer", "view of the uterus"))
        return truthful(asked)

    with Judge() as server:
        truthful = server.rules["judge"]
        server.rules["judge"] = say
        data = told(judge(run, server, "--json"))
        one = data["judge"]["probes"]["judge"]
        assert one["planted"] >= 4
        assert (one["recall"], one["is_applied"]) == (1.0, True)
        assert "JUDGE_CLINICAL" in data["funnel"]["codes"]
        n_sent, made = len(server.log), judged_files(run)
        assert n_sent == server.count("judge") == one["records"] + one["planted"]
        assert "tiny" not in str([body["messages"] for body in server.judged_bodies])
        assert data["costs"]["paid_by_stage_usd"].keys() == {"generate", "judge"}

        again = told(judge(run, server, "--json"))
        assert (len(server.log), judged_files(run)) == (n_sent, made)
        assert again["funnel"] == data["funnel"]
        assert again["judge"] == data["judge"]
        # Parts that were lost are made anew of stored replies, by export too, which asks nobody.
        for path in [*(run / "judge").iterdir(), *(run / "corpus").iterdir()]:
            path.unlink()
        done = remud("export", "--run", run, "--quiet", "--json", "--set", "export.formats=[raw]")
        data = told(done)
        assert (len(server.log), judged_files(run)) == (n_sent, made)
    files = [run / "export" / "raw" / f"{split}.jsonl" for split in ("train", "validation")]
    exported = [json.loads(line) for path in files if path.exists() for line in path.read_text("utf-8").splitlines()]
    kept = {record["id"] for record in read_records(run, "judge") if not record["verdicts"]}
    assert {row["id"] for row in exported} == kept
    assert not any(str(row["answer"]).startswith("Longitudinal view of the uterus") for row in exported)
    text = remud("filter", "--run", run, "--quiet").stdout
    assert "planted bad records: " in text, text
    assert "(recall 1.00, precision " in text, text
    assert "NOT APPLIED" not in text


def test_sloppy_judge_is_not_believed_and_everybody_is_told(run: Path) -> None:
    def say(asked):
        """Passes every planted record, and fails good ones at random."""
        if asked.parts["Answer"].startswith("Transverse view of the gallbladder"):
            return make_judgement(asked, None, supported=("fail", "answer", "view of the gallbladder"))
        return make_judgement(asked)

    with Judge(is_sloppy=True, rules={"judge": say}) as server:
        data = told(judge(run, server, "--json"))
        one = data["judge"]["probes"]["judge"]
        assert one["recall"] < 0.8
        assert not one["is_applied"]
        assert data["funnel"]["codes"]["JUDGE_UNFAITHFUL"]["severities"] == {"info": 1}
        assert data["funnel"]["kept"] > 0
        assert any("NOT applied" in alarm for alarm in data["funnel"]["alarms"])
        text = judge(run, server).stdout
        assert "verdicts NOT APPLIED" in text
        assert "ALARM judge: the judge found" in text
        (doubted,) = (one["id"] for one in read_records(run, "judge") if "JUDGE_UNFAITHFUL" in str(one["verdicts"]))
        assert "JUDGE_UNFAITHFUL (info)" in remud("inspect", doubted, "--run", run).stdout
        # Asked for less, it is believed: nothing is asked again.
        n_sent = len(server.log)
        data = told(judge(run, server, "--json", judge__min_planted_recall=0))
        assert data["funnel"]["codes"]["JUDGE_UNFAITHFUL"]["severities"] == {"reject": 1}
        assert len(server.log) == n_sent


def test_all_probes_together_ask_each_record_and_find_nothing_in_good_ones(run: Path) -> None:
    probes = "[blind, options_only, swapped_image, reanswer, mismatch, judge]"
    with Judge() as server:
        more = {"probes": probes, "generate__base_url": server.base_url}
        data = told(judge(run, server, "--json", command="run", **more))
        assert all(server.count(name) for name in server.rules if name not in ("same", "conclude"))
    assert data["funnel"]["codes"].keys() & {"BLIND_ANSWERABLE", "IMAGE_IGNORED", "SELF_INCONSISTENT"} == set()
    assert data["judge"]["probes"]["mismatch"]["recall"] == 1.0
    assert data["judge"]["probes"]["mismatch"]["flagged"] == 0
    assert data["exports"]["llamafactory"]["exported"] == data["funnel"]["kept"] > 0


def test_earlier_stages_stay_unasked_by_filter(run: Path) -> None:
    with Judge() as server:
        data = told(judge(run, server, "--json", generate__temperature=0.9, generate__base_url=server.base_url))
        assert data["stages"]["generate"]["inputs_unasked"] == len(CAPTIONS)
        assert server.judged_bodies == server.bodies != []


def test_commands_that_ask_are_named_in_their_order(run: Path) -> None:
    with Judge() as server:
        settings = to_flags(judge__probes="[judge]", judge__model="judge-7b", judge__base_url=server.base_url)
        done = remud("export", "--run", run, "--quiet", *settings)
        assert done.exit_code == 3
        assert f"run `remud filter --run {run}` first" in done.stderr
        assert server.log == []

        def conclude(*more: str) -> str:
            return remud("status", "--run", run, *settings, *more).stdout.splitlines()[-1]

        assert conclude() == f"1 part to be made (judge 1): run `remud filter --run {run}`."
        assert remud("export", "--run", run, "--quiet", "--set", "judge.probes=[]").exit_code == 0
        assert conclude(*to_flags(generate__temperature=0.9)).endswith(
            f"run `remud generate --run {run}`, then `remud filter --run {run}`, then `remud export --run {run}`."
        )


def test_killed_run_pays_for_nothing_twice(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "whole")
    with Judge() as server:
        told(judge(tmp_path / "whole", server, "--json"))
    whole = {name: data for name, data in judged_files(tmp_path / "whole").items()}
    with Judge(latency_s=0.15) as server:
        flags = to_flags(
            judge__probes="[judge]", judge__model="judge-7b", judge__base_url=server.base_url, judge__planted_share=0.3,
            judge__concurrency=2,
        )  # fmt: skip
        process = start_remud("filter", "--run", run, "--quiet", *flags, REMUD_API_KEY="sk-test")
        while server.outcomes()["ok"] < 6 and process.poll() is None:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        process.stderr.close()
        n_before = server.outcomes()["ok"]
        told(judge(run, server, "--json", judge__concurrency=2))
        assert 6 <= n_before < len(server.answered())
        # What was under way when it was killed may be asked again, nothing else.
        assert sum(server.answered().values()) <= len(server.answered()) + 4
    assert judged_files(run) == whole
    assert leftovers(run) == []


def test_budget_stops_it_cleanly_and_it_goes_on(run: Path) -> None:
    with Judge() as server:
        paid = json.loads(remud("status", "--run", run, "--json").stdout)["costs"]["paid_tokens"]
        done = judge(run, server, "--max-tokens", paid + 9_000, judge__concurrency=1, judge__max_output_tokens=2000)
        assert done.exit_code == 7, done.stderr
        n_sent = len(server.log)
        assert n_sent > 0
        data = told(judge(run, server, "--json", budget__max_tokens="null", judge__max_output_tokens=2000))
        assert len(server.log) == len(server.answered()) > n_sent
        assert data["stages"]["judge"]["parts_partial"] == 0


def test_switched_off_again_only_what_it_made_and_asked_may_be_cleaned_away(run: Path) -> None:
    with Judge() as server:
        told(judge(run, server, "--json"))
        n_asked = len(server.log)
    before = record_files(run)
    told(remud("filter", "--run", run, "--quiet", "--json", "--set", "judge.probes=[]"))
    found = json.loads(remud("clean", "--run", run, "--json", "--apply").stdout)["found"]
    assert (found["replies"]["count"], found["replaced_parts"]["count"]) == (n_asked, 1)
    assert not list((run / "judge").glob("*"))
    # The records, and the replies that they were made of, are all there.
    assert {name: data for name, data in record_files(run).items() if not name.startswith("corpus")} == {
        name: data for name, data in before.items() if not name.startswith("corpus")
    }
    for path in (run / "generate").iterdir():
        path.unlink()
    assert told(remud("filter", "--run", run, "--quiet", "--json"))["stages"]["generate"]["inputs_unasked"] == 0


def test_dry_run_foretells_the_calls_and_sends_none(run: Path, generated: Path) -> None:
    flags = ("--dry-run", "--json", "--set", "budget.prices={'*': free}")
    with Judge() as server:
        data = told(judge(run, server, *flags, command="run", generate__base_url=server.base_url))
        foreseen = data["forecast"]
        assert (server.log, foreseen["generate"]["calls_new"]) == ([], 0)
        told(judge(run, server, "--json"))
        assert foreseen["judge"]["calls_new"] == len(server.log) > 0
        # Of a run that has no records yet, nothing can be told.
        fresh = run.parent / "fresh"
        data = told(judge(fresh, server, generated / "books", *flags, command="run", generate__model="tiny",
                          generate__base_url=server.base_url, extract__reads_burned_in_text="false"))  # fmt: skip
        foreseen = data["forecast"]
        assert foreseen["judge"]["calls_new"] == 0
        assert "known once generate is made" in str(foreseen["judge"])


def test_limit_bounds_what_is_judged(run: Path) -> None:
    assert remud("filter", "--run", run, "--quiet").exit_code == 0
    with Judge() as server:
        data = told(judge(run, server, "--json", "--limit", 4))
        assert data["stages"]["judge"]["inputs"] == 4
        assert len(server.log) <= 4 * 2


def test_what_may_not_or_cannot_be_asked_is_said(run: Path) -> None:
    with Judge(key="sk-right") as server:
        done = judge(run, server)
        assert done.exit_code == 5
        assert "sk-test" not in done.stdout + done.stderr
        assert server.answered() == {}
    with Judge() as server:
        done = judge(run, server, "--offline", generate__client="extractive", generate__model="null")
        assert done.exit_code == 2
        assert "--offline" in done.stderr
        done = judge(run, server, "--max-cost", 1)
        assert done.exit_code == 2
        assert "judge-7b" in done.stderr
        assert server.log == []


def test_judge_that_shares_the_generators_family_is_warned_of(run: Path) -> None:
    with Judge() as server:
        done = judge(run, server, judge__model="tiny")
        assert "ALARM judge: the judge tiny is of the generator's family (tiny)" in done.stdout, done.stdout
        assert "warning: tiny judges what tiny wrote, of one family (tiny)" in done.stderr
        done = judge(run, server)
        assert "favours its own" not in done.stdout
        assert "warning" not in done.stderr


def test_failed_replies_are_asked_for_again_on_request(run: Path) -> None:
    with Judge() as server:
        truthful, server.rules["judge"] = server.rules["judge"], lambda asked: {"gates": []}
        data = told(judge(run, server, "--json", judge__planted_share=0, runner__max_error_rate=1))
        n_records = data["judge"]["probes"]["judge"]["records"]
        assert data["funnel"]["codes"]["PROBE_FAILED"]["severities"] == {"review": n_records}
        assert data["status"] == "finished_with_errors"
        server.rules["judge"] = truthful
        data = told(judge(run, server, "--json", "--retry-errors", judge__planted_share=0))
        assert data["status"] == "finished"
        assert "PROBE_FAILED" not in data["funnel"]["codes"]
