"""Files of the shelf as `inspect` is asked for them: by name, and what became of those that are no document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from remud_gen.errors import InputError, RecordError
from remud_gen.records import Document
from remud_gen.runner.parts import list_parts, part_paths
from remud_gen.runner.reading import parse_line, read_bytes_of, read_errors

STAGE = "documents"
_VERBS = {"failed": "failed", "rejected": "was rejected"}


def refuse_no_run(run: Path) -> None:
    """Raises InputError where a folder is no run: to look for a record there would find none, which misleads."""
    if not (run / "run.json").is_file():
        raise InputError(f"{run} is not a run folder", "name one with --run")


def list_documents(run: Path) -> list[Document]:
    """All documents of a run, each once."""
    lines = (
        line
        for key in list_parts(run, STAGE)
        for line in read_bytes_of(part_paths(run, STAGE, key).records).splitlines()
    )
    found = (parse_line(line) for line in lines)
    return list({record.id: record for record in found if isinstance(record, Document)}.values())


def choose_named(documents: Iterable[Document], name: str) -> list[Document]:
    """Those whose file or a copy of it is called so: by the whole path if any is, else by the last part."""
    known = [(document, (document.file, *document.copies)) for document in documents]
    wanted = name.replace("\\", "/")
    whole = [document for document, files in known if wanted in files]
    return whole or [document for document, files in known if any(PurePosixPath(file).name == wanted for file in files)]


def explain_unread(run: Path, name: str) -> InputError | None:
    """The error for a file that is on the shelf and gave no document: why it was rejected or failed."""
    wanted = name.replace("\\", "/")
    for error in _iterate_errors(run):
        file = str(error["file"])
        if wanted in (file, PurePosixPath(file).name) or str(error["id"]) == name:
            told = f"{file} is no document: it {_VERBS[error['outcome']]}: {error['code']}: {error['message']}"
            return InputError(told, str(error.get("hint") or ""))
    return None


def _iterate_errors(run: Path) -> Iterator[dict[str, Any]]:
    for key in list_parts(run, STAGE):
        try:
            yield from read_errors(part_paths(run, STAGE, key).errors)
        except RecordError:
            continue  # a damaged part is named by `status`
