"""Export: kept quadruplets -> a folder per trainer, checked before anyone sees it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from remud_gen import __version__, registry
from remud_gen.config import Config
from remud_gen.errors import ConfigError, InputError, RecordError
from remud_gen.exporters.card import write_papers
from remud_gen.exporters.facts import ExportFacts
from remud_gen.exporters.pictures import Inspections, PictureFolder
from remud_gen.exporters.provenance import ProvenanceWriter
from remud_gen.exporters.rights import LicenceTable, Policy
from remud_gen.exporters.selection import Choice, Selector, Wish
from remud_gen.exporters.splits import SPLIT_NAMES, SplitPlan, check_shares, plan_splits
from remud_gen.exporters.validate import Validator
from remud_gen.protocols import Exporter, ExportSummary, ImageStore
from remud_gen.records import SCHEMA_VERSION, Quadruplet

Start = Callable[[], Iterable[Quadruplet]]


@dataclass(frozen=True, slots=True)
class Origin:
    """What the caller knows of the records that are exported: which they are, and which are lacking."""

    digest: str = ""  # over all judged records; equal digests mean equal records in the same order
    limit: int | None = None  # only so many of the kept ones
    notes: tuple[str, ...] = ()  # whole sentences for README, manifest and summary
    licences: LicenceTable = field(default_factory=LicenceTable)  # of the sources, before what they say of themselves
    funnel: Mapping[str, Any] = field(default_factory=dict)  # for the card: total, kept, review, rejected, codes


class ExportStage:
    """Write every configured format. It makes a folder for a trainer rather than records for a next stage."""

    name: ClassVar[str] = "export"
    version: ClassVar[int] = 3

    def __init__(self, config: Config) -> None:
        """Check the configuration before any work is done.

        Raises:
            ConfigError: unknown format, shares that do not sum to 1, a condition on no field, or a way of writing
                thinking or keeping pictures that a format does not have.
        """
        own = self._config = config.export
        check_shares(own.split)
        self._selector = Selector(Wish(own.where, own.balance, own.reasoning_share, own.max, own.by, own.seed))
        self._exporters: dict[str, Exporter] = {}
        for name in dict.fromkeys(own.formats):
            exporter = registry.load("exporters", name)
            if own.thinking not in exporter.thinking_modes:
                modes = ", ".join(exporter.thinking_modes)
                raise ConfigError(f"{name} cannot hold export.thinking: {own.thinking}", f"choose from {modes}")
            if "review" in own.statuses and not getattr(exporter, "takes_review", False):
                told = f"{name} is for training, and export.statuses has records that are held back for review"
                hint = "for training add --statuses kept; for review use --format labelstudio, argilla or raw"
                raise ConfigError(told, hint)
            if own.images == "pack" and not exporter.packs_images:
                raise ConfigError(
                    f"{name} keeps pictures beside its data and cannot pack them", "use --images link or copy for it"
                )
            self._exporters[name] = exporter(own.thinking)
        if not self._exporters:
            raise ConfigError("no export format is set", "use --format llamafactory")

    @property
    def formats(self) -> tuple[str, ...]:
        """The configured formats, each once."""
        return tuple(self._exporters)

    @property
    def first_passes(self) -> int:
        """How often all records are read before the first format is written."""
        return 1 if self._selector.takes_all else 2

    def settings(self) -> Mapping[str, object]:
        """All that shapes the files besides the records."""
        return self._config.model_dump(mode="json", exclude={"formats", "licences"})

    def fingerprint(self, name: str, origin: Origin, statuses: Sequence[str] | None = None) -> str:
        """One digest over all that a format's export depends on; pictures stand in it by the hashes in the records.

        `statuses` are those of the records that it is made of, where they are not the configured ones.
        """
        basis = {
            "format": name,
            "exporter": getattr(self._exporters[name], "version", 1),
            "package": __version__,
            "stage": self.version,
            "schema": SCHEMA_VERSION,
            "settings": {**self.settings(), "statuses": list(statuses or self._config.statuses)},
            "records": origin.digest,
            "licences": origin.licences.digest,
            "limit": origin.limit,
            "notes": origin.notes,
        }
        return hashlib.sha256(json.dumps(basis, sort_keys=True).encode("utf-8")).hexdigest()

    def export(
        self,
        records: Start,
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
            InputError: no record was kept or chosen, or a format can hold none of them.
            RecordError: EXPORT_INVALID, naming the records and rules that a written export breaks.
        """
        policy = Policy(self._config.licence_policy, origin.licences)

        def start() -> Iterator[Quadruplet]:
            return (policy.mark(record) for record in records() if record.status in self._config.statuses)

        choice = Choice() if self._selector.takes_all else self._selector.choose(start())
        plan = plan_splits(choice.apply(start()), self._config.split, self._config.seed)
        if not plan.split_by_unit:
            raise InputError("nothing to export: no record was kept", "`remud filter` shows what rejected them")
        inspections: Inspections = {}
        is_first = True
        for name, exporter in self._exporters.items():
            if names is not None and name not in names:
                continue
            target = folder / name
            target.mkdir()
            links = self._config.images != "copy"
            pictures = PictureFolder(target, images, inspections, policy.may_show, links=links)
            job = _Job(exporter, plan, policy, choice, target, pictures)
            # What the splits share is the same for all formats: likeness, which takes longest, is looked for once.
            yield name, self._export_one(job, choice.apply(start()), origin, compares_all=is_first)
            is_first = False

    def _export_one(
        self, job: _Job, records: Iterable[Quadruplet], origin: Origin, *, compares_all: bool
    ) -> ExportSummary:
        exporter, plan, target = job.exporter, job.plan, job.target
        is_by_document = plan.unit == "document"
        validator = Validator(self._config.thinking, is_split_by_document=is_by_document, compares_all=compares_all)
        provenance = ProvenanceWriter(target)
        with closing(provenance.watch(validator.watch(job.admit(records)))) as watched:  # it holds a file open
            written = exporter.write(watched, target, job.pictures)
        unknown = origin.licences.describe_unknown()
        summary = replace(
            written,
            left_out=(*job.left_out, *written.left_out),
            not_chosen=job.choice.left_out,
            notes=(
                *origin.notes,
                *self._tell_wishes(),
                *job.choice.notes,
                *written.notes,
                *plan.notes,
                *job.note_empty(written),
                *unknown,
            ),
        )
        if not summary.counts.get("train"):
            reason = (
                f"the first left out, {': '.join(summary.left_out[0])}" if summary.left_out else "none was left out"
            )
            raise InputError(f"the {exporter.name} format can hold no record of the train split", reason)
        validator.check(exporter, target, len(written.left_out), job.pictures.paths)
        provenance.leave_out(record_id for record_id, _ in written.left_out)
        settings = {**self.settings(), "unit": plan.unit}
        fingerprint = self.fingerprint(exporter.name, origin)
        facts = ExportFacts(
            exporter.name, exporter.summary, summary, settings, fingerprint, origin.funnel, withheld=job.withheld
        )
        write_papers(target, facts, job.pictures.find_sha256)
        return summary

    def _tell_wishes(self) -> Iterator[str]:
        """What is asked for that changes what is trained, and that a run remembers or a reader could overlook."""
        if "review" in self._config.statuses:
            yield f"With records that filters hold back for review (--statuses {','.join(self._config.statuses)})."
        if self._config.thinking == "none":
            yield "Without thinking (--thinking none)."


@dataclass(slots=True)
class _Job:
    """One format to write, and what is kept from it beforehand."""

    exporter: Exporter
    plan: SplitPlan
    policy: Policy
    choice: Choice
    target: Path
    pictures: PictureFolder
    left_out: list[tuple[str, str]] = field(default_factory=list)
    withheld: int = 0  # records that go on with pointers instead of pictures

    def note_empty(self, written: ExportSummary) -> Iterator[str]:
        """Splits that had records until this format, or a licence, left all of them out."""
        for split in SPLIT_NAMES:
            if split in self.plan.splits and not written.counts.get(split):
                yield f"{split} stays empty: each of its records was left out."

    def admit(self, records: Iterable[Quadruplet]) -> Iterator[tuple[str, Quadruplet]]:
        """(split, record) of all that may go into this format."""
        for record in records:
            split = self.plan.find_split(record)
            try:
                self.plan.check_leak(record, split)
                self.policy.check_words(record)
                if not self.exporter.holds_pointers:
                    self.policy.check(record)
            except RecordError as error:
                self.left_out.append((record.id, sys.intern(f"{error.code}: {error.message}")))
                continue
            self.withheld += bool(record.images) and not self.policy.may_show(record)
            yield split, record
