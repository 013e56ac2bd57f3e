"""`remud status` for people: stages, documents, reasons, errors, and a last line that says what is to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from remud_gen.runner.imported import count_records, describe_faults
from remud_gen.runner.options import Result
from remud_gen.runner.reports.batches import batch_lines, tell_collecting
from remud_gen.runner.reports.codes import tell_codes
from remud_gen.runner.reports.costs import tell_costs
from remud_gen.runner.reports.export_state import ExportStanding, examine_exports, list_remakes
from remud_gen.runner.reports.outbound import describe_outbound
from remud_gen.runner.reports.reasons import group_reasons
from remud_gen.runner.reports.standing import Standing, Tally, take_stock
from remud_gen.runner.reports.table import lay_out, measure_text, shorten_text
from remud_gen.runner.reports.wording import count_noun, describe_price, format_duration
from remud_gen.runner.unasked import FREE_COMMANDS

WIDTH = 120
MOST_DOCUMENTS = 15
MOST_REASONS = 12
MOST_CODES = 8
MOST_KEYS = 3
NAME_WIDTH = 34
LEFT = ("stage", "outputs", "document", "documents", "extract", "pair", "generate", "filter")


def status_text(result: Result) -> str:
    """What `remud status` prints."""
    standings = take_stock(result.reports)
    exports = examine_exports(result.run, result.config, result.reports)
    blocks = [
        _list_stages(standings),
        _list_documents(standings),
        _list_reasons(standings),
        _list_orphans(standings),
        _tell_imports(result),
        _tell_all_costs(result, standings),
        _list_codes(standings),
        batch_lines(result.batches),
        [line] if (line := describe_outbound(result.run)) else [],
        [f"export {name}: {one.state}" for name, one in exports.items()],
        result.errors,
        [f"does not add up: {fault}" for one in standings for fault in one.find_faults()],
        tell_collecting(result.run, result.batches) or [*_conclude(standings, exports)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _list_stages(standings: Sequence[Standing]) -> list[str]:
    counts: list[tuple[str, ...]] = [("stage", "inputs", "produced", "rejected", "failed", "outputs", "work")]
    parts: list[tuple[str, ...]] = [("parts", "fresh", "stale", "partial", "missing", "orphaned", "with errors")]
    for one in standings:
        tally = one.tally
        inputs = f"{tally.inputs} of {tally.planned}" if tally.inputs < tally.planned else str(tally.inputs)
        outputs = ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in sorted(tally.records.items())) or "0"
        figures = (tally.produced, tally.rejected, tally.failed)
        counts.append((one.name, inputs, *(str(n) for n in figures), outputs, format_duration(tally.work_s)))
        states = (tally.states.get(state, 0) for state in ("fresh", "stale", "partial", "missing"))
        parts.append(tuple(str(n) for n in (tally.n_parts, *states, len(one.orphans), tally.n_failing)))
    # Of the parts only what there is: a column of noughts tells nothing. Inputs and how they ended always stay.
    shown = [i for i in range(len(parts[0])) if i < 2 or any(row[i] != "0" for row in parts[1:])]
    parts = [tuple(row[i] for i in shown) for row in parts]
    joined = [(*one, *two) for one, two in zip(counts, parts, strict=True)]
    lines = lay_out(joined[0], joined[1:], LEFT)
    if max(measure_text(line) for line in lines) <= WIDTH:
        return lines
    named = [(one[0], *two) for one, two in zip(counts, parts, strict=True)]
    return [*lay_out(counts[0], counts[1:], LEFT), "", *lay_out(named[0], named[1:], LEFT)]


def _list_documents(standings: Sequence[Standing]) -> list[str]:
    """Documents over stages; of many only those that need a look."""
    columns = [one for one in standings if one.documents]
    names = list(dict.fromkeys(name for one in columns for name in one.documents))
    if not names:
        return []
    n_all = len(names)
    if n_all > MOST_DOCUMENTS:
        names = [name for name in names if any(_needs_look(one.documents.get(name)) for one in columns)]
    rows = [
        (shorten_text(name, NAME_WIDTH), *(_describe_cell(one.documents.get(name)) for one in columns))
        for name in names[:MOST_DOCUMENTS]
    ]
    lines = lay_out(("document", *(one.name for one in columns)), rows, LEFT) if rows else []
    if len(names) > MOST_DOCUMENTS:
        lines.append(f"… and {len(names) - MOST_DOCUMENTS:,} more with open parts or errors")
    if n_all > MOST_DOCUMENTS:
        lines.append(f"{n_all - len(names):,} of {n_all:,} documents are as they should be; `--json` lists all")
    return ["inputs produced / rejected / failed, by document", *lines] if rows else lines


def _needs_look(tally: Tally | None) -> bool:
    return tally is not None and bool(tally.n_open or tally.errors)


def _describe_cell(tally: Tally | None) -> str:
    if tally is None:
        return "-"
    counts = f"{tally.produced}/{tally.rejected}/{tally.failed}"
    if not tally.n_open:
        return counts
    states = [state for state in tally.states if state != "fresh"]
    state = states[0] if len(states) == 1 else "to make"
    if tally.n_open < tally.n_parts:
        return f"{counts} {tally.n_open} of {tally.n_parts} {state}"
    return state if not tally.inputs else f"{counts} {state}"


def _list_reasons(standings: Sequence[Standing]) -> list[str]:
    lines = []
    for one in standings:
        for group in group_reasons(one.open):
            named = ", ".join(shorten_text(key, NAME_WIDTH) for key in group.keys[:MOST_KEYS])
            more = ", …" if len(group.keys) > MOST_KEYS else ""
            why = f": {group.reason}" if group.reason else ""
            extent = f"{group.done:,} of " if group.state == "partial" else ""
            inputs = extent + count_noun(group.planned, one.unit)
            lines.append(
                f"{one.name}: {count_noun(len(group.keys), 'part')} {group.state}{why} ({inputs}: {named}{more})"
            )
    hidden = len(lines) - MOST_REASONS
    return lines if hidden <= 0 else [*lines[:MOST_REASONS], f"… and {hidden} more reasons; `--json` lists all"]


def _list_orphans(standings: Sequence[Standing]) -> list[str]:
    lines = []
    for one in standings:
        if one.orphans:
            keys = ", ".join(one.orphans[:MOST_KEYS]) + (", …" if len(one.orphans) > MOST_KEYS else "")
            lines.append(f"{one.name}: {count_noun(len(one.orphans), 'part')} orphaned ({keys})")
        if one.waiting:
            lines.append(
                f"{one.name}: {count_noun(len(one.waiting), 'part')} can be judged when earlier parts are made"
            )
    if any(one.orphans for one in standings):
        lines.append("Orphaned parts: no file named now leads to them, nothing uses them; see `remud clean`.")
    return lines


def _tell_imports(result: Result) -> list[str]:
    """Records of another run and decisions of people: no stage makes them, none takes them away."""
    lines = []
    if result.imported:
        records, parts = count_records(result.imported), count_noun(len(result.imported), "part")
        lines.append(f"imported: {count_noun(records, 'record')} in {parts}")
        lines += describe_faults(result.imported)
    if result.review:
        counts = ", ".join(f"{outcome} {count}" for outcome, count in result.review.items())
        lines.append(f"review: {count_noun(sum(result.review.values()), 'decision')} ({counts})")
    return lines


def _tell_all_costs(result: Result, standings: Sequence[Standing]) -> list[str]:
    # Questions without a model cost nothing; a model may have looked at pages and pairs all the same.
    is_free = result.config.generate.client == "extractive"
    paying = [one for one in standings if not (is_free and one.name == "generate")]
    lines = _list_costs(paying)
    return [*lines, *tell_costs(result.run, result.config.budget, (), None)] if lines or not is_free else []


def _list_costs(standings: Sequence[Standing]) -> list[str]:
    lines = []
    for one in standings:
        tally = one.tally
        if tally.calls:
            price = describe_price(tally.cost_usd, tally.unpriced_calls, tally.calls)
            tokens = f"{tally.input_tokens:,} + {tally.output_tokens:,} tokens"
            lines.append(f"{one.name}: {count_noun(tally.calls, 'call')}, {tokens}, cost {price}")
    return lines


def _list_codes(standings: Sequence[Standing]) -> list[str]:
    lines: list[str] = []
    for one in standings:
        codes = sorted(one.tally.codes.items(), key=lambda pair: (-pair[1], pair[0]))
        if codes:
            lines += tell_codes(one.name, codes[:MOST_CODES])
        if len(codes) > MOST_CODES:
            lines.append(f"{one.name}: … and {count_noun(len(codes) - MOST_CODES, 'more code')}")
    return lines


def _conclude(standings: Sequence[Standing], exports: Mapping[str, ExportStanding]) -> Iterator[str]:
    errors = sum(one.tally.errors for one in standings)
    n_open = sum(one.tally.n_open for one in standings)
    is_exported = all(one.is_current for one in exports.values())  # or there is none to be made again
    command = "export" if exports else _choose_command(standings)
    making = list_remakes(exports) or [command]
    # Commands after the stage that asks send nothing: who wants to pay for more says so.
    asking = _find_asking(standings, command, lambda one: bool(one.tally.n_open))
    failing = _find_asking(standings, command, lambda one: bool(one.tally.errors)) or making
    if asking:
        which = ", ".join(f"{one.name} {one.tally.n_open}" for one in standings if one.tally.n_open)
        yield f"{count_noun(n_open, 'part')} to be made ({which}): run {_list_commands([*asking, *making])}."
    elif n_open:
        which = ", ".join(f"{one.name} {one.tally.n_open}" for one in standings if one.tally.n_open)
        last_open = [one.command for one in standings if one.tally.n_open][-1]
        more = "" if last_open == command else ", then what follows"
        yield f"{count_noun(n_open, 'part')} to be made ({which}){more}: run {_list_commands(making)}."
    if errors:
        start = "" if n_open or not is_exported else "Up to date, but "
        yield (
            f"{start}{count_noun(errors, 'error')} on record: when the cause is mended, "
            f"run {_list_commands([f'{name} --retry-errors' for name in failing])}."
        )
    if not n_open and not is_exported:
        yield f"An export is not up to date: run {_list_commands(making)}."
    elif not n_open and not errors:
        yield "Up to date, no errors."


def _find_asking(standings: Sequence[Standing], command: str, is_meant: Callable[[Standing], bool]) -> list[str]:
    """The commands that ask for money in the stages that are meant, in order, where `command` may not do so itself.

    One that may ask does so for all stages before it; `filter` does for its own stages only.
    """
    names = list(dict.fromkeys(one.command for one in standings if one.is_paid and is_meant(one)))
    if command not in FREE_COMMANDS:
        return []
    may_ask = [name for name in names if name not in FREE_COMMANDS]
    return [*may_ask[-1:], *(name for name in names if name in FREE_COMMANDS and name != command)]


def _list_commands(commands: Sequence[str]) -> str:
    return ", then ".join(f"`remud {command}`" for command in commands)


def _choose_command(standings: Sequence[Standing]) -> str:
    """The command that brings all up to date which this run has: the last stage with anything made or to be made."""
    last = standings[0].command
    for one in standings:
        if one.tally.n_parts or one.orphans or one.waiting:
            last = one.command
    return last
