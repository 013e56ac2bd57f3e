"""What kinds of questions a run holds, beside what the configuration wants: shares of types, forms, styles, keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remud_gen.config import GenerateConfig
from remud_gen.llm.given import GIVEN_FLAG
from remud_gen.rules.late import compile_late
from remud_gen.runner.parts import PartState, part_paths

# The fields stand in this order in every record, and no quote of a text can look like them: quotes there are escaped.
FIELDS = compile_late(
    rb'"kind":"(\w+)","qtype":"(\w+)","form":"(\w+)","style":"(\w+)","language":"\w+","difficulty":(\w+)'
)
OPTION = compile_late(rb'\{"key":"[^"]*","text":')
KEY = compile_late(rb'"answer_key":"([^"]*)"')
PARENT = compile_late(rb'"parent_id":"([^"]*)"')
SOURCE = compile_late(rb'"thinking_source":"(\w+)"')
INSTEAD = {
    "field": "fell back to the reply's own field, as the endpoint gave no trace",
    "rewrite": "rewritten, as they talked about the task",
    "none": "without any",
}
OWN_WAY = (b'"question_from":"', f'"{GIVEN_FLAG}"'.encode())  # negatives and a bank's questions follow no mix


@dataclass
class Tally:
    """One list of shares: what is wanted, and how many there are."""

    wanted: Mapping[str, float]
    got: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Name -> wanted share, share and count; a share is null where there is nothing to count or none is wanted."""
        return {name: {"wanted": wanted, "got": got, "count": self.got[name]} for name, wanted, got in self._compare()}

    def to_line(self) -> str:
        """`finding 21 (20), …`, in per cent, the wanted share in brackets."""
        return ", ".join(
            f"{name} {100 * (got or 0):.0f}" + (f" ({100 * wanted:.0f})" if wanted is not None else "")
            for name, wanted, got in self._compare()
        )

    def _compare(self) -> Iterator[tuple[str, float | None, float | None]]:
        total, whole = self.got.total(), sum(self.wanted.values())
        for name in [*self.wanted, *sorted(set(self.got) - set(self.wanted))]:
            wanted = round(self.wanted.get(name, 0.0) / whole, 4) if whole else None
            yield name, wanted, round(self.got[name] / total, 4) if total else None


@dataclass
class Beside:
    """Records that are made beside the mix and counted in none of its shares."""

    wanted: float  # share of what they are made for
    made_for: str
    count: int = 0
    n_of: int = 0

    def to_json(self) -> dict[str, Any]:
        """Wanted share, share, and the two counts it is of."""
        got = round(self.count / self.n_of, 4) if self.n_of else None
        return {"wanted": self.wanted, "got": got, "count": self.count, "of": self.n_of}

    def to_line(self) -> str:
        """`20 (20), 12 for 60 reasoned questions`."""
        got = 100 * self.count / self.n_of if self.n_of else 0.0
        return f"{got:.0f} ({100 * self.wanted:.0f}), {self.count} for {self.n_of} {self.made_for}"


@dataclass
class MixReport:
    """All shares of a run's generated questions."""

    tallies: dict[str, Tally]
    twins: Beside  # direct forms of reasoned questions
    negatives: Beside
    per_input: Mapping[str, int]  # kind -> questions that are asked for about one input
    inputs: Counter[str] = field(default_factory=Counter)  # by kind, of those that gave questions
    last_parent: bytes = b""
    sources: Counter[str] | None = None  # of the thinking of reasoned questions, where the model's own was wanted

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        lists = {name: tally.to_json() for name, tally in self.tallies.items()}
        told = {"thinking_sources": dict(sorted(self.sources.items()))} if self.sources is not None else {}
        return {
            **lists,
            "questions": {"wanted": self.n_wanted, "count": self.n_questions},
            "twins": self.twins.count,
            "negatives": self.negatives.count,
            "twins_share": self.twins.to_json(),
            "negatives_share": self.negatives.to_json(),
            **told,
        }

    @property
    def n_wanted(self) -> int:
        """Questions that the inputs which gave any were asked for."""
        return sum(self.per_input.get(kind, 0) * count for kind, count in self.inputs.items())

    @property
    def n_questions(self) -> int:
        """Questions that follow the mix."""
        return self.tallies["styles"].got.total()

    def to_lines(self) -> list[str]:
        """For people: one list a line, those without any question left out."""
        tallies = ((name, tally) for name, tally in self.tallies.items() if tally.got)
        lines = [f"  {name.replace('_', ' ')}: {tally.to_line()}" for name, tally in tallies]
        lines.insert(0, f"  questions: {self.n_questions} of {self.n_wanted} asked for")
        beside = (("twins", self.twins), ("negatives", self.negatives))
        lines += [f"  {name}: {one.to_line()}" for name, one in beside if one.wanted or one.count]
        lines += [f"  thinking: {', '.join(_tell_sources(self.sources))}"] if self.sources else []
        return ["mix of the questions in per cent, wanted shares in brackets", *lines]


def measure_mix(run: Path, states: Sequence[PartState], options: GenerateConfig) -> MixReport:
    """Count what the parts of `generate` hold."""
    mix = options.mix
    forms = {str(name): share for name, share in mix.forms.items() if name != "report"}
    reasoned = 0.0 if options.thinking == "none" else options.reasoning_share
    report = MixReport(
        {
            "types_with_image": Tally({str(name): share for name, share in mix.image_types.items()}),
            "types_of_text": Tally({str(name): share for name, share in mix.text_types.items()}),
            "forms": Tally(forms),
            "styles": Tally({"reasoning": reasoned, "direct": 1 - reasoned}),
            "difficulties": Tally({str(level): share for level, share in mix.difficulties.items()}),
            "mcq_options": Tally({str(count): share for count, share in mix.option_counts.items()}),
            "mcq_keys": Tally({}),
            "yesno_keys": Tally({"yes": 1, "no": 1}),
        },
        Beside(options.twins_share, "reasoned questions"),
        Beside(options.negatives_share, "pictures"),
        {"vqa": options.items_per_pair, "qa": options.items_per_passage},
    )
    report.sources = Counter() if options.thinking == "native" else None
    for state in states:
        if state.meta is not None:
            with part_paths(run, state.spec.stage, state.spec.key).records.open("rb") as lines:
                for line in lines:
                    _count(line, report)
    report.negatives.n_of = report.inputs["vqa"]
    report.twins.n_of = report.tallies["styles"].got["reasoning"]
    return report


def _tell_sources(sources: Mapping[str, int]) -> Iterator[str]:
    """How many traces are the model's own, and what stands for those that are not."""
    yield f"{sources.get('native', 0)} native, the model's own trace"
    for name, words in INSTEAD.items():
        if sources.get(name):
            yield f"{sources[name]} {words}"


def _count(line: bytes, report: MixReport) -> None:
    fields = FIELDS.search(line)
    source = SOURCE.search(line)
    if report.sources is not None and fields is not None and fields[4] == b"reasoning" and source is not None:
        report.sources[source[1].decode()] += 1
    if fields is None or any(mark in line for mark in OWN_WAY):
        report.negatives.count += OWN_WAY[0] in line
        return
    kind, qtype, form, style, difficulty = (value.decode() for value in fields.groups())
    if style == "direct" and b'"twin_id":"' in line:
        report.twins.count += 1
        return
    parent = PARENT.search(line)
    if parent is not None and parent[1] != report.last_parent:  # the records of an input stand together
        report.last_parent = parent[1]
        report.inputs[kind] += 1
    tallies = report.tallies
    tallies["types_with_image" if kind == "vqa" else "types_of_text"].got[qtype] += 1
    tallies["styles"].got[style] += 1
    if difficulty != "null":
        tallies["difficulties"].got[difficulty] += 1
    if form != "report":  # a report is asked for by its type
        tallies["forms"].got[form] += 1
    key = KEY.search(line)
    if form == "mcq":
        tallies["mcq_options"].got[str(len(OPTION.findall(line)))] += 1
    if key is not None and form in ("mcq", "yesno"):
        tallies[f"{form}_keys"].got[key[1].decode()] += 1
