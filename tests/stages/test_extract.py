from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.records import Page
from remud_gen.rules.geometry import grow, hull, measure_cover, measure_iou
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import InputFile, PageInput, ShelfFile, StageContext
from remud_gen.stages.documents import DocumentsStage
from remud_gen.stages.extract import ExtractStage
from tests.pdf import sheets

CAPTION = "Figure 1. Long axis view of the left kidney with a simple cyst."


class Shelf:
    """Runs both stages on single files."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.config = Config.model_validate({"extract": options})
        self.paths: dict[str, ShelfFile] = {}
        folder.mkdir(exist_ok=True)
        self.images = ContentImageStore(folder)
        context = StageContext(self.config, self.images, self.paths)
        self.documents, self.extract = DocumentsStage(self.config), ExtractStage(self.config)
        self.documents.setup(context)
        self.extract.setup(context)

    def read(self, path: Path, number: int = 1) -> Page:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.paths[sha256] = ShelfFile(path)
        (document,) = self.documents.process(InputFile(sha256, path, path.name, (), sha256))
        (page,) = self.extract.process(PageInput("input", document, number))
        return page


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "run", reads_burned_in_text=False)


@pytest.fixture
def paper(tmp_path):
    document, page = sheets.new_page()
    page.insert_text((60, 60), "2. Results", fontsize=14, fontname="hebo")
    page.insert_image((60, 100, 300, 280), stream=sheets.encode(sheets.make_frame()), keep_proportion=False)
    page.insert_text((120, 120), "LK", fontsize=9, color=(1, 1, 1))
    page.insert_text((60, 300), CAPTION, fontsize=9)
    return sheets.save(document, tmp_path / "paper.pdf")


def test_a_digital_page(shelf, paper):
    page = shelf.read(paper)
    (figure,) = page.figures
    assert (page.kind, page.text_origin, page.source.unit, page.source.page_number) == ("digital", "layer", "pt", 1)
    assert measure_iou(figure.bbox, (60, 100, 300, 280)) > 0.99
    assert [line.text for line in figure.burned_in_text] == ["LK"]
    assert figure.is_ultrasound_score > 0.7
    assert figure.dpi == 150  # 120 dpi as stored, raised to extract.min_dpi
    roles = [(block.role, block.text) for block in page.text_blocks]
    assert roles[0] == ("section", "2. Results")
    assert roles[1] == ("caption", CAPTION)
    assert roles[2][0] == "body"
    with Image.open(shelf.images.path(figure.image)) as stored:
        assert stored.size == (figure.image.width_px, figure.image.height_px)
        assert stored.size == pytest.approx((500, 375), abs=1)


@pytest.mark.parametrize(("pixels", "expected"), [(200, 150), (800, 240), (2400, 400)])
def test_crops_have_the_stored_resolution_within_bounds(shelf, tmp_path, pixels, expected):
    document, page = sheets.new_page()
    frame = sheets.encode(sheets.make_frame(pixels, pixels), "JPEG")
    page.insert_image((60, 100, 300, 340), stream=frame, keep_proportion=False)
    (figure,) = shelf.read(sheets.save(document, tmp_path / "a.pdf")).figures
    assert figure.dpi == expected
    assert abs(figure.image.width_px - 240 / 72 * expected) <= 2


def test_the_same_page_gives_the_same_bytes(paper, tmp_path):
    first, second = (Shelf(tmp_path / name, reads_burned_in_text=False).read(paper) for name in ("one", "two"))
    assert first.model_dump_json() == second.model_dump_json()


def test_a_scan_is_read_by_ocr_and_its_frames_are_found(tmp_path):
    image = Image.new("RGB", (1000, 1400), (248, 246, 242))
    image.paste(sheets.make_frame(380, 300), (80, 120))
    words = pymupdf.open()
    page = words.new_page(width=500, height=700)
    page.insert_image(page.rect, stream=sheets.encode(image, "JPEG"), keep_proportion=False)
    page.insert_text((40, 230), CAPTION, fontsize=11)
    page.insert_textbox((40, 300, 460, 500), sheets.BODY * 2, fontsize=11)
    pixels = page.get_pixmap(dpi=144)
    scan = pymupdf.open()
    page = scan.new_page(width=500, height=700)
    page.insert_image(page.rect, pixmap=pixels)
    page.insert_text((40, 230), "Flgure l. Lonq axls", render_mode=3)
    page = Shelf(tmp_path / "run").read(sheets.save(scan, tmp_path / "scan.pdf"))
    (figure,) = page.figures
    assert (page.kind, page.text_origin, page.flags) == ("scan", "ocr", ("hidden_text_layer",))
    assert measure_iou(figure.bbox, (40, 60, 230, 210)) > 0.95
    assert page.text_blocks[0].role == "caption"
    assert page.text_blocks[0].text == CAPTION
    assert " ".join(block.text for block in page.text_blocks[1:]).startswith("The patient was examined in supine")


def test_a_loose_frame_is_one_figure_in_pixels(shelf, tmp_path):
    (tmp_path / "frame.png").write_bytes(sheets.encode(sheets.make_frame(640, 480)))
    page = shelf.read(tmp_path / "frame.png")
    (figure,) = page.figures
    assert (page.kind, page.source.unit, page.source.page_size) == ("image", "px", (640, 480))
    assert measure_iou(figure.bbox, (0, 0, 640, 480)) == 1


def test_a_broken_neighbour_does_not_cost_the_page(shelf, tmp_path):
    document, _ = sheets.new_page()
    sheets.new_page(document)
    document.update_stream(document[1].get_contents()[0], b"q 5 0 (( rg Do nonsense", compress=False)
    path = sheets.save(document, tmp_path / "a.pdf")
    assert shelf.read(path, 1).text_blocks
    with pytest.raises(RecordError) as caught:
        shelf.read(path, 2)
    assert caught.value.code == "DAMAGED_PAGE"


def test_a_huge_page_stays_within_the_pixel_limit(tmp_path):
    document = pymupdf.open()
    page = document.new_page(width=14_400, height=14_400)
    page.insert_image((0, 0, 9000, 9000), stream=sheets.encode(sheets.make_frame()), keep_proportion=False)
    page.insert_text((100, 13_000), CAPTION, fontsize=200)
    shelf = Shelf(tmp_path / "run", reads_burned_in_text=False, max_page_pixels=4_000_000)
    (figure,) = shelf.read(sheets.save(document, tmp_path / "huge.pdf")).figures
    assert figure.image.width_px * figure.image.height_px <= 4_100_000


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "truth", "number"),
    [
        ("papers/PMC4738740.pdf", "PMC4738740", 2),
        ("papers/kerdegari2021.pdf", "kerdegari2021", 10),
        ("papers/akkus2021.pdf", "akkus2021", 6),
        ("papers/busi2020.pdf", "busi2020", 1),
        ("nasty/gen_rotate180_PMC4745307_p2.pdf", None, 1),
    ],
)
def test_printed_pages_give_the_figures_a_reader_sees(shelf, shared, file, truth, number):
    page = shelf.read(shared / "corpus" / file, number)
    if truth is None:
        assert len(page.figures) == 4
        return
    pages = json.loads((shared / "corpus/truth" / f"{truth}.json").read_text("utf-8"))["pages"]
    wanted = [figure for entry in pages if entry["page"] == number for figure in entry["figures"]]
    covered = 0
    for figure in wanted:
        box = tuple(figure["figure_bbox"])
        members = [found.bbox for found in page.figures if measure_cover(found.bbox, grow(box, 3)) > 0.7]
        assert members, figure["label"]
        assert measure_iou(hull(members), box) > 0.8, figure["label"]
        covered += len(members)
        for letter, panel in (figure.get("panel_bboxes") or {}).items():
            assert max(measure_iou(member, tuple(panel)) for member in members) > 0.8, letter
    assert covered == len(page.figures)
