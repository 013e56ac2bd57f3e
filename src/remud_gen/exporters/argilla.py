"""Argilla: one row per record with its texts and pictures, and scripts that send them and fetch the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.exporters.ledger import Ledger
from remud_gen.exporters.review_fields import EDITABLE, GUIDELINES, find_picture_boxes, find_text, list_fields
from remud_gen.exporters.rows import RowFiles, encode_line, read_rows
from remud_gen.exporters.shipped_scripts import write_script
from remud_gen.protocols import ExportedRow, ExportSummary, PictureShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

STEM = "records"


class ArgillaExporter:
    """`records.jsonl`; `push_argilla.py` makes a dataset of it, `pull_argilla.py` fetches what reviewers submitted.

    Argilla draws no boxes on pictures: where the evidence stands is told in words, in percent of the picture.
    """

    name: ClassVar[str] = "argilla"
    summary: ClassVar[str] = "Argilla: human review, with scripts that send and fetch; back with remud import"
    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "field", "none")  # thinking is a field of its own
    needs_rgb: ClassVar[bool] = True
    packs_images: ClassVar[bool] = False
    holds_pointers: ClassVar[bool] = False
    takes_review: ClassVar[bool] = True

    def __init__(self, thinking: str) -> None:
        self.thinking = thinking

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write the rows and the scripts."""
        ledger, images = Ledger(), DigestTable()
        with RowFiles(folder) as files:
            for _, _, (row, placed) in ledger.sift(
                records, lambda split, record: (make_row(record, split), pictures.place(record.images))
            ):
                filled = ["images"] if placed else []
                filled += ["conversation"] if row["conversation"] else []
                files.add(STEM, encode_line({**row, "images": list(placed)}), filled=filled)
                for path in placed:
                    images.setdefault(digest_text(path))
        (folder / "guidelines.md").write_bytes(f"{GUIDELINES}\n".encode())
        scripts = [write_script(folder, name) for name in ("push_argilla.py", "pull_argilla.py")]
        return ledger.to_summary([f"{STEM}.jsonl", "guidelines.md", *scripts], len(images))

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """Every row."""
        path = folder / f"{STEM}.jsonl"
        for number, row in enumerate(read_rows(path), 1):
            images, metadata = row.get("images"), row.get("metadata")
            if not (isinstance(images, list) and all(isinstance(each, str) for each in images)):
                raise RecordError("SCHEMA_MIXED", f"{path.name} line {number}: images is no list of paths")
            split = find_text(metadata if isinstance(metadata, Mapping) else {}, "split")
            yield ExportedRow(path.name, find_text(row, "id"), split, None, tuple(images), row)


def make_row(record: Quadruplet, split: str) -> dict[str, Any]:
    """A row without its pictures."""
    texts = list_fields(record, split)
    boxes = [
        f"[{span.id}] at {x:g} %, {y:g} %, {width:g} % wide, {height:g} % high in the picture"
        for span, (x, y, width, height) in find_picture_boxes(record)
    ]
    turns = [
        {"role": role, "content": text}
        for turn in record.turns
        for role, text in (("user", turn.question), ("assistant", turn.answer))
    ]
    return {
        "id": record.id,
        "images": [],
        **{name: texts[name] for name in ("kind", "options", *EDITABLE, "source", "findings")},
        "evidence": "\n".join([texts["evidence"], *boxes]),
        "conversation": turns,
        "metadata": {
            "content": texts["content"],
            "split": split,
            "qtype": record.qtype,
            "language": record.language,
            "page": record.source.page_number or 0,
        },
    }
