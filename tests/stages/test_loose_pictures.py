from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from remud_gen.config import Config
from remud_gen.protocols import FlowElement, FlowPage
from remud_gen.readers.picture_page import PicturePage
from remud_gen.records import Document, Page
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import PageInput
from remud_gen.stages.cropping import FigureCutter
from remud_gen.stages.flow_pages import read_flow_page
from remud_gen.stages.loose_pictures import LooseCutter


class CountingEngine:
    """An OCR engine that finds nothing and counts how often it is asked."""

    name = "counting"
    libraries = ()

    def __init__(self):
        self.asked = 0

    def read(self, image):
        self.asked += 1
        return []


def draw(seed):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 120, (90, 120, 3), dtype=np.uint8))


def make_page(number, seeds):
    elements = tuple(
        FlowElement(kind="picture", text="", locator=f"picture {k}", load=lambda _, seed=seed: PicturePage(draw(seed)))
        for k, seed in enumerate(seeds)
    )
    return FlowPage(number=number, elements=elements, locator=f"chapter {number}")


@pytest.fixture
def engine():
    return CountingEngine()


@pytest.fixture
def read(tmp_path, engine):
    cutter = LooseCutter(FigureCutter(Config().extract, ContentImageStore(tmp_path), engine))

    def run(page, document="a"):
        item = Document(
            id=document, file="a.md", sha256=document, media_type="text/markdown", reader="markdown", page_count=9
        )
        outcomes = list(read_flow_page(page, PageInput(f"p{page.number}", item, page.number), cutter, 10**7))
        assert [type(outcome) for outcome in outcomes] == [Page]
        return outcomes[0].figures

    return run


def test_a_picture_linked_again_is_read_once_and_stands_at_every_place(read, engine):
    first = read(make_page(1, [1, 2, 1, 1]))
    second = read(make_page(2, [1]))
    assert engine.asked == 2
    figures = [*first, *second]
    assert len({figure.id for figure in figures}) == 5
    assert len({figure.image.sha256 for figure in figures}) == 2
    assert [figure.locator for figure in first] == [f"picture {k}" for k in range(4)]
    assert [figure.place.order for figure in first] == [0, 1, 2, 3]


def test_nothing_is_carried_over_to_another_document(read, engine):
    read(make_page(1, [1]))
    read(make_page(1, [1]), document="b")
    read(make_page(1, [1]))
    assert engine.asked == 3
