"""What a component must offer, one small Protocol per kind, so that siblings never import each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from remud_gen.export_protocols import (
    ExportedRow,
    Exporter,
    ExportSummary,
    PackedPicture,
    PictureShelf,
)
from remud_gen.reader_protocols import (
    BankQuestion,
    Companions,
    DocumentInfo,
    FlowDocument,
    FlowElement,
    FlowKind,
    FlowPage,
    FrameView,
    GivenText,
    LabelledDocument,
    LabelledReader,
    LoopReader,
    OpenDocument,
    PageView,
    PictureBox,
    Reader,
)
from remud_gen.records import (
    BBox,
    Evidence,
    Figure,
    GenerateInput,
    ImageRef,
    ImageTextPair,
    Page,
    Passage,
    Quadruplet,
    QuestionForm,
    QuestionType,
    Severity,
    Style,
    TextLine,
    Verdict,
)

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


__all__ = [
    "Asker",
    "BankQuestion",
    "Companions",
    "CorpusFilter",
    "Cropper",
    "DocumentInfo",
    "ExportSummary",
    "ExportedRow",
    "Exporter",
    "Filter",
    "FlowDocument",
    "FlowElement",
    "FlowKind",
    "FlowPage",
    "FrameView",
    "GivenText",
    "ImageStore",
    "LabelledDocument",
    "LabelledReader",
    "LanguageOcrEngine",
    "LayoutDetector",
    "LoopReader",
    "ModelClient",
    "ModelReply",
    "ModelRequest",
    "OcrEngine",
    "OpenDocument",
    "PackedPicture",
    "PageView",
    "PairingRule",
    "PictureBox",
    "PictureShelf",
    "Reader",
    "SeesImages",
    "StepCounter",
    "Unpaired",
    "WantedItem",
]  # readers' own have a file of their own


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
    libraries: ClassVar[tuple[str, ...]]  # installed packages whose version can move a letter

    def read(self, image: Image) -> Sequence[TextLine]:
        """Read all text, top to bottom."""
        ...


@runtime_checkable
class CheckedOcrEngine(Protocol):
    """An OCR engine that can tell beforehand whether it can read at all on this machine."""

    def check(self) -> None:
        """MissingExtraError with what to install, where the library or the data of a language is missing."""
        ...


@runtime_checkable
class LanguageOcrEngine(CheckedOcrEngine, Protocol):
    """An OCR engine with data files by language, which lie somewhere on this machine."""

    languages: tuple[str, ...]

    def identify_data(self) -> Mapping[str, str]:
        """Language -> digest of its data, `absent` without; other data read other letters."""
        ...


# --- pairing -------------------------------------------------------------------------------------------------


class Cropper(Protocol):
    """Cuts one more picture out of a document's page, for figures whose parts belong together or apart."""

    def crop(self, page: Page, bbox: BBox, whole: Figure | None = None) -> Figure:
        """A figure record for a box of a page, its picture saved in the run's image store.

        Where the box is a part of a picture, `whole` is that picture, whose words go to the part they stand in.
        """
        ...

    def open_picture(self, figure: Figure) -> Image:
        """The stored pixels of a figure."""
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
    n_options: int | None = None  # of mcq
    difficulty: int | None = None


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
    payload: GenerateInput | Quadruplet | None = None  # what it is about; for model-free clients, never sent
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
    paid_share: float = 1.0  # of the list price: replies that came by a batch cost half of it
    cached_tokens: int = 0  # of the input, paid less for
    reasoning_tokens: int = 0  # of the output


class ModelClient(Protocol):
    """Sends one request once; knows nothing of stores, budgets or retries.

    Built as `Client(model_config, images)`.
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


@runtime_checkable
class StepCounter(Protocol):
    """Who keeps account of what it took to read replies."""

    def count_steps(self, steps: Sequence[str]) -> None:
        """Called once per reply that was read, or given up, with the repairs it took; none means it was as it ought."""
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


@runtime_checkable
class SeesImages(Protocol):
    """A corpus filter that looks at pictures and knows which of them are the same."""

    def use_images(self, images: ImageStore) -> None:
        """Take the run's pictures, before any record is shown."""
        ...

    def list_image_groups(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        """(quadruplet id, names of the groups of its pictures) where a picture has copies; asked after `finish`."""
        ...
