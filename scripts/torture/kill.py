"""`kill -9` of everything at random moments: nothing committed is lost or asked again, and the bytes stay the same."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from scripts.torture.bench import STEPS, Bench, ModelServerProcess
from scripts.torture.comparison import compare, read_signatures
from scripts.torture.processes import Command

KILLS_PER_ROUND = {"extract": 4, "pair": 3, "generate": 4, "filter": 3, "export": 5}
EARLY_SHARE = 0.2  # of the kills fall before a step's work: imports, lock, reading the run folder
BEGINS_WITHIN_S = 20.0  # on a busy machine; usually one second
MAX_ROUNDS = 40


@dataclass
class Tally:
    """What was done and seen, over all rounds."""

    hits: Counter[tuple[str, str]] = field(default_factory=Counter)  # step, what it was at
    n_rounds: int = 0
    n_missed: int = 0  # the command was faster than its kill
    n_requests: int = 0
    n_protected: int = 0  # replies that were committed before some kill
    n_lost: int = 0  # answered by the server, but killed before the commit: asked again, rightly
    slowest_start_s: float = 0.0

    def count_kills(self, step: str) -> int:
        """Kills that hit a step, at whatever it was."""
        return sum(count for (name, _), count in self.hits.items() if name == step)


def torture_by_kill(bench: Bench, n_kills: int, seed: int) -> list[str]:
    """Kill until every step has its share of the kills, in rounds of a fresh run folder each.

    Raises:
        AssertionError: with what differed, was lost, or was asked again.
    """
    remains = bench.undisturbed
    rng, tally = random.Random(seed), Tally()
    wanted = {step: n_kills // len(STEPS) + (number < n_kills % len(STEPS)) for number, step in enumerate(STEPS)}
    while any(tally.count_kills(step) < wanted[step] for step in STEPS):
        assert tally.n_rounds < MAX_ROUNDS, f"the kills come too late: {tally}"
        run = bench.new_run()
        with bench.serve() as server:
            chain = Round(bench, run, server, rng, tally)
            for step in STEPS:
                n_left = wanted[step] - tally.count_kills(step)
                chain.pass_step(step, min(n_left, KILLS_PER_ROUND[step]))
            compare(run, remains)
            tally.n_protected += chain.count_protected()
            tally.n_requests += len(server.read_log())
        tally.n_rounds += 1
    return [
        f"{n_kills} x kill -9 of the whole process tree in {tally.n_rounds} rounds, seed {seed}; "
        f"{tally.n_missed} came after the end and do not count",
        *(f"  {step:<9} {_tell_hits(tally, step)}" for step in STEPS),
        f"each round ends as the undisturbed run: {remains.size}, byte for byte; no temporary file stayed",
        f"{tally.n_requests} requests; {tally.n_protected} committed replies outlived a kill, none was asked for again",
        f"{tally.n_lost} answers were on their way at a kill and asked for again",
        f"every command began at once after a kill, at the latest after {tally.slowest_start_s:.1f} s",
    ]


class Round:
    """One run folder on its way through all steps."""

    def __init__(self, bench: Bench, run: Path, server: ModelServerProcess, rng: random.Random, tally: Tally) -> None:
        self._bench, self._run, self._server, self._rng, self._tally = bench, run, server, rng, tally
        self._committed: set[str] = set()
        self._protected: set[str] = set()  # of these, what some kill found committed
        self._n_seen = 0  # entries of the server's log that were checked

    def pass_step(self, step: str, n_kills: int) -> None:
        """Kill a step up to so many times, then let it end."""
        for number in range(n_kills):
            if self._kill_once(step, n_kills - number):
                self._check_store()
            else:
                self._tally.n_missed += 1
                break
        with self._bench.start(step, self._run, self._server) as command:
            self._watch_begin(command)
            command.succeed()
        self._check_store()

    def count_protected(self) -> int:
        """Replies that outlived a kill."""
        return len(self._protected)

    def _kill_once(self, step: str, n_left: int) -> bool:
        """Start, wait a random time, kill; False when the command ended first, which it must do well."""
        timing = self._bench.timings[step]
        is_first = not self._tally.count_kills(step)
        is_early = not is_first and self._rng.random() < EARLY_SHARE
        with self._bench.start(step, self._run, self._server) as command:
            if is_early:
                is_alive = command.sleep(self._rng.uniform(0.02, timing.begin_s))
            else:
                is_alive = self._watch_begin(command)
                longest_s = timing.work_s * self._choose_reach(step, n_left, is_first=is_first)
                is_alive = is_alive and command.sleep(self._rng.uniform(0, longest_s))
            place = command.stage or "start"
            if is_alive and command.kill_tree():
                self._tally.hits[step, place] += 1
                self._protected |= read_signatures(self._run)
                return True
            command.succeed()
            return False

    def _choose_reach(self, step: str, n_left: int, *, is_first: bool) -> float:
        """How far into a step a kill may fall, in times of its work: the first must not come too late, and an export
        is done anew each time, while the others go on where they were killed.
        """
        if is_first:
            return 0.5
        return 1.0 if step == "export" else 1.5 * self._share_left(step) / n_left

    def _watch_begin(self, command: Command) -> bool:
        """Wait for a step's work; a lock that did not recover would show here."""
        has_begun = command.wait_until_begun(BEGINS_WITHIN_S)
        if has_begun:
            self._tally.slowest_start_s = max(self._tally.slowest_start_s, command.age_s)
        return has_begun

    def _share_left(self, step: str) -> float:
        """How much of a step is still to be done, by what is finished of it on disk."""
        if step == "generate":
            return 1 - min(1.0, len(self._committed) / len(self._bench.undisturbed.replies))
        n_all = sum(
            name.startswith(f"{step}/") and name.endswith(".meta.json") for name in self._bench.undisturbed.names
        )
        return 1 - len(list((self._run / step).glob("*.meta.json"))) / n_all

    def _check_store(self) -> None:
        """Nothing committed may be gone, or have been asked for after it was committed."""
        log = self._server.read_log()
        fresh, self._n_seen = log[self._n_seen :], len(log)
        asked_again = sorted({entry["id"] for entry in fresh} & self._committed)
        assert not asked_again, f"{len(asked_again)} committed replies were asked for again: {asked_again[:5]}"
        committed = read_signatures(self._run)
        gone = self._committed - committed
        assert not gone, f"{len(gone)} committed replies are gone"
        answered = {entry["id"] for entry in fresh if entry["outcome"] in {"ok", "malformed"}}
        self._tally.n_lost += len(answered - committed)
        self._committed = committed


def _tell_hits(tally: Tally, step: str) -> str:
    places = {place: count for (name, place), count in tally.hits.items() if name == step}
    early = places.pop("start", 0)
    told = [f"{count} in {place}" for place, count in sorted(places.items())]
    return f"{early + sum(places.values())} kills: " + ", ".join(
        [*told, *([f"{early} while starting"] if early else [])]
    )
