"""Documents without pages through the whole rule: chapters as their readers tell them, no boxes in what comes out."""

from __future__ import annotations

import pytest

from remud_gen.pairing.flow_document import set_pages
from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.protocols import Unpaired
from remud_gen.records import (
    Figure,
    FlowPlace,
    ImageRef,
    ImageTextPair,
    Page,
    Passage,
    Source,
    TextBlock,
    TextLine,
    make_id,
)
from tests.pairing.builder import HullCropper

PROSE = (
    "The examination is performed with a curved probe in supine and lateral position, and every organ is seen in two "
    "planes before anything is measured or stored in the archive."
)


class Chapter:
    """Builds one page of a document without pages, in order."""

    def __init__(self, number=1, flags=()):
        self.number, self.flags = number, flags
        self.blocks, self.figures = [], []

    @property
    def page_id(self):
        return make_id("doc", "page", self.number)

    def _place(self, **more):
        return FlowPlace(order=len(self.blocks) + len(self.figures), **more)

    def text(self, words, role="body", level=None, figure=None):
        place = self._place(level=level, figure=figure)
        locator = f"paragraph {place.order}"
        block = TextBlock(
            id=make_id(self.page_id, place.order),
            bbox=(0, 0, 0, 0),
            text=words,
            role=role,
            locator=locator,
            place=place,
        )
        self.blocks.append(block)
        return self

    def heading(self, words, level=1):
        return self.text(words, "section", level)

    def caption(self, words, figure=None):
        return self.text(words, "caption", figure=figure)

    def picture(self, row=None, figure=None, alt=None, inside=(), size=(300, 200), ultrasound=0.9):
        place = self._place(row=row, figure=figure, alt=alt)
        sha = make_id(self.page_id, place.order) * 3
        self.figures.append(
            Figure(
                id=make_id(self.page_id, "figure", place.order),
                bbox=(0, 0, *size),
                image=ImageRef(path=f"images/aa/{sha}.png", sha256=sha, width_px=size[0], height_px=size[1]),
                dpi=72,
                detector="document",
                score=1.0,
                is_ultrasound_score=ultrasound,
                burned_in_text=tuple(TextLine(bbox=(x, y, x + 8, y + 8), text=t, score=0.95) for t, x, y in inside),
                locator=f"paragraph {place.order}",
                place=place,
            )
        )
        return self

    def build(self):
        return Page(
            id=self.page_id,
            document_id="doc",
            source=Source(
                document_sha256="0" * 64, file="a.docx", page_number=self.number, unit="px", locator=f"ch {self.number}"
            ),
            kind="flow",
            width_pt=0,
            height_pt=0,
            text_blocks=tuple(self.blocks),
            figures=tuple(self.figures),
            flags=tuple(self.flags),
        )


def run(*chapters, cropper=None):
    pages = [chapter.build() for chapter in chapters]
    found = [record for _, record in ReadingOrderRule({}).pair(pages, cropper or HullCropper())]
    order = {figure.image.sha256: i for i, figure in enumerate(f for page in pages for f in page.figures)}
    pairs = [record for record in found if isinstance(record, ImageTextPair)]
    return sorted(pairs, key=lambda pair: order.get(pair.image.sha256, 99)), found


def captions(*chapters):
    return [pair.caption for pair in run(*chapters)[0]]


def test_no_box_reaches_a_record_and_every_span_has_a_place():
    chapter = Chapter().heading("Kidney").text(f"{PROSE} See Fig. 1.").picture(inside=[("LK", 20, 30)])
    pairs, found = run(chapter.caption("Figure 1. A cyst. LK: left kidney."))
    (pair,) = pairs
    assert (pair.source.bbox, pair.source.locator, pair.figure_bbox) == (None, "paragraph 2", (0, 0, 300, 200))
    assert pair.burned_in_text[0].bbox == (20, 30, 28, 38)
    told = {span.kind: (span.locator, span.bbox) for span in pair.context}
    assert told == {
        "caption": ("paragraph 3", None),
        "burned_in": ("paragraph 2", None),
        "heading": ("paragraph 0", None),
        "mention": ("paragraph 1", None),
    }
    (passage,) = [record for record in found if isinstance(record, Passage)]
    assert passage.heading_path == ("Kidney",)
    assert (passage.source.bbox, passage.source.locator) == (None, "paragraph 1")
    assert all(span.bbox is None and span.locator for span in passage.evidence)


def test_panels_of_a_row_with_one_line_of_letters_below():
    chapter = Chapter().picture(row=1).picture(row=1).text("A            B").caption("图1-1 肾囊肿")
    pairs, _ = run(chapter.text("图解要点：A图为纵切面；B图为横切面，后方回声增强。"))
    assert [(p.panel, p.caption, p.panel_note) for p in pairs] == [
        ("A", "肾囊肿", "纵切面"),
        ("B", "肾囊肿", "横切面，后方回声增强。"),
    ]
    assert pairs[0].figure_id == pairs[1].figure_id
    assert pairs[0].confidence == 1


@pytest.mark.parametrize("is_led", [False, True])
@pytest.mark.parametrize("row", [None, 7])
def test_letters_below_or_above_their_pictures(is_led, row):
    chapter = Chapter().text(PROSE)
    for letter in "ab":
        chapter = (
            chapter.text(f"({letter})").picture(row=row) if is_led else chapter.picture(row=row).text(f"({letter})")
        )
    pairs, _ = run(chapter.caption("Figure 2. (a) Long axis of the cyst. (b) Short axis of it."))
    assert [(p.panel, p.panel_caption) for p in pairs] == [("a", "Long axis of the cyst."), ("b", "Short axis of it.")]


def test_panel_lines_below_single_pictures_belong_to_the_caption_of_all():
    chapter = (
        Chapter().picture().text("(a) Apical view").picture().text("(b) Basal view").caption("Figure 1. The thyroid.")
    )
    pairs, _ = run(chapter)
    assert [(p.panel, p.panel_caption) for p in pairs] == [
        ("a", "Apical view The thyroid."),
        ("b", "Basal view The thyroid."),
    ]


def test_pictures_side_by_side_are_told_by_left_and_right():
    chapter = (
        Chapter().picture(row=1).picture(row=1).caption("Figure 1. Left panel: the liver. Right panel: the spleen.")
    )
    assert [p.panel_caption for p in run(chapter)[0]] == ["the liver.", "the spleen."]


def test_panels_that_cannot_be_told_apart_are_one_picture():
    cropper = HullCropper()
    chapter = Chapter().picture(row=1).picture(row=1).picture().caption("Figure 1. Three views of the kidney.")
    pairs, _ = run(chapter, cropper=cropper)
    assert len(pairs) == 1
    assert "panels_not_separable" in pairs[0].flags
    assert cropper.boxes[0][2] - cropper.boxes[0][0] == 610


def test_captions_below_or_above_by_the_documents_habit():
    below, above = Chapter(), Chapter().text(PROSE)
    for i, organ in enumerate(("liver", "spleen", "kidney"), 1):
        below = below.picture().text(f"Figure {i}. The {organ}.")
        above = above.text(f"Figure {i}. The {organ}.").picture()
    assert captions(below) == ["The liver.", "The spleen.", "The kidney."]
    assert captions(above) == ["The liver.", "The spleen.", "The kidney."]


def test_a_declared_figure_outweighs_the_neighbours():
    chapter = Chapter().caption("Figure 1. The liver.", figure=1).picture(figure=1)
    chapter.picture(figure=2).caption("The spleen without any number.", figure=2).caption("Figure 3. The kidney.")
    pairs, _ = run(chapter.picture())
    assert [p.caption for p in pairs] == ["The liver.", "The spleen without any number.", "The kidney."]
    assert [p.figure_number for p in pairs] == ["Figure 1", None, "Figure 3"]


def test_several_paragraphs_of_one_caption_and_several_captions_of_one_figure():
    chapter = Chapter().picture(figure=1).caption("Figure 1. The liver.", figure=1).caption("Arrow: cyst.", figure=1)
    chapter.picture(figure=2).picture(figure=2).caption("Figure 2. One.", figure=2).caption("Figure 3. Two.", figure=2)
    assert captions(chapter) == ["The liver. Arrow: cyst.", "One.", "Two."]


def test_as_many_captions_as_pictures_go_in_order_and_are_flagged():
    pairs, _ = run(Chapter().picture(row=1).picture(row=1).text("Figure 1. The liver.").text("Figure 2. The spleen."))
    assert [(p.caption, p.flags) for p in pairs] == [
        ("The liver.", ("caption_by_row",)),
        ("The spleen.", ("caption_by_row",)),
    ]


def test_a_caption_and_its_translation_are_one():
    chapter = Chapter().picture().text("图1 肝囊肿").text("Fig. 1 A cyst of the liver").text(PROSE).picture()
    assert captions(chapter.text("图2 脾").text("Fig. 2 Spleen")) == ["肝囊肿\nA cyst of the liver", "脾\nSpleen"]


def test_sentences_that_begin_with_a_figure_are_no_captions():
    chapter = Chapter().picture().text("Figure 1 shows the kidney in its long axis, as every examination should begin.")
    pairs, _ = run(chapter)
    assert [(p.caption, p.flags) for p in pairs] == [(None, ("no_caption",))]


def test_a_short_paragraph_between_is_flagged():
    pairs, _ = run(Chapter().picture().text("Scanned at 5 MHz.").text("Figure 1. The liver."))
    assert [(p.caption, p.flags) for p in pairs] == [("The liver.", ("text_between",))]


def test_captions_gathered_at_the_end():
    chapter = Chapter().heading("Results").text(PROSE).heading("Figure legends")
    for i, organ in enumerate(("liver", "spleen"), 1):
        chapter.text(f"Figure {i}. The {organ} of the first patient.")
    pairs, _ = run(chapter, Chapter(2).heading("Figures").picture().text(PROSE).picture())
    assert [(p.caption, p.flags) for p in pairs] == [
        ("The liver of the first patient.", ("caption_by_order",)),
        ("The spleen of the first patient.", ("caption_by_order",)),
    ]
    plates = Chapter(2).heading("Figures").picture().text("Figure 2").picture().text("Figure 1")
    pairs, _ = run(chapter, plates)
    assert [p.caption for p in pairs] == ["The spleen of the first patient.", "The liver of the first patient."]
    assert all("caption_elsewhere" in p.flags for p in pairs)
    named = Chapter(2).heading("Figures").picture(alt="Figure 2").text(PROSE).picture(alt="Figure 1").text(PROSE)
    assert captions(chapter, named) == ["The spleen of the first patient.", "The liver of the first patient."]


def test_words_in_a_pictures_stead_are_its_caption_if_there_is_no_other():
    chapter = Chapter().heading("Gallbladder").picture(alt="Gallbladder with a thickened wall")
    chapter.text(PROSE).picture(alt="Journal logo of the society", ultrasound=0.1).text(PROSE)
    chapter.picture(alt="IMG_2041.png").text(PROSE).picture(alt="A picture of the liver").text("图1 肝脏")
    pairs, found = run(chapter)
    assert [(p.caption, p.flags) for p in pairs] == [
        ("Gallbladder with a thickened wall", ("caption_from_alt",)),
        (None, ("no_caption",)),
        ("肝脏", ()),
    ]
    assert [span.text for span in pairs[0].context if span.kind == "heading"] == ["Gallbladder"]
    assert [record.code for record in found if isinstance(record, Unpaired)] == ["PICTURE_WITHOUT_TEXT"]


def test_atlas_titles_open_figures_here_too():
    chapter = Chapter()
    for i, words in enumerate(("肌疝", "腮腺结节"), 1):
        chapter.heading(f"1-1-{i}  {words}", 2).picture().text("A").picture().text("B")
        chapter.text("图解要点：A图为纵切面；B图为横切面。")
    pairs, _ = run(chapter)
    assert [(p.title, p.panel, p.panel_note) for p in pairs] == [
        ("肌疝", "A", "纵切面"),
        ("肌疝", "B", "横切面。"),
        ("腮腺结节", "A", "纵切面"),
        ("腮腺结节", "B", "横切面。"),
    ]


def test_a_continued_figure_keeps_its_identity():
    first = Chapter().picture().caption("Figure 1. (a) The liver. (b) The spleen.")
    pairs, _ = run(first.text(PROSE).picture().caption("Figure 1 (continued)"))
    assert len({pair.figure_id for pair in pairs}) == 1
    assert all("continued" in pair.flags for pair in pairs[1:])


def test_table_captions_belong_to_tables_unless_the_table_is_a_picture():
    chapter = Chapter().picture().text("Table 1. Sizes.").text("Organ | Size\nLiver | 15 cm", "table").text(PROSE)
    pairs, found = run(chapter.picture().text("表2 各脏器的大小").text(PROSE))
    assert [pair.caption for pair in pairs] == [None]
    assert [record.code for record in found if isinstance(record, Unpaired)] == ["TABLE"]


def test_headings_after_a_table_still_lead_passages():
    chapter = Chapter().heading("Results").text("Table 1. Sizes.").text("a | b", "table")
    _, found = run(chapter.heading("Discussion, limits, and outlook").text(PROSE))
    paths = [record.heading_path for record in found if isinstance(record, Passage)]
    assert paths == [("Discussion, limits, and outlook",)]


def test_a_doubtful_encoding_is_a_doubt_about_the_pair():
    pairs, _ = run(Chapter(flags=("encoding_doubtful",)).picture().caption("Figure 1. The liver."))
    assert pairs[0].flags == ("encoding_doubtful",)
    assert pairs[0].confidence < 1


def test_the_proof_keeps_the_order_and_nothing_overlaps():
    chapter = (
        Chapter().text(PROSE).picture(row=1).picture(row=1).text("A").text("B").picture().text("(c)").caption("图1 肾")
    )
    (page,) = set_pages([chapter.build()]).pages
    boxes = [item.bbox for item in page.items]
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]
    assert len(boxes) == 8
