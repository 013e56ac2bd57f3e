"""Whether the exports in RUN/export are of the records, settings and gaps that the run has now; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from remud_gen.config import Config
from remud_gen.errors import ConfigError, RecordError
from remud_gen.exporters.card import read_manifest
from remud_gen.runner.export_places import OWN_PLACE
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.imported import describe_faults, list_imported
from remud_gen.runner.licences import find_licences
from remud_gen.runner.publish import Crop, describe_gaps
from remud_gen.runner.reports.report import StageReport
from remud_gen.runner.review import load_review
from remud_gen.runner.trial import choose_filtered
from remud_gen.stages.export import ExportStage

ExportState = Literal["up to date", "out of date", "damaged", "missing"]


def examine_exports(run: Path, config: Config, reports: Sequence[StageReport]) -> Mapping[str, ExportState]:
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
    try:
        licences = find_licences(config.export, RunFolder(run).recall_roots())
    except ConfigError:
        return dict.fromkeys(stage.formats, "out of date")  # the next export says what is wrong with the table
    origin = replace(crop.to_origin(), licences=licences)
    return {name: _examine(place / name, stage.fingerprint(name, origin)) for name in stage.formats}


def _examine(folder: Path, fingerprint: str) -> ExportState:
    if not folder.is_dir():
        return "missing"
    try:
        manifest = read_manifest(folder)
        if any((folder / file).stat().st_size != facts.bytes for file, facts in manifest.files.items()):
            return "damaged"
    except (OSError, RecordError):
        return "damaged"
    return "up to date" if manifest.fingerprint == fingerprint else "out of date"
