"""How a run stands, by stage and by document: what the planned parts add up to. Opens no file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from remud_gen.rules.late import compile_late
from remud_gen.runner.parts import PartState, Usage, add_counts
from remud_gen.runner.reports.report import StageReport

DOCUMENT_KEY = compile_late(r"(.+?-[0-9a-f]{8})(?:-p\d+-\d+)?(?:-n\d+)?")
CORPUS = "corpus"  # key of the part that rests on all documents


@dataclass(slots=True)
class Tally:
    """Counts, usage and states of some parts, as plain numbers: a large run adds up tens of thousands of them."""

    planned: int = 0  # inputs that the stage before offers these parts
    inputs: int = 0
    produced: int = 0
    rejected: int = 0
    failed: int = 0
    outputs: int = 0
    errors: int = 0
    records: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    repairs: dict[str, int] = field(default_factory=dict)
    work_s: float = 0.0
    states: dict[str, int] = field(default_factory=dict)
    n_failing: int = 0  # parts with failed inputs

    def add(self, state: PartState) -> None:
        """Add one part."""
        self.planned += state.spec.taken
        self.states[state.state] = self.states.get(state.state, 0) + 1
        meta = state.meta
        if meta is None:
            return
        counts, usage = meta.counts, meta.usage
        self.inputs += counts.inputs
        self.produced += counts.produced
        self.rejected += counts.rejected
        self.failed += counts.failed
        self.outputs += counts.outputs
        self.errors += counts.errors
        self.n_failing += counts.errors > 0
        self.work_s += meta.seconds
        if usage.calls:
            self.calls += usage.calls
            self.input_tokens += usage.input_tokens
            self.output_tokens += usage.output_tokens
            self.cost_usd += usage.cost_usd
            self.unpriced_calls += usage.unpriced_calls
            self.repairs = add_counts(self.repairs, usage.repairs)
        for mine, theirs in ((self.records, counts.records), (self.codes, counts.codes)):
            for key, value in theirs.items():
                mine[key] = mine.get(key, 0) + value

    @property
    def n_parts(self) -> int:
        """Parts planned, made or not."""
        return sum(self.states.values())

    @property
    def n_open(self) -> int:
        """Parts that are to be made."""
        return self.n_parts - self.states.get("fresh", 0)


def describe_usage(usage: Tally | Usage) -> dict[str, Any]:
    """Usage as JSON: a cost that is not known in full is null; `priced_usd` is that of the calls of known price."""
    return {
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": None if usage.unpriced_calls else round(usage.cost_usd, 6),
        "priced_usd": round(usage.cost_usd, 6),
        "unpriced_calls": usage.unpriced_calls,
        "repairs": usage.repairs,
    }


@dataclass
class Standing:
    """How one stage stands."""

    name: str
    unit: str
    command: str  # the command that runs it
    tally: Tally
    documents: dict[str, Tally]
    open: list[PartState]  # in the order of the plan: not fresh, or with failed inputs
    orphans: list[str]  # keys of parts that no input on the shelf leads to
    waiting: list[str]  # keys of parts that cannot be judged before a part above them is made
    offered: int | None  # inputs that the stage before has for this one; None: the shelf itself
    is_paid: bool  # it asks a model for money
    is_current: bool  # this stage and all before it are up to date

    def find_faults(self) -> Iterator[str]:
        """Where the counts do not add up, in words: a defect, never a state of affairs."""
        tally = self.tally
        if tally.inputs != tally.produced + tally.rejected + tally.failed:
            ended = f"{tally.produced} produced, {tally.rejected} rejected, {tally.failed} failed"
            yield f"{self.name}: {tally.inputs} inputs, but {ended}"
        if self.offered is not None and self.offered != tally.planned:
            yield f"{self.name}: {self.offered} inputs are there for it, but its parts take {tally.planned}"
        if not tally.n_open and tally.inputs != tally.planned:
            yield f"{self.name}: all parts are fresh, but hold {tally.inputs} of {tally.planned} inputs"


def take_stock(reports: Sequence[StageReport]) -> list[Standing]:
    """The standing of every stage, in the pipeline's order."""
    standings: list[Standing] = []
    unmade: set[str] = set()  # documents with a part above that is not on disk, so that what follows is unknown
    is_current = True
    for report in reports:
        tally, documents, open_parts = _add_up(report.states)
        waiting = {key for key in report.orphans if _is_waiting(key, unmade)}
        is_current = is_current and not tally.n_open and not waiting
        standings.append(
            Standing(
                report.name,
                report.unit,
                report.command,
                tally,
                documents,
                open_parts,
                [key for key in report.orphans if key not in waiting],
                sorted(waiting),
                _count_offered(report.states, standings),
                report.is_paid,
                is_current,
            )
        )
        unmade |= {name_document(state.spec.key) for state in report.states if state.meta is None}
    return standings


def name_document(key: str) -> str:
    """The document's part of a part's key."""
    found = DOCUMENT_KEY.fullmatch(key)
    return found[1] if found else key


def _add_up(states: Sequence[PartState]) -> tuple[Tally, dict[str, Tally], list[PartState]]:
    whole = Tally()
    documents: dict[str, Tally] = {}
    open_parts = []
    for state in states:
        whole.add(state)
        name = state.spec.document
        if name:
            if name not in documents:
                documents[name] = Tally()
            documents[name].add(state)
        if state.state != "fresh" or (state.meta is not None and state.meta.counts.errors):
            open_parts.append(state)
    return whole, documents, open_parts


def _is_waiting(key: str, unmade: set[str]) -> bool:
    return bool(unmade) if key == CORPUS else name_document(key) in unmade


def _count_offered(states: Sequence[PartState], before: Sequence[Standing]) -> int | None:
    """What the stage before has made for this one; pages are counted by the documents rather than by the parts."""
    if not before:
        return None
    if "document" not in before[-1].tally.records:
        return before[-1].tally.outputs
    documents = (state.spec.inputs.document for state in states)
    return sum({document.id: document.page_count for document in documents if document is not None}.values())
