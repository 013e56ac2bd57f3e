"""The pair stage as the runner drives it: pages of one document in, an outcome for every page."""

import pytest
from PIL import Image

from remud_gen.config import Config
from remud_gen.records import ImageTextPair
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import Failure, Rejection, ShelfFile, StageContext
from remud_gen.stages.pair import PairStage
from tests.pairing.builder import BODY, PageBuilder


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
