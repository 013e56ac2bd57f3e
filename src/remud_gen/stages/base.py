"""What a stage is: records in, outcomes out; the runner does everything else.

A stage says what shapes its output (`settings`, `libraries`), and turns one input into outcomes. CPU stages run in
worker processes; async stages run in the driver and may ask models through the gateway.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from remud_gen.config import Config, ModelConfig
from remud_gen.errors import RecordError
from remud_gen.protocols import Asker, Companions, ImageStore
from remud_gen.records import Document, Record

In = TypeVar("In")
Out = TypeVar("Out", bound=Record)


@dataclass(frozen=True, slots=True)
class Failure:
    """This input, or one of the things in it, could not be processed.

    `replies` are the request hashes of the stored model replies that led here; a retry asks for those afresh.
    """

    code: str
    message: str
    hint: str = ""
    replies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection(Generic[Out]):
    """This input was judged unfit, for a reason; `record` is kept on disk beside the good ones."""

    code: str
    message: str
    record: Out | None = None


@dataclass(frozen=True, slots=True)
class ShelfFile:
    """Where a document lies on this machine, and how the file looked when it was hashed."""

    path: Path
    stamp: tuple[int, int] | None = None  # size in bytes, modification time in ns
    labels: tuple[tuple[Path, Companions], ...] = ()  # each place of the file or a copy, with what gives it words

    def check(self) -> None:
        """Refuse a file that is gone or not the one that was hashed: records would name a source they are not from.

        Raises:
            RecordError: FILE_VANISHED or FILE_CHANGED.
        """
        try:
            stat = self.path.stat()
        except OSError as error:
            told = f"the file can no longer be read: {error.strerror}"
            raise RecordError("FILE_VANISHED", told, "put it back and add --retry-errors") from None
        if self.stamp is not None and self.stamp != (stat.st_size, stat.st_mtime_ns):
            raise RecordError("FILE_CHANGED", "the file changed while the run was going on", "run the command again")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A distinct file of the shelf as the inventory found it."""

    id: str
    path: Path  # on this machine; never written to a record
    file: str  # below the input folder
    copies: tuple[str, ...]
    sha256: str
    stamp: tuple[int, int] | None = None  # size in bytes, modification time in ns when it was hashed
    labels: tuple[tuple[Path, Companions], ...] = ()  # each place of the file or a copy, with what gives it words
    companions: str | None = None  # digest of what `labels` names
    is_companion: bool = False  # gives words to other files and is no document of its own

    @property
    def place(self) -> ShelfFile:
        """Where it lies."""
        return ShelfFile(self.path, self.stamp, self.labels)


@dataclass(frozen=True, slots=True)
class PageInput:
    """One page of one document."""

    id: str
    document: Document
    number: int


class StageContext:
    """What the runner lends to a stage: the configuration, the image store, and where documents lie."""

    def __init__(self, config: Config, images: ImageStore, shelf: Mapping[str, ShelfFile]) -> None:
        self.config = config
        self.images = images
        self._shelf = shelf

    def list_labels(self, sha256: str) -> tuple[tuple[Path, Companions], ...]:
        """Each place of a document, with what lies around it and gives it words."""
        place = self._shelf.get(sha256)
        return place.labels if place is not None else ()

    def document_path(self, sha256: str) -> Path:
        """The file of a document on this machine.

        Raises:
            RecordError: FILE_VANISHED or FILE_CHANGED when it is not there as it was when the command began.
        """
        place = self._shelf.get(sha256)
        if place is None:
            raise RecordError("FILE_VANISHED", "the file is not among the inputs", "name its folder again")
        place.check()
        return place.path


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

    @property
    def model(self) -> ModelConfig:
        """The model it asks."""
        return self.config.generate

    def warn(self) -> str | None:
        """What the user should know before anything is paid for."""
        return None

    def look_ahead(self, items: Sequence[In], asked: Collection[int]) -> None:
        """See all inputs of a part before the first of them is asked about, those that a limit leaves out as well;
        `asked` are the numbers of those that will be asked about.
        """

    @abstractmethod
    def process(self, item: In, gateway: Asker) -> AsyncIterator[Out | Failure | Rejection[Out]]:
        """Turn one input into outcomes, asking through the gateway."""


class CorpusStage(Stage[In, Out]):
    """A stage over all records at once, streaming; its output is one overlay part."""

    needs_survey: bool = False  # whether it sees all records once before it is given them

    def survey(self, items: Iterator[In]) -> None:
        """See the whole corpus before any of it is worked on."""

    @abstractmethod
    def process_all(self, items: Iterator[In]) -> Iterator[Out]:
        """Turn the whole corpus into overlay records."""
