"""Rules that must see the whole corpus; their verdicts lie over the parts as one overlay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from remud_gen.config import Config
from remud_gen.protocols import CorpusFilter
from remud_gen.records import CorpusVerdict, Quadruplet, Verdict
from remud_gen.stages.base import CorpusStage
from remud_gen.stages.filter import build_filters, describe_filters


class CorpusFilterStage(CorpusStage[Quadruplet, CorpusVerdict]):
    """Show every record that no rule has rejected to every corpus filter, then collect what they found."""

    name, version = "corpus", 1

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.filters: list[CorpusFilter] = build_filters(config, "corpus")

    def settings(self) -> Mapping[str, object]:
        """Names, versions and resolved options of the filters."""
        return describe_filters(self.filters)

    def libraries(self) -> Sequence[str]:
        """Similarities are rapidfuzz's, hashes numpy's."""
        return ("rapidfuzz", "numpy")

    def process_all(self, items: Iterator[Quadruplet]) -> Iterator[CorpusVerdict]:
        """One overlay record per quadruplet with findings, in the order of ids."""
        filters = build_filters(self.config, "corpus")  # fresh ones: they remember what they saw
        for record in items:
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
