"""What a reader offers: files -> pages, frames or chapters, and the words that lie beside a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, runtime_checkable

from remud_gen.records import BBox, Option, PictureRegion, TextLine, TextRole

if TYPE_CHECKING:
    from PIL.Image import Image


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
class BankQuestion:
    """A question of a question bank with what the bank says of it; `answer` is empty where it says nothing."""

    question: str
    answer: str
    locator: str
    options: tuple[Option, ...] = ()
    keys: tuple[str, ...] = ()  # of the options that the answer names
    explanation: str = ""
    load: Callable[[int], PageView] | None = None  # its picture, as of FlowElement


@dataclass(frozen=True, slots=True)
class FlowPage:
    """A chapter or section of a document without pages, its pieces in reading order."""

    number: int
    locator: str
    elements: tuple[FlowElement, ...]
    flags: tuple[str, ...] = ()
    questions: tuple[BankQuestion, ...] = ()


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
        """What may give this file words, not above `root`; cheap, since every command asks for every file but PDFs."""
        ...


@runtime_checkable
class TableReader(Protocol):
    """A reader of files whose words may stand in tables around them."""

    def list_missing(self, table: Path, files: Sequence[Path]) -> Sequence[str]:
        """What a table names that is none of the files which take words from it; RecordError if it is damaged."""
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
