"""Rules that must see the whole corpus; their verdicts lie over the parts as one overlay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from remud_gen.config import Config
from remud_gen.llm.judging.probe import list_tested
from remud_gen.llm.judging.trial import settle, weigh
from remud_gen.protocols import CorpusFilter
from remud_gen.records import CorpusVerdict, Quadruplet, Trial, Verdict
from remud_gen.stages.base import CorpusStage
from remud_gen.stages.filter import build_filters, describe_filters


class CorpusFilterStage(CorpusStage[Quadruplet, CorpusVerdict | Trial]):
    """Show every record that no rule has rejected to every corpus filter, then collect what they found."""

    name, version = "corpus", 1

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.filters: list[CorpusFilter] = build_filters(config, "corpus")
        self._judge = config.resolve_judge()
        self._trial: Trial | None = None
        self.needs_survey = bool(self._judge.probes)  # a judge's verdicts count by what it found in the whole run

    def settings(self) -> Mapping[str, object]:
        """Names, versions and resolved options of the filters."""
        settings = describe_filters(self.filters)
        if self.needs_survey:
            names = {"probes", "model", "planted_share", "min_planted_recall"}
            settings["judge"] = self._judge.model_dump(mode="json", include=names)
        return settings

    def libraries(self) -> Sequence[str]:
        """Similarities are rapidfuzz's, hashes numpy's."""
        return ("rapidfuzz", "numpy")

    def survey(self, items: Iterator[Quadruplet]) -> None:
        """How the judge did over the whole run."""
        self._trial = weigh(items, self._judge, list_tested(self._judge))

    def process_all(self, items: Iterator[Quadruplet]) -> Iterator[CorpusVerdict | Trial]:
        """One overlay record per quadruplet with findings, in the order of ids."""
        filters = build_filters(self.config, "corpus")  # fresh ones: they remember what they saw
        for item in items:
            record = settle(item, self._trial)
            if record.status != "rejected":
                for each in filters:
                    each.observe(record)
        found: dict[str, list[Verdict]] = {}
        for each in filters:
            for record_id, verdict in each.finish():
                found.setdefault(record_id, []).append(verdict)
        for record_id in sorted(found):
            verdicts = sorted(found[record_id], key=lambda verdict: (verdict.code, verdict.field, verdict.evidence))
            yield CorpusVerdict(id=record_id, verdicts=tuple(verdicts))
        if self._trial is not None:
            yield self._trial
