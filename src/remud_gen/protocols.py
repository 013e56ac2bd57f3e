"""What a component must offer, one small Protocol per kind, so that siblings never import each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from remud_gen.records import (
    BBox,
    Evidence,
    Figure,
    GenerateInput,
    ImageRef,
    ImageTextPair,
    Page,
    Passage,
    PictureRegion,
    Quadruplet,
    QuestionForm,
    QuestionType,
    Severity,
    Style,
    TextLine,
    TextRole,
    Verdict,
)

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


class ImageStore(Protocol):
    """The run's pictures, named by content; saving the same pixels twice is one file."""

    def save(
        self,
        image: Image,
        *,
        phash: str | None = None,
        derived_from: str | None = None,
        is_photographic: bool = True,
    ) -> ImageRef:
        """Write a picture once and say where it lies."""
        ...

    def path(self, ref: ImageRef) -> Path:
        """The file of a picture on this machine."""
        ...


# --- readers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a reader knows of a file without reading all of it."""

    media_type: str
    page_count: int
    title: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class PictureBox:
    """A candidate picture region on a page, in the page's unit."""

    bbox: BBox
    detector: str
    score: float
    native_dpi: int | None = None
    flags: tuple[str, ...] = ()


class PageView(Protocol):
    """One upright page of an open document. Boxes are in points (pixels for a bare image), origin top-left."""

    @property
    def number(self) -> int:
        """1-based."""
        ...

    @property
    def kind(self) -> Literal["digital", "scan", "image"]:
        """`digital` where the words are text; else they must be read from the pixels."""
        ...

    @property
    def width(self) -> float:
        """In `unit`."""
        ...

    @property
    def height(self) -> float:
        """In `unit`."""
        ...

    @property
    def unit(self) -> Literal["pt", "px"]:
        """Points, or pixels of a bare image."""
        ...

    @property
    def to_original(self) -> tuple[tuple[float, float, float], ...] | None:
        """3x3 matrix from upright coordinates to the stored page's; None where nothing was turned."""
        ...

    @property
    def flags(self) -> tuple[str, ...]:
        """What a later step should know: rotated, repaired, hidden_text_layer."""
        ...

    @property
    def native_dpi(self) -> float:
        """The resolution at which a scan is 1:1 with its stored pixels; 0 where unknown, 72 for a bare image."""
        ...

    def text_lines(self) -> Sequence[TextLine]:
        """The visible text layer; empty on a scan."""
        ...

    def hidden_text_lines(self) -> Sequence[TextLine]:
        """An invisible text layer, as OCR programs leave it under a scan."""
        ...

    def picture_boxes(self) -> Sequence[PictureBox]:
        """Regions the file itself declares to be pictures (images, vector drawings)."""
        ...

    def measure_dpi(self, bbox: BBox) -> float:
        """Native resolution of the stored images in a box; 0 where there are only vectors."""
        ...

    def render(self, dpi: float, clip: BBox | None = None) -> Image:
        """RGB pixels of the page or of a box of it; 72 dpi is one pixel per unit."""
        ...


class OpenDocument(Protocol):
    """An open file; a context manager that closes it."""

    def page(self, number: int) -> PageView:
        """The 1-based page, upright; RecordError when this page is broken."""
        ...

    def __enter__(self) -> OpenDocument: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


FlowKind = Literal["heading", "paragraph", "list", "table", "caption", "picture"]


@dataclass(frozen=True, slots=True)
class FlowElement:
    """One piece of a document without pages; `figure` and `row` are as in records.FlowPlace."""

    kind: FlowKind
    text: str  # of a picture: the words that the document gives in its stead
    locator: str
    level: int | None = None
    figure: int | None = None
    row: int | None = None
    load: Callable[[int], PageView] | None = None  # pixels of a picture, at most so many; RecordError if there are none


@dataclass(frozen=True, slots=True)
class FlowPage:
    """A chapter or section of a document without pages, its pieces in reading order."""

    number: int
    locator: str
    elements: tuple[FlowElement, ...]
    flags: tuple[str, ...] = ()


@runtime_checkable
class FlowDocument(Protocol):
    """An open document without pages; a context manager that closes it."""

    def flow_page(self, number: int) -> FlowPage:
        """The 1-based chapter or section."""
        ...

    def __enter__(self) -> FlowDocument: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Reader(Protocol):
    """Files of some media types -> pages."""

    name: ClassVar[str]

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """The media type if this reader takes files that begin with these bytes, else None ("not mine")."""
        ...

    def probe(self, path: Path) -> DocumentInfo:
        """Count pages and read the title; RecordError with a hint when the file cannot be read."""
        ...

    def open(self, path: Path) -> OpenDocument | FlowDocument:
        """Open for reading pages."""
        ...


@dataclass(frozen=True, slots=True)
class GivenText:
    """Words given beside a picture rather than on it: a row of a label file, a header field, a folder's name."""

    text: str
    role: TextRole  # title, caption or note
    locator: str  # where they stand: "labels.csv row 12"


@runtime_checkable
class FrameView(PageView, Protocol):
    """A page that is one picture and no print: its boxes are known, and its words stand beside it."""

    @property
    def locator(self) -> str | None:
        """Which of many pictures of its file it is, in words: "frame 12 of 30"."""
        ...

    @property
    def regions(self) -> Sequence[PictureRegion]:
        """What a device says of the parts of its screen."""
        ...

    def given_texts(self) -> Sequence[GivenText]:
        """Words given for this picture, in the order in which a reader would want them."""
        ...

    def is_private(self, text: str) -> bool:
        """Whether words burned into the picture are known to name its patient."""
        ...


@dataclass(frozen=True, slots=True)
class Companions:
    """What lies around a file and gives it words: label files, and the name of a folder that names a class."""

    files: tuple[Path, ...] = ()
    folder: str | None = None


@runtime_checkable
class LabelledReader(Protocol):
    """A reader of files whose words may lie beside them."""

    def companions(self, path: Path, root: Path) -> Companions:
        """What may give this file words, not above `root`; cheap, since every command asks for every file."""
        ...


@runtime_checkable
class LabelledDocument(Protocol):
    """An open file that takes words from its companions."""

    def take_words(self, places: Sequence[tuple[Path, Companions]]) -> None:
        """Look the file up in the companions of each place where it or a copy of it lies."""
        ...


@runtime_checkable
class LoopReader(Protocol):
    """A reader of films: many frames, most of them alike."""

    max_pixels: int  # of one frame; larger ones are an error before they are unpacked

    def choose_pages(self, path: Path, count: int) -> tuple[int, ...]:
        """At most `count` frame numbers, 1-based and rising, that differ from each other."""
        ...


# --- layout and OCR ------------------------------------------------------------------------------------------


class LayoutDetector(Protocol):
    """Page -> picture boxes in the page's unit."""

    name: ClassVar[str]

    def detect(self, page: PageView, lines: Sequence[TextLine]) -> Sequence[PictureBox]:
        """Find picture regions; `lines` is all text known of the page. Empty means "looked and found none"."""
        ...


class OcrEngine(Protocol):
    """Pixels -> text lines in pixel coordinates of the given image."""

    name: ClassVar[str]

    def read(self, image: Image) -> Sequence[TextLine]:
        """Read all text, top to bottom."""
        ...


# --- pairing -------------------------------------------------------------------------------------------------


class Cropper(Protocol):
    """Cuts one more picture out of a document's page, for figures whose parts belong together."""

    def crop(self, page: Page, bbox: BBox) -> Figure:
        """A figure record for a box of a page, its picture saved in the run's image store."""
        ...


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A picture that became no pair: judged unfit, or (`hint` given) not to be cut out of its page."""

    code: str
    message: str
    hint: str = ""


class PairingRule(Protocol):
    """A document's pages -> pairs and passages."""

    name: ClassVar[str]

    def __init__(self, options: Mapping[str, Any]) -> None:
        """`options` is the configuration's pair section."""
        ...

    def pair(self, pages: Sequence[Page], cropper: Cropper) -> Iterator[tuple[str, ImageTextPair | Passage | Unpaired]]:
        """(page id, what was found there) for the pages of one document in order; a page may come not at all."""
        ...


# --- model calls ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WantedItem:
    """One line of the mix a request asks for; `key` is the right option or yes/no, set so that these stay even."""

    qtype: QuestionType
    form: QuestionForm
    style: Style
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model, complete: the same request has the same hash on every machine."""

    purpose: str  # vqa, qa, solve, judge, …
    prompt: str  # name@version
    prompt_sha256: str
    system: str
    user: str
    images: tuple[ImageRef, ...] = ()
    spans: tuple[Evidence, ...] = ()  # the numbered sources, also rendered into `user`
    schema: Mapping[str, Any] | None = None  # JSON schema of the wanted reply
    language: str = "en"
    params: Mapping[str, Any] = field(default_factory=dict)  # temperature, max_output_tokens, seed, …
    wanted: tuple[WantedItem, ...] = ()  # the mix, also rendered into `user`
    payload: GenerateInput | None = None  # what it is about; for model-free clients, never sent
    is_private: bool = False  # holds patient data unless masked


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What came back, whole, as it is kept in the reply store."""

    client: str
    model: str  # as the endpoint names it, which may be more exact than what was asked for
    text: str
    reasoning: str | None = None  # the model's own trace, wherever the endpoint put it
    finish_reason: str | None = None  # stop, length, content_filter, refusal (then `text` is what the model said)
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float = 0.0
    request_sha256: str = ""  # filled in by the gateway


class ModelClient(Protocol):
    """Sends one request once; knows nothing of stores, budgets or retries.

    Built as `Client(config.generate, images)`.
    """

    name: ClassVar[str]
    model: str
    is_network: ClassVar[bool]  # False: nothing leaves the process, replies are neither stored nor limited

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The reply; TransientError when trying again may help, RecordError when it cannot help this request, and
        ProviderError when no request can succeed.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class Asker(Protocol):
    """The gateway as stages see it: the one door to every model."""

    async def ask(self, request: ModelRequest) -> ModelReply:
        """A stored reply if there is one, else a fresh one, stored before it is returned."""
        ...


# --- filters -------------------------------------------------------------------------------------------------


class Filter(Protocol):
    """One family of rules over single quadruplets."""

    name: ClassVar[str]
    scope: ClassVar[Literal["record"]]
    version: ClassVar[int]  # raised when its verdicts change for reasons other than its options
    codes: ClassVar[Mapping[str, str]]  # reason code -> what it catches, in one sentence
    severities: ClassVar[Mapping[str, Severity]]  # reason code -> what it does unless the options say otherwise

    def check(self, record: Quadruplet) -> Iterable[Verdict]:
        """Every verdict on this record; none means clean."""
        ...


class CorpusFilter(Protocol):
    """A rule that must see the whole corpus: it is shown every record once, then asked."""

    name: ClassVar[str]
    scope: ClassVar[Literal["corpus"]]
    version: ClassVar[int]
    codes: ClassVar[Mapping[str, str]]
    severities: ClassVar[Mapping[str, Severity]]

    def observe(self, record: Quadruplet) -> None:
        """Take note of one record that no rule has rejected, in the corpus's stable order."""
        ...

    def finish(self) -> Iterable[tuple[str, Verdict]]:
        """(quadruplet id, verdict) for whatever is found among all records shown."""
        ...


# --- exporters -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an exporter wrote, and what it left out by name with the reason."""

    files: tuple[str, ...]  # below the format's folder, pictures not listed
    counts: Mapping[str, int]  # records, left_out, images, and one per split
    left_out: tuple[tuple[str, str], ...] = ()  # (record id, "CODE: reason")
    profile: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # records by kind, style, language, …
    notes: tuple[str, ...] = ()  # what a user should know, in whole sentences


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """One row read back from an export's own file, in the terms all formats share."""

    file: str
    id: str
    split: str
    messages: tuple[tuple[str, str], ...] | None  # (system|user|assistant, text); None: fields, no conversation
    images: tuple[str, ...] = ()  # as written: paths below the format's folder
    content: Mapping[str, Any] | None = None  # the row itself, where nulls and mixed schemas are forbidden
    is_view: bool = False  # repeats a row of another file, such as the reasoning half of a mixed set


class PictureShelf(Protocol):
    """Puts pictures beside an export's data; the same picture is one file."""

    def place(self, refs: Sequence[ImageRef], *, as_rgb: bool = True) -> tuple[str, ...]:
        """Relative POSIX paths of all pictures of a record; RecordError, and nothing placed, if one is unusable."""
        ...


class Exporter(Protocol):
    """Quadruplets -> one trainer's files in an empty folder that the caller validates and publishes whole."""

    name: ClassVar[str]
    summary: ClassVar[str]  # one line for `remud export --list`
    thinking_modes: ClassVar[tuple[str, ...]]  # of qwen, remud, field, none: what the format can hold
    needs_rgb: ClassVar[bool]

    def __init__(self, thinking: str) -> None: ...

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write all (split, record) of one streaming pass; what the format cannot hold is left out by name."""
        ...

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """Every row of every data file, file by file, parsed from the disk for the validator."""
        ...
