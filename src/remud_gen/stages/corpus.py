"""Rules that must see the whole corpus; their verdicts lie over the parts as one overlay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from remud_gen.config import Config
from remud_gen.errors import ConfigError
from remud_gen.filter_protocols import ReadsFiles
from remud_gen.llm.judging.probe import list_tested
from remud_gen.llm.judging.trial import settle, weigh
from remud_gen.protocols import CorpusFilter, ImageStore, SeesImages
from remud_gen.records import CorpusVerdict, Quadruplet, Trial, Verdict
from remud_gen.stages.base import CorpusStage, StageContext
from remud_gen.stages.filter import build_filters, describe_filters


class CorpusFilterStage(CorpusStage[Quadruplet, CorpusVerdict | Trial]):
    """Show every record that no rule has rejected to every corpus filter, then collect what they found."""

    name, version = "corpus", 3

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.filters: list[CorpusFilter] = build_filters(config, "corpus")
        self._judge = config.resolve_judge()
        self._trial: Trial | None = None
        self.needs_survey = bool(self._judge.probes)  # a judge's verdicts count by what it found in the whole run
        self._images: ImageStore | None = None

    def settings(self) -> Mapping[str, object]:
        """Names, versions and resolved options of the filters."""
        settings = describe_filters(self.filters)
        if self.needs_survey:
            names = {"probes", "model", "planted_share", "min_planted_recall"}
            settings["judge"] = self._judge.model_dump(mode="json", include=names)
        return settings

    def check(self) -> None:
        """Files that records are compared with must be there, and something must compare with them."""
        readers = [each for each in self.filters if isinstance(each, ReadsFiles)]
        if self.config.filter.decontaminate and not readers:
            told = "filter.decontaminate names files, and filter.options.contamination is off"
            raise ConfigError(told, "leave out one of the two")
        for each in readers:
            each.check_files()

    def libraries(self) -> Sequence[str]:
        """Similarities are rapidfuzz's, hashes numpy's, small copies of pictures Pillow's."""
        return ("rapidfuzz", "numpy", "pillow")

    def setup(self, context: StageContext) -> None:
        """Some filters look at pictures."""
        self._images = context.images

    def survey(self, items: Iterator[Quadruplet]) -> None:
        """How the judge did over the whole run."""
        self._trial = weigh(items, self._judge, list_tested(self._judge))

    def process_all(self, items: Iterator[Quadruplet]) -> Iterator[CorpusVerdict | Trial]:
        """One overlay record per quadruplet with findings, in the order of ids."""
        filters: list[CorpusFilter] = build_filters(self.config, "corpus")  # fresh ones: they remember what they saw
        for each in filters:
            if self._images is not None and isinstance(each, SeesImages):
                each.use_images(self._images)
        for item in items:
            record = settle(item, self._trial)
            for each in filters:
                if record.status != "rejected" or getattr(each, "sees_rejected", False):
                    each.observe(record)
        found: dict[str, list[Verdict]] = {}
        groups: dict[str, tuple[str, ...]] = {}
        for each in filters:
            for record_id, verdict in each.finish():
                found.setdefault(record_id, []).append(verdict)
            if isinstance(each, SeesImages):
                groups.update(each.list_image_groups())
        for record_id in sorted({*found, *groups}):
            verdicts = sorted(
                found.get(record_id, ()), key=lambda verdict: (verdict.code, verdict.field, verdict.evidence)
            )
            yield CorpusVerdict(id=record_id, verdicts=tuple(verdicts), image_groups=groups.get(record_id, ()))
        if self._trial is not None:
            yield self._trial
