from __future__ import annotations

import zlib

import numpy as np
import pytest
from PIL import Image

from remud_gen.errors import RecordError
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
