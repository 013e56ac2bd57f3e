"""Which of the kept records are exported: by conditions, balanced, with a share of thinking, and the best N.

Records come as a stream, twice: `Selector.choose` looks at all of them and remembers some 30 bytes each; after that
the choice is a bit by place in the stream.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from remud_gen.errors import InputError
from remud_gen.exporters.conditions import Condition, has_thinking, parse_condition
from remud_gen.records import Quadruplet
from remud_gen.rules.organs import name_organ

Balance = Literal["qtype", "organ", "language", "answer"]
Order = Literal["quality", "diversity", "difficulty"]
RARE_SHARE = 0.01  # values that fewer records have are kept whole and set no limit for the others
Places = np.ndarray[Any, np.dtype[np.int64]]
_VALUES: Mapping[str, Callable[[Quadruplet], str | None]] = {
    "qtype": lambda record: record.qtype,
    "organ": name_organ,
    "language": lambda record: record.language,
    "answer": lambda record: f"{record.answer_key} of {len(record.options)}" if record.answer_key else None,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the configuration asks for."""

    where: tuple[str, ...] = ()
    balance: Balance | None = None
    reasoning_share: float | None = None
    max: int | None = None
    by: tuple[Order, ...] = ("quality", "diversity")
    seed: int = 0

    @property
    def is_all(self) -> bool:
        """Whether nothing is asked, so that every record is taken."""
        return not self.where and self.balance is None and self.reasoning_share is None and self.max is None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which records of the stream are taken, by their place in it; `taken` None: all."""

    taken: bytes | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)  # what asked for it -> records
    notes: tuple[str, ...] = ()

    @property
    def left_out_count(self) -> int:
        """All that are left out."""
        return sum(self.left_out.values())

    def apply(self, records: Iterable[Quadruplet]) -> Iterator[Quadruplet]:
        """The taken ones of the same stream."""
        if self.taken is None:
            yield from records
            return
        for place, record in enumerate(records):
            if self.taken[place]:
                yield record


class Selector:
    """Chooses by a wish; the same records and wish give the same choice, in whatever order the records come."""

    def __init__(self, wish: Wish) -> None:
        """Parse the conditions.

        Raises:
            ConfigError: a condition has another form, or names no field.
        """
        self._wish = wish
        self._conditions: Sequence[Condition] = [parse_condition(text) for text in wish.where]

    @property
    def takes_all(self) -> bool:
        """Whether nothing is asked, so that `choose` reads no record."""
        return self._wish.is_all

    def choose(self, records: Iterable[Quadruplet]) -> Choice:
        """Look at all records once.

        Raises:
            InputError: the wish leaves nothing, or a share of thinking cannot be met.
        """
        if self._wish.is_all:
            return Choice()
        table, left_out = self._read(records)
        wish = self._wish
        for name, size in self._shrink(table):
            left_out[name] = size
        taken = bytearray(table.count)
        for place in table.places[table.alive].tolist():
            taken[place] = 1
        if not any(taken) and table.count:
            told = ", ".join(f"{name} {count}" for name, count in left_out.items() if count)
            raise InputError(f"nothing to export: of {table.count} kept records none is chosen", f"left out by {told}")
        asked = ", ".join(_tell(wish))
        note = f"Chosen: {sum(taken)} of {table.count} kept records ({asked})."
        return Choice(bytes(taken), {name: count for name, count in left_out.items() if count}, (note,))

    def _read(self, records: Iterable[Quadruplet]) -> tuple[_Table, dict[str, int]]:
        table, left_out = _Table(), dict.fromkeys((f"where {one.text}" for one in self._conditions), 0)
        for record in records:
            failed = next((one for one in self._conditions if not one.is_met(record)), None)
            if failed is None:
                table.add(record, self._wish)
            else:
                left_out[f"where {failed.text}"] += 1
                table.count += 1
        table.close()
        return table, left_out

    def _shrink(self, table: _Table) -> Iterator[tuple[str, int]]:
        """Balance, share of thinking and size, one after the other, each with how many records it cost."""
        wish = self._wish
        if wish.balance is not None:
            yield f"balance {wish.balance}", table.balance()
        if wish.reasoning_share is not None:
            yield f"reasoning share {wish.reasoning_share:g}", table.meet_share(wish.reasoning_share)
        if wish.max is not None:
            yield f"max {wish.max}", table.cut(wish.max, wish.reasoning_share)


class _Table:
    """What is remembered of the records that meet the conditions, by column."""

    def __init__(self) -> None:
        self.count = 0  # of all records, whether they meet the conditions or not
        self._places, self._values, self._strata = array("q"), array("i"), array("I")
        self._scores, self._lots = array("d"), array("Q")
        self._thinks = bytearray()
        self._codes: dict[str, int] = {}

    def add(self, record: Quadruplet, wish: Wish) -> None:
        """Remember one."""
        self._places.append(self.count)
        self.count += 1
        value = _VALUES[wish.balance](record) if wish.balance else None
        self._values.append(-1 if value is None else self._codes.setdefault(value, len(self._codes)))
        stratum = "\x1f".join((record.document_id, record.qtype, name_organ(record))) if "diversity" in wish.by else ""
        self._strata.append(self._codes.setdefault(f"stratum {stratum}", len(self._codes)))
        self._scores.append(score(record, wish.by))
        self._thinks.append(has_thinking(record))
        lot = hashlib.blake2b(f"{wish.seed}\x1f{record.id}".encode("utf-8", "surrogatepass"), digest_size=8)
        self._lots.append(int.from_bytes(lot.digest(), "little"))

    def close(self) -> None:
        """Turn the columns into arrays and rank the records, best first."""
        self.places = np.frombuffer(self._places or array("q"), np.int64)
        values = np.frombuffer(self._values or array("i"), np.int32)
        strata = np.frombuffer(self._strata or array("I"), np.uint32)
        scores = np.frombuffer(self._scores or array("d"), np.float64)
        lots = np.frombuffer(self._lots or array("Q"), np.uint64)
        self.values, self.thinks = values, np.frombuffer(bytes(self._thinks), np.bool_)
        # Best first within a stratum; then the first of every stratum, the second of every stratum, and so on.
        order = np.lexsort((lots, -scores, strata))
        ordered = strata[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] ^ np.uint32(1))) if len(order) else order
        turns = np.empty(len(order), np.int64)
        turns[order] = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
        self.ranks = np.empty(len(order), np.int64)
        self.ranks[np.lexsort((lots, -scores, turns))] = np.arange(len(order))
        self.alive = np.ones(len(order), np.bool_)

    def balance(self) -> int:
        """Keep as many records of each value as the rarest has; returns how many are lost."""
        counts = Counter(self.values[self.alive & (self.values >= 0)].tolist())
        total = counts.total()
        limits = [count for count in counts.values() if count >= RARE_SHARE * total]
        return sum(self._keep_best(self.alive & (self.values == value), min(limits)) for value in sorted(counts))

    def meet_share(self, share: float) -> int:
        """Keep records with and without thinking in this share; returns how many are lost."""
        n_with = int((self.alive & self.thinks).sum())
        n_without = int((self.alive & ~self.thinks).sum())
        if (share > 0 and not n_with) or (share < 1 and not n_without):
            lacking = "with" if not n_with else "without"
            raise InputError(
                f"a reasoning share of {share:g} cannot be met: no record {lacking} thinking is there",
                "leave --reasoning-share out, or generate such records (generate.reasoning_share)",
            )
        total = min(n_with / share if share else float("inf"), n_without / (1 - share) if share < 1 else float("inf"))
        wanted = round(total * share) if share else 0
        rest = round(total * (1 - share)) if share < 1 else 0
        return self._keep_best(self.alive & self.thinks, wanted) + self._keep_best(self.alive & ~self.thinks, rest)

    def cut(self, most: int, share: float | None) -> int:
        """Keep the best; where a share of thinking is asked for it is held."""
        if share is None:
            return self._keep_best(self.alive.copy(), most)
        if int(self.alive.sum()) <= most:
            return 0
        wanted = round(most * share)
        with_thinking = self._keep_best(self.alive & self.thinks, wanted)
        return with_thinking + self._keep_best(self.alive & ~self.thinks, most - wanted)

    def _keep_best(self, among: np.ndarray[Any, np.dtype[np.bool_]], most: int) -> int:
        places = np.flatnonzero(among)
        if len(places) <= most:
            return 0
        lost = places[np.argsort(self.ranks[places], kind="stable")[most:]]
        self.alive[lost] = False
        return len(lost)


def score(record: Quadruplet, by: Sequence[str]) -> float:
    """What ranks records: quality from 0 to 1, then difficulty, in the order of `by`."""
    total, weight = 0.0, 1.0
    for name in by:
        if name == "quality":
            total, weight = total + weight * measure_quality(record), weight / 16
        elif name == "difficulty":
            total, weight = total + weight * (record.difficulty or 0) / 5, weight / 16
    return round(total, 9)


def measure_quality(record: Quadruplet) -> float:
    """0 to 1: half for claims that rest on quotes, a quarter for traces that agree, a quarter for a clean record."""
    claims = record.claims
    grounded = sum(bool(claim.evidence) for claim in claims) / len(claims) if claims else 0.0
    agreement = 0.5 if record.agreement is None else record.agreement  # not solved anew tells neither good nor bad
    blemishes = len(record.verdicts) + len(record.generation.repair_steps)
    return 0.5 * grounded + 0.25 * agreement + 0.25 / (1 + blemishes)


def _tell(wish: Wish) -> Iterator[str]:
    yield from (f"--where {text}" for text in wish.where)
    if wish.balance is not None:
        yield f"--balance {wish.balance}"
    if wish.reasoning_share is not None:
        yield f"--reasoning-share {wish.reasoning_share:g}"
    if wish.max is not None:
        yield f"--max {wish.max} --by {','.join(wish.by)}"
