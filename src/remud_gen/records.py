"""Every record that is written to disk: Document -> Page -> ImageTextPair | Passage | QuestionItem -> Quadruplet.

Geometry: a box is (x0, y0, x1, y1), origin top-left. In PDF points after rotation was removed, or in pixels of the
upright image where a source is a bare image; `Source.unit` says which. Page numbers are 1-based.
Ids are derived from the parent's id and the content by SHA-256: the same book gives the same ids on every machine.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from remud_gen.generation_records import Generation as Generation
from remud_gen.generation_records import Step as Step
from remud_gen.generation_records import ThinkingSource as ThinkingSource
from remud_gen.generation_records import Trace as Trace
from remud_gen.judge_records import Probing as Probing
from remud_gen.judge_records import Trial as Trial
from remud_gen.record_base import BBox as BBox
from remud_gen.record_base import Evidence as Evidence
from remud_gen.record_base import EvidenceKind as EvidenceKind
from remud_gen.record_base import ImageRef as ImageRef
from remud_gen.record_base import Record as Record
from remud_gen.record_base import make_id as make_id
from remud_gen.screen_records import BurnedIn as BurnedIn
from remud_gen.screen_records import BurnedInKind as BurnedInKind
from remud_gen.screen_records import Modality as Modality
from remud_gen.screen_records import ModalityEvidence as ModalityEvidence
from remud_gen.sketch_records import Sketch as Sketch
from remud_gen.sketch_records import SketchChoice as SketchChoice
from remud_gen.sketch_records import SketchFigure as SketchFigure

SCHEMA_VERSION = 1


Severity = Literal["reject", "review", "fix", "info"]
HUMAN_ACCEPTED, HUMAN_EDITED = "HUMAN_ACCEPTED", "HUMAN_EDITED"
LIFTS_REVIEW = frozenset({HUMAN_ACCEPTED, HUMAN_EDITED})  # codes of a person's word: reviews before it are settled
Language = Literal["zh", "en"]


class Source(Record):
    """Where something stands: which file, which page or place in the flow, which box."""

    document_sha256: str
    file: str  # path below the input folder, with forward slashes
    page_number: int | None = None
    page_size: tuple[float, float] | None = None  # width, height in `unit`
    bbox: BBox | None = None
    unit: Literal["pt", "px"] = "pt"
    locator: str | None = None  # chapter, anchor or paragraph of a document without pages
    to_original: tuple[tuple[float, float, float], ...] | None = None  # 3x3, set upright -> as stored


class Document(Record):
    """One distinct file of the shelf; identical copies are one document with all its paths."""

    record: Literal["document"] = "document"
    schema_version: int = SCHEMA_VERSION
    id: str
    file: str
    copies: tuple[str, ...] = ()
    sha256: str
    media_type: str  # told by content, never by the name
    reader: str
    page_count: int
    title: str | None = None
    licence: str | None = None
    pages: tuple[int, ...] | None = None  # the pages that are read, where not all: chosen frames of a cine loop
    companions: str | None = None  # digest of the label files and the class folder that give a picture its words


class TextLine(Record):
    """One printed line; `score` is 1 for a text layer, the engine's confidence for OCR."""

    bbox: BBox
    text: str
    score: float = 1.0
    font_size: float | None = None  # in the page's unit
    is_bold: bool = False


TextRole = Literal["title", "section", "body", "caption", "note", "header", "footer", "table"]


class FlowPlace(Record):
    """Where something stands in a document without pages: boxes there are neutral, the order is what counts."""

    order: int  # counted over all text and pictures of the page
    level: int | None = None  # of a heading, 1 is the highest
    figure: int | None = None  # pictures and words that the document itself puts into one figure share this
    row: int | None = None  # pictures that are set side by side share this
    alt: str | None = None  # words that the document gives in a picture's stead


class TextBlock(Record):
    """Lines that belong together; `text` is the lines joined as a reader would read them."""

    id: str
    bbox: BBox
    text: str
    role: TextRole = "body"
    score: float = 1.0
    lines: tuple[TextLine, ...] = ()
    locator: str | None = None  # where words stand that are on no page: "labels.csv row 12", "dicom header"
    place: FlowPlace | None = None  # of a document without pages, whose boxes are all zero


class Figure(Record):
    """A picture region on a page. One picture per record: pairing groups panels to figures."""

    id: str
    bbox: BBox
    image: ImageRef
    dpi: int
    detector: str
    score: float
    is_ultrasound_score: float
    burned_in_text: tuple[TextLine, ...] = ()
    annotations: tuple[BurnedIn, ...] = ()
    modality: Modality | None = None
    modality_score: float = 0.0
    modality_evidence: tuple[ModalityEvidence, ...] = ()
    screens: tuple[BBox, ...] = ()  # the halves of a dual screen, in pixels of the image
    flags: tuple[str, ...] = ()
    locator: str | None = None  # chapter, anchor or paragraph of a document without pages
    place: FlowPlace | None = None  # of a document without pages: the box is then the picture's own pixels


class PictureRegion(Record):
    """A part of a device's screen as the device itself describes it, with the scale of its pixels."""

    bbox: BBox
    format: str  # 2d, m_mode, spectral, waveform, graphics, none
    data: str  # tissue, colour_flow, pw_doppler, …
    delta: tuple[float, float] | None = None  # physical size of a pixel across and down, in `units`
    units: tuple[str, str] | None = None  # cm, s, Hz, cm/s, dB, …


class Page(Record):
    """A page as the extractor saw it, upright, with its text and its pictures in reading order."""

    record: Literal["page"] = "page"
    schema_version: int = SCHEMA_VERSION
    id: str
    document_id: str
    source: Source
    kind: Literal["digital", "scan", "image", "flow"]
    width_pt: float
    height_pt: float
    text_blocks: tuple[TextBlock, ...] = ()
    figures: tuple[Figure, ...] = ()
    text_origin: Literal["layer", "ocr", "none"] = "layer"
    flags: tuple[str, ...] = ()
    regions: tuple[PictureRegion, ...] = ()  # of an ultrasound device's screen; what lies outside may name a patient
    licence: str | None = None  # the document's, for what is made of its pages
    questions: tuple[QuestionItem, ...] = ()  # of a question bank


class GroundedBox(Record):
    """A figure that a model saw, in the coordinates of its page."""

    bbox: BBox
    label: str = ""  # the model's own word for it
    score: float


class PageRendition(Record):
    """A page as a model is shown it, set upright, and what it saw; without a picture it is not asked."""

    record: Literal["rendition"] = "rendition"
    schema_version: int = SCHEMA_VERSION
    id: str
    document: Document
    source: Source
    image: ImageRef | None = None
    language: Language = "en"
    boxes: tuple[GroundedBox, ...] | None = None  # None: not asked yet


class ImageTextPair(Record):
    """One panel (or one whole figure) with the words that are truly its own."""

    record: Literal["pair"] = "pair"
    schema_version: int = SCHEMA_VERSION
    id: str
    document_id: str
    source: Source  # page and box of this panel
    figure_id: str  # shared by all panels of the figure
    figure_bbox: BBox  # hull of the figure's panels on this page
    image: ImageRef
    figure_number: str | None = None  # as printed, provenance only: never shown to a model
    panel: str | None = None
    title: str | None = None
    caption: str | None = None  # whole group's, without its figure label
    note: str | None = None  # whole group's
    panel_caption: str | None = None  # this panel's own clause; only these two reach a model
    panel_note: str | None = None
    burned_in_text: tuple[TextLine, ...] = ()
    annotations: tuple[BurnedIn, ...] = ()  # the same lines typed, labels with their meaning
    modality: Modality | None = None
    modality_score: float = 0.0
    modality_evidence: tuple[ModalityEvidence, ...] = ()
    screens: tuple[BBox, ...] = ()  # the halves of a dual screen, in pixels of the image
    context: tuple[Evidence, ...] = ()
    siblings: tuple[str, ...] = ()  # ids of the other panels' pairs
    language: Language = "en"
    is_ultrasound_score: float = 0.0
    confidence: float = 1.0
    flags: tuple[str, ...] = ()
    licence: str | None = None
    sketch: Sketch | None = Field(None, exclude_if=lambda sketch: sketch is None)  # written only where a model checks


class Passage(Record):
    """A text-only unit: heading path and paragraphs, for QA without an image."""

    record: Literal["passage"] = "passage"
    schema_version: int = SCHEMA_VERSION
    id: str
    document_id: str
    source: Source
    heading_path: tuple[str, ...] = ()
    text: str
    evidence: tuple[Evidence, ...] = ()
    language: Language = "en"
    licence: str | None = None


class QuestionItem(Record):
    """A question that a question bank already holds, its given answer kept."""

    record: Literal["question"] = "question"
    schema_version: int = SCHEMA_VERSION
    id: str
    document_id: str
    source: Source
    question: str
    options: tuple[Option, ...] = ()
    given_answer: str  # as the bank has it, be it words or a letter
    answer_keys: tuple[str, ...] = ()  # options that it names
    image: ImageRef | None = None
    evidence: tuple[Evidence, ...] = ()  # the answer in words, and the bank's explanation
    language: Language = "en"
    licence: str | None = None


class Option(Record):
    """One choice of a multiple-choice question."""

    key: str
    text: str


class Quote(Record):
    """Words copied from one evidence span."""

    span_id: str
    quote: str


ClaimKind = Literal[
    "modality", "plane", "anatomy", "finding", "measurement", "diagnosis", "grading",
    "differential", "management", "knowledge", "physics",
]  # fmt: skip
QuestionType = Literal[
    "modality", "plane", "anatomy", "finding", "measurement", "grading", "diagnosis", "differential",
    "comparison", "next_step", "acquisition", "report", "knowledge",
]  # fmt: skip
QuestionForm = Literal["open", "mcq", "yesno", "dialogue", "report", "cloze"]
Style = Literal["reasoning", "direct"]


class Claim(Record):
    """One fact of an answer with the quotes it rests on; `general` facts rest on none."""

    id: str
    kind: ClaimKind
    text: str
    evidence: tuple[Quote, ...] = ()
    is_general: bool = False


class Turn(Record):
    """A later turn of a dialogue; the record's own question and answer are the first."""

    question: str
    thinking: str | None = None
    answer: str
    claim_ids: tuple[str, ...] = ()


class Verdict(Record):
    """What a filter found. A `fix` carries the field's text before and after."""

    code: str
    severity: Severity
    field: str = ""
    evidence: str = ""
    filter: str = ""
    original: str | None = None
    replacement: str | None = None


class Quadruplet(Record):
    """(image, question, thinking, answer) with every claim's evidence. VQA has images, QA has none."""

    record: Literal["quadruplet"] = "quadruplet"
    schema_version: int = SCHEMA_VERSION
    id: str
    document_id: str
    parent_id: str  # the pair, passage or question item it was made from
    group_id: str  # the figure or passage: never split over train and validation
    source: Source
    images: tuple[ImageRef, ...] = ()
    kind: Literal["vqa", "qa"]
    qtype: QuestionType
    form: QuestionForm = "open"
    style: Style
    language: Language
    difficulty: int | None = None
    question: str
    options: tuple[Option, ...] = ()
    answer_key: str | None = None
    thinking: str | None = None
    agreement: float | None = (
        None  # share of the traces that came to this answer; None: the question was not solved anew
    )
    traces: tuple[Trace, ...] = ()  # the traces that were not chosen
    answer: str
    turns: tuple[Turn, ...] = ()
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()  # the numbered spans that were given
    generation: Generation
    verdicts: tuple[Verdict, ...] = ()
    flags: tuple[str, ...] = ()
    licence: str | None = None
    twin_id: str | None = None  # shared by the reasoning and the direct form of one question
    question_from: str | None = None  # the pair whose question this is, asked of an image that cannot answer it
    image_groups: tuple[str, ...] = Field((), exclude_if=lambda groups: not groups)  # of pictures that have copies
    probing: Probing | None = Field(None, exclude_if=lambda probing: probing is None)  # only where a model judges

    @property
    def status(self) -> Literal["kept", "review", "rejected"]:
        """The outcome of all verdicts: one reject outweighs all; a review holds back until a person's word follows."""
        severities = set()
        for verdict in self.verdicts:
            if verdict.code in LIFTS_REVIEW:
                severities.discard("review")
            severities.add(verdict.severity)
        if "reject" in severities:
            return "rejected"
        return "review" if "review" in severities else "kept"


class CorpusVerdict(Record):
    """Verdicts that need the whole corpus, laid over the part files as one overlay."""

    record: Literal["corpus_verdict"] = "corpus_verdict"
    schema_version: int = SCHEMA_VERSION
    id: str  # of the quadruplet
    verdicts: tuple[Verdict, ...]
    image_groups: tuple[str, ...] = Field((), exclude_if=lambda groups: not groups)  # pictures with copies share one


QuestionItem.model_rebuild()
Page.model_rebuild()

GenerateInput = ImageTextPair | Passage | QuestionItem
RECORD_TYPES: dict[str, type[Record]] = {
    "document": Document,
    "rendition": PageRendition,
    "page": Page,
    "pair": ImageTextPair,
    "passage": Passage,
    "question": QuestionItem,
    "quadruplet": Quadruplet,
    "corpus_verdict": CorpusVerdict,
    "trial": Trial,
}
