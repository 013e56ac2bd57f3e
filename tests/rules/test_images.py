from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from remud_gen.rules.images import find_ink, hash_perceptually, is_photographic, score_ultrasound
from tests.pdf.sheets import make_frame


def draw_chart() -> Image.Image:
    image = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 40, 340, 250), outline="black", width=2)
    for step in range(5):
        draw.rectangle((80 + 50 * step, 240 - 30 * step, 110 + 50 * step, 250), fill=(60, 90, 200))
    return image


def measure_distance(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def test_hash_survives_size_and_jpeg_but_not_another_picture():
    y, x = np.mgrid[0:300, 0:400]
    picture = Image.fromarray((128 + 80 * np.sin(x / 37) * np.cos(y / 53) + x / 10).astype(np.uint8))
    shrunk = picture.resize((200, 150))
    own = hash_perceptually(picture)
    assert len(own) == 16
    assert measure_distance(own, hash_perceptually(shrunk)) <= 4
    assert measure_distance(own, hash_perceptually(picture.rotate(180))) > 10


def test_ultrasound_scores_above_charts_photos_and_blank_paper():
    assert score_ultrasound(make_frame()) > 0.8
    washed = Image.fromarray((60 + np.asarray(make_frame()) * 0.7).astype(np.uint8))
    assert score_ultrasound(washed) > 0.6
    photo = Image.fromarray(np.random.default_rng(0).integers(90, 220, (300, 400, 3)).astype(np.uint8))
    for other in (draw_chart(), photo, Image.new("RGB", (300, 300), "white")):
        assert score_ultrasound(other) < 0.4


def test_frames_are_photographic_and_charts_are_not():
    assert is_photographic(make_frame())
    assert not is_photographic(draw_chart())
    assert not is_photographic(Image.new("RGB", (1, 1)))


def test_ink_is_the_drawing_without_its_margin_and_a_dark_picture_is_whole():
    assert find_ink(draw_chart()) == (60, 40, 341, 251)
    assert find_ink(make_frame()) == (0, 0, 400, 300)
    assert find_ink(Image.new("RGB", (50, 50), "white")) is None


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (2000, 2)])
def test_odd_sizes_do_not_fail(size):
    image = Image.new("RGB", size, "black")
    assert 0 <= score_ultrasound(image) <= 1
    assert len(hash_perceptually(image)) == 16
