"""Folders that a run remembers and that are not there now: a disk not plugged in, a folder under another name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from remud_gen.config import Config
from remud_gen.errors import InputError
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.inventory import refuse_empty_shelf, refuse_missing_root, walk_files
from remud_gen.runner.plan import StageRow
from remud_gen.runner.progress import tell
from remud_gen.runner.recall import remembers_licences

HINT = "is a disk not plugged in? Bring it back, or name the folders of now: remud extract FOLDER"


def find_away(roots: Sequence[Path], run: Path) -> InputError | None:
    """What is wrong with remembered folders: one is not there, or there is no file in any. None where they are there.

    The user typed none of these paths: the hint is not about spelling.
    """
    for root in roots:
        if not root.exists():
            return refuse_missing_root(root, HINT)
    if roots and not any(root.is_file() or any(True for _ in walk_files(root, run.resolve())) for root in roots):
        return refuse_empty_shelf(roots, HINT)
    return None


def look_for_roots(folder: RunFolder, named: Sequence[Path], *, must_be_there: bool = False) -> Sequence[Path] | None:
    """The folders and files that a command works on: those it names, else those of the run's last command that did.

    None, with a note to the user, where the latter are not there: then the run folder alone tells what they held.

    Raises:
        InputError: they are not there and `must_be_there`.
    """
    if named:
        return list(named)
    roots = folder.recall_roots()
    away = find_away(roots, folder.path)
    if away is None:
        return roots
    if must_be_there:
        raise away
    tell(f"note: {away.message}; the run folder tells what was read there last, not what is there now")
    return None


def require_licences(run: Path, config: Config, rows: Sequence[StageRow]) -> None:
    """Refuse to export without the table of licences that lay in a folder which is away: it may forbid pictures.

    Raises:
        InputError: there was one, and the configuration names no other.
    """
    first = next(row.name for row in rows if row.division == "file")
    if config.export.licences is None and remembers_licences(run, first):
        told = "the table of licences lies in a folder that is not there"
        raise InputError(told, "bring the folder back, or name a copy of the table with --licences")
