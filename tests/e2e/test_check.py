"""Unsure pairs are shown to a model: the real command line, a real HTTP server that answers by rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.choice_server import ChoiceServer, answer, find
from tests.e2e.command import read_records, record_files, remud
from tests.unsure_books import make_facing, make_panels


@pytest.fixture
def facing(tmp_path: Path) -> Path:
    return make_facing(tmp_path / "shelf" / "facing.pdf").parent


def check(run: Path, server: ChoiceServer, *more: object, command: str = "pair"):
    """`remud pair` under the rule; what it prints, and the checked pairs from top to bottom."""
    settings = [
        "pair.rule=vlm_check", "vision.model=tiny", f"vision.base_url={server.base_url}", "runner.executor=serial",
    ]  # fmt: skip
    flags = [flag for text in settings for flag in ("--set", text)]
    done = remud(command, *more, "--run", run, *flags, "--quiet", "--json", REMUD_API_KEY="sk-test")
    told = json.loads(done.stdout) if done.stdout.strip() else {"stderr": done.stderr}
    pairs = [record for record in read_records(run, "check") if record["record"] == "pair"]
    return told, sorted(pairs, key=lambda pair: (pair["source"]["page_number"], pair["source"]["bbox"][1::-1]))


def test_confirmed_pairs_are_surer_and_everything_else_passes_through(tmp_path, facing) -> None:
    seen = []

    def confirm(figures, words):
        seen.append(([box.page for box in figures], [(box.page, box.text[:9]) for box in words]))
        return answer(figures, find(words, "spleen" if len(seen) == 1 else "liver with"))

    with ChoiceServer(confirm) as server:
        told, pairs = check(tmp_path / "run", server, facing, "--set", "vision.concurrency=1")
    assert told["status"] == "finished"
    assert [pair["caption"] for pair in pairs] == [pair["caption"] for pair in unchecked(tmp_path / "run")]
    assert seen == [([1], [(2, "Figure 7."), (2, "Figure 8.")])] * 2
    for before, after in zip(unchecked(tmp_path / "run"), pairs, strict=True):
        assert before["confidence"] == 0.58
        assert after["confidence"] == 0.95
        assert {*after["flags"]} - {*before["flags"]} == {"confirmed_by_model"}
        same = {"flags": None, "confidence": None}
        assert {**before, **same} == {**after, **same}
    others = [
        [r for r in read_records(tmp_path / "run", stage) if r["record"] != "pair"] for stage in ("pair", "check")
    ]
    assert others[0] == others[1] != []


def all_files(run: Path) -> dict[str, bytes]:
    checked = {f"check/{path.name}": path.read_bytes() for path in sorted((run / "check").glob("*.jsonl"))}
    return {**record_files(run), **checked}


def unchecked(run: Path) -> list[dict]:
    pairs = [record for record in read_records(run, "pair") if record["record"] == "pair"]
    return sorted(pairs, key=lambda pair: (pair["source"]["page_number"], pair["source"]["bbox"][1::-1]))


def test_chosen_words_replace_the_old_ones_with_all_that_rests_on_them(tmp_path, facing) -> None:
    with ChoiceServer(lambda figures, words: answer(figures, find(words, "liver with"))) as server:
        _, pairs = check(tmp_path / "run", server, facing)
    old, _ = unchecked(tmp_path / "run")
    new, _ = pairs
    assert old["caption"] == "Transverse ultrasound view of the spleen with a calcified cyst."
    assert new["caption"] == new["panel_caption"] == "Transverse ultrasound view of the liver with a large abscess."
    assert new["figure_number"] == "Figure 8"
    assert new["confidence"] == 0.9
    assert "caption_chosen_by_model" in new["flags"] and "caption_by_order" not in new["flags"]
    spans = {span["id"]: span for span in new["context"]}
    assert spans["cap"]["text"] == new["caption"] and spans["cap"]["page_number"] == 2
    assert "abscess in Figure 8" in spans["ctx1"]["text"]  # the paragraph that cites the new number
    assert not [span for span in old["context"] if span["kind"] == "mention"]
    was = {choice["number"]: choice for choice in new["sketch"]["choices"]}[new["sketch"]["caption"]]
    assert was["words"] == old["caption"] and was["label"] == "Figure 7"
    assert (new["id"], new["figure_id"], new["image"]) == (old["id"], old["figure_id"], old["image"])


def test_what_panels_ask_together_is_told_as_it_was_paid(tmp_path) -> None:
    shelf = make_panels(tmp_path / "shelf" / "panels.pdf").parent
    with ChoiceServer(lambda figures, words: answer(figures, find(words, "Figure 4"))) as server:
        told, pairs = check(tmp_path / "run", server, shelf, "--set", "generate.client=extractive")
    assert ["confirmed_by_model" in pair["flags"] for pair in pairs] == [True, True]
    assert len(server.log) == told["stages"]["check"]["usage"]["calls"] == 1
    text = remud("pair", "--run", tmp_path / "run", "--quiet").stdout
    assert "check: 1 call (" in text, text


def test_rejected_pairs_stay_on_disk_and_are_never_asked_about(tmp_path, facing) -> None:
    with ChoiceServer(lambda figures, words: answer(figures, None)) as server:
        more = ("--set", "generate.model=tiny", "--set", f"generate.base_url={server.base_url}")
        told, pairs = check(tmp_path / "run", server, facing, *more, command="generate")
    assert [(pair["confidence"], pair["flags"][-1]) for pair in pairs] == [(0.0, "rejected_by_model")] * 2
    assert [pair["caption"] for pair in pairs] == [pair["caption"] for pair in unchecked(tmp_path / "run")]
    assert {record["kind"] for record in read_records(tmp_path / "run", "generate")} == {"qa"}, told
    assert told["stages"]["generate"]["codes"]["LOW_CONFIDENCE"] == 2


@pytest.mark.slow
def test_a_run_goes_on_where_it_stopped_and_asks_nothing_twice(tmp_path, facing) -> None:
    make_panels(facing / "panels.pdf")
    run, is_good = tmp_path / "run", False

    def rule(figures, words):
        number = find(words, "Figure 4") or find(words, "spleen")
        return answer(figures, number if is_good or len(figures) == 1 else 99)

    with ChoiceServer(rule) as server:
        told, _ = check(run, server, facing)
        assert (told["status"], told["stages"]["check"]["errors"]) == ("finished_with_errors", 2)
        assert server.outcomes() == {"ok": 4}  # one of each picture, two of the panels
        assert told["stages"]["check"]["usage"]["calls"] == 4
        kept = all_files(run)
        assert check(run, server)[0]["status"] == "finished_with_errors"
        assert (len(server.log), all_files(run)) == (4, kept)

        status = remud("status", "--run", run)
        assert "check" in status.stdout and "CHOICE_INVALID" in status.stdout, status.stdout
        is_good = True
        told, pairs = check(run, server, "--retry-errors")
        assert told.get("status") == "finished", told
        assert server.outcomes() == {"ok": 5}
        assert {pair["panel"] for pair in pairs if "confirmed_by_model" in pair["flags"]} == {"A", "B", None}

    # Once all is made without the rule, nothing needs these parts and their sketches any more.
    plain = ("--set", "pair.rule=reading_order", "--set", "generate.client=extractive", "--set", "vision.model=null")
    made = remud("filter", "--run", run, *plain, "--quiet")
    assert made.returncode == 0, made.stderr
    found = json.loads(remud("clean", "--run", run, "--json", "--apply").stdout)["found"]
    assert {kind: entry["count"] for kind, entry in found.items() if entry["count"]} == {
        "replaced_parts": 2, "pictures": 3, "bases": 2,
    }  # fmt: skip
    assert not list((run / "check").glob("*.jsonl"))


@pytest.mark.slow
def test_limit_counts_pages_and_executors_agree(tmp_path, facing) -> None:
    make_panels(facing / "panels.pdf")

    def rule(figures, words):
        return answer(figures, words[-1].number)

    with ChoiceServer(rule) as server:
        check(tmp_path / "serial", server, facing)
        n_sent = len(server.log)
        more = ("--set", "runner.executor=processes", "--set", "runner.workers=2", "--set", "vision.concurrency=3")
        check(tmp_path / "processes", server, facing, *more, "--limit", 1)
        check(tmp_path / "processes", server, facing, *more)
        assert len(server.log) == 2 * n_sent  # the sketches and so the questions are the same; each run has its store
    assert all_files(tmp_path / "serial") == all_files(tmp_path / "processes")
