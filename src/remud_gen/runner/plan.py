"""What each stage has to make: upstream parts -> planned parts with their basis, compared with what lies on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from remud_gen.config import Config
from remud_gen.records import Document
from remud_gen.runner.parts import (
    Basis,
    Inputs,
    PartInput,
    PartSpec,
    PartState,
    digest,
    examine,
    make_slug,
    parse_record,
    part_paths,
)
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


def make_basis(stage: Stage[Any, Any], inputs: str) -> Basis:
    """All that the output of one part depends on."""
    settings = {key: digest(json.dumps(value, sort_keys=True, default=str)) for key, value in stage.settings().items()}
    libraries = {name: _installed(name) for name in stage.libraries()}
    return Basis(version=stage.version, settings=settings, libraries=libraries, inputs=inputs)


@cache
def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def plan_stage(
    run: Path,
    row: StageRow,
    stage: Stage[Any, Any],
    upstream: Sequence[PartState],
    files: Sequence[InputFile],
    config: Config,
    limit: int | None = None,
) -> list[PartState]:
    """The parts a stage should have, and how each stands on disk.

    Upstream parts that are not on disk yet add nothing; a limit is given out to the parts in their order.
    """
    base = make_basis(stage, "")
    specs: Iterator[PartSpec]
    if row.division == "file":
        specs = _divide_files(row, files)
    elif row.division == "pages":
        specs = _divide_pages(run, row, upstream, config.extract.pages_per_part)
    elif row.division == "document":
        specs = _divide_documents(row, upstream)
    elif row.division == "slice":
        specs = _divide_slices(row, upstream)
    elif row.division == "part":
        specs = _divide_parts(row, upstream)
    else:
        specs = _divide_corpus(row, upstream)
    states = []
    left = limit
    for spec in specs:
        basis = base.model_copy(update={"inputs": spec.inputs.digest})
        state = examine(run, spec, basis)
        # What is finished stays whole: a limit bounds work, it never makes a result smaller.
        if left is not None and state.state != "fresh":
            if left <= 0:
                continue
            if spec.inputs.count > left:
                state = examine(run, replace(spec, take=left), basis)
        if left is not None:
            left -= spec.inputs.count
        states.append(state)
    return states


def _finished(upstream: Sequence[PartState]) -> Iterator[PartState]:
    return (state for state in upstream if state.meta is not None)


def _divide_files(row: StageRow, files: Sequence[InputFile]) -> Iterator[PartSpec]:
    for file in files:
        inputs = Inputs(count=1, digest=digest(file.sha256, file.file, *file.copies), file=file)
        yield PartSpec(row.name, make_slug(file.file, file.sha256), inputs, file.file)


def _divide_pages(run: Path, row: StageRow, upstream: Sequence[PartState], size: int) -> Iterator[PartSpec]:
    for state in _finished(upstream):
        if state.meta is None or not state.meta.counts.outputs:
            continue
        data = part_paths(run, state.spec.stage, state.spec.key)[0].read_bytes()
        document = parse_record(json.loads(data.splitlines()[0]))
        if not isinstance(document, Document):
            continue
        for first in range(1, document.page_count + 1, size):
            last = min(first + size - 1, document.page_count)
            inputs = Inputs(
                count=last - first + 1,
                digest=digest(state.meta.sha256, f"{first}-{last}"),
                document=document,
                pages=(first, last),
            )
            yield PartSpec(row.name, f"{state.spec.key}-p{first:05d}-{last:05d}", inputs, document.file)


def _whole(state: PartState) -> PartInput:
    assert state.meta is not None
    spec = state.spec
    return PartInput(f"{spec.stage}/{spec.key}.jsonl", 0, state.meta.size, state.meta.sha256)


def join_parts(states: Sequence[PartState]) -> Inputs:
    """All records of finished parts, one after the other."""
    parts = tuple(_whole(state) for state in states)
    count = sum(state.meta.counts.outputs for state in states if state.meta is not None)
    return Inputs(count=count, digest=digest(*(part.sha256 for part in parts)), parts=parts)


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
            inputs = Inputs(count=piece.count, digest=piece.sha256, parts=(part,))
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
    folder = run / stage
    if not folder.is_dir():
        return []
    keys = (path.name.removesuffix(".meta.json") for path in folder.glob("*.meta.json"))
    return sorted(key for key in keys if key not in planned)
