"""Card, manifest, description, checksums and provenance of an export."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter

import pytest
import yaml

from remud_gen.config import Config
from remud_gen.exporters.card import list_files, read_manifest, read_summary
from remud_gen.exporters.rights import LicenceRow, LicenceTable
from remud_gen.exporters.rows import read_rows
from remud_gen.records import Verdict
from remud_gen.stages.export import ExportStage, Origin
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_record, make_store, read_tree

FORMATS = ["llamafactory", "raw"]
FUNNEL = {"total": 40, "kept": 30, "review": 4, "rejected": 6, "codes": {"LENGTH_SHORT": 6}}


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "run")


def export(records, store, target, origin=None, **settings):
    target.mkdir(parents=True)
    config = Config.model_validate({"export": {"formats": FORMATS, **settings}})
    return dict(ExportStage(config).export(lambda: iter(records), store, target, origin or Origin()))


def split_card(folder):
    _, head, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), text


def test_the_head_of_the_card_is_what_the_hub_reads(tmp_path, store):
    export(make_mixed_corpus(store), store, tmp_path / "out", split=[0.6, 0.2, 0.2])
    head, _ = split_card(tmp_path / "out" / "llamafactory")
    assert head["language"] == ["en", "zh"]
    assert (head["license"], head["license_name"]) == ("other", "private-use")
    assert head["task_categories"] == ["visual-question-answering", "question-answering"]
    assert head["size_categories"] == ["n<1K"]
    (config,) = head["configs"]
    files = {row["split"]: row["path"] for row in config["data_files"]}
    assert files == {split: [f"remud_{split}.jsonl"] for split in ("train", "validation", "test")}
    assert all((tmp_path / "out" / "llamafactory" / path).is_file() for paths in files.values() for path in paths)


def test_one_licence_of_all_sources_is_the_licence_of_the_set(tmp_path, store):
    table = LicenceTable((LicenceRow("*", "CC BY-NC 4.0"),))
    export(make_mixed_corpus(store), store, tmp_path / "out", Origin(licences=table))
    head, text = split_card(tmp_path / "out" / "raw")
    assert head["license"] == "cc-by-nc-4.0"
    assert "| cc-by-nc-4.0 |" in text


def test_the_card_counts_and_tells(tmp_path, store):
    records = make_mixed_corpus(store)
    summary = export(records, store, tmp_path / "out", Origin(funnel=FUNNEL), where=["language=en"])["llamafactory"]
    _, text = split_card(tmp_path / "out" / "llamafactory")
    rows = dict(re.findall(r"^\| ([^|]+?) \| (\d+) \|", text, re.MULTILINE))
    english = [record for record in records if record.language == "en"]
    assert int(rows["here"]) == len(english) == sum(n for split, n in summary.counts.items() if split != "images")
    assert int(rows["not chosen: where language=en"]) == len(records) - len(english)
    assert (rows["made"], rows["rejected by filters"], rows["held back for review"]) == ("40", "6", "4")
    for field, value_of in (
        ("kind", lambda record: record.kind),
        ("qtype", lambda record: record.qtype),
        ("language", lambda record: record.language),
        ("style", lambda record: record.style),
    ):
        counted = {key.partition(": ")[2]: int(count) for key, count in rows.items() if key.startswith(f"{field}: ")}
        assert counted == Counter(map(value_of, english)), field
    assert any(key.startswith("organ: ") for key in rows)
    assert any(re.fullmatch(r"prompt: \S+@\d+ sha256:[0-9a-f]{16}", key) for key in rows)
    assert "not for clinical use" in text
    assert "Synthetic" in text
    assert "LENGTH_SHORT 6" in text


def test_the_manifest_reconciles_what_was_not_chosen(tmp_path, store):
    records = [*make_mixed_corpus(store), make_record(99, answer="<|endoftext|>", language="en")]
    export(records, store, tmp_path / "out", where=["language=en"], max=8)
    for name in FORMATS:
        manifest = read_manifest(tmp_path / "out" / name)
        assert sum(manifest.not_chosen.values()) == len(records) - 8
        assert manifest.exported + sum(manifest.left_out.values()) == 8
        assert manifest.inputs == len(records)
        assert read_summary(tmp_path / "out" / name, manifest).not_chosen == manifest.not_chosen
        assert manifest.settings["where"] == ["language=en"]


def test_checksums_are_those_of_every_file_as_sha256sum_reads_them(tmp_path, store):
    export(make_mixed_corpus(store), store, tmp_path / "out")
    for name in FORMATS:
        folder = tmp_path / "out" / name
        listed = dict(reversed(line.split("  ", 1)) for line in (folder / "CHECKSUMS").read_text("utf-8").splitlines())
        assert list(listed) == sorted(listed, key=lambda path: path.replace("/", "\0"))
        on_disk = read_tree(folder)
        assert listed.keys() == on_disk.keys() - {"CHECKSUMS"} == set(list_files(folder)) - {"CHECKSUMS"}
        for path, digest in listed.items():
            assert hashlib.sha256(on_disk[path]).hexdigest() == digest, path


def test_provenance_resolves_every_record_to_file_page_box_and_quotes(tmp_path, store):
    records = {record.id: record for record in make_mixed_corpus(store)}
    broken = make_record(99, answer="<|endoftext|>")
    export([*records.values(), broken], store, tmp_path / "out")
    for name in FORMATS:
        rows = {row["id"]: row for row in read_rows(tmp_path / "out" / name / "provenance.jsonl")}
        assert rows.keys() - {broken.id} == records.keys()
        assert (broken.id in rows) == (name == "raw")
        for record_id, record in records.items():
            row, source = rows[record_id], record.source
            assert (row["document_sha256"], row["file"]) == (source.document_sha256, source.file)
            assert (row["page"], row["locator"]) == (source.page_number, source.locator)
            assert row["bbox"] == (list(source.bbox) if source.bbox else None)
            assert row["images"] == [image.sha256 for image in record.images]
            quotes = [quote for claim in row["claims"] for quote in claim["quotes"]]
            assert [quote["quote"] for quote in quotes] == [q.quote for c in record.claims for q in c.evidence]
            spans = {span.id: span for span in record.evidence}
            for quote in quotes:
                span = spans[quote["span"]]
                assert (quote["page"], quote["locator"]) == (span.page_number, span.locator)


def test_a_record_that_came_twice_keeps_its_provenance_once(tmp_path, store):
    records = [make_record(0), make_record(1), make_record(1)]
    export(records, store, tmp_path / "out", split=[1.0])
    ids = [row["id"] for row in read_rows(tmp_path / "out" / "raw" / "provenance.jsonl")]
    assert ids == [records[0].id, records[1].id]


CHECK = """
import sys
import mlcroissant
for folder in sys.argv[1:]:
    dataset = mlcroissant.Dataset(folder + "/croissant.json")
    issues = dataset.metadata.ctx.issues
    rows = list(dataset.records("provenance"))
    print(len(issues.errors), len(rows), rows[0]["provenance/id"].decode(), bool(dataset.metadata.data_biases))
    print(*issues.warnings, sep="\\n", file=sys.stderr)
"""


def test_mlcroissant_takes_the_description_and_reads_records_by_it(tmp_path, store):
    pytest.importorskip("mlcroissant")
    records = make_mixed_corpus(store)
    export(records, store, tmp_path / "out")
    folders = [str(tmp_path / "out" / name) for name in FORMATS]
    found = subprocess.run([sys.executable, "-c", CHECK, *folders], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines() == [f"0 {len(records)} {records[0].id} True"] * 2
    assert "rai" not in found.stderr


def test_the_description_names_every_data_file_with_its_digest(tmp_path, store):
    export(make_mixed_corpus(store), store, tmp_path / "out")
    folder = tmp_path / "out" / "llamafactory"
    described = json.loads((folder / "croissant.json").read_text("utf-8"))
    files = {one["@id"]: one for one in described["distribution"] if one["@type"] == "cr:FileObject"}
    assert {"remud_train.jsonl", "dataset_info.json", "provenance.jsonl", "left_out.jsonl"} <= files.keys()
    for name, one in files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == one["sha256"]
    wanted = ("dataCollection", "dataBiases", "dataLimitations", "personalSensitiveInformation", "dataUseCases")
    assert all(described[f"rai:{field}"] for field in (*wanted, "dataReleaseMaintenancePlan", "hasSyntheticData"))


def test_words_of_others_are_no_markdown_in_the_card(tmp_path, store):
    model = "m|n <img src=x> ![t](http://x/t.png) `c` \\"
    made = make_record(1).generation.model_copy(update={"model": model})
    licence = "Loan <script>x</script>\n## Head ![t](http://x/t.png)"
    records = [make_record(number, generation=made) for number in range(12)]
    export(records, store, tmp_path / "out", Origin(licences=LicenceTable((LicenceRow("y.pdf", licence),))))
    _, text = split_card(tmp_path / "out" / "raw")
    assert r"| model: extractive/m\|n &lt;img src=x> !\[t\](http://x/t.png) \`c\` \\ | 12 |" in text
    assert "\n## Head" not in text
    assert "<script" not in text
    assert "![t]" not in text


def test_the_card_says_that_thinking_is_dropped_and_that_records_wait_for_a_review(tmp_path, store):
    doubt = Verdict(code="LENGTH_SHORT", severity="review")
    records = [make_record(0, thinking="So."), *(make_record(n, verdicts=(doubt,)) for n in range(1, 12))]
    summary = export(records, store, tmp_path / "out", formats=["raw"], statuses=["kept", "review"], thinking="none")
    told = (
        "With records that filters hold back for review (--statuses kept,review).",
        "Without thinking (--thinking none).",
    )
    assert summary["raw"].notes[:2] == told
    assert all(f"- {note}" in split_card(tmp_path / "out" / "raw")[1] for note in told)
