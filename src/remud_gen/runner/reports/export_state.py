"""Whether the exports in RUN/export are of the records, settings and gaps that the run has now; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from remud_gen.config import Config
from remud_gen.errors import ConfigError, RecordError
from remud_gen.export_config import ExportConfig
from remud_gen.exporters.card import read_manifest
from remud_gen.runner.export_places import OWN_PLACE
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.imported import describe_faults, list_imported
from remud_gen.runner.licences import find_licences
from remud_gen.runner.publish import Crop, describe_gaps
from remud_gen.runner.reports.report import StageReport
from remud_gen.runner.review import load_review
from remud_gen.runner.trial import choose_filtered
from remud_gen.stages.export import ExportStage, Origin

ExportState = Literal["up to date", "out of date", "damaged", "missing"]


@dataclass(frozen=True, slots=True)
class ExportStanding:
    """How one export stands, and the statuses of the records that it is made of."""

    state: ExportState
    statuses: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether nothing is to be done about it."""
        return self.state == "up to date"


def examine_exports(run: Path, config: Config, reports: Sequence[StageReport]) -> Mapping[str, ExportStanding]:
    """The state of every configured format; nothing where none was exported to the run's own folder yet."""
    states = {report.name: report.states for report in reports}
    place = run / OWN_PLACE
    stage = ExportStage(config)
    if not {"filter", "corpus"} <= states.keys() or not any((place / name).is_dir() for name in stage.formats):
        return {}
    # Without a limit the number of kept records does not count: an export under a limit is out of date here.
    imported = list_imported(run)
    gaps = (*describe_faults(imported), *describe_gaps(reports))
    filtered, review = [*imported, *choose_filtered(states)], load_review(run, config)
    crop = Crop(run, filtered, states["corpus"], kept=0, gaps=gaps, review=review)
    origin: Origin | None = None
    try:
        licences = find_licences(config.export, RunFolder(run).recall_roots())
        origin = replace(crop.to_origin(), licences=licences)
    except ConfigError:
        pass  # all are out of date; the next export says what is wrong with the table
    return {name: _examine(place, name, stage, origin, config.export.statuses) for name in stage.formats}


def list_remakes(exports: Mapping[str, ExportStanding]) -> list[str]:
    """The commands, without `remud`, that make the exports which need it again, each of the records that it is made of.

    A run does not remember statuses, so that a command without them would take the records for review away.
    """
    formats: dict[tuple[str, ...], list[str]] = {}
    for name, one in exports.items():
        formats.setdefault(one.statuses, []).append(name)
    due = {one.statuses for one in exports.values() if not one.is_current} or formats.keys()
    commands = []
    for statuses, names in formats.items():
        if statuses in due:
            which = f" --format {','.join(names)}" if len(formats) > 1 else ""
            wanted = "" if statuses == ExportConfig().statuses else f" --statuses {','.join(statuses)}"
            commands.append(f"export{which}{wanted}")
    return commands


def _examine(
    place: Path, name: str, stage: ExportStage, origin: Origin | None, wanted: tuple[str, ...]
) -> ExportStanding:
    folder = place / name
    if not folder.is_dir():
        return ExportStanding("missing", wanted)
    try:
        manifest = read_manifest(folder)
    except RecordError:
        return ExportStanding("damaged", wanted)
    # One with records that this configuration does not ask for was made so on purpose.
    statuses = manifest.statuses if {*manifest.statuses} - {*wanted} else wanted
    try:
        if any((folder / file).stat().st_size != facts.bytes for file, facts in manifest.files.items()):
            return ExportStanding("damaged", statuses)
    except OSError:
        return ExportStanding("damaged", statuses)
    is_same = origin is not None and manifest.fingerprint == stage.fingerprint(name, origin, statuses)
    return ExportStanding("up to date" if is_same else "out of date", statuses)
