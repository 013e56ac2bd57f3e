"""Export: kept quadruplets -> a folder per trainer, checked before anyone sees it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from remud_gen import __version__, registry
from remud_gen.config import Config
from remud_gen.errors import ConfigError, InputError
from remud_gen.exporters.card import write_card
from remud_gen.exporters.pictures import Inspections, PictureFolder
from remud_gen.exporters.splits import SplitPlan, check_shares, plan_splits
from remud_gen.exporters.validate import Validator
from remud_gen.protocols import Exporter, ExportSummary, ImageStore
from remud_gen.records import SCHEMA_VERSION, Quadruplet


@dataclass(frozen=True, slots=True)
class Origin:
    """What the caller knows of the records that are exported: which they are, and which are lacking."""

    digest: str = ""  # over all judged records; equal digests mean equal records in the same order
    limit: int | None = None  # only so many of the kept ones
    notes: tuple[str, ...] = ()  # whole sentences for README, manifest and summary


class ExportStage:
    """Write every configured format. It makes a folder for a trainer rather than records for a next stage."""

    name: ClassVar[str] = "export"
    version: ClassVar[int] = 1

    def __init__(self, config: Config) -> None:
        """Check the configuration before any work is done.

        Raises:
            ConfigError: unknown format, shares that do not sum to 1, or a thinking mode that a format cannot hold.
        """
        self._config = config.export
        check_shares(self._config.split)
        self._exporters: dict[str, Exporter] = {}
        for name in dict.fromkeys(self._config.formats):
            exporter = registry.load("exporters", name)
            if self._config.thinking not in exporter.thinking_modes:
                modes = ", ".join(exporter.thinking_modes)
                raise ConfigError(
                    f"{name} cannot hold export.thinking: {self._config.thinking}", f"choose from {modes}"
                )
            self._exporters[name] = exporter(self._config.thinking)
        if not self._exporters:
            raise ConfigError("no export format is set", "use --format llamafactory")

    @property
    def formats(self) -> tuple[str, ...]:
        """The configured formats, each once."""
        return tuple(self._exporters)

    def settings(self) -> Mapping[str, object]:
        """All that shapes the files besides the records."""
        config = self._config
        return {"thinking": config.thinking, "split": list(config.split), "seed": config.seed}

    def fingerprint(self, name: str, origin: Origin) -> str:
        """One digest over all that a format's export depends on; pictures stand in it by the hashes in the records."""
        basis = {
            "format": name,
            "exporter": getattr(self._exporters[name], "version", 1),
            "package": __version__,
            "stage": self.version,
            "schema": SCHEMA_VERSION,
            "settings": self.settings(),
            "records": origin.digest,
            "limit": origin.limit,
            "notes": origin.notes,
        }
        return hashlib.sha256(json.dumps(basis, sort_keys=True).encode("utf-8")).hexdigest()

    def export(
        self,
        records: Callable[[], Iterable[Quadruplet]],
        images: ImageStore,
        folder: Path,
        origin: Origin = Origin(),
        names: Collection[str] | None = None,
    ) -> Iterator[tuple[str, ExportSummary]]:
        """Write one format after the other into `folder/<format>`; on any error the caller throws the folder away.

        Args:
            records: starts a fresh stream of the same records in the same order, sorted by document, at each call;
                only those with status `kept` are exported.
            images: where the records' pictures lie.
            folder: an existing, empty folder that the caller publishes by rename.
            origin: what the records are, for fingerprint and notes.
            names: the formats to write; without it all that are configured.

        Raises:
            InputError: no record was kept, or a format can hold none of them.
            RecordError: EXPORT_INVALID, naming the records and rules that a written export breaks.
        """
        plan = plan_splits(_iterate_kept(records()), self._config.split, self._config.seed)
        if not plan.split_by_unit:
            raise InputError("nothing to export: no record was kept", "`remud filter` shows what rejected them")
        inspections: Inspections = {}
        for name, exporter in self._exporters.items():
            if names is not None and name not in names:
                continue
            target = folder / name
            target.mkdir()
            pictures = PictureFolder(target, images, inspections)
            yield name, self._export_one(exporter, plan, records, target, pictures, origin)

    def _export_one(
        self,
        exporter: Exporter,
        plan: SplitPlan,
        records: Callable[[], Iterable[Quadruplet]],
        target: Path,
        pictures: PictureFolder,
        origin: Origin,
    ) -> ExportSummary:
        validator = Validator(self._config.thinking, is_split_by_document=plan.unit == "document")
        routed = ((plan.find_split(record), record) for record in _iterate_kept(records()))
        summary = exporter.write(validator.watch(routed), target, pictures)
        summary = replace(summary, notes=(*origin.notes, *summary.notes, *plan.notes))
        if not summary.counts.get("train"):
            reason = (
                f"the first left out, {': '.join(summary.left_out[0])}" if summary.left_out else "none was left out"
            )
            raise InputError(f"the {exporter.name} format can hold no record of the train split", reason)
        validator.check(exporter, target, len(summary.left_out), pictures.paths)
        settings = {**self.settings(), "unit": plan.unit}
        fingerprint = self.fingerprint(exporter.name, origin)
        write_card(target, exporter.name, exporter.summary, summary, settings, fingerprint)
        return summary


def _iterate_kept(records: Iterable[Quadruplet]) -> Iterator[Quadruplet]:
    return (record for record in records if record.status == "kept")
