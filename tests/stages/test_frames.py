"""Pictures with their words beside them, from the file to the pair."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.records import ImageTextPair
from remud_gen.rules.banners import WITHHELD
from remud_gen.runner.images import ContentImageStore
from remud_gen.runner.inventory import take_inventory
from remud_gen.stages.base import PageInput, Rejection, StageContext
from remud_gen.stages.documents import DocumentsStage
from remud_gen.stages.extract import ExtractStage
from remud_gen.stages.pair import PairStage
from tests.pdf.sheets import make_frame
from tests.readers.scans_of_devices import BANNER, make_region, make_screen, write_dicom


@pytest.fixture
def shelf(tmp_path):
    return tmp_path / "shelf"


def run(shelf, **options):
    """Documents, pages and pairs of a folder, without the runner."""
    folder = shelf.parent / "run"
    folder.mkdir(exist_ok=True)
    config = Config.model_validate({"extract": {"reads_burned_in_text": False, **options}})
    files = take_inventory([shelf], folder, is_writable=False)
    context = StageContext(config, ContentImageStore(folder), {file.sha256: file.place for file in files})
    stages = DocumentsStage(config), ExtractStage(config), PairStage(config)
    for stage in stages:
        stage.setup(context)
    found = {}
    for file in files:
        document = next(iter(stages[0].process(file)))  # what else is said of a table of labels has tests of its own
        if isinstance(document, Rejection):
            found[file.file] = document
            continue
        numbers = document.pages or range(1, document.page_count + 1)
        pages = [page for n in numbers for page in stages[1].process(PageInput(f"p{n}", document, n))]
        pairs = [pair for _, pair in stages[2].process_document(document.id, pages)]
        found[file.file] = (document, pages, pairs)
    return found


def test_a_row_of_a_table_becomes_the_words_of_the_pair(shelf):
    (shelf / "img").mkdir(parents=True)
    make_frame(640, 480).save(shelf / "img" / "k1.png")
    with (shelf / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["file", "label", "findings", "report", "patient name"])
        rows.writerow(["k0.png", "stone", "x", "x", "x"])
        rows.writerow(["k1.png", "renal cyst", "Anechoic lesion of 3.2 cm.", "Simple cyst.", "Erika Muster"])
    found = run(shelf)
    assert found["labels.csv"].code == "LABELS_OF_IMAGES"
    document, (page,), (pair,) = found["img/k1.png"]
    assert isinstance(pair, ImageTextPair)
    assert (pair.title, pair.caption, pair.note) == ("renal cyst", "Anechoic lesion of 3.2 cm.", "Simple cyst.")
    assert (pair.panel_caption, pair.panel_note) == (pair.caption, pair.note)
    assert (pair.confidence, pair.figure_number, pair.source.bbox) == (1.0, None, (0, 0, 640, 480))
    assert [(e.id, e.kind, e.locator, e.bbox) for e in pair.context] == [
        ("title", "title", "labels.csv row 3", None),
        ("cap", "caption", "labels.csv row 3", None),
        ("note", "note", "labels.csv row 3", None),
    ]
    assert document.companions is not None
    assert "Erika" not in page.model_dump_json() + pair.model_dump_json()


def test_a_folder_gives_a_title_and_a_doubt(shelf):
    for name, seed in (("benign", 1), ("malignant", 2)):
        (shelf / name).mkdir(parents=True)
        make_frame(seed=seed).save(shelf / name / "1.png")
    _, _, (pair,) = run(shelf)["malignant/1.png"]
    assert (pair.title, pair.context[0].locator) == ("malignant", "folder name")
    assert pair.flags == ("words_from_folder",)
    assert pair.confidence < 1


def test_the_same_picture_in_two_class_folders_is_not_believed(shelf):
    for name in ("benign", "malignant"):
        (shelf / name).mkdir(parents=True)
        make_frame().save(shelf / name / "1.png")
    found = run(shelf)
    (_, _, (pair,)) = found["benign/1.png"]
    assert pair.title is None
    assert pair.confidence < 0.3


def test_frames_of_a_loop_are_pages_under_their_own_numbers(shelf):
    shelf.mkdir()
    stack = np.stack([make_screen(i // 10) for i in range(40)])
    write_dicom(shelf / "loop.dcm", stack, regions=[make_region(0, BANNER + 1, 319, 239)],
                StudyDescription="Kidney ultrasound")  # fmt: skip
    document, pages, pairs = run(shelf, frames_per_loop=3)["loop.dcm"]
    assert (document.page_count, document.pages) == (40, tuple(page.source.page_number for page in pages))
    assert len({(number - 1) // 10 for number in document.pages}) == len(pages) == 3
    for page, pair in zip(pages, pairs, strict=True):
        number = page.source.page_number
        assert page.source.locator == f"frame {number} of 40"
        assert (page.source.unit, page.regions[0].units) == ("px", ("cm", "cm"))
        assert pair.source.page_number == number
        assert (pair.title, pair.context[0].locator) == ("Kidney ultrasound", "dicom header")
        assert pair.source.bbox == (0, BANNER + 1, 320, 240)
    fewer, _, _ = run(shelf, frames_per_loop=1)["loop.dcm"]
    assert set(fewer.pages) < set(document.pages)
    assert fewer.id == document.id


def test_the_banner_of_a_screen_reaches_no_record(shelf):
    """Words outside the regions, and words inside that the header knows to be the patient's."""
    shelf.mkdir()
    from PIL import ImageDraw, ImageFont

    image = Image.fromarray(make_screen(2, 640, 480) // 3)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    draw.rectangle((0, 0, 640, BANNER), fill=0)
    draw.text((10, 6), "SOMEBODY Else 10:30", fill=255, font=font)
    for y, text in ((100, "LIVER"), (420, "MUSTER ERIKA")):
        draw.rectangle((20, y - 5, 260, y + 30), fill=0)
        draw.text((30, y), text, fill=255, font=font)
    write_dicom(shelf / "a.dcm", np.asarray(image), regions=[make_region(0, BANNER + 2, 639, 479)])
    _, (page,), _ = run(shelf, reads_burned_in_text=True)["a.dcm"]
    (figure,) = page.figures
    told = page.model_dump_json()
    assert [line.text for line in figure.burned_in_text] == ["LIVER", WITHHELD]
    assert abs(figure.burned_in_text[1].bbox[1] - 420) < 20, "where it stands is kept, so that it can be masked"
    assert "SOMEBODY" not in told
    assert "MUSTER" not in told
    assert "outside_region" in page.flags
    assert "patient_text" in figure.flags
    assert figure.image.height_px == 480 - BANNER - 2


def test_a_label_in_the_print_of_a_caption_keeps_its_number_apart(shelf):
    shelf.mkdir()
    make_frame().save(shelf / "1.png")
    (shelf / "1.json").write_text(json.dumps({"caption": "Figure 3. Cyst of the left kidney."}), "utf-8")
    _, _, (pair,) = run(shelf)["1.png"]
    assert (pair.caption, pair.figure_number) == ("Cyst of the left kidney.", "Figure 3")


def test_a_huge_frame_is_one_error_line(shelf):
    shelf.mkdir()
    write_dicom(shelf / "a.dcm", make_screen(), Rows=20_000, Columns=20_000)
    with pytest.raises(RecordError) as caught:
        run(shelf)
    assert caught.value.code == "PAGE_TOO_LARGE"
    assert "max_page_pixels" in caught.value.hint
