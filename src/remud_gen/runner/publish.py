"""The export of a run: which records it takes, whether the one on disk is still good, and what it lacks."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from remud_gen.config import Config
from remud_gen.errors import InputError, RecordError
from remud_gen.exporters.card import CHECKSUMS, MANIFEST, Manifest, count_exported, read_manifest, read_summary
from remud_gen.protocols import ExportSummary
from remud_gen.records import Quadruplet
from remud_gen.runner.export_places import OWN_PLACE, PLACES, read_places
from remud_gen.runner.files import write_atomically
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.judged import NO_REVIEW, digest_judged, read_judged, take_funnel
from remud_gen.runner.licences import find_licences
from remud_gen.runner.parts import PartState
from remud_gen.runner.place import PICTURES, find_leftovers, open_place
from remud_gen.runner.progress import Progress
from remud_gen.runner.reports.report import StageReport
from remud_gen.runner.review import Review
from remud_gen.stages.export import ExportStage, Origin

# Left out for what lies in the picture store rather than for what the record says: mended without a new record.
PICTURE_CODES = "IMAGE_"


@dataclass(frozen=True, slots=True)
class Publication:
    """One format's export as it lies on the disk now."""

    summary: ExportSummary
    inputs: int  # kept records, each exported, not chosen or left out
    is_up_to_date: bool  # nothing had changed, so it was left alone
    seconds: float
    remarks: tuple[str, ...] = ()  # whole sentences about this command, which the export itself does not hold

    @property
    def exported(self) -> int:
        """Records in any split."""
        return count_exported(self.summary.counts)

    @property
    def notes(self) -> tuple[str, ...]:
        """All that is to be said of it, in whole sentences."""
        return (*self.summary.notes, *self.remarks)


@dataclass(frozen=True, slots=True)
class Crop:
    """The judged records of a run, and what is known of them without reading them."""

    run: Path
    filtered: Sequence[PartState]
    corpus: Sequence[PartState]
    kept: int  # by the funnel: records of the wanted statuses
    gaps: tuple[str, ...] = ()
    limit: int | None = None
    review: Review = NO_REVIEW
    statuses: tuple[str, ...] = ("kept",)

    @property
    def inputs(self) -> int:
        """How many records an export takes."""
        return self.kept if self.limit is None else min(self.limit, self.kept)

    def to_origin(self) -> Origin:
        """What fingerprint and notes need; a limit that cuts nothing off is none."""
        if self.inputs == self.kept:
            return Origin(self._digest(), None, self.gaps)
        note = f"Limited: the first {self.inputs} of {self.kept} kept records (--limit)."
        return Origin(self._digest(), self.inputs, (note, *self.gaps))

    def iterate_kept(self) -> Iterator[Quadruplet]:
        """The records to export, in the order of documents and parts."""
        judged = read_judged(self.run, self.filtered, self.corpus, self.review)
        return islice((record for record in judged if record.status in self.statuses), self.inputs)

    def describe_funnel(self) -> Mapping[str, Any]:
        """What the card tells of all that was made, of which the kept records are left."""
        funnel = take_funnel(self.run, self.filtered, self.corpus, self.review)
        by_severity = {code: count.severities for code, count in funnel.codes.items()}
        codes = {code: n for code, by in by_severity.items() if (n := by.get("reject", 0) + by.get("review", 0))}
        counts = {"total": funnel.total, "kept": funnel.kept, "review": funnel.review, "rejected": funnel.rejected}
        return {**counts, "codes": codes}

    def _digest(self) -> str:
        return digest_judged(self.filtered, self.corpus, self.review)


class Publisher:
    """Keeps the exports of one run in one folder up to date."""

    def __init__(self, folder: RunFolder, config: Config, target: Path) -> None:
        self._folder, self._target = folder, target
        self._licences = find_licences(config.export, folder.recall_roots())
        self._statuses = frozenset[str](config.export.statuses)
        self._stage = ExportStage(config)
        self._key = _name_place(folder.path, target)

    def refuse_foreign_folders(self) -> None:
        """Raise InputError where an export would replace something that is no export of remud-gen."""
        known = read_places(self._folder.path).get(self._key, {})
        for name in self._stage.formats:
            place = self._target / name
            if not os.path.lexists(place) or (place.is_dir() and not place.is_symlink() and not any(place.iterdir())):
                continue
            if place.is_symlink() or not place.is_dir():
                raise InputError(f"{place} is no folder of its own", "move it away, or name another folder with --out")
            try:
                read_manifest(place)
            except RecordError:
                if name not in known:  # a damaged one that this run wrote may be replaced
                    raise InputError(
                        f"{place} holds files that are no export", "name another folder with --out"
                    ) from None

    def publish(
        self, crop: Crop, *, is_quiet: bool = False, check: Callable[[], None] = lambda: None
    ) -> Mapping[str, Publication]:
        """Write what is not up to date; every export appears whole or stays as it was.

        Args:
            crop: the records.
            is_quiet: no progress bar.
            check: called at each record; whatever it raises ends the export.

        Raises:
            InputError: no record was kept, or the place cannot be written to or is in use.
            RecordError: EXPORT_INVALID when a written export breaks a rule.
        """
        origin = replace(crop.to_origin(), licences=self._licences)
        done = self._find_current(origin)
        try:
            if len(done) < len(self._stage.formats) or find_leftovers(self._target):
                done |= self._write(crop, origin, is_quiet=is_quiet, check=check)
        except OSError as error:
            raise _explain(error, self._target, self._folder.path) from None
        return {name: done[name] for name in self._stage.formats}

    def _write(
        self, crop: Crop, origin: Origin, *, is_quiet: bool, check: Callable[[], None]
    ) -> dict[str, Publication]:
        self._remember({})  # from now on a kill leaves something that the next command has to look for
        with open_place(self._target) as place:
            self.refuse_foreign_folders()  # again, as earlier stages may have taken hours
            done = self._find_current(origin)  # again, as the place may have been put right just now
            names = [name for name in self._stage.formats if name not in done]
            if not names:
                return done
            origin = replace(origin, funnel=crop.describe_funnel())
            remarks = {name: tuple(self._tell_loss(name)) for name in names}
            n_passes = self._stage.first_passes + len(names)
            with Progress("export", crop.inputs * n_passes, "record", is_quiet=is_quiet) as progress:

                def start() -> Iterator[Quadruplet]:
                    for record in crop.iterate_kept():
                        check()
                        progress.tick(1)
                        yield record

                written = self._stage.export(start, self._folder.images, place.new, origin, names)
                for name, summary, seconds in _time(written):
                    done[name] = Publication(summary, crop.inputs, False, seconds, remarks[name])
                    _reconcile(name, done[name])
            place.flush()
            self._remember(dict.fromkeys(names))
            for name in names:
                place.swap(name)
        self._remember({name: self._stamp(name, read_manifest(self._target / name)) for name in names})
        return done

    def _find_current(self, origin: Origin) -> dict[str, Publication]:
        """The formats whose export is of these records and settings, and whose files are those that were written."""
        stamps = read_places(self._folder.path).get(self._key, {})
        current = {}
        for name in self._stage.formats:
            started = time.monotonic()
            try:
                manifest = read_manifest(self._target / name)
                is_same = manifest.fingerprint == self._stage.fingerprint(name, origin)
                can_mend = any(code.startswith(PICTURE_CODES) for code in manifest.left_out)
                if is_same and not can_mend and stamps.get(name) == self._stamp(name, manifest):
                    summary, seconds = read_summary(self._target / name, manifest), time.monotonic() - started
                    current[name] = Publication(summary, manifest.inputs, is_up_to_date=True, seconds=seconds)
            except (OSError, RecordError):
                continue  # absent or damaged: it is written anew
        return current

    def _tell_loss(self, name: str) -> Iterator[str]:
        """That the export to be replaced was for reviewers, and this one is not: a run does not remember statuses."""
        try:
            held = read_manifest(self._target / name).statuses
        except RecordError:
            return  # there is none, or nobody knows what it held
        lost = [status for status in held if status not in self._statuses]
        if lost:
            what = "records for review, too" if "review" in lost else f"{lost[0]} records, too"
            yield f"The export before it held {what}; --statuses {','.join(held)} makes it again."

    def _stamp(self, name: str, manifest: Manifest) -> str:
        return stamp_files(self._target / name, [MANIFEST, CHECKSUMS, *manifest.files])

    def _remember(self, stamps: Mapping[str, str | None]) -> None:
        """Keep stamps in the run rather than in the export, whose bytes must not depend on times."""
        places = read_places(self._folder.path)
        changed = {**places, self._key: {**places.get(self._key, {}), **stamps}}
        if changed != places:
            data = json.dumps({"places": changed}, indent=1, sort_keys=True)
            write_atomically(self._folder.path / PLACES, data.encode("ascii"))


def describe_gaps(reports: Sequence[StageReport], limit: int | None = None) -> tuple[str, ...]:
    """What an export of these stages lacks, in whole sentences; `limit` is the one that the stages worked under."""
    notes = []
    for report in reports:
        if limit is not None and report.name in ("extract", "generate") and report.counts.inputs >= limit:
            looked = f"{report.counts.inputs} {report.unit}{'' if report.counts.inputs == 1 else 's'}"
            notes.append(f"Limited: {report.name} looked at {looked} (--limit {limit}).")
        missing = sum(state.meta is None for state in report.states)
        partial = sum(_is_partial(state) for state in report.states)
        stale = sum(state.state == "stale" and state.meta is not None for state in report.states)
        for count, what in ((missing, "missing"), (partial, "partial"), (stale, "out of date")):
            if count:
                verb = "is" if count == 1 else "are"
                notes.append(f"Incomplete: {count} of {report.n_parts} parts of {report.name} {verb} {what}.")
        if report.counts.failed:
            touched = sum(state.meta is not None and state.meta.counts.failed > 0 for state in report.states)
            failed = f"{report.counts.failed} of {report.counts.inputs} {report.unit}s failed in {report.name}"
            notes.append(f"Incomplete: {failed} ({touched} of {report.n_parts} parts).")
    return tuple(notes)


def stamp_files(folder: Path, files: Sequence[str]) -> str:
    """One digest over name, size and time of files and pictures; reads folders, never files."""
    rows = [_to_row(name, (folder / name).stat()) for name in files]
    if (folder / PICTURES).is_dir():
        rows += _list_pictures(str(folder / PICTURES), PICTURES)
    rows.sort()
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def _list_pictures(folder: str, below: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{below}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _list_pictures(entry.path, name)
            else:
                yield _to_row(name, entry.stat(follow_symlinks=False))


def _to_row(name: str, stat: os.stat_result) -> str:
    return f"{name}\x1f{stat.st_size}\x1f{stat.st_mtime_ns}"


def _is_partial(state: PartState) -> bool:
    return state.state == "partial" or (state.state == "fresh" and state.meta is not None and state.meta.is_partial)


def _time(written: Iterator[tuple[str, ExportSummary]]) -> Iterator[tuple[str, ExportSummary, float]]:
    started = time.monotonic()
    for name, summary in written:
        yield name, summary, time.monotonic() - started
        started = time.monotonic()


def _reconcile(name: str, made: Publication) -> None:
    found = made.exported + len(made.summary.left_out) + sum(made.summary.not_chosen.values())
    if found != made.inputs:
        raise RecordError(
            "EXPORT_INVALID",
            f"{made.inputs} records were kept, the {name} export accounts for {found}",
            "nothing was published; remove corpus/funnel.json from the run folder and run the command again",
        )


def _name_place(run: Path, target: Path) -> str:
    """The run's own place by a name that outlives a move of the run folder, any other by its path."""
    resolved = target.resolve()
    return OWN_PLACE if resolved == (run / OWN_PLACE).resolve() else str(resolved)


def _explain(error: OSError, target: Path, run: Path) -> InputError:
    where = f": {error.filename}" if error.filename else ""
    message = f"cannot write the export to {target}: {error.strerror or error}{where}"
    if isinstance(error, FileNotFoundError) and error.filename and Path(error.filename).is_relative_to(run / PICTURES):
        return InputError(
            f"the picture {error.filename} vanished during the export",
            "run `remud extract --verify`, then export again",
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "make room there, or name a folder on another disk with --out"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        advice = "name a folder that you may write to with --out"
    else:
        advice = "name another folder with --out"
    return InputError(message, f"{advice}; what was exported before is unchanged")
