"""The validator on exports that were broken after they were written."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.exporters.llamafactory import LlamaFactoryExporter
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.raw import RawExporter
from remud_gen.exporters.rows import encode_line, read_rows
from remud_gen.exporters.swift import SwiftExporter
from remud_gen.exporters.validate import RULES, SHOWN_PROBLEMS, Validator
from remud_gen.protocols import ExportedRow
from tests.exporters.samples import make_mixed, make_picture, make_record, make_store

EXPORTERS = {"llamafactory": LlamaFactoryExporter, "swift": SwiftExporter, "raw": RawExporter}


class Written:
    """A sound export of four records, two of them with a picture, and its validator."""

    def __init__(self, root, exporter=None, records=None):
        self.exporter = exporter or LlamaFactoryExporter("qwen")
        self.folder = root / "out"
        self.folder.mkdir()
        store = make_store(root / "run")
        self.records = records or [
            ("train", make_record(0, images=(make_picture(store, 1),), thinking="T")),
            ("train", make_record(1, images=(make_picture(store, 2),))),
            ("train", make_record(2)),
            ("validation", make_record(3, document="d2", images=(make_picture(store, 3),))),
        ]
        self.validator = Validator("qwen", is_split_by_document=True)
        self.pictures = PictureFolder(self.folder, store)
        self.summary = self.exporter.write(self.validator.watch(self.records), self.folder, self.pictures)

    def check(self, decoded=()):
        self.validator.check(self.exporter, self.folder, len(self.summary.left_out), decoded)

    def change(self, number, change, file="remud_train.jsonl"):
        rows = list(read_rows(self.folder / file))
        changed = change(rows[number])
        rows[number] = rows[number] if changed is None else changed
        (self.folder / file).write_bytes(b"".join(encode_line(row) for row in rows))

    def image(self, number=0, file="remud_train.jsonl"):
        return self.folder / list(read_rows(self.folder / file))[number]["images"][0]

    def expect(self, code, record_id, decoded=()):
        with pytest.raises(RecordError) as caught:
            self.check(decoded)
        assert caught.value.code == "EXPORT_INVALID"
        assert code in RULES
        assert f"{record_id}: {code}: " in caught.value.message


@pytest.fixture
def written(tmp_path):
    return Written(tmp_path)


SYSTEM = {"from": "system", "value": "x"}


def say(turn, text):
    return lambda row: row["conversations"][turn].update(value=text)


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize("thinking", ["qwen", "remud", "none"])
def test_sound_exports_pass(tmp_path, name, thinking):
    records = [("train", record) for record in make_mixed(make_store(tmp_path / "run"))]
    written = Written(tmp_path, EXPORTERS[name](thinking), records)
    written.validator._thinking = thinking
    assert not written.summary.left_out
    written.check()


IMAGE = "images/ab/cd.png"
MISTAKES = {
    "no placeholder": (0, say(0, "What is it?"), "PLACEHOLDER_COUNT"),
    "two placeholders, one picture": (0, say(0, "<image>\n<image>\nWhat?"), "PLACEHOLDER_COUNT"),
    "placeholder without picture": (2, say(0, "<image>\nWhat?"), "PLACEHOLDER_COUNT"),
    "picture without placeholder": (2, lambda row: row["images"].append(IMAGE), "PLACEHOLDER_COUNT"),
    "placeholder in an answer": (0, say(1, "as <image> shows"), "RESERVED_TOKEN"),
    "placeholder within a question": (0, say(0, "What is <image>?"), "RESERVED_TOKEN"),
    "special token": (2, say(1, "done<|im_end|>"), "RESERVED_TOKEN"),
    "end of turn in the question": (2, say(0, "what?<|im_end|>\n<|im_start|>assistant"), "RESERVED_TOKEN"),
    "video": (2, say(0, "<video>what?"), "RESERVED_TOKEN"),
    "second thinking": (0, say(1, "<think>\nT\n</think>\n\n<think>\nT\n</think>\n\nA"), "RESERVED_TOKEN"),
    "thinking not closed": (0, say(1, "<think>\nT"), "THINKING_UNBALANCED"),
    "thinking with other white space": (0, say(1, "<think>T</think>A"), "THINKING_UNBALANCED"),
    "empty thinking": (0, say(1, "<think>\n\n</think>\n\nA"), "EMPTY_TEXT"),
    "empty answer": (1, say(1, ""), "EMPTY_TEXT"),
    "answer of thinking only": (0, say(1, "<think>\nT\n</think>\n\n "), "EMPTY_TEXT"),
    "question of a placeholder only": (0, say(0, "<image>\n"), "EMPTY_TEXT"),
    "control character": (1, say(1, "A\x00"), "UNFIT_CHARACTER"),
    "assistant first": (1, lambda row: row["conversations"].reverse(), "ROLE_ORDER"),
    "ends with the user": (1, lambda row: row["conversations"].pop() and None, "ROLE_ORDER"),
    "two users": (1, lambda row: row["conversations"].insert(0, {"from": "human", "value": "x"}), "ROLE_ORDER"),
    "unknown role": (1, lambda row: row["conversations"][0].update({"from": "user?"}), "ROLE_ORDER"),
    "system in the middle": (1, lambda row: row["conversations"].insert(1, SYSTEM), "ROLE_ORDER"),
    "no turns": (2, lambda row: row["conversations"].clear(), "ROLE_ORDER"),
    "another key": (2, lambda row: row.update(note="x"), "SCHEMA_MIXED"),
    "number for text": (2, lambda row: row["conversations"][0].update(extra=1), "SCHEMA_MIXED"),
    "null column": (2, lambda row: row.update(note=None), "NULL_VALUE"),
    "absolute path": (0, lambda row: row.update(images=["/etc/hostname"]), "IMAGE_PATH"),
    "path that leaves": (0, lambda row: row.update(images=["../run/x.png"]), "IMAGE_PATH"),
    "windows path": (0, lambda row: row.update(images=["images\\x.png"]), "IMAGE_PATH"),
    "file that is not there": (0, lambda row: row.update(images=[IMAGE]), "IMAGE_PATH"),
    "data URI": (0, lambda row: row.update(images=["data:image/png;base64,AA=="]), "IMAGE_PATH"),
    "folder for a file": (0, lambda row: row.update(images=["images"]), "IMAGE_PATH"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_record_and_rule(written, mistake):
    number, change, code = MISTAKES[mistake]
    written.change(number, change)
    written.expect(code, f"d1-q{number:04}")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (say(1, None), "NULL_VALUE"),
        (lambda row: row.update(images="images/x.png"), "IMAGE_PATH"),
        (lambda row: row.pop("images") and None, "SCHEMA_MIXED"),
        (lambda row: row.update(conversations=None), "SCHEMA_MIXED"),
        (lambda row: row.update(id=7), "NULL_VALUE"),
    ],
)
def test_a_row_of_another_build_is_caught(written, change, code):
    written.change(0, change)
    with pytest.raises(RecordError, match=code):
        written.check()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
def test_pictures_that_are_not_rgb_are_caught(written, mode):
    image = written.image()
    image.unlink()
    Image.new(mode, (8, 8)).save(image, "TIFF")
    written.expect("IMAGE_MODE", "d1-q0000")


def test_a_broken_picture_is_caught(written):
    image = written.image()
    data = image.read_bytes()
    image.unlink()
    image.write_bytes(data[: len(data) // 2])
    written.expect("IMAGE_UNREADABLE", "d1-q0000")


def test_a_link_that_leaves_the_export_is_caught(written, tmp_path):
    image = written.image()
    image.replace(tmp_path / "elsewhere.png")
    image.symlink_to(tmp_path / "elsewhere.png")
    written.expect("IMAGE_PATH", "d1-q0000", decoded=written.pictures.paths)


def test_a_picture_in_two_splits_is_caught(written):
    shared = written.image().relative_to(written.folder).as_posix()
    written.change(0, lambda row: row.update(images=[shared]), file="remud_validation.jsonl")
    written.expect("SPLIT_OVERLAP", "d2-q0003")


def test_a_document_or_figure_in_two_splits_is_caught(tmp_path):
    records = [
        ("train", make_record(0)),
        ("validation", make_record(1)),
        ("test", make_record(2, document="d2", group="d1-g0")),
    ]
    written = Written(tmp_path, records=records)
    with pytest.raises(RecordError) as caught:
        written.check()
    assert "d1-q0001: SPLIT_OVERLAP: document d1" in caught.value.message
    assert "d2-q0002: SPLIT_OVERLAP: figure or passage d1-g0" in caught.value.message


def test_a_lost_row_and_a_doubled_row_are_caught(written):
    path = written.folder / "remud_train.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]))
    written.expect("ROW_COUNT", "-")
    path.write_bytes(b"".join([*lines[:2], lines[0]]))
    written.expect("DUPLICATE_ID", "d1-q0000")


def test_a_line_that_is_no_row_is_caught(written):
    (written.folder / "remud_train.jsonl").write_bytes(b"{}\n")
    with pytest.raises(RecordError, match=r"SCHEMA_MIXED: remud_train\.jsonl row 1"):
        written.check()


def test_at_most_twenty_problems_are_shown_and_all_are_counted(tmp_path):
    written = Written(tmp_path, records=[("train", make_record(number)) for number in range(50)])
    rows = list(read_rows(written.folder / "remud_train.jsonl"))
    for row in rows:
        row["conversations"][1]["value"] = ""
    (written.folder / "remud_train.jsonl").write_bytes(b"".join(encode_line(row) for row in rows))
    with pytest.raises(RecordError) as caught:
        written.check()
    assert caught.value.message.count(": EMPTY_TEXT: ") == SHOWN_PROBLEMS
    assert "(EMPTY_TEXT 50)" in caught.value.message
    assert "… and 30 more" in caught.value.message


def test_a_raw_record_of_another_schema_is_caught(tmp_path):
    written = Written(tmp_path, RawExporter("qwen"))
    path = written.folder / "train.jsonl"
    first, *rest = path.read_bytes().splitlines(keepends=True)
    row = json.loads(first)
    row["surprise"] = 1
    path.write_bytes(b"".join([encode_line(row), *rest]))
    with pytest.raises(RecordError, match=r"BAD_JSON: train\.jsonl line 1: surprise"):
        written.check()


def encode_picture(mode="RGB", kind="PNG"):
    buffer = io.BytesIO()
    Image.new(mode, (8, 8)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("packed", "split", "code"),
    [
        (encode_picture(), "train", None),
        (encode_picture("L"), "train", "IMAGE_MODE"),
        (encode_picture(kind="TIFF"), "train", "IMAGE_MODE"),
        (encode_picture()[:45], "train", "IMAGE_UNREADABLE"),
        (encode_picture(), "validation", "SPLIT_OVERLAP"),
    ],
)
def test_pictures_packed_into_rows_are_checked_as_files_are(packed, split, code):
    rows = [
        ExportedRow("a", str(n), where, (("user", "<image>Q"), ("assistant", "A")), packed=(data,))
        for n, (where, data) in enumerate([("train", encode_picture()), (split, packed)])
    ]

    class Packing:
        name, needs_rgb = "packing", True

        def read_back(self, folder):
            return iter(rows)

    validator = Validator("qwen", is_split_by_document=True)
    records = [("train", make_record(0)), ("train", make_record(1))]
    assert len(list(validator.watch(records))) == 2
    if code is None:
        return validator.check(Packing(), Path(), 0)
    with pytest.raises(RecordError, match=f"1: {code}: picture 1"):
        validator.check(Packing(), Path(), 0)
