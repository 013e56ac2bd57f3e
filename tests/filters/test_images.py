"""Pictures are judged by facts that the stage measures once per distinct picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.filter_protocols import NeedsPictures, PictureFacts
from remud_gen.rules.picture_facts import measure_picture
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import Rejection, StageContext
from remud_gen.stages.filter import FilterStage
from remud_gen.stages.measuring import StoreMeasurer
from tests.filters.quadruplets import build, english


def draw_frame(width: int = 480, height: int = 360, seed: int = 0) -> Image.Image:
    """A sector of speckle on black."""
    random = np.random.default_rng(seed)
    grain = random.rayleigh(0.5, (height, width))
    y, x = np.mgrid[0:height, 0:width]
    angle = np.abs(x - width / 2) < (y + 20) * 0.6
    depth = 60 + 90 * np.sin(y / 40 + x / 90)
    return Image.fromarray(np.clip(grain * depth * angle, 0, 255).astype(np.uint8)).convert("RGB")


def draw_page() -> Image.Image:
    page = Image.new("RGB", (500, 640), "white")
    pen = ImageDraw.Draw(page)
    for row in range(20, 620, 14):
        pen.text((30, row), "The portal vein is a vessel of the liver " * 2, fill="black")
    return page


def draw_photo() -> Image.Image:
    y, x = np.mgrid[0:300, 0:400]
    channels = [150 + 80 * np.sin(x / 60), 110 + 60 * np.cos(y / 50), 60 + 50 * np.sin((x + y) / 80)]
    return Image.fromarray(np.stack(channels, axis=2).clip(0, 255).astype(np.uint8))


def place_side_by_side(first: Image.Image, second: Image.Image, gap: int = 16) -> Image.Image:
    sheet = Image.new("RGB", (first.width + gap + second.width, first.height), "white")
    sheet.paste(first, (0, 0))
    sheet.paste(second, (first.width + gap, 0))
    return sheet


FRAME = draw_frame()
PICTURES = {
    "frame": (FRAME, set()),
    "black": (Image.new("RGB", (400, 300)), {"IMG_BLANK"}),
    "grey": (Image.new("RGB", (400, 300), (120, 120, 120)), {"IMG_BLANK"}),
    "tiny": (FRAME.resize((90, 68)), {"IMG_TINY", "IMG_BLUR"}),
    "strip": (draw_frame(1200, 240), {"IMG_ASPECT"}),
    "blurred": (FRAME.filter(ImageFilter.GaussianBlur(5)), {"IMG_BLUR", "IMG_NOT_US"}),
    "page": (draw_page(), {"IMG_NOT_US"}),
    "photo": (draw_photo(), {"IMG_NOT_US", "IMG_BLUR"}),
    "two in one": (place_side_by_side(FRAME, draw_frame(seed=1)), {"IMG_COMPOUND"}),
    "frame on white": (place_side_by_side(FRAME, Image.new("RGB", (60, 360), "white"), 0), set()),
}


class _Measured:
    def __init__(self, image: Image.Image) -> None:
        self._facts = measure_picture(image)

    def measure(self, ref) -> PictureFacts:
        return self._facts


def find(image: Image.Image, record=None, options=None) -> dict[str, str]:
    """Code -> gravest severity of a picture, through the filter."""
    images = build("images", options)
    images.measurer = _Measured(image)
    return {verdict.code: verdict.severity for verdict in images.check(record or english())}


@pytest.mark.parametrize("name", PICTURES)
def test_each_defect_is_told(name) -> None:
    image, expected = PICTURES[name]
    assert {code for code, severity in find(image).items() if severity != "info"} == expected


def test_what_rejects_and_what_is_for_review() -> None:
    assert find(draw_page())["IMG_NOT_US"] == "reject"
    assert find(PICTURES["two in one"][0])["IMG_COMPOUND"] == "review"
    assert find(FRAME.resize((240, 180)))["IMG_TINY"] == "review"
    assert find(FRAME.resize((400, 300)))["IMG_TINY"] == "info"


def test_a_pair_that_was_no_ultrasound_is_for_review() -> None:
    assert find(FRAME, english(flags=("not_ultrasound",))) == {"IMG_NOT_US": "review"}


def test_thresholds_are_options() -> None:
    assert "IMG_TINY" not in find(FRAME.resize((240, 180)), options={"review_side_px": 100, "note_side_px": 100})
    assert find(FRAME, options={"reject_side_px": 500})["IMG_TINY"] == "reject"
    assert find(draw_page(), options={"severities": {"IMG_NOT_US": "off"}}) == {}


def _store(tmp_path, image: Image.Image):
    folder = ContentImageStore(tmp_path)
    return folder, folder.save(image, is_photographic=False)


def test_the_stage_measures_a_picture_once_and_rejects_by_it(tmp_path) -> None:
    folder, ref = _store(tmp_path, draw_page())
    stage = FilterStage(Config())
    stage.setup(StageContext(Config(), folder, {}))
    records = [english(id=f"q{n}", images=(ref,)) for n in range(3)]
    outcomes = [next(iter(stage.process(record))) for record in records[:1]]
    folder.path(ref).unlink()  # what was measured is remembered
    outcomes += [next(iter(stage.process(record))) for record in records[1:]]
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Rejection)] == ["IMG_NOT_US"] * 3


def test_a_picture_that_is_gone_or_damaged_fails_its_record(tmp_path) -> None:
    folder, ref = _store(tmp_path, FRAME)
    whole = folder.path(ref).read_bytes()
    folder.path(ref).write_bytes(whole[: len(whole) // 3])
    with pytest.raises(RecordError) as damaged:
        StoreMeasurer(folder).measure(ref)
    assert damaged.value.code == "IMAGE_UNREADABLE"
    folder.path(ref).unlink()
    with pytest.raises(RecordError) as gone:
        StoreMeasurer(folder).measure(ref)
    assert gone.value.code == "IMAGE_MISSING"


def test_only_filters_that_judge_pixels_are_given_them() -> None:
    assert [each.name for each in FilterStage(Config()).filters if isinstance(each, NeedsPictures)] == ["images"]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "I;16", "CMYK"])
def test_pictures_of_all_modes_are_measured(mode) -> None:
    grey = FRAME.convert("L")
    image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 256) if mode == "I;16" else grey.convert(mode)
    data = io.BytesIO()
    image.save(data, "TIFF")
    assert measure_picture(Image.open(data)).width_px == FRAME.width
