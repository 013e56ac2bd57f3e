"""Words that lie beside a picture: a row of a table, a text file of the same name, the name of a class folder."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from remud_gen.errors import RecordError
from remud_gen.protocols import Companions, GivenText
from remud_gen.readers.class_folders import IMAGE_SUFFIXES, MASK_NAME, find_class
from remud_gen.readers.columns import (
    ATTRIBUTE_COLUMNS,
    CAPTION_COLUMNS,
    FILE_COLUMNS,
    NOTE_COLUMNS,
    TITLE_COLUMNS,
    reduce_header,
)  # fmt: skip
from remud_gen.readers.tables import SUFFIXES, Row, decode_text, judge_table, read_rows
from remud_gen.records import TextRole
from remud_gen.rules.identifiers import list_identifiers
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import unify

SIDECARS = (".txt", ".json", ".md")
MAX_SIDECAR_BYTES = 64 * 2**10
MAX_TABLES = 64  # in one folder: more are data of another kind
LEVELS = 4  # folders above a picture that are looked into
SHORT_CHARS = 160  # a longer text is a report, not a caption
TITLE_CHARS = 120
MAX_FILES = 200_000
FOLDER_LOCATOR = "folder name"
_ROLES: dict[str, TextRole] = {
    **dict.fromkeys(NOTE_COLUMNS, "note"),
    **dict.fromkeys((*CAPTION_COLUMNS, *ATTRIBUTE_COLUMNS), "caption"),
    **dict.fromkeys(TITLE_COLUMNS, "title"),
}
_EMPTY = compile_late(r"(?:nan|none|null|n/?a|nil|unknown|-+|\?+|\.)", re.IGNORECASE)
_PIECE = compile_late(r"[^.。!?！？;；\n]*(?:[.](?=\d)[^.。!?！？;；\n]*)*[.。!?！？;；\n]*")


@dataclass(frozen=True, slots=True)
class Words:
    """All words found for one picture; `flags` name what is doubtful about them."""

    texts: tuple[GivenText, ...] = ()
    flags: tuple[str, ...] = ()


# --- which files -----------------------------------------------------------------------------------------------


def find_companions(path: Path, root: Path) -> Companions:
    """Label files beside or above a picture, not above `root`, and the class its folder names."""
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return Companions()
    files = [sidecar for sidecar in _list_folder(path.parent).sidecars(path) if _is_sidecar(sidecar)]
    for folder in [path.parent, *path.parent.parents][:LEVELS]:
        if folder != root and root not in folder.parents:
            break
        files += [table for table in _list_folder(folder).tables if judge_table(table) == "labels"]
    return Companions(tuple(files), find_class(path, root))


@dataclass(frozen=True, slots=True)
class _Folder:
    names: Mapping[str, Path]  # in lower case
    tables: tuple[Path, ...]

    def sidecars(self, path: Path) -> Iterator[Path]:
        for suffix in SIDECARS:
            for name in (f"{path.stem}{suffix}", f"{path.name}{suffix}"):
                if name.lower() in self.names:
                    yield self.names[name.lower()]


def _list_folder(folder: Path) -> _Folder:
    try:
        return _list_once(folder, folder.stat().st_mtime_ns)
    except OSError:
        return _Folder({}, ())


@lru_cache(maxsize=1024)
def _list_once(folder: Path, changed_ns: int) -> _Folder:
    names = {path.name.lower(): path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "~$"))}
    stems = {Path(name).stem for name in names if Path(name).suffix in IMAGE_SUFFIXES}
    tables = [
        path
        for name, path in names.items()
        if Path(name).suffix in SUFFIXES and not (name.endswith(".json") and Path(name).stem.split(".")[0] in stems)
    ]
    return _Folder(names, tuple(tables) if len(tables) <= MAX_TABLES else ())


def _is_sidecar(path: Path) -> bool:
    try:
        if path.stat().st_size > MAX_SIDECAR_BYTES:
            return False
        # A text that shows pictures is a document of its own, whatever its name.
        return path.suffix.lower() != ".md" or not re.search(rb"!\[|<img", path.read_bytes())
    except OSError:
        return False


# --- which words -----------------------------------------------------------------------------------------------


def collect_words(places: Sequence[tuple[Path, Companions]]) -> Words:
    """What the companions of all places of a picture say about it.

    Raises:
        RecordError: when a label file is damaged: pictures without their words would go unnoticed.
    """
    texts: list[GivenText] = []
    flags: set[str] = set()
    for path, companions in places:
        for file in companions.files:
            if file.stem in (path.stem, path.name) and file.suffix.lower() in SIDECARS:
                texts += _read_sidecar(file)
                continue
            rows, doubts = _index(file).find(path)
            flags |= doubts
            texts += [text for row in rows for text in _speak(row, file.name)]
    flags |= _find_conflict(texts)
    folders = {companions.folder for _, companions in places if companions.folder}
    if len(folders) > 1:
        flags.add("labels_differ")
    elif folders:
        texts.append(GivenText(folders.pop(), "title", FOLDER_LOCATOR))
        flags |= {"words_from_folder"} if len(texts) == 1 else set()
    clean = [_drop_identifiers(text) for text in texts]
    if clean != texts:
        flags.add("identifiers_removed")
    return Words(tuple(_drop_repeats(text for text in clean if text.text)), tuple(sorted(flags)))


def _read_sidecar(path: Path) -> list[GivenText]:
    try:
        content = decode_text(path.read_bytes()).replace("\r\n", "\n").strip()
    except OSError as error:
        raise RecordError("DAMAGED_TABLE", f"{path.name} cannot be read: {error.strerror}") from None
    if path.suffix.lower() == ".json":
        try:
            data = json.loads(content)
        except ValueError as error:
            raise RecordError("DAMAGED_TABLE", f"{path.name} is no JSON: {error}", "mend or remove it") from None
        shapes = data.get("shapes") if isinstance(data, dict) else None
        if isinstance(shapes, list):  # LabelMe: outlines with a label each
            names = dict.fromkeys(str(shape.get("label", "")) for shape in shapes if isinstance(shape, dict))
            return [GivenText("; ".join(filter(None, names)), "title", path.name)]
        return [text for row in read_rows(path) for text in _speak(row, path.name, is_only=True)]
    text = "\n".join(re.sub(r"^#+ ", "", line).rstrip() for line in content.splitlines())
    return [GivenText(text, "caption" if len(text) <= SHORT_CHARS else "note", path.name)]


def _speak(row: Row, file: str, *, is_only: bool = False) -> Iterator[GivenText]:
    locator = file if is_only else f"{file} row {row.number}"
    for header, value in row.cells.items():
        name = reduce_header(header)
        role = _ROLES.get(name)
        text = "\n".join(" ".join(line.split()) for line in value.splitlines() if line.strip())
        if role is None or _EMPTY.fullmatch(text):
            continue
        is_code = not re.search(r"[^\W\d_]{2}", text)
        if name in ATTRIBUTE_COLUMNS:
            text = f"{header.strip()}: {text}"
        elif is_code:
            continue  # a class number or a flag says nothing without its legend
        elif role == "title" and len(text) > TITLE_CHARS:
            role = "caption"
        yield GivenText(text, role, locator)


def _find_conflict(texts: Sequence[GivenText]) -> set[str]:
    """Whether two files name the picture differently."""
    titles: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        if text.role == "title":
            titles[text.locator.partition(" row ")[0]].add(text.text.casefold())
    return {"labels_differ"} if len({frozenset(names) for names in titles.values()}) > 1 else set()


def _drop_identifiers(given: GivenText) -> GivenText:
    """Without the sentences that name a patient, a number or a date of theirs; the rest stays as it was written."""
    if not list_identifiers(unify(given.text)):
        return given
    kept = [piece for piece in _PIECE.findall(given.text) if not list_identifiers(unify(piece))]
    text = "".join(kept).strip()
    return replace(given, text="" if list_identifiers(unify(text)) else text)


def _drop_repeats(texts: Iterable[GivenText]) -> Iterator[GivenText]:
    seen: set[str] = set()
    for text in texts:
        if text.text.casefold() not in seen:
            seen.add(text.text.casefold())
            yield text


def list_missing(table: Path, pictures: Iterable[Path]) -> list[str]:
    """Pictures that a table names, as it writes them, and that are neither among those around it nor anywhere else.

    Raises:
        RecordError: when the table is damaged.
    """
    return _index(table).list_missing(pictures) if judge_table(table) == "labels" else []


# --- which row -------------------------------------------------------------------------------------------------


def _index(table: Path) -> _Index:
    try:
        stat = table.stat()
    except OSError as error:
        raise RecordError("DAMAGED_TABLE", f"{table.name} cannot be read: {error.strerror}") from None
    return _index_once(table, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _index_once(table: Path, size: int, changed_ns: int) -> _Index:
    """The rows of a table by the pictures they name, with nothing kept but words: no name, no number of a patient."""
    index = _Index(table)
    for row in read_rows(table):
        named = next((value for header, value in row.cells.items() if reduce_header(header) in FILE_COLUMNS), None)
        if named:
            words = {header: value for header, value in row.cells.items() if reduce_header(header) in _ROLES}
            index.add(named, Row(row.number, words))
    return index


class _Index:
    """Rows by path, name and stem of the picture they name."""

    def __init__(self, table: Path) -> None:
        self._folder = table.parent
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._printed: dict[str, str] = {}
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_stem: dict[str, set[str]] = defaultdict(set)
        self._counts: Counter[str] | None = None

    def add(self, named: str, row: Row) -> None:
        path = _reduce_path(named)
        self._rows[path].append(row)
        self._printed[path] = named.replace("\\", "/")
        name = path.rpartition("/")[2]
        self._by_name[name].add(path)
        self._by_stem[_cut_suffix(name)].add(path)

    def find(self, image: Path) -> tuple[list[Row], set[str]]:
        """The rows of a picture, by its path, else its name, else its name without suffix; with what is doubtful."""
        below = _reduce_path(image.relative_to(self._folder).as_posix())
        for path in (below, _cut_suffix(below)):
            if path in self._rows:
                return self._rows[path], set()
        name = below.rpartition("/")[2]
        for key, names in ((name, self._by_name), (_cut_suffix(name), self._by_stem)):
            paths = {path for path in names.get(key, ()) if not (self._folder / self._printed[path]).exists()}
            if not paths:
                continue
            if len(paths) > 1 or self._count(name) > 1 or MASK_NAME.search(image.stem):
                return [], {"label_ambiguous"}
            (path,) = paths
            is_sure = path in (name, _cut_suffix(name))
            return self._rows[path], set() if is_sure else {"label_by_name"}
        return [], set()

    def list_missing(self, pictures: Iterable[Path]) -> list[str]:
        """What the rows name beyond these pictures, in their order; a name or stem alone is enough to be met."""
        met: set[str] = set()
        for picture in pictures:
            name = _reduce_path(picture.name)
            met |= self._by_name.get(name, set()) | self._by_stem.get(_cut_suffix(name), set())
        rest = (printed for path, printed in self._printed.items() if path not in met)
        return [printed for printed in rest if not _exists(self._folder / printed)]

    def _count(self, name: str) -> int:
        """How many pictures below the table's folder are called so."""
        if self._counts is None:
            self._counts = Counter()
            for _, _, names in os.walk(self._folder):
                self._counts.update(_reduce_path(other) for other in names)
                if self._counts.total() > MAX_FILES:
                    break
        return self._counts[name]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # no name that a file could have
        return False


def _reduce_path(path: str) -> str:
    normal = unicodedata.normalize("NFC", path).replace("\\", "/").casefold().strip()
    return re.sub(r"^(?:\./)+", "", normal)


def _cut_suffix(path: str) -> str:
    stem, dot, suffix = path.rpartition(".")
    return stem if dot and f".{suffix}" in IMAGE_SUFFIXES else path
