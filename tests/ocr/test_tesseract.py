from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from remud_gen import registry
from remud_gen.config import load_config
from remud_gen.errors import ConfigError, MissingExtraError, RemudError
from remud_gen.ocr import tesseract
from remud_gen.ocr.tesseract import TesseractEngine, find_data_folder
from remud_gen.protocols import LanguageOcrEngine
from remud_gen.runner.doctor import examine_setup
from remud_gen.runner.plan import make_basis
from remud_gen.stages.extract import ExtractStage
from tests.ocr.test_rapidocr import write


def find_reason():
    try:
        TesseractEngine().check()
    except RemudError as error:
        return f"{error.message}: {error.hint}"
    return ""


REASON = find_reason()
reads = pytest.mark.skipif(bool(REASON), reason=REASON or "all is there")


@pytest.fixture
def engine():
    return TesseractEngine()


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without data but for what a test puts into the returned folder."""
    monkeypatch.setenv(tesseract.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(tesseract, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "nowhere"))
    return tmp_path


def measure_width(text, size):
    return ImageFont.load_default(size).getlength(text)


@reads
def test_lines_come_top_down_with_boxes_on_the_words(engine, capfd):
    texts = ["Figure 3 Left kidney in the long axis", "Length 10.4 cm", "No dilatation of the pelvis"]
    lines = engine.read(write(texts))
    assert [line.text for line in lines] == texts
    for row, line in enumerate(lines):
        assert 0.8 < line.score <= 1
        assert abs(line.bbox[0] - 40) < 6
        assert abs(line.bbox[2] - 40 - measure_width(texts[row], 28)) < 8
        assert abs((line.bbox[1] + line.bbox[3]) / 2 - (46 + 70 * row)) < 10
        assert 22 < line.font_size < 36
    assert capfd.readouterr() == ("", "")


@reads
def test_latin_letters_stay_latin_beside_chinese_data(engine):
    texts = ["Hyperechoic lesion with posterior shadowing", "RI 0.62 and PI 1.04 cm/s", "LK AO IVC"]
    lines = engine.read(write(texts))
    assert [line.text for line in lines] == texts
    assert not any("\u3400" <= character <= "\u9fff" for line in lines for character in line.text)


@reads
@pytest.mark.shared
def test_chinese_stays_chinese_and_grey_titles_are_read(engine, shared):
    pymupdf = pytest.importorskip("pymupdf")
    with pymupdf.open(shared / "corpus" / "zh" / "sample_zh_scan.pdf") as document:
        sheet = document[0].get_pixmap(dpi=200)
    lines = engine.read(Image.frombytes("RGB", (sheet.width, sheet.height), sheet.samples))
    texts = [line.text.replace(" ", "") for line in lines]
    for wanted in ("肌疝", "腮腺结节病", "肌疝动态观察"):
        assert wanted in texts
    assert any(text.startswith("一、肌骨与浅表超声") and "样例章节" in text for text in texts)  # white on a grey band
    assert [line.bbox[1] for line in lines] == sorted(line.bbox[1] for line in lines)


@reads
def test_white_on_black_is_read(engine):
    image = Image.new("RGB", (700, 200), "black")
    ImageDraw.Draw(image).text((60, 70), "Spleen 11.2 cm", fill="white", font=ImageFont.load_default(30))
    assert [line.text for line in engine.read(image)] == ["Spleen 11.2 cm"]


@reads
def test_blank_tiny_and_noisy_images_hold_no_lines(engine):
    assert engine.read(Image.new("RGB", (400, 300), "white")) == []
    assert engine.read(Image.new("RGB", (3, 3), "white")) == []
    noise = np.random.default_rng(4).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    assert not [line for line in engine.read(Image.fromarray(noise)) if len(line.text) > 3]


@reads
def test_goes_to_a_worker_after_it_has_read(engine):
    image = write(["Longitudinal view"])
    first = engine.read(image)
    assert pickle.loads(pickle.dumps(engine)).read(image) == first


@pytest.mark.parametrize(
    ("read", "mended"),
    [
        ("Ficure 3: Magnetic resonance", "Figure 3: Magnetic resonance"),
        ("FIGURE |: First examination", "Figure 1: First examination"),
        ("Figure 3; (a) Axial section", "Figure 3: (a) Axial section"),
        ("Fig. l. Cyst", "Fig. 1. Cyst"),
        ("‘The kidney", "The kidney"),
        ("‘Comet tail’ artefact", "‘Comet tail’ artefact"),
        ("Figure legends in italics", "Figure legends in italics"),
    ],
)
def test_usual_misreadings_of_captions_are_mended(read, mended):
    assert tesseract._mend(read) == mended


def test_missing_package_says_what_to_install(engine, monkeypatch):
    monkeypatch.setitem(sys.modules, "tesserocr", None)
    with pytest.raises(MissingExtraError) as caught:
        engine.check()
    assert 'pip install "remud-gen[tesseract]"' in caught.value.hint
    assert caught.value.exit_code == 4


def test_missing_data_names_the_files_and_where_they_were_looked_for(bare):
    (bare / "eng.traineddata").write_bytes(b"data")
    with pytest.raises(MissingExtraError) as caught:
        find_data_folder(("chi_sim", "eng"))
    assert caught.value.message == "Tesseract lacks chi_sim.traineddata"
    for told in ("tesseract-ocr-chi-sim", "TESSDATA_PREFIX", str(bare)):
        assert told in caught.value.hint


def test_data_are_found_in_the_folder_that_is_named_or_in_its_tessdata(bare):
    (bare / "tessdata").mkdir()
    for name in ("deu", "eng"):
        (bare / "tessdata" / f"{name}.traineddata").write_bytes(b"data")
    assert find_data_folder(("deu", "eng")) == bare / "tessdata"
    (bare / "eng.traineddata").write_bytes(b"data")
    assert find_data_folder(("eng",)) == bare


@pytest.mark.parametrize("languages", [(), ("../eng",), ("eng", "chi sim")])
def test_what_is_no_language_is_a_mistake_of_the_configuration(languages):
    with pytest.raises(ConfigError, match="ocr_languages"):
        find_data_folder(languages)


def make_stage(*settings):
    return ExtractStage(load_config(None, settings, {}))


def test_other_data_or_languages_make_pages_stale_and_other_engines_do_not_care(bare):
    (bare / "eng.traineddata").write_bytes(b"one")
    settings = ("extract.ocr=tesseract", "extract.ocr_languages=[eng]")
    first = make_basis(make_stage(*settings))
    assert "tesserocr" in first.libraries
    assert "rapidocr" not in first.libraries
    (bare / "tessdata").mkdir()
    (bare / "tessdata" / "eng.traineddata").write_bytes(b"two")
    (bare / "eng.traineddata").unlink()
    assert make_basis(make_stage(*settings)).sha != first.sha
    rapid = make_basis(make_stage())
    assert "rapidocr" in rapid.libraries
    assert make_basis(make_stage("extract.ocr_languages=[eng]")).sha == rapid.sha


def test_a_run_that_lacks_data_does_not_start_and_the_doctor_says_why(bare):
    with pytest.raises(RemudError):
        make_stage("extract.ocr=tesseract").check()
    findings = examine_setup(load_config(None, ["extract.ocr=tesseract"], {}), bare)
    (found,) = [finding for finding in findings if finding.what == "ocr"]
    assert found.exit_code == 4
    assert "chi_sim.traineddata" in found.message or "tesserocr" in found.message


def test_engines_with_data_by_language_are_told_apart():
    assert isinstance(TesseractEngine(), LanguageOcrEngine)
    assert not isinstance(registry.load("ocr", "rapidocr")(), LanguageOcrEngine)
