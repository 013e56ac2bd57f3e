import time

import numpy as np
import pytest
from PIL import Image

from remud_gen.records import ModalityEvidence, TextLine
from remud_gen.rules.burned_in import annotate
from remud_gen.rules.modality import hear, see, weigh
from tests.rules import screens

SEEDS = (0, 3, 4, 5)


def guess(image, *texts, printed=()):
    lines = [TextLine(bbox=(0, 12 * i, 50, 12 * i + 10), text=text) for i, text in enumerate(printed)]
    return weigh(see(image).evidence, hear(texts, annotate(lines)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", screens.KINDS)
def test_every_kind_of_picture_is_told_by_its_pixels_alone(kind, seed):
    for make in screens.KINDS[kind]:
        found = guess(make(seed))
        assert found.modality == kind, (make.__name__, found)
        assert (found.ultrasound >= 0.5) == (kind != "not_ultrasound")
        assert {e.source for e in found.evidence} == {"pixels"}


def test_sepia_and_white_background_do_not_make_a_picture_another_kind():
    assert guess(screens.three_d(1)).ultrasound > 0.6
    page = Image.new("RGB", (700, 420), "white")
    page.paste(screens.b_mode(1), (20, 20))
    assert guess(page).modality == "b_mode"


def test_ultrasound_beside_a_tomogram_is_kept_and_marked():
    plate = Image.new("RGB", (980, 360), "white")
    plate.paste(screens.b_mode(1), (0, 0))
    plate.paste(screens.tomogram(1), (500, 0))
    found = guess(plate)
    assert found.modality == "b_mode" and found.ultrasound > 0.6
    assert found.flags == ("mixed_modalities",)


def test_a_thin_arrow_is_no_flow():
    picture = screens.b_mode(1)
    pixels = np.asarray(picture).copy()
    for step in range(60):
        pixels[150 + step // 2, 200 + step] = pixels[151 + step // 2, 200 + step] = (255, 0, 0)
    assert guess(Image.fromarray(pixels)).modality == "b_mode"


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("Color Doppler shows flow in the cyst wall.", "colour_doppler"),
        ("CDFI示病灶内血流信号", "colour_doppler"),
        ("Power Doppler of the synovium", "power_doppler"),
        ("Pulsed-wave Doppler of the mitral inflow", "spectral_doppler"),
        ("M-mode through the left ventricle", "m_mode"),
        ("M型超声心动图", "m_mode"),
        ("Shear wave elastography of the nodule", "elastography"),
        ("弹性成像评分3分", "elastography"),
        ("超声造影动脉期快速高增强", "contrast"),
        ("Contrast-enhanced ultrasound in the arterial phase", "contrast"),
        ("三维超声显示胎儿面部", "3d"),
        ("Gray-scale sonogram of the liver", "b_mode"),
        ("Axial T2-weighted MRI of the leg", "not_ultrasound"),
        ("冠脉CT血管造影", "not_ultrasound"),
        ("Photograph of the newborn", "not_ultrasound"),
        ("心电图示T波倒置", "not_ultrasound"),
    ],
)
def test_words_name_modes_in_both_languages(text, mode):
    heard = hear([text], ())
    assert max(heard, key=lambda evidence: evidence.score).modality == mode
    assert all(evidence.source == "caption" and evidence.reason in text for evidence in heard)


def test_words_decide_where_pixels_are_unsure():
    unsure = [
        ModalityEvidence(source="pixels", modality="b_mode", score=0.52, reason="grain"),
        ModalityEvidence(source="pixels", modality="not_ultrasound", score=0.48, reason="smooth"),
    ]
    assert weigh(unsure, hear(["MRI of the left leg"], ())).modality == "not_ultrasound"
    assert weigh(unsure, hear(["Sonogram of the left leg"], ())).ultrasound > 0.75
    assert weigh([], (), 0.9).ultrasound == 0.9


def test_a_contradiction_of_words_and_pixels_is_flagged_and_both_are_kept():
    found = guess(screens.b_mode(1), "Axial CT of the abdomen")
    assert "modality_conflict" in found.flags
    assert {(e.source, e.modality) for e in found.evidence} >= {("pixels", "b_mode"), ("caption", "not_ultrasound")}
    assert "modality_conflict" in guess(screens.photograph(1), "Sonogram of the liver").flags
    assert "modality_conflict" in guess(screens.colour_doppler(1), "Gray-scale image of the artery").flags
    assert guess(screens.colour_doppler(1), "Color Doppler of the artery").flags == ()


def test_burned_in_words_speak_by_themselves():
    found = guess(screens.b_mode(1), printed=("M-Mode", "MI 1.3"))
    assert ("burned_in", "m_mode") in {(e.source, e.modality) for e in found.evidence}
    heard = hear((), annotate([TextLine(bbox=(0, 0, 9, 9), text="LAO: 30 CRA: 15")]))
    assert [e.modality for e in heard] == ["not_ultrasound"]


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (2000, 2), (40, 40)])
def test_odd_sizes_do_not_fail(size):
    assert 0 <= guess(Image.new("RGB", size, "black")).ultrasound <= 1
    assert 0 <= guess(Image.new("L", size, 255)).ultrasound <= 1


def test_a_picture_takes_little_time():
    pictures = [make(1) for makers in screens.KINDS.values() for make in makers]
    see(pictures[0])
    start = time.process_time()
    for picture in pictures:
        see(picture)
    assert (time.process_time() - start) / len(pictures) < 0.03  # a third of it on an idle machine
