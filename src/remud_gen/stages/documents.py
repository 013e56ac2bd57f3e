"""Files -> documents: told apart by content, probed, and said plainly when they cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from remud_gen import registry
from remud_gen.errors import RecordError
from remud_gen.protocols import LoopReader, Reader
from remud_gen.reader_protocols import TableReader
from remud_gen.records import Document, make_id
from remud_gen.stages.base import Failure, InputFile, RecordStage, Rejection, StageContext
from remud_gen.stages.foreign_files import judge_foreign

HEAD_BYTES = 4096
MOST_NAMES = 5  # of pictures that are not there
JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})
JUNK_SUFFIXES = (".tmp", ".part", ".crdownload", ".lock", ".swp", ".bak~")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".jp2")


class DocumentsStage(RecordStage[InputFile, Document]):
    """Find the reader of each file by its first bytes and ask it for media type, pages and title."""

    name = "documents"
    version = 4

    def settings(self) -> Mapping[str, object]:
        """The registered readers: a new one may take what was unreadable; and how films are cut down."""
        limits = self.config.extract.model_dump(mode="json", include={"frames_per_loop", "max_page_pixels"})
        return {"readers": list(registry.table("readers")), **limits}

    def libraries(self) -> Sequence[str]:
        """PDF and image libraries decide what is readable, and those that a reader names for itself."""
        readers = [registry.load("readers", name) for name in registry.table("readers")]
        own = [library for reader in readers for library in getattr(reader, "libraries", ())]
        return ("pymupdf", "pillow", *own)

    def setup(self, context: StageContext) -> None:
        """Make one instance of every reader."""
        self._readers: list[Reader] = [registry.load("readers", name)() for name in registry.table("readers")]

    def process(self, item: InputFile) -> Iterator[Document | Failure | Rejection[Document]]:
        """One document per file; what is no document is rejected, what cannot be read raises RecordError."""
        try:
            for outcome in self._take(item):
                yield (
                    outcome
                    if isinstance(outcome, Document)
                    else replace(outcome, message=_tell_copies(outcome.message, item))
                )
        except RecordError as error:
            raise RecordError(error.code, _tell_copies(error.message, item), error.hint, error.replies) from None

    def _take(self, item: InputFile) -> Iterator[Document | Rejection[Document]]:
        if _is_junk(item.file):
            yield Rejection("NOT_A_DOCUMENT", "a hidden or system file")
            return
        if item.is_companion:
            yield from self._reject_companion(item)
            return
        if item.path.is_symlink() and not item.path.exists():
            raise RecordError("BROKEN_LINK", "a link to a file that is not there", "mend or remove the link")
        item.place.check()
        reader = self._find_reader(item)
        if isinstance(reader, Rejection):
            yield reader
            return
        yield self._probe(item, reader)

    def _probe(self, item: InputFile, reader: Reader) -> Document:
        limits = self.config.extract
        if isinstance(reader, LoopReader):
            reader.max_pixels = limits.max_page_pixels  # a frame is unpacked to be compared
        info = reader.probe(item.path)
        if info.page_count < 1:
            raise RecordError("ZERO_PAGES", "the file holds no pages", "remove it from the folder")
        pages = None
        if isinstance(reader, LoopReader) and info.page_count > 1:
            pages = reader.choose_pages(item.path, limits.frames_per_loop)
        return Document(
            id=make_id("document", item.sha256),
            file=item.file,
            copies=item.copies,
            sha256=item.sha256,
            media_type=info.media_type,
            reader=reader.name,
            page_count=info.page_count,
            title=info.title,
            licence=info.licence,
            pages=pages,
            companions=item.companions,
        )

    def _reject_companion(self, item: InputFile) -> Iterator[Rejection[Document]]:
        if item.file.lower().endswith(PICTURE_SUFFIXES):
            yield Rejection("PART_OF_DOCUMENT", "a picture of a document beside it, which is read with it")
            return
        yield Rejection("LABELS_OF_IMAGES", "words for the pictures around it; they carry them")
        missing = self._list_missing(item)
        if missing:
            named = ", ".join(missing[:MOST_NAMES]) + (", …" if len(missing) > MOST_NAMES else "")
            count = "a picture that is" if len(missing) == 1 else f"{len(missing):,} pictures that are"
            yield Rejection("LABELS_WITHOUT_IMAGE", f"gives words to {count} not there: {named}")

    def _list_missing(self, item: InputFile) -> list[str]:
        """Pictures that a label file names and that are at none of its places; a damaged one fails its pictures."""
        readers = [reader for reader in self._readers if isinstance(reader, TableReader)]
        found: dict[str, None] = {}
        with suppress(RecordError):
            for table, around in item.labels:
                for reader in readers:
                    found |= dict.fromkeys(reader.list_missing(table, around.files))
        return list(found)

    def _find_reader(self, item: InputFile) -> Reader | Rejection[Document]:
        try:
            with item.path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError as error:
            raise RecordError(
                "UNREADABLE_FILE", f"cannot be opened: {error.strerror}", "check its permissions"
            ) from None
        if not head:
            raise RecordError("EMPTY_FILE", "the file has no bytes", "copy it again from its source")
        for reader in self._readers:
            if reader.sniff(head, item.path) is not None:
                return reader
        return judge_foreign(head, item.path)


def _tell_copies(message: str, item: InputFile) -> str:
    """What is said of a file is said of its copies, too, which have no line of their own."""
    return f"{message}; so it is with its copies: {', '.join(item.copies)}" if item.copies else message


def _is_junk(file: str) -> bool:
    parts = file.split("/")
    name = parts[-1].lower()
    is_hidden = any(part.startswith((".", "~$")) or part == "__MACOSX" for part in parts)
    return is_hidden or name in JUNK_NAMES or name.endswith(JUNK_SUFFIXES)
