"""Figures as the cutter describes them: modality, typed words, halves of a dual screen."""

import numpy as np
import pytest
from PIL import Image

from remud_gen.config import Config
from remud_gen.protocols import PictureBox
from remud_gen.readers.image import ImagePage
from remud_gen.records import TextLine
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.cropping import FigureCutter
from tests.rules import screens


@pytest.fixture
def cut(tmp_path):
    def cut(image, *lines):
        cutter = FigureCutter(Config().extract, ContentImageStore(tmp_path), None)
        box = PictureBox((0.0, 0.0, float(image.width), float(image.height)), "test", 0.9)
        return cutter.cut(ImagePage(image, 1, is_turned=False), "page", box, lines)

    return cut


def line(text, x, y):
    return TextLine(bbox=(x, y, x + 40, y + 14), text=text, score=0.9)


def test_a_figure_knows_its_modality_and_what_spoke(cut):
    figure = cut(screens.colour_doppler(3), line("L12-3", 300, 5), line("LK", 200, 150), line("5.4lcm", 20, 320))
    assert figure.modality == "colour_doppler" and figure.is_ultrasound_score > 0.9
    assert {evidence.source for evidence in figure.modality_evidence} == {"pixels", "burned_in"}
    assert [(piece.kind, piece.value) for piece in figure.annotations] == [
        ("probe", None), ("label", None), ("caliper", None),
    ]  # fmt: skip
    assert [text.text for text in figure.burned_in_text] == ["L12-3", "LK", "5.4lcm"]


def test_a_dual_screen_is_one_figure_with_two_boxes(cut):
    image = screens.dual_b_mode(1)
    figure = cut(image)
    assert "dual_screen" in figure.flags and len(figure.screens) == 2
    for x0, y0, x1, y1 in figure.screens:
        half = np.asarray(image.convert("L").crop((int(x0), int(y0), int(x1), int(y1))))
        assert (half > 40).mean() > 0.3
    lettered = cut(image, line("(a)", 10, 330), line("(b)", 600, 330))
    assert "dual_screen" not in lettered.flags and lettered.screens == ()


def test_pictures_of_another_kind_score_low_and_sepia_does_not(cut):
    assert cut(screens.photograph(1)).is_ultrasound_score < 0.3
    assert cut(screens.three_d(1)).is_ultrasound_score > 0.6
    assert cut(Image.new("RGB", (300, 200), "white")).modality == "not_ultrasound"
