"""Run every configured filter over every quadruplet; nothing is dropped without a reason on disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from remud_gen import registry
from remud_gen.config import Config, parse_options
from remud_gen.errors import ConfigError, guess_name
from remud_gen.filter_protocols import NeedsPackages, NeedsPictures, ReadsFiles
from remud_gen.protocols import CorpusFilter, Filter
from remud_gen.records import Quadruplet, Verdict
from remud_gen.stages.base import Failure, RecordStage, Rejection, StageContext

_TURN_THINKING = re.compile(r"turns\.\d+\.thinking")
FIXABLE = ("question", "thinking", "answer")
_RANK = {"reject": 0, "review": 1, "fix": 2, "info": 3}


def build_filters(config: Config, scope: Literal["record", "corpus"]) -> list[Any]:
    """All filters of one scope that the configuration does not switch off, in the order of their table.

    Raises:
        ConfigError: for an unknown filter or option, naming the known ones.
    """
    chosen = config.filter.options
    known = list(registry.table("filters"))
    for name in chosen:
        if name not in known:
            told = f"filter.options: unknown filter {name!r}{guess_name(name, known)}"
            raise ConfigError(told, f"known: {', '.join(known)}")
    built = []
    for name in known:
        values = chosen.get(name, {})
        component = registry.load("filters", name)
        if values is not None and component.scope == scope:
            options = parse_options(component.options_class, values, f"filter.options.{name}")
            built.append(component(options))
            if isinstance(built[-1], ReadsFiles):
                built[-1].use_files(config.filter.decontaminate)
    return built


def describe_filters(filters: Sequence[Filter | CorpusFilter]) -> dict[str, object]:
    """What shapes their verdicts, for the fingerprint."""
    described: dict[str, object] = {}
    for each in filters:
        options = each.options.model_dump(mode="json")  # type: ignore[union-attr]
        files = {"files": dict(each.describe_files())} if isinstance(each, ReadsFiles) else {}
        described[each.name] = {"version": each.version, "options": options, **files}
    return described


class FilterStage(RecordStage[Quadruplet, Quadruplet]):
    """Judge one quadruplet at a time by rules."""

    name, version = "filter", 4

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.filters: list[Filter] = build_filters(config, "record")

    def settings(self) -> Mapping[str, object]:
        """Names, versions and resolved options of the filters."""
        return describe_filters(self.filters)

    def libraries(self) -> Sequence[str]:
        """Similarities are rapidfuzz's, pixels are read by pillow, and filters may have libraries of their own."""
        own = [name for each in self.filters if isinstance(each, NeedsPackages) for name in each.libraries]
        return ("rapidfuzz", "pillow", "numpy", *own)

    def check(self) -> None:
        """Every optional package that a filter needs is there."""
        for each in self.filters:
            if isinstance(each, NeedsPackages):
                each.check_packages()

    def setup(self, context: StageContext) -> None:
        """Lend the run's pictures to the filters that judge pixels; here, so that `status` loads no image library."""
        from remud_gen.stages.measuring import StoreMeasurer

        measurer = StoreMeasurer(context.images)
        for each in self.filters:
            if isinstance(each, NeedsPictures):
                each.measurer = measurer

    def process(self, item: Quadruplet) -> Iterator[Quadruplet | Failure | Rejection[Quadruplet]]:
        """The record with its verdicts and fixes; a rejection carries it too."""
        judged = judge(item, self.filters)
        if judged.status != "rejected":
            yield judged
            return
        first = next(verdict for verdict in judged.verdicts if verdict.severity == "reject")
        message = f"{first.field}: {first.evidence}" if first.evidence else first.field
        yield Rejection(first.code, message, judged)


def judge(record: Quadruplet, filters: Sequence[Filter]) -> Quadruplet:
    """The record with all verdicts, the gravest first, and with what could be fixed fixed."""
    rank = {each.name: index for index, each in enumerate(filters)}
    found = {verdict for each in filters for verdict in each.check(record)}
    verdicts = sorted(found, key=lambda v: (_RANK[v.severity], rank[v.filter], v.code, v.field, v.evidence))
    changes: dict[str, Any] = {}
    kept: list[Verdict] = []
    for verdict in verdicts:
        if verdict.severity != "fix" or apply_fix(record, verdict, changes):
            kept.append(verdict)
        else:
            kept.append(verdict.model_copy(update={"severity": "review", "original": None, "replacement": None}))
    return record.model_copy(update={**changes, "verdicts": (*record.verdicts, *kept)})


def apply_fix(record: Quadruplet, verdict: Verdict, changes: dict[str, Any]) -> bool:
    """Note the replacement of a field; False when the field cannot be fixed or another fix has taken it."""
    if _TURN_THINKING.fullmatch(verdict.field):
        return _blank_turn(record, verdict, changes)
    if verdict.field not in FIXABLE or verdict.field in changes or verdict.replacement is None:
        return False
    if getattr(record, verdict.field) != verdict.original:
        return False
    blank = None if verdict.field == "thinking" else ""
    changes[verdict.field] = verdict.replacement or blank
    return True


def _blank_turn(record: Quadruplet, verdict: Verdict, changes: dict[str, Any]) -> bool:
    """Take the thinking out of a later turn, which is all that is ever fixed there."""
    number = int(verdict.field.split(".")[1])
    turns = list(changes.get("turns", record.turns))
    if verdict.replacement or turns[number].thinking != verdict.original:
        return False
    turns[number] = turns[number].model_copy(update={"thinking": None})
    changes["turns"] = tuple(turns)
    return True
