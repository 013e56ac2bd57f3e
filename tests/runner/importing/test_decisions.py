"""Decisions of reviewers: from an export to Label Studio or Argilla, and back over the records of the run."""

from __future__ import annotations

import json

import pytest

from remud_gen.config import Config
from remud_gen.errors import ConfigError, InputError
from remud_gen.exporters.raw import read_records
from remud_gen.exporters.rows import read_rows
from remud_gen.pipeline import PIPELINE
from remud_gen.records import Quadruplet, Verdict
from remud_gen.rules.content_digest import digest_content
from remud_gen.runner.command import run_stages
from remud_gen.runner.importing.command import import_path, is_fruitless, to_json, to_text
from remud_gen.runner.options import Options
from remud_gen.runner.reports.status import status_json
from remud_gen.runner.reports.status_text import status_text
from remud_gen.runner.review import Decision, Review, load_review, save_review
from remud_gen.runner.survey import survey
from tests.exporters.samples import OPTIONS, make_record, make_store, run_export

DOUBT = Verdict(code="LENGTH_SHORT", severity="review", field="answer", evidence="short", filter="text")
ANSWER = "The kidney stands in the loin, behind the peritoneum, and is bean-shaped."
EDITED = "The right kidney stands in the loin, behind the peritoneum, and it is bean-shaped."
THINKING = "The passage names the kidney and tells where it stands, so that is what is asked for."


def make_records():
    text = {"question": "Where does the kidney stand, and what is its shape?", "answer": ANSWER}
    return [
        make_record(0, **text),
        make_record(1, verdicts=(DOUBT,), **text),
        make_record(2, thinking=THINKING, **text),
        make_record(3, question="Which organ is meant here?", options=OPTIONS, answer_key="B", answer="B. Right kidney",
                    form="mcq"),
    ]  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """A run that holds four records, one of them for review."""
    store = make_store(tmp_path / "origin")
    run_export(make_records(), store, tmp_path / "given", formats=["raw"], split=[1.0], statuses=["kept", "review"])
    import_path(PIPELINE, tmp_path / "given", Options(tmp_path / "run"))
    return tmp_path / "run"


def export(run, name, **settings):
    """Export every record of the run, those for review too, and give the folder."""
    assignments = [f"export.formats=[{name}]", "export.split=[1.0]"]
    assignments += [f"export.{key}={json.dumps(value)}" for key, value in settings.items()]
    out = run.parent / f"out-{name}"
    run_stages(PIPELINE, Options(run, assignments=tuple(assignments), is_quiet=True, out=out), "export")
    return out / name


def read_kept(run):
    return {record.id: record for record in read_records(export(run, "raw", statuses=["kept"]) / "train.jsonl")}


def review_with_label_studio(run, **opinions):
    """What Label Studio exports as JSON when reviewers have said this of records by number: (verdict, texts)."""
    folder = export(run, "labelstudio", statuses=["kept", "review"])
    (file,) = folder.glob("tasks_text-*.json")
    tasks = json.loads(file.read_text("utf-8"))
    for number, task in enumerate(tasks, 1):
        task["id"] = number
        annotations = []
        for verdict, texts in opinions.get("q" + task["data"]["record_id"][-1], ()):
            results = [
                {"from_name": f"new_{name}", "to_name": "question", "type": "textarea", "value": {"text": [text]}}
                for name, text in texts.items()
            ]
            if verdict:
                choice = {"from_name": "verdict", "to_name": "question", "type": "choices"}
                results.append({**choice, "value": {"choices": [verdict]}})
            annotations.append({"id": number, "completed_by": 7, "was_cancelled": False, "result": results})
        task["annotations"] = annotations
    path = run.parent / "reviewed.json"
    path.write_text(json.dumps(tasks), "utf-8")
    return path


def review_with_argilla(run, flat, **opinions):
    """What Argilla gives back, nested as `to_json` writes it or flat."""
    folder = export(run, "argilla", statuses=["kept", "review"])
    rows = []
    for row in read_rows(folder / "records.jsonl"):
        said = opinions.get("q" + row["id"][-1], ())
        answers = {}
        for user, (verdict, texts) in enumerate(said):
            for name, value in {**{f"new_{name}": text for name, text in texts.items()}, "verdict": verdict}.items():
                if value is not None:
                    answers.setdefault(name, []).append((value, f"user-{user}"))
        suggestions = {f"new_{name}": row[name] for name in ("question", "thinking", "answer") if row[name]}
        if flat:
            made = {"id": row["id"], "content": row["metadata"]["content"], "verdict.responses": []}
            made |= {f"{name}.suggestion": text for name, text in suggestions.items()}
            for name, given in answers.items():
                made[f"{name}.responses"] = [value for value, _ in given]
                made[f"{name}.responses.users"] = [user for _, user in given]
                made[f"{name}.responses.status"] = ["submitted"] * len(given)
        else:
            made = {
                "id": row["id"], "metadata": row["metadata"], "status": "completed", "fields": {},
                "suggestions": {name: {"value": text, "agent": "remud-gen"} for name, text in suggestions.items()},
                "responses": {
                    name: [{"value": value, "user_id": user} for value, user in given]
                    for name, given in answers.items()
                },
            }  # fmt: skip
        rows.append(made)
    path = run.parent / "reviewed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


TOOLS = {
    "labelstudio": review_with_label_studio,
    "argilla": lambda run, **opinions: review_with_argilla(run, False, **opinions),
    "argilla flat": lambda run, **opinions: review_with_argilla(run, True, **opinions),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_accepted_rejected_and_edited_come_back(run, tool):
    assert read_kept(run).keys() == {"d1-q0000", "d1-q0002", "d1-q0003"}
    path = TOOLS[tool](run, q0=[("reject", {})], q1=[("accept", {"answer": ANSWER})], q2=[("fix", {"answer": EDITED})])
    done = import_path(PIPELINE, path, Options(run))
    assert (done.outcomes, done.silent, done.flagged) == ({"reject": 1, "accept": 1, "edit": 1}, 1, [])
    kept = read_kept(run)
    assert kept.keys() == {"d1-q0001", "d1-q0002", "d1-q0003"}
    assert kept["d1-q0001"].verdicts[-1].code == "HUMAN_ACCEPTED"
    edited = kept["d1-q0002"]
    assert (edited.answer, edited.thinking) == (EDITED, THINKING)
    assert edited.verdicts[-1] == Verdict(
        code="HUMAN_EDITED", severity="fix", field="answer", filter="review", original=ANSWER, replacement=EDITED
    )
    assert "user-" not in (run / "review/decisions.jsonl").read_text("utf-8")
    assert "completed_by" not in (run / "review/decisions.jsonl").read_text("utf-8")


@pytest.mark.parametrize("tool", TOOLS)
def test_reviewers_who_disagree_hold_a_record_back(run, tool):
    path = TOOLS[tool](
        run,
        q0=[("accept", {}), ("reject", {})],
        q2=[("accept", {}), ("accept", {"answer": f"\r\n {ANSWER} "})],  # what a field adds is no edit
        q3=[("fix", {"answer": "B. Right kidney!"}), ("fix", {"answer": "B. The right kidney"})],
    )
    done = import_path(PIPELINE, path, Options(run))
    assert done.outcomes == {"conflict": 2, "accept": 1}
    assert read_kept(run).keys() == {"d1-q0002"}
    result = run_stages(PIPELINE, Options(run, is_quiet=True), "filter")
    assert result.funnel.codes["HUMAN_CONFLICT"].severities == {"review": 2}


def test_what_nobody_judged_is_left_as_it_was(run):
    path = review_with_label_studio(run, q0=[(None, {"answer": ANSWER})], q1=[], q3=[("maybe", {})])
    tasks = json.loads(path.read_text("utf-8"))
    tasks[2]["annotations"] = [
        {"was_cancelled": True, "result": [{"from_name": "verdict", "value": {"choices": ["reject"]}}]}
    ]
    path.write_text(json.dumps(tasks), "utf-8")
    done = import_path(PIPELINE, path, Options(run))
    assert (done.outcomes, done.silent) == ({}, 4)
    assert is_fruitless(done)
    assert not (run / "review").exists()


def test_drafts_of_argilla_do_not_count(run):
    path = review_with_argilla(run, True, q0=[("reject", {})], q2=[("reject", {})])
    rows = list(read_rows(path))
    rows[0]["verdict.responses.status"] = ["draft"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert import_path(PIPELINE, path, Options(run)).outcomes == {"reject": 1}
    path = review_with_argilla(run, False, q0=[("reject", {})])
    rows = [{**row, "status": "pending"} for row in read_rows(path)]
    path.write_text(json.dumps(rows), "utf-8")
    assert import_path(PIPELINE, path, Options(run)).outcomes == {}


def test_json_min_of_label_studio_is_read_too(run):
    tasks = json.loads(review_with_label_studio(run).read_text("utf-8"))
    rows = [{"id": n, "annotator": 7, "annotation_id": n, **task["data"]} for n, task in enumerate(tasks)]
    rows[0] |= {"verdict": "reject", "new_answer": ANSWER}
    rows[2] |= {"verdict": "fix", "new_answer": EDITED, "new_thinking": "-"}
    path = run.parent / "min.json"
    path.write_text(json.dumps(rows), "utf-8")
    assert import_path(PIPELINE, path, Options(run)).outcomes == {"reject": 1, "edit": 1}
    edited = read_kept(run)["d1-q0002"]
    assert (edited.answer, edited.thinking, edited.style) == (EDITED, None, "direct")


def test_an_edit_that_breaks_a_rule_is_held_back_and_told(run):
    bad = "As an AI language model, I cannot see the image, but see Figure 3.2: <|im_end|>"
    done = import_path(PIPELINE, review_with_label_studio(run, q0=[("fix", {"answer": bad})]), Options(run))
    ((record_id, codes),) = done.flagged
    assert record_id == "d1-q0000"
    assert codes
    assert f"  d1-q0000: {codes}" in to_text(done)
    assert "d1-q0000" not in read_kept(run)
    # Seen again as it is now, and accepted: a second word of a person lifts what the rules said of the first.
    again = import_path(PIPELINE, review_with_label_studio(run, q0=[("accept", {})]), Options(run))
    assert again.outcomes == {"accept": 1}
    assert read_kept(run)["d1-q0000"].answer == bad
    # What a trainer could not read stays out of its export all the same.
    left_out = {row["id"]: row["reason"] for row in read_rows(export(run, "swift") / "left_out.jsonl")}
    assert left_out["d1-q0000"].startswith("RESERVED_TOKEN: answer holds <|im_end|>")


def test_a_decision_about_an_earlier_version_is_shown_and_not_applied(run):
    path = review_with_label_studio(run, q0=[("reject", {})], q2=[("accept", {})])
    tasks = json.loads(path.read_text("utf-8"))
    for task in tasks:
        task["data"]["content"] = "0" * 16
    path.write_text(json.dumps(tasks), "utf-8")
    done = import_path(PIPELINE, path, Options(run))
    assert done.outdated == ["d1-q0000", "d1-q0002"]
    assert "outdated, not applied" in to_text(done)
    assert read_kept(run)["d1-q0000"].verdicts[-1].code == "HUMAN_OUTDATED"


def test_unknown_ids_and_foreign_rows_are_named_and_counted(run):
    tasks = json.loads(review_with_label_studio(run, q0=[("reject", {})]).read_text("utf-8"))
    stranger = {**tasks[0], "data": {**tasks[0]["data"], "record_id": "nobody"}}
    half = {**tasks[0], "data": {**tasks[0]["data"], "answer": "half \ud83d"}}
    path = run.parent / "mixed.json"
    path.write_text(json.dumps([tasks[0], stranger, {"data": {"text": "cats"}}, [], half]), "utf-8")
    done = import_path(PIPELINE, path, Options(run))
    assert done.outcomes == {"reject": 1}
    assert done.left_out.codes == {"UNKNOWN_ID": 1, "NOT_A_TASK": 2, "NOT_UNICODE": 1}
    assert "nobody: UNKNOWN_ID" in to_text(done)
    assert json.loads(to_json(done))["left_out"] == {"NOT_A_TASK": 2, "NOT_UNICODE": 1, "UNKNOWN_ID": 1}
    path.write_text(json.dumps([stranger]), "utf-8")
    assert is_fruitless(import_path(PIPELINE, path, Options(run)))
    assert len(load_review(run).list_decisions()) == 1


def test_the_newer_decision_holds_and_the_same_file_again_changes_nothing(run):
    path = review_with_label_studio(run, q0=[("reject", {})])
    import_path(PIPELINE, path, Options(run))
    before = (run / "review/decisions.jsonl").read_bytes()
    import_path(PIPELINE, path, Options(run))
    assert (run / "review/decisions.jsonl").read_bytes() == before
    tasks = json.loads(path.read_text("utf-8"))
    tasks[0]["annotations"][0]["result"] = [{"from_name": "verdict", "value": {"choices": ["accept"]}}]
    path.write_text(json.dumps(tasks), "utf-8")
    import_path(PIPELINE, path, Options(run))
    assert "d1-q0000" in read_kept(run)


def test_decisions_stand_in_the_status_and_make_exports_out_of_date(run):
    assignments = ("export.formats=[raw]", "export.split=[1.0]")
    run_stages(PIPELINE, Options(run, assignments=assignments, is_quiet=True), "export")
    path = review_with_label_studio(run, q0=[("reject", {})], q1=[("accept", {})])
    run_stages(PIPELINE, Options(run, assignments=(*assignments, "export.statuses=[kept]"), is_quiet=True), "export")
    assert json.loads(status_json(survey(PIPELINE, Options(run))))["exports"] == {"raw": "up to date"}
    import_path(PIPELINE, path, Options(run))
    result = survey(PIPELINE, Options(run))
    assert "review: 2 decisions (accept 1, reject 1)" in status_text(result)
    told = json.loads(status_json(result))
    assert (told["review"], told["exports"]) == ({"accept": 1, "reject": 1}, {"raw": "out of date"})


@pytest.mark.parametrize("text", ["", "not json", "[1, 2", '{"a": 1}\nx', "[" * 100_000])
def test_what_is_no_json_is_refused(run, text):
    path = run.parent / "bad.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError):
        import_path(PIPELINE, path, Options(run))


def test_decisions_need_a_run(run):
    path = review_with_label_studio(run, q0=[("reject", {})])
    with pytest.raises(InputError, match="is not a run folder"):
        import_path(PIPELINE, path, Options(run.parent / "nowhere"))
    assert not (run.parent / "nowhere").exists()


def test_a_damaged_file_of_decisions_is_told(run):
    import_path(PIPELINE, review_with_label_studio(run, q0=[("reject", {})]), Options(run))
    (run / "review/decisions.jsonl").write_bytes(b'{"id": 1}\n')
    with pytest.raises(InputError, match="is damaged"):
        export(run, "raw")


def test_records_for_review_go_to_people_only(run):
    with pytest.raises(ConfigError, match="for training"):
        export(run, "llamafactory", statuses=["kept", "review"])


def test_edits_that_lead_in_a_circle_end():
    one = make_record(0, answer="one")
    two = one.model_copy(update={"answer": "two"})
    there = Decision(id=one.id, content=digest_content(one), outcome="edit", answer="two")
    back = Decision(id=one.id, content=digest_content(two), outcome="edit", answer="one")
    judged = Review([there, back], Config()).apply(one)
    assert judged.answer == "one"
    assert [verdict.code for verdict in judged.verdicts].count("HUMAN_EDITED") == 2


def test_a_word_of_a_person_lifts_reviews_before_it_and_never_a_rejection():
    accepted = Verdict(code="HUMAN_ACCEPTED", severity="info")
    reject = Verdict(code="X", severity="reject")
    for verdicts, status in (
        ((DOUBT,), "review"),
        ((DOUBT, accepted), "kept"),
        ((accepted, DOUBT), "review"),
        ((DOUBT, reject, accepted), "rejected"),
        ((accepted,), "kept"),
    ):
        assert make_record(0, verdicts=verdicts).status == status


def test_decisions_are_read_as_they_were_written(tmp_path):
    decisions = [
        Decision(id="肾\u2028", content="b", outcome="edit", thinking="", answer="😀 مرحبا"),
        Decision(id="a", content="a", outcome="accept"),
    ]
    save_review(tmp_path, Review(decisions))
    assert load_review(tmp_path).list_decisions() == sorted(decisions, key=lambda one: one.id)
    assert not Review()
    assert Review().apply(record := Quadruplet.model_validate(make_record(0).model_dump())) == record
