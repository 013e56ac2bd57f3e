"""Pictures beside an export."""

from __future__ import annotations

import hashlib
import os

import pytest
from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.exporters import pictures
from remud_gen.exporters.pictures import PictureFolder, check_relative
from tests.exporters.samples import make_picture, make_store


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "run")


def test_rgb_pictures_are_the_stored_bytes_and_identical_ones_are_one_file(tmp_path, store):
    ref, again = make_picture(store, 1, is_photographic=True), make_picture(store, 1, is_photographic=True)
    folder = PictureFolder(tmp_path / "out", store)
    (path, same), (third,) = folder.place([ref, again]), folder.place([ref])
    assert path == same == third == f"images/{ref.sha256[:2]}/{ref.sha256}.jpg"
    assert (tmp_path / "out" / path).read_bytes() == store.path(ref).read_bytes()
    assert path in folder.paths
    assert ref.path.replace(ref.sha256, again.sha256[::-1]) not in folder.paths


@pytest.mark.parametrize(("is_photographic", "suffix"), [(True, ".jpg"), (False, ".png")])
def test_grey_pictures_become_rgb_and_keep_the_name_of_their_origin(tmp_path, store, is_photographic, suffix):
    ref = make_picture(store, 40, mode="L", is_photographic=is_photographic)
    (path,) = PictureFolder(tmp_path, store).place([ref])
    assert path == f"images/{ref.sha256[:2]}/{ref.sha256}-rgb{suffix}"
    with Image.open(tmp_path / path) as image:
        assert (image.mode, image.size) == ("RGB", (24, 16))
    assert PictureFolder(tmp_path, store).place([ref], as_rgb=False) == (ref.path,)
    assert (tmp_path / ref.path).read_bytes() == store.path(ref).read_bytes()


def test_other_file_formats_become_png(tmp_path, store):
    path = tmp_path / "run" / "images" / "aa" / "x.webp"
    path.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8), (9, 9, 9)).save(path, "WEBP", lossless=True)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    ref = make_picture(store, 1).model_copy(update={"path": "images/aa/x.webp", "sha256": sha256})
    (placed,) = PictureFolder(tmp_path / "out", store).place([ref])
    with Image.open(tmp_path / "out" / placed) as image:
        assert image.format == "PNG"


def test_pictures_are_copied_where_they_cannot_be_linked(tmp_path, store, monkeypatch):
    def refuse(*_):
        raise OSError(18, "cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    ref = make_picture(store, 1)
    (path,) = PictureFolder(tmp_path / "out", store).place([ref])
    assert (tmp_path / "out" / path).stat().st_nlink == 1
    assert pictures.inspect_picture(tmp_path / "out" / path, ref).is_rgb


def test_one_bad_picture_means_none_is_placed(tmp_path, store):
    good, gone = make_picture(store, 1), make_picture(store, 2)
    store.path(gone).unlink()
    with pytest.raises(RecordError) as caught:
        PictureFolder(tmp_path / "out", store).place([good, gone])
    assert caught.value.code == "IMAGE_MISSING"
    assert not (tmp_path / "out").exists()


def test_truncated_and_changed_pictures_are_told_apart(tmp_path, store):
    whole = make_picture(store, 1)
    data = store.path(whole).read_bytes()
    store.path(whole).write_bytes(data[:-30])
    with pytest.raises(RecordError) as caught:
        PictureFolder(tmp_path / "out", store).place([whole])
    assert caught.value.code == "IMAGE_CHANGED"
    cut = whole.model_copy(update={"sha256": hashlib.sha256(data[:-30]).hexdigest()})
    with pytest.raises(RecordError) as caught:
        PictureFolder(tmp_path / "out", store).place([cut])
    assert caught.value.code == "IMAGE_UNREADABLE"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../x.png",
        "images/../../x.png",
        "images\\x.png",
        "C:/x.png",
        "~/x.png",
        "",
        "./x.png",
        "a//b",
        "a\nb",
    ],
)
def test_paths_that_may_leave_the_folder_are_refused(path):
    with pytest.raises(RecordError) as caught:
        check_relative(path)
    assert caught.value.code == "IMAGE_PATH"


def test_packed_pictures_are_the_bytes_that_placed_ones_have(tmp_path, store):
    refs = [make_picture(store, 1, is_photographic=True), make_picture(store, 40, mode="L")]
    folder = PictureFolder(tmp_path / "out", store)
    packed = folder.pack(refs)
    assert not (tmp_path / "out").exists()
    for path, picture in zip(folder.place(refs), packed, strict=True):
        assert path.endswith(f"/{picture.name}")
        assert (tmp_path / "out" / path).read_bytes() == picture.data
    store.path(refs[1]).unlink()
    with pytest.raises(RecordError, match="is gone"):
        folder.pack(refs)
