"""Raw: every field of every record, evidence and verdicts included; reads back to the identical record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from remud_gen.errors import RecordError
from remud_gen.exporters.ledger import Ledger
from remud_gen.exporters.provenance import describe_pointers
from remud_gen.exporters.rows import RowFiles, encode_line, protect_line, read_rows
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.protocols import ExportedRow, ExportSummary, PictureShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

POINTERS = "pointers"


class RawExporter:
    """`<split>.jsonl` with one Quadruplet per line, pictures byte for byte under the paths that the records give.

    Of pictures that may not be passed on, `pointers.jsonl` tells document, page and box.
    """

    name: ClassVar[str] = "raw"
    summary: ClassVar[str] = "every field, evidence and verdicts included: to archive, to audit, to import again"
    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "field", "none")  # thinking stays a field in all
    needs_rgb: ClassVar[bool] = False
    packs_images: ClassVar[bool] = False
    holds_pointers: ClassVar[bool] = True
    takes_review: ClassVar[bool] = True

    def __init__(self, thinking: str) -> None:
        self.thinking = thinking

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write one file per split."""
        ledger, images = Ledger(), DigestTable()
        with RowFiles(folder) as files:
            for split, record in records:
                try:
                    ledger.check_new(record)
                    line = encode_record(record)
                    shows = pictures.may_show(record)
                    placed = pictures.place(record.images, as_rgb=False) if shows else ()
                except RecordError as error:
                    ledger.leave_out(record, error)
                    continue
                files.add(split, line)
                for row in () if shows else describe_pointers(record):
                    files.add(POINTERS, encode_line(row))
                for path in placed:
                    images.setdefault(digest_text(path))
                ledger.keep(split, record)
        return ledger.to_summary([f"{stem}.jsonl" for stem in files.stems], len(images))

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """Every record, parsed as strictly as a checkpoint is."""
        pointers, path = DigestTable(), folder / f"{POINTERS}.jsonl"
        for row in read_rows(path) if path.exists() else ():
            pointers.setdefault(digest_text(str(row["id"])))
        for split in SPLIT_NAMES:
            path = folder / f"{split}.jsonl"
            if path.exists():
                for record in read_records(path):
                    is_withheld = digest_text(record.id) in pointers
                    images = () if is_withheld else tuple(image.path for image in record.images)
                    yield ExportedRow(path.name, record.id, split, None, images)


def encode_record(record: Quadruplet) -> bytes:
    """A record as one line.

    Raises:
        RecordError: NOT_LOSSLESS if the line would not read back to the same record (lone surrogates, NaN).
    """
    try:
        line = protect_line(record.model_dump_json())
        is_same = Quadruplet.model_validate_json(line) == record
    except (PydanticSerializationError, ValidationError, UnicodeEncodeError):
        is_same = False
    if not is_same:
        raise RecordError("NOT_LOSSLESS", "the record cannot be written as JSON and read back unchanged")
    return line


def read_records(path: Path) -> Iterator[Quadruplet]:
    """The records of a raw file.

    Raises:
        RecordError: BAD_JSON with the line number.
    """
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            yield parse_record(line, f"{path.name} line {number}")


def parse_record(line: bytes, place: str) -> Quadruplet:
    """The record of one line.

    Raises:
        RecordError: BAD_JSON with the place.
    """
    try:
        return Quadruplet.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise RecordError("BAD_JSON", f"{place}: {field}: {problem['msg']}") from None
