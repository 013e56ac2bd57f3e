from __future__ import annotations

import zlib

import numpy as np
import pytest
from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.protocols import FrameView
from remud_gen.readers.image import ImageReader
from tests.pdf.sheets import encode, make_frame


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("TIFF", "image/tiff"),
        ("BMP", "image/bmp"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
    ],
)
def test_told_by_content_and_read_whole(tmp_path, kind, media_type):
    path = tmp_path / "misleading.pdf"
    path.write_bytes(encode(make_frame(), kind))
    assert ImageReader.sniff(path.read_bytes()[:64], path) == media_type
    info = ImageReader().probe(path)
    assert (info.media_type, info.page_count) == (media_type, 1)
    with ImageReader().open(path) as document:
        page = document.page(1)
        assert (page.kind, page.unit, page.width, page.height) == ("image", "px", 400, 300)
        assert page.render(72).size == (400, 300)
        assert page.render(144, (0, 0, 100, 50)).size == (200, 100)


def test_every_frame_of_a_tiff_is_a_page(tmp_path):
    frames = [make_frame(seed=seed) for seed in range(3)]
    frames[0].save(tmp_path / "book.tif", save_all=True, append_images=frames[1:])
    assert ImageReader().probe(tmp_path / "book.tif").page_count == 3
    with ImageReader().open(tmp_path / "book.tif") as document:
        for number, frame in enumerate(frames, start=1):
            assert np.array_equal(np.asarray(document.page(number).render(72)), np.asarray(frame))
        with pytest.raises(RecordError, match="no page 4"):
            document.page(4)


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    make_frame(400, 300).save(tmp_path / "turned.jpg", exif=exif)
    with ImageReader().open(tmp_path / "turned.jpg") as document:
        page = document.page(1)
        assert (page.width, page.height) == (300, 400)
        assert page.flags == ("rotated",)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_pixel_mode_becomes_rgb(tmp_path, mode):
    grey = make_frame().convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 200)
    else:
        image = grey.convert("RGBA").convert(mode) if mode in ("LA", "RGBA") else grey.convert(mode)
    image.save(tmp_path / "x.tif")
    with ImageReader().open(tmp_path / "x.tif") as document:
        pixels = np.asarray(document.page(1).render(72))
    assert pixels.shape == (300, 400, 3)
    assert pixels.min() < 40
    assert pixels.max() > 120


def test_cut_off_image_is_a_damaged_page(tmp_path):
    data = encode(make_frame(), "JPEG")
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 3])
    with ImageReader().open(tmp_path / "cut.jpg") as document, pytest.raises(RecordError) as caught:
        document.page(1)
    assert caught.value.code == "DAMAGED_PAGE"


def test_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path):
    data = bytearray(encode(Image.new("L", (10, 10))))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(data)
    with pytest.raises(RecordError) as caught, ImageReader().open(tmp_path / "bomb.png") as document:
        document.page(1)
    assert caught.value.code == "PAGE_TOO_LARGE"


@pytest.mark.parametrize("head", [b"", b"BM", b"BMW is a car", b"%PDF-1.7", b"RIFF\0\0\0\0AVI ", b"<html>"])
def test_other_files_are_not_wanted(tmp_path, head):
    assert ImageReader.sniff(head, tmp_path / "x.png") is None


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif"])
def test_pictures_of_phones_are_named_with_a_hint(tmp_path, brand):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0" * 40)
    assert ImageReader.sniff(path.read_bytes(), path) in ("image/heic", "image/avif")
    with pytest.raises(RecordError) as caught:
        ImageReader().probe(path)
    assert (caught.value.code, bool(caught.value.hint)) == ("UNREADABLE_FORMAT", True)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_its_first_frame(tmp_path, kind):
    frames = [make_frame(seed=seed) for seed in range(3)]
    frames[0].save(tmp_path / "loop", kind, save_all=True, append_images=frames[1:])
    assert ImageReader().probe(tmp_path / "loop").page_count == 1
    with ImageReader().open(tmp_path / "loop") as document:
        assert document.page(1).flags == ("first_frame",)


def test_a_labelled_picture_is_one_figure_and_a_labelled_page_of_print_is_none(tmp_path):
    for name, folder in (("frame", "benign"), ("print", "benign"), ("other", "malignant")):
        (tmp_path / folder).mkdir(exist_ok=True)
        picture = make_frame() if name != "print" else Image.new("RGB", (400, 300), "white")
        picture.save(tmp_path / folder / f"{name}.png")
    reader = ImageReader()
    for name, is_labelled in (("frame", True), ("print", False)):
        path = tmp_path / "benign" / f"{name}.png"
        with reader.open(path) as document:
            document.take_words([(path, reader.companions(path, tmp_path))])
            page = document.page(1)
            assert isinstance(page, FrameView) == is_labelled
            if is_labelled:
                assert [given.text for given in page.given_texts()] == ["benign"]
                assert page.picture_boxes()[0].bbox == (0, 0, 400, 300)
