"""What a stage is: records in, outcomes out; the runner does everything else.

A stage says what shapes its output (`settings`, `libraries`), and turns one input into outcomes. CPU stages run in
worker processes; async stages run in the driver and may ask models through the gateway.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from remud_gen.config import Config
from remud_gen.protocols import Asker, ImageStore
from remud_gen.records import Document, Record

In = TypeVar("In")
Out = TypeVar("Out", bound=Record)


@dataclass(frozen=True, slots=True)
class Failure:
    """This input, or one of the things in it, could not be processed."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rejection(Generic[Out]):
    """This input was judged unfit, for a reason; `record` is kept on disk beside the good ones."""

    code: str
    message: str
    record: Out | None = None


@dataclass(frozen=True, slots=True)
class InputFile:
    """A distinct file of the shelf as the inventory found it."""

    id: str
    path: Path  # on this machine; never written to a record
    file: str  # below the input folder
    copies: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class PageInput:
    """One page of one document."""

    id: str
    document: Document
    number: int


class StageContext:
    """What the runner lends to a stage: the configuration, the image store, and where documents lie."""

    def __init__(self, config: Config, images: ImageStore, document_paths: Mapping[str, Path]) -> None:
        self.config = config
        self.images = images
        self._document_paths = document_paths

    def document_path(self, sha256: str) -> Path:
        """The file of a document on this machine."""
        return self._document_paths[sha256]


class Stage(ABC, Generic[In, Out]):
    """Common to all stages."""

    name: ClassVar[str]
    version: ClassVar[int]

    def __init__(self, config: Config) -> None:
        self.config = config

    @abstractmethod
    def settings(self) -> Mapping[str, object]:
        """All that makes old output stale if changed, as plain JSON values."""

    def libraries(self) -> Sequence[str]:
        """Names of the installed packages whose version shapes the output."""
        return ()

    def check(self) -> None:
        """Refuse to start, before any work of any stage is done, when the configuration cannot work."""

    def setup(self, context: StageContext) -> None:
        """Load what is needed once per worker."""


class RecordStage(Stage[In, Out]):
    """A CPU stage that looks at one input at a time."""

    @abstractmethod
    def process(self, item: In) -> Iterator[Out | Failure | Rejection[Out]]:
        """Turn one input into outcomes. A RecordError raised here fails this input only."""


class DocumentStage(Stage[In, Out]):
    """A CPU stage that must see all inputs of a document at once, in order."""

    @abstractmethod
    def process_document(
        self, document_id: str, items: Sequence[In]
    ) -> Iterator[tuple[str, Out | Failure | Rejection[Out]]]:
        """Turn a document's inputs into (input id, outcome) pairs. Every input id must come at least once."""


class AsyncStage(Stage[In, Out]):
    """A stage that asks models: runs in the driver process."""

    @abstractmethod
    def process(self, item: In, gateway: Asker) -> AsyncIterator[Out | Failure | Rejection[Out]]:
        """Turn one input into outcomes, asking through the gateway."""


class CorpusStage(Stage[In, Out]):
    """A stage over all records at once, streaming; its output is one overlay part."""

    @abstractmethod
    def process_all(self, items: Iterator[In]) -> Iterator[Out]:
        """Turn the whole corpus into overlay records."""
