"""The pair stage as the runner drives it: pages of one document in, an outcome for every page."""

import pytest
from PIL import Image

from remud_gen.config import Config
from remud_gen.records import ImageTextPair
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import Failure, Rejection, ShelfFile, StageContext
from remud_gen.stages.pair import PairStage
from tests.pairing.builder import BODY, PageBuilder
from tests.rules.plates import make_plate
from tests.rules.screens import HEIGHT, WIDTH


@pytest.fixture
def stage(tmp_path):
    """A stage over one stored page image of 600 x 800 pixels."""
    (tmp_path / "run").mkdir()
    scan = tmp_path / "page.png"
    Image.new("RGB", (600, 800), (90, 90, 90)).save(scan)
    stage = PairStage(Config())
    stage.setup(StageContext(Config(), ContentImageStore(tmp_path / "run"), {"0" * 64: ShelfFile(scan)}))
    return stage


def make_tiles(number=1):
    page = PageBuilder(number, size=(600, 800))
    for i in range(4):
        page.picture(50 + 110 * i, 60, 150 + 110 * i, 160)
    return page.text(50, 170, "Figure 1: Samples of images.", size=9)


def test_every_page_ends_with_an_outcome(stage):
    pages = [PageBuilder(1).text(50, 60, *BODY, width=500).build(), PageBuilder(2).build()]
    outcomes = list(stage.process_document("doc", pages))
    assert {page_id for page_id, _ in outcomes} == {page.id for page in pages}
    assert [outcome.code for page_id, outcome in outcomes if page_id == pages[1].id] == ["NO_PAIR"]


def test_a_figure_in_pieces_is_cut_anew_from_the_document(stage, tmp_path):
    (pair,) = [o for _, o in stage.process_document("doc", [make_tiles().build()]) if isinstance(o, ImageTextPair)]
    assert (pair.image.width_px, pair.image.height_px) == (430, 100)
    assert (tmp_path / "run" / pair.image.path).is_file()
    assert pair.source.bbox == pair.figure_bbox == (50, 60, 480, 160)


def test_a_document_that_is_gone_fails_its_figure_by_name(stage, tmp_path):
    (tmp_path / "page.png").unlink()
    outcomes = [outcome for _, outcome in stage.process_document("doc", [make_tiles().build()])]
    assert [(type(outcome), outcome.code) for outcome in outcomes] == [(Failure, "FILE_VANISHED")]


def test_pictures_left_out_are_rejected_with_their_reason(stage):
    page = PageBuilder(1).picture(500, 700, 560, 740, ultrasound=0.1).build()
    ((_, outcome),) = stage.process_document("doc", [page])
    assert isinstance(outcome, Rejection) and outcome.code == "PICTURE_WITHOUT_TEXT"


def test_the_same_pages_give_the_same_bytes(stage):
    pages = [make_tiles(1).build(), PageBuilder(2).text(50, 60, *BODY, width=500).build()]
    runs = [
        [(page_id, outcome.model_dump_json()) for page_id, outcome in stage.process_document("doc", order)]
        for order in (pages, pages[::-1])
    ]
    assert runs[0] == runs[1]


@pytest.fixture
def plate(tmp_path):
    """A stage over a page that holds a plate of two frames, and the page as it was extracted."""
    (tmp_path / "run").mkdir()
    sheet = Image.new("RGB", (1100, 1100), "white")
    picture = make_plate(1, 2, gap=20)
    box = (60, 80, 60 + picture.width, 80 + picture.height)
    sheet.paste(picture, box[:2])
    sheet.save(tmp_path / "page.png")
    images = ContentImageStore(tmp_path / "run")
    stage = PairStage(Config())
    stage.setup(StageContext(Config(), images, {"0" * 64: ShelfFile(tmp_path / "page.png")}))
    builder = PageBuilder(1, size=(1100, 1100)).picture(*box, inside=[("A", 0.04, 0.08), ("B", 0.54, 0.08)])
    builder.text(60, box[3] + 14, "Figure 1: (A) Left kidney. (B) Right kidney.", size=12)
    page = builder.build()
    figure = page.figures[0].model_copy(
        update={"image": images.save(picture), "flags": ("dual_screen", "patient_text")}
    )
    return stage, page.model_copy(update={"figures": (figure,)}), box


def test_panels_of_one_picture_are_cut_out_and_described_each_by_itself(plate, tmp_path):
    stage, page, (x0, y0, x1, y1) = plate
    left, right = [outcome for _, outcome in stage.process_document("doc", [page])]
    assert [(p.panel, p.panel_caption) for p in (left, right)] == [("A", "Left kidney."), ("B", "Right kidney.")]
    assert left.source.bbox == pytest.approx((x0, y0, x0 + WIDTH, y1), abs=1.5)
    assert right.source.bbox == pytest.approx((x1 - WIDTH, y0, x1, y1), abs=1.5)
    assert left.figure_bbox == right.figure_bbox == pytest.approx((x0, y0, x1, y1), abs=1.5)
    assert left.flags == right.flags == ("patient_text",) and left.confidence == 1
    assert left.siblings == (right.id,) and right.siblings == (left.id,)
    assert [[line.text for line in p.burned_in_text] for p in (left, right)] == [["A"], ["B"]]
    assert all(p.modality == "b_mode" and p.is_ultrasound_score > 0.7 and p.screens == () for p in (left, right))
    with Image.open(tmp_path / "run" / left.image.path) as cut:
        assert cut.size == pytest.approx((WIDTH, HEIGHT), abs=2)


@pytest.mark.parametrize("damage", ["gone", "torn"])
def test_a_stored_picture_that_cannot_be_read_fails_its_figure_by_name(plate, tmp_path, damage):
    stage, page, _ = plate
    stored = tmp_path / "run" / page.figures[0].image.path
    stored.unlink() if damage == "gone" else stored.write_bytes(b"\xff\xd8\xff\xe0 torn")
    (outcome,) = [outcome for _, outcome in stage.process_document("doc", [page])]
    assert isinstance(outcome, Failure)
    assert outcome.code == {"gone": "IMAGE_MISSING", "torn": "IMAGE_UNREADABLE"}[damage]
