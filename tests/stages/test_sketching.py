"""Sketches as they are saved: boxes where the page has what they name, numbers beside the words and not on them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from remud_gen.config import load_config
from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.records import ImageTextPair, Sketch, SketchChoice, SketchFigure
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import Failure, ShelfFile, StageContext
from remud_gen.stages.pair import PairStage
from remud_gen.stages.sketching import BORDER_PX, FIGURE, LINE_PX, SIDE_PX, WORDS, Mark, _choose_place
from tests.pairing.builder import BODY, PageBuilder

CAPTION = "Figure 4. Ultrasound of a kidney with a simple cyst of the upper pole."


@pytest.fixture
def stage(tmp_path):
    """The rule over one stored page of 600 x 800 pixels: a black picture, a grey one, a line of print."""
    (tmp_path / "run").mkdir()
    page = Image.new("RGB", (600, 800), "white")
    pen = ImageDraw.Draw(page)
    pen.rectangle((60, 60, 259, 199), fill="black")
    pen.rectangle((60, 310, 259, 449), fill=(120, 120, 120))
    pen.rectangle((60, 245, 399, 253), fill=(80, 80, 80))
    page.save(tmp_path / "page.png")
    config = load_config(None, ["pair.rule=vlm_check"], {})
    stage = PairStage(config)
    context = StageContext(config, ContentImageStore(tmp_path / "run"), {"0" * 64: ShelfFile(tmp_path / "page.png")})
    stage.setup(context)
    return stage


def make_page():
    page = PageBuilder(1, size=(600, 800)).picture(60, 60, 260, 200).picture(60, 310, 260, 450, ultrasound=0.1)
    return page.text(60, 245, CAPTION, size=9, width=340).text(50, 600, *BODY, width=500).build()


def pair(stage):
    found = [outcome for _, outcome in stage.process_document("doc", [make_page()])]
    return [one for one in found if isinstance(one, ImageTextPair)], [one for one in found if isinstance(one, Failure)]


def test_boxes_lie_around_what_they_name(stage, tmp_path):
    pairs, failures = pair(stage)
    assert not failures
    (one,) = [found for found in pairs if found.sketch is not None and found.caption]
    assert one.sketch.image is not None
    with Image.open(tmp_path / "run" / one.sketch.image.path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert max(pixels.shape) <= SIDE_PX
    dark = find_box(pixels.max(axis=2) < 30)
    red, blue = (find_box(abs(pixels - colour).max(axis=2) < 40) for colour in (FIGURE, WORDS))
    scale = (dark[2] - dark[0]) / 200
    assert scale == pytest.approx(130 / 72, abs=0.03)
    assert all(abs(a - b) <= LINE_PX + 4 for a, b in zip(red[2:], dark[2:], strict=True))
    assert red[0] <= dark[0] and red[1] <= dark[1]
    assert blue[0] < dark[0] + 2 and blue[2] == pytest.approx(dark[0] + 340 * scale, abs=LINE_PX + 4)
    assert (abs(pixels - 120).max(axis=2) < 6).sum() > 20_000  # the other picture, whose caption this might be


def find_box(mask):
    ys, xs = np.nonzero(mask)
    return xs.min(), ys.min(), xs.max(), ys.max()


def test_a_document_that_is_gone_leaves_the_pair_unchecked_and_says_so(stage, tmp_path):
    (tmp_path / "page.png").unlink()
    pairs, failures = pair(stage)
    assert pairs and all(one.sketch is None for one in pairs)
    assert {failure.code for failure in failures} == {"FILE_VANISHED"}


def test_numbers_keep_off_words_and_each_other():
    boxes = {number: (60.0 + BORDER_PX, 100.0 + 34 * number, 400.0, 124.0 + 34 * number) for number in range(1, 12)}
    tags = []
    for number in boxes:
        tags.append(_choose_place(Mark(number, 1, boxes[number], is_figure=number == 1), boxes, tags, (600, 700)))
    for i, tag in enumerate(tags):
        assert tag[0] >= 0 and tag[2] <= 600 and tag[1] >= 0 and tag[3] <= 700
        for other in [*tags[:i], *boxes.values()]:
            assert min(tag[2], other[2]) <= max(tag[0], other[0]) or min(tag[3], other[3]) <= max(tag[1], other[1])


def test_a_pair_without_a_sketch_is_written_without_the_field():
    pair = next(one for _, one in ReadingOrderRule({}).pair([make_page()], None) if isinstance(one, ImageTextPair))
    sketch = Sketch(
        figures=(SketchFigure(number=1, pair_id="p", page_number=1, bbox=(0, 0, 1, 1)),),
        choices=(SketchChoice(number=2, kind="text", text="t", words="t", page_number=1, bbox=(0, 0, 1, 1)),),
    )
    assert "sketch" not in json.loads(pair.model_dump_json())
    shown = pair.model_copy(update={"sketch": sketch})
    assert ImageTextPair.model_validate_json(shown.model_dump_json()) == shown
