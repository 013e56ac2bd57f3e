"""WebDataset: shards with the same bytes everywhere, and samples that fit together."""

from __future__ import annotations

import io
import json
import re
import tarfile

import pytest
from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.exporters import tar_shards
from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.webdataset import WebDatasetExporter, name_group, name_key
from tests.exporters.mixed_records import make_mixed_corpus
from tests.exporters.samples import make_picture, make_record, make_store, read_tree, run_export


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "run")


def export(records, store, folder, **settings):
    summary = run_export(records, store, folder, formats=["webdataset"], **settings)["webdataset"]
    return summary, folder / "webdataset"


def list_members(folder):
    found = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as archive:
            found[path.name] = [(member.name, archive.extractfile(member).read()) for member in archive]
    return found


def test_every_record_arrives_with_its_pictures(tmp_path, store):
    records = make_mixed_corpus(store)
    summary, folder = export(records, store, tmp_path / "out")
    assert summary.left_out == ()
    found = {}
    for shard, members in list_members(folder).items():
        pictures = []
        endings = set()
        for name, data in members:
            if not name.endswith(".json"):
                pictures.append(data)
                continue
            row = json.loads(data)
            found[row["id"]] = (row, pictures)
            endings.add(len(pictures))
            pictures = []
        assert len(endings) == 1, f"{shard} mixes numbers of pictures"
    assert found.keys() == {record.id for record in records}
    for record in records:
        row, pictures = found[record.id]
        assert (row["question"], row["answer"], row["thinking"] != "") == (
            record.question, record.answer, bool(record.turns[-1].thinking if record.turns else record.thinking),
        )  # fmt: skip
        for ref, data in zip(record.images, pictures, strict=True):
            stored = store.path(ref).read_bytes()
            if Image.open(io.BytesIO(stored)).mode == "RGB":
                assert data == stored
            else:
                assert Image.open(io.BytesIO(data)).mode == "RGB"


def test_all_samples_of_a_group_have_the_same_endings(tmp_path, store):
    _, folder = export(make_mixed_corpus(store), store, tmp_path / "out")
    for shard, members in list_members(folder).items():
        keys = {}
        for name, _ in members:
            key, _, ending = name.partition(".")
            keys.setdefault(key, []).append(ending)
        assert len({tuple(endings) for endings in keys.values()}) == 1, shard


def test_members_say_nothing_of_this_machine(tmp_path, store):
    records = make_mixed_corpus(store)
    _, one = export(records, store, tmp_path / "one")
    _, two = export(records, store, tmp_path / "two")
    assert read_tree(one) == read_tree(two)
    for path in one.glob("*.tar"):
        with tarfile.open(path) as archive:
            for member in archive:
                assert (member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode) == (
                    0, 0, 0, "", "", 0o644,
                )  # fmt: skip
                assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}\.(?:(?:\d+\.)?(?:jpg|png)|json)", member.name)
        assert path.read_bytes()[257:263] == b"ustar\x00"


@pytest.mark.parametrize("record_id", ["../../etc/passwd", "a.b.c", "肾", "x" * 200, "", "a/b", "-" * 65])
def test_an_id_never_names_a_path_and_has_no_dot(tmp_path, store, record_id):
    record = make_record(0).model_copy(update={"id": record_id})
    _, folder = export([record], store, tmp_path / "out", split=[1.0])
    ((name, data),) = list_members(folder)["train-qa-000000.tar"]
    assert re.fullmatch(r"[0-9a-f]{32}\.json", name)
    assert json.loads(data)["id"] == record_id


def test_plain_ids_are_kept():
    assert name_key("0f3a_x-1") == "0f3a_x-1"
    assert name_group([]) == "qa"
    assert (name_group(["jpg"]), name_group(["png", "png"]), name_group(["jpg", "png"])) == (
        "vqa1-jpg", "vqa2-png", "vqa2-jpg-png",
    )  # fmt: skip


def test_shards_are_bounded_in_samples_and_bytes(tmp_path, store, monkeypatch):
    monkeypatch.setattr(tar_shards, "SHARD_SAMPLES", 3)
    _, folder = export([make_record(n, document=f"d{n}") for n in range(7)], store, tmp_path / "one", split=[1.0])
    assert [len(members) for members in list_members(folder).values()] == [3, 3, 1]
    monkeypatch.setattr(tar_shards, "SHARD_BYTES", 1)
    summary, folder = export([make_record(n) for n in range(3)], store, tmp_path / "two", split=[1.0])
    assert summary.files == ("train-qa-000000.tar", "train-qa-000001.tar", "train-qa-000002.tar")


def damage_cut(path):
    path.write_bytes(path.read_bytes()[:700])


def damage_member(path):
    data = path.read_bytes()
    path.write_bytes(data.replace(b"d1-q0000.", b"../../../"))


def damage_json(path):
    path.write_bytes(path.read_bytes().replace(b'{"id"', b'["id" '))


def damage_name(path):
    path.rename(path.with_name("surprise-qa-000000.tar"))


@pytest.mark.parametrize(
    ("damage", "code"),
    [(damage_cut, "BAD_TAR"), (damage_member, "BAD_TAR"), (damage_json, "BAD_JSON"), (damage_name, "BAD_TAR")],
)
def test_a_damaged_shard_is_told(tmp_path, store, damage, code):
    _, folder = export([make_record(0)], store, tmp_path / "out", split=[1.0])
    damage(folder / "train-qa-000000.tar")
    with pytest.raises(RecordError) as caught:
        list(WebDatasetExporter("qwen").read_back(folder))
    assert caught.value.code == code


def test_a_sample_without_its_picture_is_told(tmp_path, store):
    (tmp_path / "out").mkdir()
    exporter = WebDatasetExporter("qwen")
    record = make_record(0, images=(make_picture(store, 3),))
    exporter.write([("train", record)], tmp_path / "out", PictureFolder(tmp_path / "out", store))
    (tmp_path / "out/train-vqa1-png-000000.tar").rename(tmp_path / "out/train-vqa2-png-000000.tar")
    with pytest.raises(RecordError) as caught:
        list(exporter.read_back(tmp_path / "out"))
    assert caught.value.code == "SCHEMA_MIXED"
