"""Renditions of pages and the figures found on them: turned pages, spreads, and what else goes through."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from remud_gen.config import Config, load_config
from remud_gen.errors import ConfigError, RecordError
from remud_gen.llm.grounding import Reading
from remud_gen.llm.opening import open_gateway
from remud_gen.records import PageRendition
from remud_gen.rules.geometry import measure_iou
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import InputFile, PageInput, ShelfFile, StageContext
from remud_gen.stages.documents import DocumentsStage
from remud_gen.stages.ground import GroundStage, _Evidence
from remud_gen.stages.grounded import GroundedExtractStage
from remud_gen.stages.views import ViewsStage
from tests.grounding_server import GroundingServer
from tests.layout.test_setting import FRAME, join, make_page, turn
from tests.pdf import sheets


class Chain:
    """Shows one page of a file to a server, and reads it with what the server says."""

    def __init__(self, folder: Path, server: GroundingServer, *more: str) -> None:
        settings = ["extract.layout=vlm", "extract.reads_burned_in_text=false", "vision.model=tiny"]
        settings += ["vision.coords=qwen2.5-vl", f"vision.base_url={server.base_url}", *more]
        self.config = load_config(None, settings, {})
        self.folder, self.images = folder, ContentImageStore(folder)
        self.paths: dict[str, ShelfFile] = {}
        self.views, self.ground = ViewsStage(self.config), GroundStage(self.config)
        self.extract = GroundedExtractStage(self.config)
        self.documents = DocumentsStage(self.config)
        context = StageContext(self.config, self.images, self.paths)
        for stage in (self.documents, self.views, self.ground, self.extract):
            stage.check()
            stage.setup(context)

    def look(self, path: Path, number: int = 1) -> PageRendition:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.paths[sha256] = ShelfFile(path)
        (document,) = self.documents.process(InputFile(sha256, path, path.name, (), sha256))
        (view,) = self.views.process(PageInput("input", document, number))
        return view

    def ask(self, view: PageRendition) -> PageRendition:
        async def inner() -> PageRendition:
            async with open_gateway(self.config.resolve_vision(), self.folder / "r.sqlite", self.images) as gateway:
                (seen,) = [outcome async for outcome in self.ground.process(view, gateway)]
                return seen

        return asyncio.run(inner())

    def read(self, path: Path, number: int = 1):
        return list(self.extract.process(self.ask(self.look(path, number))))


def share(box, image):
    return (box[0] / image.width, box[1] / image.height, box[2] / image.width, box[3] / image.height)


def write(image: Image.Image, path: Path) -> Path:
    path.write_bytes(sheets.encode(image))
    return path


def write_paper(path: Path) -> Path:
    """A digital page with the same frame: nothing on it has to be read, so that a test is quick."""
    document = pymupdf.open()
    page = document.new_page(width=900, height=1240)
    page.insert_image(FRAME, stream=sheets.encode(sheets.make_frame()), keep_proportion=False)
    page.insert_textbox((100, 470, 800, 1100), sheets.BODY * 8, fontsize=17)
    return sheets.save(document, path)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.mark.parametrize("quarters", [1, 2])
def test_a_turned_page_is_shown_upright_and_its_figure_found(folder, quarters):
    page = make_page()
    path = write(page.rotate(-90 * quarters, expand=True), folder / "page.png")
    with GroundingServer([(page, [share(FRAME, page)])]) as server:
        chain = Chain(folder, server)
        (read,) = chain.read(path)
        ((_, shown),) = server.shown
    assert shown.size == (840, 1176)
    upright = np.asarray(page.resize(shown.size).convert("L"), dtype=float)
    assert np.corrcoef(np.asarray(shown.convert("L"), dtype=float).ravel(), upright.ravel())[0, 1] > 0.95
    (figure,) = read.figures
    assert figure.bbox == pytest.approx(FRAME, abs=2)
    assert read.source.page_size == (900, 1240)
    assert figure.detector == "vlm"
    with Image.open(chain.images.path(figure.image)) as crop:
        assert crop.size == pytest.approx((380, 300), abs=3)


def test_a_skewed_page_is_shown_straight(folder):
    page = make_page()
    path = write(turn(page, 2.0)[0], folder / "page.png")
    with GroundingServer([(page, [share(FRAME, page)])]) as server:
        (read,) = Chain(folder, server).read(path)
    assert read.flags == ("deskewed",)
    assert read.figures[0].bbox == pytest.approx(FRAME, abs=4)


def test_boxes_move_with_a_page_that_is_read_otherwise_than_it_was_shown(folder):
    """Shown as stored, read turned: the boxes are led over the stored page."""
    page = make_page()
    path = write(page.rotate(-90, expand=True), folder / "page.png")
    with GroundingServer([(page, [])]) as server:
        chain = Chain(folder, server)
        view = chain.look(path)
        matrix = np.array(view.source.to_original)
        x0, y0, x1, y1 = FRAME
        corners = matrix @ np.array([[x0, y0, 1], [x1, y1, 1]]).T
        stored = (*np.sort(corners[0]), *np.sort(corners[1]))
        box = {"bbox": (stored[0], stored[2], stored[1], stored[3]), "score": 0.9}
        source = view.source.model_copy(update={"to_original": None})
        given = PageRendition.model_validate({**view.model_dump(), "source": source.model_dump(), "boxes": [box]})
        (read,) = chain.extract.process(given)
    assert read.figures[0].bbox == pytest.approx(FRAME, abs=1)


def test_each_half_of_a_spread_gets_the_boxes_that_lie_in_it(folder):
    left, right = make_page(), make_page(number="13")
    sheet = join(left, right)
    second = (FRAME[0] + 900, FRAME[1], FRAME[2] + 900, FRAME[3])
    path = write(sheet, folder / "spread.png")
    with GroundingServer([(sheet, [share(second, sheet), share(FRAME, sheet)])]) as server:
        pages = Chain(folder, server).read(path)
        assert len(server.shown) == 1
    assert [page.flags for page in pages] == [("spread",), ("spread",)]
    assert [len(page.figures) for page in pages] == [1, 1]
    assert pages[0].figures[0].bbox == pytest.approx(FRAME, abs=3)
    assert pages[1].figures[0].bbox == pytest.approx(second, abs=3)


def test_what_a_model_is_not_to_look_at_goes_through_unasked(folder):
    document, _ = sheets.new_page()
    document.new_page(width=595, height=842)
    paper = sheets.save(document, folder / "a.pdf")
    (folder / "notes.md").write_text("# Liver\n\n" + sheets.BODY, "utf-8")
    with GroundingServer([(make_page(), [])]) as server:
        chain = Chain(folder, server)
        (blank,) = chain.read(paper, 2)
        (notes,) = chain.read(folder / "notes.md")
        assert not server.shown
        (text,) = chain.read(paper, 1)
        assert len(server.shown) == 1
    assert (blank.figures, blank.text_blocks) == ((), ())
    assert notes.kind == "flow"
    assert notes.text_blocks
    assert text.figures == ()
    assert text.text_blocks


def test_the_picture_arrives_as_it_was_stored(folder):
    page = make_page()
    path = write_paper(folder / "page.pdf")
    with GroundingServer([(page, [])]) as server:
        chain = Chain(folder, server, "vision.max_image_side_px=900")
        view = chain.look(path)
        chain.ask(view)
        ((_, shown),) = server.shown
        (body,) = server.bodies
    assert shown.size == (view.image.width_px, view.image.height_px)
    assert max(shown.size) <= 900
    assert [side % 28 for side in shown.size] == [0, 0]
    with Image.open(chain.images.path(view.image)) as stored:
        assert np.array_equal(np.asarray(shown), np.asarray(stored.convert("RGB")))
    words = body["messages"][-1]["content"][-1]["text"]
    assert f"{shown.width} pixels wide and {shown.height} pixels high" in words
    assert "absolute pixels" in words


WRAPS = {
    "fence": lambda boxes: "Here are the figures:\n```json\n" + json.dumps(boxes) + "\n```",
    "bbox": lambda boxes: json.dumps({"figures": [{"bbox": box["bbox_2d"], "label": "x"} for box in boxes]}),
    "box_2d": lambda boxes: json.dumps([{"box_2d": box["bbox_2d"], "label": "x"} for box in boxes]),
    "named": lambda boxes: json.dumps([dict(zip(("x1", "y1", "x2", "y2"), b["bbox_2d"], strict=True)) for b in boxes]),
    "bare": lambda boxes: json.dumps([box["bbox_2d"] for box in boxes]),
    "lone": lambda boxes: json.dumps(boxes[0]),
    "with a table": lambda boxes: json.dumps([*boxes, {"bbox_2d": [90, 640, 700, 900], "label": "table"}]),
    "twice": lambda boxes: json.dumps([*boxes, *boxes]),
    "thought": lambda boxes: "<think>Let me see [1, 2].</think>" + json.dumps(boxes),
    "broken": lambda boxes: json.dumps(boxes)[:-1] + ",",
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_forms_of_replies(folder, wrap):
    page = make_page()
    path = write_paper(folder / "page.pdf")
    frame = [(*share(FRAME, page),)]
    if wrap is WRAPS["named"]:
        wrapped, wrap = (
            wrap,
            lambda boxes: json.dumps([{"bbox_2d": corners, "label": "x"} for corners in json.loads(wrapped(boxes))]),
        )
    with GroundingServer([(page, frame)], wrap=wrap) as server:
        chain = Chain(folder, server)
        seen = chain.ask(chain.look(path))
        assert len(server.bodies) == 1
    (box,) = seen.boxes
    assert measure_iou(box.bbox, FRAME) > 0.97
    assert box.score > 0.9


@pytest.mark.parametrize(
    "words", ["[]", '{"figures": []}', "```json\n[]\n```", "There are no figures on this page.", "{}"]
)
def test_no_figures_is_an_answer(folder, words):
    path = write_paper(folder / "page.pdf")
    with GroundingServer([(make_page(), [])], wrap=lambda boxes: words) as server:
        chain = Chain(folder, server)
        assert chain.ask(chain.look(path)).boxes == ()
        assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("boxes", "code"),
    [([[0, 0, 0, 0]], "BOX_INVERTED"), ([[10 * n, 0, 10 * n + 9, 9] for n in range(300)], "BOX_INVALID")],
    ids=["placeholder", "endless"],
)
def test_boxes_that_mean_nothing_are_no_matter_of_convention(folder, boxes, code):
    path = write_paper(folder / "page.pdf")
    with GroundingServer([(make_page(), [])], wrap=lambda _: json.dumps(boxes)) as server:
        chain = Chain(folder, server)
        with pytest.raises(RecordError) as caught:
            chain.ask(chain.look(path))
    assert caught.value.code == code and "fraction" not in caught.value.hint


@pytest.mark.parametrize("change", ["privacy.books=allow", "privacy.clinical=mask", "vision.coords=gemini"])
def test_what_shapes_a_reply_is_among_the_settings(change):
    settings = ["extract.layout=vlm", "vision.model=tiny", "vision.coords=pixels"]
    before, after = (GroundStage(load_config(None, more, {})).settings() for more in (settings, [*settings, change]))
    assert before != after


@pytest.mark.parametrize(
    ("writes", "coords", "code", "hint"),
    [
        ("qwen3-vl", "qwen2.5-vl", "COORDS_WRONG", "qwen3-vl"),
        ("qwen2.5-vl", "qwen3-vl", "COORDS_WRONG", "qwen2.5-vl"),
        ("gemini", "qwen3-vl", "COORDS_WRONG", "gemini"),
        ("gemini", "qwen2.5-vl", "COORDS_WRONG", "gemini"),
        ("fraction", "qwen3-vl", "COORDS_WRONG", "fraction"),
        ("fraction", "pixels", "COORDS_WRONG", "fraction"),
        ("qwen2.5-vl", "fraction", "COORDS_WRONG", "qwen2.5-vl"),
        ("out of range", "qwen2.5-vl", "COORDS_WRONG", "vision.max_image_pixels"),
        ("width and height", "qwen2.5-vl", "BOX_INVERTED", "trained to give boxes"),
        ("blank", "qwen2.5-vl", "BOX_ON_BLANK", "vision.coords"),
    ],
)
def test_the_wrong_convention_is_an_error_that_names_the_right_one(folder, writes, coords, code, hint):
    page = make_page()
    path = write_paper(folder / "page.pdf")
    low = (300, 320, 480, 420)  # its width and height are less than its left and top
    box = low if writes == "width and height" else FRAME
    with GroundingServer([(page, [share(box, page)])], writes=writes) as server:
        chain = Chain(folder, server, f"vision.coords={coords}")
        with pytest.raises(RecordError) as caught:
            chain.ask(chain.look(path))
    assert caught.value.code == code
    assert hint in caught.value.hint
    assert caught.value.replies


def test_a_server_that_shrinks_pictures_is_found_out(folder):
    page = make_page()
    path = write_paper(folder / "page.pdf")
    with GroundingServer([(page, [share(FRAME, page)])], shrinks_to=0.7) as server:
        chain = Chain(folder, server)
        with pytest.raises(RecordError) as caught:
            chain.ask(chain.look(path))
    assert caught.value.code == "BOXES_MISFIT"
    assert "vision.max_image_pixels" in caught.value.hint


def test_a_reply_that_cannot_be_read_is_asked_again_with_the_reason(folder):
    page = make_page()
    path = write_paper(folder / "page.pdf")
    choose = lambda number, times: "garbage" if times == 1 else None  # noqa: E731
    with GroundingServer([(page, [share(FRAME, page)])], choose=choose) as server:
        chain = Chain(folder, server)
        assert len(chain.ask(chain.look(path)).boxes) == 1
        assert "very nice page" in server.bodies[1]["messages"][-1]["content"][-1]["text"]
    (folder / "other").mkdir()  # with no stored reply
    with GroundingServer([(page, [])], writes="garbage") as server:
        chain = Chain(folder / "other", server)
        with pytest.raises(RecordError) as caught:
            chain.ask(chain.look(path))
    assert caught.value.code == "JSON_INVALID"
    assert "items_per_pair" not in caught.value.hint
    assert len(caught.value.replies) == 2


def test_pages_that_agree_on_a_mistake_stop_the_run(folder):
    page = make_page()
    path = write_paper(folder / "page.pdf")
    with GroundingServer([(page, [share(FRAME, page)])], writes="qwen3-vl") as server:
        chain = Chain(folder, server)
        view = chain.look(path)
        for number in range(4):
            with pytest.raises(RecordError):
                chain.ask(view.model_copy(update={"id": f"page{number}"}))
        with pytest.raises(ConfigError, match="on 5 pages") as caught:
            chain.ask(view.model_copy(update={"id": "page4"}))
    assert "qwen3-vl" in caught.value.hint


def test_many_pages_that_are_each_in_doubt_are_proof_together():
    evidence = _Evidence()
    for number in range(5):
        evidence.fits[str(number)] = Reading((), 0.5, "qwen3-vl", 0.78)
        evidence.weigh("my-vl", "pixels")
    evidence.fits["5"] = Reading((), 0.5, "qwen3-vl", 0.78)
    with pytest.raises(ConfigError, match=r"6 pages fit 0\.50 as pixels and 0\.78 as qwen3-vl") as caught:
        evidence.weigh("my-vl", "pixels")
    assert caught.value.hint == "set vision.coords: qwen3-vl"
    misfits = _Evidence({str(number): Reading((), 0.35, "gemini", 0.2) for number in range(6)})
    with pytest.raises(ConfigError, match=r"end nowhere near pictures \(fit 0\.35 over 6 pages\)"):
        misfits.weigh("my-vl", "pixels")
    _Evidence({str(number): Reading((), 0.8, "gemini", 0.5) for number in range(9)}).weigh("my-vl", "pixels")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"vision": {"model": "my-model"}}, "vision.coords is not set"),
        ({"vision": {}}, "needs a model that looks at pictures"),
        ({"generate": {"client": "extractive"}}, "needs a model that looks at pictures"),
    ],
)
def test_it_refuses_to_start_without_what_it_needs(settings, told):
    with pytest.raises(ConfigError, match=told):
        GroundStage(Config.model_validate({"extract": {"layout": "vlm"}, **settings})).check()


@pytest.mark.parametrize(
    ("model", "factor"), [("Qwen/Qwen2.5-VL-7B-Instruct", 28), ("qwen3-vl-plus", 32), ("qwen2_5-vl:7b", 28)]
)
def test_a_name_that_is_certain_needs_no_setting(model, factor):
    config = Config.model_validate({"extract": {"layout": "vlm"}, "generate": {"model": model}})
    GroundStage(config).check()
    assert ViewsStage(config).settings()["factor"] == factor
