"""Label Studio and Argilla: what reviewers see, with nothing in it that could harm their tools."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import pytest

from remud_gen.exporters import labelstudio
from remud_gen.exporters.review_fields import find_picture_boxes, to_percent
from remud_gen.exporters.rows import read_array, read_rows
from remud_gen.records import Evidence, Source
from remud_gen.rules.content_digest import digest_content
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_picture, make_record, make_store, read_tree, run_export

HOSTILE = "</Text><script>alert(1)</script> $image \"'&]]> ../../etc/passwd {{7*7}} \u202e\u2028 😀 مرحبا"
BOTH = ["labelstudio", "argilla"]


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "run")


@pytest.fixture
def exported(tmp_path, store):
    records = make_mixed_corpus(store)
    return records, run_export(records, store, tmp_path / "out", formats=BOTH), tmp_path / "out"


def list_tasks(folder):
    return [task for path in sorted(folder.glob("tasks_*.json")) for task in json.loads(path.read_text("utf-8"))]


def test_every_record_is_a_task_with_its_texts_as_they_are(exported):
    records, summaries, out = exported
    assert all(summary.left_out == () for summary in summaries.values())
    tasks = {task["data"]["record_id"]: task for task in list_tasks(out / "labelstudio")}
    rows = {row["id"]: row for row in read_rows(out / "argilla" / "records.jsonl")}
    assert tasks.keys() == rows.keys() == {record.id for record in records}
    for record in records:
        data, row = tasks[record.id]["data"], rows[record.id]
        for name in ("question", "answer"):
            assert data[name] == row[name] == getattr(record, name)
        assert data["thinking"] == row["thinking"] == (record.thinking or "")
        assert data["content"] == row["metadata"]["content"] == digest_content(record)
        edits = {
            result["from_name"]: result["value"]["text"] for result in tasks[record.id]["predictions"][0]["result"]
        }
        assert edits["new_answer"] == [record.answer]
        assert ("new_thinking" in edits) == bool(record.thinking)
        assert len(row["conversation"]) == 2 * len(record.turns)
        assert all(turn.answer in data["turns"] for turn in record.turns)
        assert all(option.text in data["options"] for option in record.options)


def test_each_kind_of_record_has_a_layout_whose_variables_are_in_all_its_tasks(exported):
    records, _, out = exported
    for group, n_images in (("text", {0}), ("picture", {1}), ("pictures", {2, 3})):
        layout = ElementTree.parse(out / "labelstudio" / f"config_{group}.xml")
        variables = {
            value.removeprefix("$") for tag in layout.iter() for value in tag.attrib.values() if value.startswith("$")
        }
        tasks = [task for path in (out / "labelstudio").glob(f"tasks_{group}-*.json") for task in read_array(path)]
        assert tasks
        assert all(variables <= task["data"].keys() for task in tasks)
        found = {task["data"]["record_id"] for task in tasks}
        assert found == {record.id for record in records if len(record.images) in n_images}
        names = [tag.get("name") for tag in layout.iter() if tag.get("name")]
        assert {"verdict", "new_question", "new_thinking", "new_answer"} <= set(names)
        assert len(names) == len(set(names))


def test_pictures_are_named_below_the_folder_that_the_server_may_show(exported):
    _, _, out = exported
    for task in list_tasks(out / "labelstudio"):
        data = task["data"]
        for url in [data["image"]] if "image" in data else data.get("images", []):
            head, _, path = url.partition("?d=")
            assert head == "/data/local-files/"
            assert (out / "labelstudio" / path).is_file()


def test_hostile_texts_are_data_and_nothing_else(tmp_path, store):
    record = make_record(
        0, question=HOSTILE, thinking=HOSTILE, answer=HOSTILE, images=(make_picture(store, 7),),
        source=Source(document_sha256="a" * 64, file="../" + HOSTILE, page_number=1),
        evidence=(Evidence(id=HOSTILE, kind="caption", text=HOSTILE),),
    ).model_copy(update={"id": "../../" + HOSTILE})  # fmt: skip
    run_export([record, make_record(1)], store, tmp_path / "plain", formats=BOTH, split=[1.0])
    run_export([make_record(0, images=record.images), make_record(1)], store, tmp_path / "o", formats=BOTH, split=[1.0])
    plain, other = read_tree(tmp_path / "plain"), read_tree(tmp_path / "o")
    assert plain.keys() == other.keys()
    for name in plain:
        if name.endswith((".xml", ".py", ".sh")) or name.startswith("images"):
            assert plain[name] == other[name]
    (task,) = json.loads((tmp_path / "plain/labelstudio/tasks_picture-00001.json").read_text("utf-8"))
    assert (task["data"]["question"], task["data"]["record_id"]) == (HOSTILE, record.id)
    assert task["data"]["image"].startswith("/data/local-files/?d=images/")


def test_a_control_character_is_left_out_by_name(tmp_path, store):
    records = [make_record(0), make_record(1, answer="null \x00 byte")]
    for summary in run_export(records, store, tmp_path / "out", formats=BOTH, split=[1.0]).values():
        assert summary.left_out == (("d1-q0001", "UNFIT_CHARACTER: answer holds the control character U+0000"),)


FIGURE = Source(document_sha256="a" * 64, file="a.pdf", page_number=3, page_size=(595, 842), bbox=(100, 200, 300, 400))


@pytest.mark.parametrize(
    ("box", "page", "percent"),
    [
        ((150, 250, 200, 300), 3, (25, 25, 25, 25)),
        ((100, 200, 300, 400), 3, (0, 0, 100, 100)),
        ((99, 200, 300, 401), 3, (0, 0, 100, 100)),  # a hundredth beside it is cut off
        ((150, 390, 200, 420), 3, None),  # below the figure: a caption
        ((150, 250, 200, 300), None, (25, 25, 25, 25)),  # read in the picture
        ((150, 250, 200, 300), 4, None),  # the same place on another page
        ((200, 250, 150, 300), 3, None),  # inside out
    ],
)
def test_evidence_inside_the_figure_is_drawn_in_percent_of_the_crop(store, box, page, percent):
    span = Evidence(id="ocr1", kind="burned_in", text="RK", page_number=page, bbox=box)
    record = make_record(0, images=(make_picture(store, 1),), source=FIGURE, evidence=(span,))
    assert [found for _, found in find_picture_boxes(record)] == ([] if percent is None else [percent])
    drawn = [one for one in labelstudio.make_task(record, "train")["predictions"][0]["result"] if one["id"] == "box1"]
    assert len(drawn) == (percent is not None)
    if percent is not None:
        x, y, width, height = percent
        assert drawn[0]["value"] == {
            "x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": ["burned_in"],
        }  # fmt: skip
        assert (drawn[0]["original_width"], drawn[0]["original_height"]) == (24, 16)


def test_boxes_elsewhere_stand_in_the_data(store):
    span = Evidence(id="cap", kind="caption", text="Right kidney", page_number=3, bbox=(150, 410, 200, 420))
    record = make_record(0, images=(make_picture(store, 1),), source=FIGURE, evidence=(span,))
    data = labelstudio.make_task(record, "train")["data"]
    assert json.loads(data["page_boxes"]) == [{"id": "cap", "page": 3, "box": [150, 410, 200, 420], "unit": "pt"}]
    assert data["evidence"] == "[cap] caption, page 3, box [150, 410, 200, 420]: Right kidney"


def test_percent_of_a_frame_stays_in_it():
    assert to_percent((0, 0, 3, 3), (1, 1, 2, 2)) == (33.333, 33.333, 33.333, 33.333)
    assert to_percent((10, 10, 20, 20), (0, 0, 40, 40)) == (0, 0, 100, 100)


def test_many_tasks_go_to_several_files_that_are_each_an_array(tmp_path, store, monkeypatch):
    monkeypatch.setattr(labelstudio, "TASKS_PER_FILE", 3)
    records = [make_record(number, document=f"d{number}") for number in range(7)]
    run_export(records, store, tmp_path / "out", formats=["labelstudio"], split=[1.0])
    files = sorted((tmp_path / "out/labelstudio").glob("tasks_text-*.json"))
    assert [len(json.loads(path.read_text("utf-8"))) for path in files] == [3, 3, 1]


def test_the_same_records_give_the_same_bytes(tmp_path, store, exported):
    records, _, out = exported
    run_export(records, store, tmp_path / "again", formats=BOTH)
    assert read_tree(tmp_path / "again") == read_tree(out)
