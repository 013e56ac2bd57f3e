"""What each stage has to make: upstream parts -> planned parts with their basis, compared with what lies on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from remud_gen import registry
from remud_gen.config import Config
from remud_gen.records import Document
from remud_gen.runner.basis import Basis, flatten_settings, shorten_digest
from remud_gen.runner.parts import PartSpec, PartState, examine, list_parts, make_slug, part_paths
from remud_gen.runner.reading import Inputs, PartInput, parse_line
from remud_gen.runner.recall import CONTENT, recall_files
from remud_gen.runner.rename import NAME
from remud_gen.stages.base import InputFile, Stage

Division = Literal["file", "pages", "document", "slice", "part", "corpus"]


@dataclass(frozen=True, slots=True)
class StageRow:
    """One row of the pipeline's table: which class, and how its work is cut into parts."""

    name: str
    target: str  # module:Class
    division: Division
    unit: str  # what an input is called in progress bars and tables
    is_limited: bool = False  # whether --limit of `run` counts this stage's inputs
    is_limited_alone: bool = False  # or only that of its own command, where it is not named after that
    command: str = ""  # the command that runs it, where that is not its name
    is_wanted: Callable[[Config], bool] = lambda config: True  # some configurations need more rows than others

    @property
    def run_by(self) -> str:
        """The command that runs it."""
        return self.command or self.name


def choose_rows(rows: Sequence[StageRow], config: Config) -> list[StageRow]:
    """The rows that a configuration asks for."""
    return [row for row in rows if row.is_wanted(config)]


def make_basis(stage: Stage[Any, Any]) -> Basis:
    """All but the inputs that the output of a stage's parts depends on."""
    libraries = {name: _installed(name) for name in stage.libraries()}
    settings = flatten_settings(stage.settings())
    return Basis(stage=stage.name, version=stage.version, settings=settings, libraries=libraries)


@cache
def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be planned, and how closely to look at what lies on disk."""

    run: Path
    config: Config
    files: Sequence[InputFile] | None  # None: they are not there, and taken as the run folder remembers them
    is_thorough: bool = False  # read record files and pictures again, instead of trusting size and time


def plan_stage(
    request: Request, row: StageRow, stage: Stage[Any, Any], upstream: Sequence[PartState], limit: int | None = None
) -> list[PartState]:
    """The parts a stage should have, and how each stands on disk.

    Upstream parts that are not on disk yet add nothing; a limit is given out to the parts in their order.
    """
    basis = make_basis(stage)
    states = []
    left = limit
    for spec in _divide(request, row, upstream):
        state = examine(request.run, spec, basis, is_thorough=request.is_thorough)
        # What is finished stays whole: a limit bounds work, it never makes a result smaller.
        if left is not None and state.state != "fresh":
            if left <= 0:
                continue
            if spec.inputs.count > left:
                state = examine(request.run, replace(spec, take=left), basis, is_thorough=request.is_thorough)
        if left is not None:
            left -= spec.inputs.count
        states.append(state)
    return states


def _divide(request: Request, row: StageRow, upstream: Sequence[PartState]) -> Iterator[PartSpec]:
    if row.division == "file":
        if request.files is None:
            return iter(recall_files(request.run, row.name))
        return _divide_files(row, request.files)
    if row.division == "pages":
        return _divide_pages(request.run, row, upstream, request.config.extract.pages_per_part)
    if row.division == "document":
        return _divide_documents(row, upstream)
    if row.division == "slice":
        return _divide_slices(row, upstream)
    if row.division == "part":
        return _divide_parts(row, upstream)
    return _divide_corpus(row, upstream)


def _finished(upstream: Sequence[PartState]) -> Iterator[PartState]:
    return (state for state in upstream if state.meta is not None)


def _divide_files(row: StageRow, files: Sequence[InputFile]) -> Iterator[PartSpec]:
    for file in files:
        digests = {CONTENT: shorten_digest(file.sha256), NAME: shorten_digest(file.file)}
        if file.copies:
            digests["copies"] = shorten_digest(*file.copies)
        if file.companions is not None:
            digests["companions"] = file.companions
        if file.is_companion:
            digests["use"] = "labels of images"
        yield PartSpec(row.name, make_slug(file.file, file.sha256), Inputs(1, digests, file=file), file.file)


def _divide_pages(run: Path, row: StageRow, upstream: Sequence[PartState], size: int) -> Iterator[PartSpec]:
    for state in _finished(upstream):
        document = _read_document(run, state)
        if document is None:
            continue
        # Not the whole record: a copy put beside a book, or a better title, changes no page.
        digests = {
            "file content": shorten_digest(document.sha256, document.reader, document.media_type),
            NAME: shorten_digest(document.file),
            **_digest_reading(document),
        }
        for first in range(1, document.page_count + 1, size):
            last = min(first + size - 1, document.page_count)
            count = last - first + 1
            if document.pages is not None:
                count = sum(first <= number <= last for number in document.pages)
                if not count:
                    continue
            inputs = Inputs(count, {**digests, "pages": f"{first}-{last}"}, document=document, pages=(first, last))
            yield PartSpec(row.name, f"{state.spec.key}-p{first:05d}-{last:05d}", inputs, document.file)


def _digest_reading(document: Document) -> dict[str, str]:
    """What else shapes a file's pages: label files around it, the choice of pages, libraries of its reader alone."""
    digests = {}
    if document.companions is not None:
        digests["companions"] = document.companions
    if document.pages is not None:
        digests["chosen pages"] = shorten_digest(*map(str, document.pages))
    if document.reader in registry.table("readers"):
        libraries = getattr(registry.load("readers", document.reader), "libraries", ())
        digests |= {f"library {name}": _installed(name) for name in libraries}
    return digests


def _read_document(run: Path, state: PartState) -> Document | None:
    """The one record of a document's part; None where the file could not be read."""
    if state.meta is None or not state.meta.counts.outputs:
        return None
    line = (
        state.meta.single.encode("utf-8")
        if state.meta.single is not None
        else part_paths(run, state.spec.stage, state.spec.key).records.read_bytes().splitlines()[0]
    )
    document = parse_line(line)
    return document if isinstance(document, Document) else None


def _whole(state: PartState) -> PartInput:
    assert state.meta is not None
    spec = state.spec
    return PartInput(f"{spec.stage}/{spec.key}.jsonl", 0, state.meta.size, state.meta.sha256)


def join_parts(states: Sequence[PartState]) -> Inputs:
    """All records of finished parts, one after the other."""
    parts = tuple(_whole(state) for state in states)
    count = sum(state.meta.counts.outputs for state in states if state.meta is not None)
    return Inputs(count, {part.path: part.sha256[:16] for part in parts}, parts=parts)


def _divide_documents(row: StageRow, upstream: Sequence[PartState]) -> Iterator[PartSpec]:
    groups: dict[str, list[PartState]] = {}
    for state in _finished(upstream):
        groups.setdefault(state.spec.key.rsplit("-p", 1)[0], []).append(state)
    for key, states in groups.items():
        inputs = join_parts(states)
        if inputs.count:
            yield PartSpec(row.name, key, inputs, states[0].spec.document)


def _divide_slices(row: StageRow, upstream: Sequence[PartState]) -> Iterator[PartSpec]:
    for state in _finished(upstream):
        if state.meta is None:
            continue
        spec = state.spec
        for number, piece in enumerate(state.meta.slices, 1):
            part = PartInput(f"{spec.stage}/{spec.key}.jsonl", piece.offset, piece.size, piece.sha256)
            inputs = Inputs(piece.count, {part.path: piece.sha256[:16]}, parts=(part,))
            yield PartSpec(row.name, f"{spec.key}-n{number:04d}", inputs, spec.document)


def _divide_parts(row: StageRow, upstream: Sequence[PartState]) -> Iterator[PartSpec]:
    for state in _finished(upstream):
        inputs = join_parts([state])
        if inputs.count:
            yield PartSpec(row.name, state.spec.key, inputs, state.spec.document)


def _divide_corpus(row: StageRow, upstream: Sequence[PartState]) -> Iterator[PartSpec]:
    inputs = join_parts(list(_finished(upstream)))
    if inputs.count:
        yield PartSpec(row.name, row.name, inputs)


def find_orphans(run: Path, stage: str, planned: Mapping[str, PartState]) -> list[str]:
    """Keys of parts on disk that the present inputs do not ask for any more."""
    return [key for key in list_parts(run, stage) if key not in planned]
