"""What an exporter must offer, and what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from remud_gen.records import ImageRef, Quadruplet


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an exporter wrote, and what it left out by name with the reason."""

    files: tuple[str, ...]  # below the format's folder, pictures not listed
    counts: Mapping[str, int]  # records, left_out, images, and one per split
    left_out: tuple[tuple[str, str], ...] = ()  # (record id, "CODE: reason")
    profile: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # records by kind, style, language, …
    notes: tuple[str, ...] = ()  # what a user should know, in whole sentences
    not_chosen: Mapping[str, int] = field(default_factory=dict)  # kept records, by the wish that left them out


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """One row read back from an export's own file, in the terms all formats share.

    Whatever stands for a picture in the format (a content part, a column) is `<image>` in `messages`.
    """

    file: str
    id: str
    split: str
    messages: tuple[tuple[str, str], ...] | None  # (system|user|assistant, text); None: fields, no conversation
    images: tuple[str, ...] = ()  # paths below the format's folder, whatever prefix the trainer wants before them
    content: Mapping[str, Any] | None = None  # the row itself, where nulls and mixed schemas are forbidden;
    # None where the file's own schema sees to that (parquet)
    is_view: bool = False  # repeats a row of another file, such as the reasoning half of a mixed set
    packed: tuple[bytes, ...] = ()  # pictures that stand in the row itself, behind those of `images`
    solution: str | None = None  # of reinforcement learning: messages end with the user's, this is what is rewarded
    thinking: str | None = None  # how thinking is written in this row, where not as export.thinking says


@dataclass(frozen=True, slots=True)
class PackedPicture:
    """A picture for a format that holds pictures in its data files."""

    name: str  # <sha256 of the stored picture>[-rgb].jpg|png
    data: bytes


class PictureShelf(Protocol):
    """Puts pictures beside an export's data; the same picture is one file."""

    def place(self, refs: Sequence[ImageRef], *, as_rgb: bool = True) -> tuple[str, ...]:
        """Relative POSIX paths of all pictures of a record; RecordError, and nothing placed, if one is unusable."""
        ...

    def may_show(self, record: Quadruplet) -> bool:
        """Whether the pictures of a record may be passed on; asked only by formats that can hold pointers instead."""
        ...

    def pack(self, refs: Sequence[ImageRef]) -> tuple[PackedPicture, ...]:
        """The same pictures as RGB in memory, nothing placed; RecordError if one is unusable."""
        ...


class Exporter(Protocol):
    """Quadruplets -> one trainer's files in an empty folder that the caller validates and publishes whole."""

    name: ClassVar[str]
    summary: ClassVar[str]  # one line for `remud export --list`
    thinking_modes: ClassVar[tuple[str, ...]]  # of qwen, remud, field, none: what the format can hold
    needs_rgb: ClassVar[bool]
    packs_images: ClassVar[bool]  # pictures lie in the data files (`pack`) rather than beside them (`place`)
    holds_pointers: ClassVar[bool]  # can name document, page and box where a picture may not be passed on

    def __init__(self, thinking: str) -> None: ...

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write all (split, record) of one streaming pass; what the format cannot hold is left out by name."""
        ...

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """Every row of every data file, file by file, parsed from the disk for the validator."""
        ...
