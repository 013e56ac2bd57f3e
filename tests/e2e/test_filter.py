"""`remud filter` and `remud report` on the real command line: dry runs, evaluation sets, the funnel, examples."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.command import make_book, read_records, record_files, remud

CONFIG = ("--config", "demo.yaml", "--set", "extract.reads_burned_in_text=false")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one small book, judged; without a model."""
    folder = tmp_path_factory.mktemp("judged")
    make_book(folder / "books" / "kidney.pdf", 3)
    done = remud("filter", folder / "books", "--run", folder / "run", "--quiet", *CONFIG)
    assert done.returncode == 0, done.stderr
    assert "kept" in done.stdout
    return folder / "run"


@pytest.fixture
def run(judged: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(judged, tmp_path / "run"))


def read_tree(run: Path) -> dict[str, tuple[str, int]]:
    """Digest and time of every file below a run."""
    return {
        str(path.relative_to(run)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(run.rglob("*"))
        if path.is_file()
    }


def test_a_dry_run_judges_anew_and_writes_nothing(run: Path) -> None:
    before = read_tree(run)
    stricter = ("--set", "filter.options.text.max_answer_words=3", "--set", "filter.options.text.max_answer_chars=3")
    stricter = ("--set", "filter.options.evidence.min_sentence_cover=1.0")
    plain = remud("filter", "--run", run, "--dry-run", "--quiet", "--json")
    changed = remud("filter", "--run", run, "--dry-run", "--quiet", "--json", *stricter)
    text = remud("filter", "--run", run, "--dry-run", "--quiet")
    for done in (plain, changed, text):
        assert done.returncode == 0, done.stderr
    assert read_tree(run) == before
    kept = json.loads((run / "corpus" / "funnel.json").read_bytes())["funnel"]
    data = json.loads(plain.stdout)
    assert data["dry_run"] is True
    assert data["funnel"] == kept
    total = kept["total"]
    assert sum(data["histograms"]["statuses"].values()) == total == len(read_records(run, "filter"))
    assert sum(data["histograms"]["lengths"]["answer en"]["counts"]) == total
    assert data["histograms"]["pictures_measured"] == data["histograms"]["pictures"] == 3
    assert json.loads(changed.stdout)["funnel"]["codes"].get("SENT_UNSUPPORTED") != kept["codes"].get(
        "SENT_UNSUPPORTED"
    )
    assert f"Dry run: {total} records judged as `remud filter --run {run}` would" in text.stdout
    assert "length of answer en" in text.stdout
    assert "sharpness of pictures: 3" in text.stdout


def test_a_dry_run_says_what_is_not_up_to_date_and_needs_records(run: Path, tmp_path: Path) -> None:
    stale = remud("filter", "--run", run, "--dry-run", "--quiet", "--set", "generate.items_per_pair=1")
    assert stale.returncode == 0, stale.stderr
    assert "generate is not up to date" in stale.stdout
    none = remud("filter", "--run", tmp_path / "nothing", "--dry-run")
    assert (none.returncode, "is not a run folder" in none.stderr) == (3, True)
    for stage in ("generate", "filter", "corpus"):
        shutil.rmtree(run / stage)
    empty = remud("filter", "--run", run, "--dry-run", "--quiet")
    assert (empty.returncode, "holds no records to judge yet" in empty.stderr) == (3, True)


def test_an_evaluation_set_rejects_what_it_holds_until_it_is_taken_back(run: Path, tmp_path: Path) -> None:
    records = read_records(run, "filter")
    asked = sorted({record["question"] for record in records})[0]
    evaluation = tmp_path / "evaluation.jsonl"
    evaluation.write_text(json.dumps({"question": asked}) + "\n", "utf-8")
    same = {record["id"] for record in records if record["question"] == asked}
    done = remud("filter", "--run", run, "--decontaminate", evaluation, "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    stages = json.loads(done.stdout)["stages"]
    assert (stages["filter"]["parts_run"], stages["corpus"]["parts_run"]) == (0, 1)
    found = {
        row["id"] for row in read_records(run, "corpus") if any(v["code"] == "CONTAM_TEXT" for v in row["verdicts"])
    }
    assert same <= found
    again = remud("filter", "--run", run, "--quiet", "--json")  # from another folder, without naming it
    assert json.loads(again.stdout)["stages"]["corpus"]["parts_run"] == 0
    evaluation.write_text(json.dumps({"question": "What is the speed of sound in fat at body temperature?"}), "utf-8")
    changed = remud("filter", "--run", run, "--quiet", "--json")
    assert json.loads(changed.stdout)["stages"]["corpus"]["parts_run"] == 1
    assert "CONTAM_TEXT" not in json.loads(changed.stdout)["funnel"]["codes"]
    evaluation.unlink()
    gone = remud("filter", "--run", run, "--quiet")
    assert (gone.returncode, "does not exist" in gone.stderr) == (3, True)
    back = remud("filter", "--run", run, "--quiet", "--set", "filter.decontaminate=[]")
    assert back.returncode == 0, back.stderr


def test_a_contaminated_picture_reaches_no_export(run: Path, tmp_path: Path) -> None:
    picture = next(record["images"][0] for record in read_records(run, "filter") if record["images"])
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(run / picture["path"], folder / "eval.jpg")
    done = remud("filter", "--run", run, "--decontaminate", folder, "--quiet", "--json")
    codes = json.loads(done.stdout)["funnel"]["codes"]
    assert codes["CONTAM_IMG"]["records"] >= 1
    exported = remud("export", "--run", run, "--quiet", "--json")
    assert exported.returncode == 0, exported.stderr
    rows = (run / "export" / "llamafactory").rglob("*.jsonl")
    assert not any(picture["sha256"] in path.read_text("utf-8") for path in rows)


def test_report_adds_up_and_writes_nothing(run: Path) -> None:
    before = read_tree(run)
    text, data = remud("report", "--run", run), remud("report", "--run", run, "--json")
    assert (text.returncode, data.returncode) == (0, 0), text.stderr + data.stderr
    assert read_tree(run) == before
    report = json.loads(data.stdout)
    funnel = report["funnel"]
    stages = {row["stage"]: row for row in report["stages"]}
    assert list(stages) == ["documents", "extract", "pair", "generate", "filter", "corpus"]
    assert (
        stages["generate"]["outputs"]
        == funnel["total"]
        == sum(sum(row.values()) for row in funnel["by_language"].values())
    )
    assert report["documents"]["kidney.pdf"]["page"] == 3
    assert report["documents"]["kidney.pdf"]["kept"] == funnel["by_document"]["kidney.pdf"]["kept"] == funnel["kept"]
    assert sum(funnel["mix"]["form"].values()) == funnel["kept"]
    for word in ("stage ", "kidney.pdf", "language ", "kept records", "length of question en"):
        assert word in text.stdout
    (run / "corpus" / "funnel.json").unlink()
    assert json.loads(remud("report", "--run", run, "--json").stdout)["funnel"] == funnel
    assert not (run / "corpus" / "funnel.json").exists()


def test_examples_of_every_code_lie_in_the_run_and_come_back(run: Path) -> None:
    options = (
        "--set",
        "filter.options.question.severities={}",
        "--set",
        "filter.options.evidence.min_sentence_cover=1.0",
    )
    done = remud("filter", "--run", run, "--quiet", "--json", *options)
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout)["funnel"]["codes"]
    path = run / "filter_examples.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert {row["code"] for row in rows} == set(codes)
    for code, count in codes.items():
        assert sum(row["code"] == code for row in rows) == min(5, count["records"])
    written = path.read_bytes()
    path.unlink()
    parts = record_files(run)
    assert remud("filter", "--run", run, "--quiet").returncode == 0
    assert path.read_bytes() == written
    assert record_files(run) == parts


def write_bank(path: Path) -> None:
    """Sixty questions, each with its right answer at A."""
    path.parent.mkdir(parents=True)
    near = ("liver", "gallbladder", "pancreas", "spleen", "kidney", "ureter", "bladder", "prostate", "uterus", "ovary")
    organs = (*near, "thyroid", "parotid gland", "breast", "aorta", "appendix")
    looks = ("hypoechoic", "hyperechoic", "anechoic", "isoechoic")
    lines = ["question,A,B,C,D,answer"]
    for organ in organs:
        for look in looks:
            options = f"Shadow behind the {organ},Fluid around the {organ},Flow within the {organ},Gas in the {organ}"
            lines.append(f"Which finding goes with a {look} focus of the {organ} on ultrasound?,{options},A")
    path.write_text("\n".join(lines) + "\n", "utf-8")


def test_options_that_changed_places_are_shown_and_exported_so(tmp_path: Path) -> None:
    """What is found over the whole corpus lies beside the records and is in whatever is made of them."""
    run = tmp_path / "run"
    write_bank(tmp_path / "books" / "bank.csv")
    done = remud("filter", tmp_path / "books", "--run", run, "--quiet", "--json", *CONFIG)
    assert done.returncode == 0, done.stderr
    before = {record["id"]: record for record in read_records(run, "filter")}
    fixes = {
        row["id"]: {v["field"]: v for v in row["verdicts"] if v["code"] == "MCQ_KEY_SKEW" and v["severity"] == "fix"}
        for row in read_records(run, "corpus")
    }
    fixes = {identity: fields for identity, fields in fixes.items() if fields}
    assert len(fixes) == 45
    funnel = json.loads(done.stdout)["funnel"]
    assert (funnel["kept"], funnel["fixed"]) == (60, 45)
    assert funnel["mix"]["key of 4"] == {"A": 15, "B": 15, "C": 15, "D": 15}
    exported = remud("export", "--run", run, "--quiet", "--format", "raw", "--split", "1.0")
    assert exported.returncode == 0, exported.stderr
    rows = map(json.loads, (run / "export" / "raw" / "train.jsonl").read_text("utf-8").splitlines())
    in_export = {row["id"]: row for row in rows if row["id"] in fixes}
    assert set(in_export) == set(fixes)
    for identity, fields in sorted(fixes.items())[:3]:
        shown = json.loads(remud("inspect", identity, "--run", run, "--json").stdout)[0]
        old = {option["key"]: option["text"] for option in before[identity]["options"]}
        for record in (shown, in_export[identity]):
            new = {option["key"]: option["text"] for option in record["options"]}
            assert record["answer_key"] == fields["answer_key"]["replacement"] != before[identity]["answer_key"]
            assert new[record["answer_key"]] == old[before[identity]["answer_key"]]
            assert sorted(new.values()) == sorted(old.values())
        assert fields["options"]["original"] == "".join(old)
    text = remud("inspect", next(iter(fixes)), "--run", run).stdout
    assert "MCQ_KEY_SKEW (fix) options" in text
    assert "before: ABCD" in text


def test_books_that_are_away_are_refused_with_a_hint_or_left_in_peace(tmp_path: Path) -> None:
    books, run = tmp_path / "books", tmp_path / "run"
    make_book(books / "kidney.pdf", 1)
    made = remud("run", books, "--run", run, "--quiet", *CONFIG)
    assert made.returncode == 0, made.stderr
    before = remud("status", "--run", run)
    books.rename(tmp_path / "elsewhere")
    told = f"{books.resolve()} does not exist"
    for command in (("generate", "--dry-run"), ("extract",), ("export",)):
        refused = remud(*command, "--run", run, "--quiet")
        assert (refused.returncode, told in refused.stderr) == (3, True), command
        assert "is a disk not plugged in?" in refused.stderr
        assert "spelling" not in refused.stderr
    status = remud("status", "--run", run)
    assert (status.returncode, status.stdout) == (0, before.stdout)
    assert f"note: {told}" in status.stderr
    for command in (
        ("report",),
        ("filter", "--only"),
        ("export", "--only", "--format", "raw"),
        ("filter", "--dry-run"),
    ):
        done = remud(*command, "--run", run)
        assert (done.returncode, f"note: {told}" in done.stderr) == (0, True), (command, done.stderr)
    books.mkdir()
    empty = remud("extract", "--run", run, "--quiet")
    assert (empty.returncode, "is a disk not plugged in?" in empty.stderr) == (3, True)
    books.rmdir()
    (tmp_path / "elsewhere").rename(books)
    again = remud("export", "--run", run, "--quiet", "--json")
    assert again.returncode == 0, again.stderr
    assert {stage["parts_run"] for stage in json.loads(again.stdout)["stages"].values()} == {0}


def test_an_export_does_without_no_table_of_licences_that_is_away(tmp_path: Path) -> None:
    books, run = tmp_path / "books", tmp_path / "run"
    make_book(books / "kidney.pdf", 1)
    table = books / "licences.csv"
    table.write_text("file,licence\nkidney.pdf,private\n", "utf-8")
    made = remud("filter", books, "--run", run, "--quiet", *CONFIG)
    assert made.returncode == 0, made.stderr
    books.rename(tmp_path / "elsewhere")
    refused = remud("export", "--only", "--run", run, "--quiet")
    assert (refused.returncode, "the table of licences lies in a folder" in refused.stderr) == (3, True)
    named = remud("export", "--only", "--run", run, "--quiet", "--licences", tmp_path / "elsewhere" / "licences.csv")
    assert named.returncode == 0, named.stderr
