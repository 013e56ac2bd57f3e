"""RUN/spending.log: what this run folder has paid to model endpoints, over all commands, whoever was killed when.

One line before a request is sent and one when its reply is in; a line is out of the process before the next step. A
request without its second line, of a command that was killed, counts as its first line guessed. When a command ends,
and when the next one begins, all lines are folded to one sum a stage; requests that were handed over for their replies
to come later keep a line each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from remud_gen.errors import InputError
from remud_gen.llm.budget import Guess, Spent
from remud_gen.protocols import ModelReply
from remud_gen.runner.files import write_atomically

FILE = "spending.log"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file of spending adds up to, what is still open counted as its guess; `late` is the part of it that was
    handed over for replies to come later, by stage and request hash.
    """

    total: Spent
    by_stage: Mapping[str, Spent]
    late: Mapping[str, Mapping[str, Guess]]

    @property
    def n_late(self) -> int:
        """Requests whose replies come to a later command."""
        return sum(len(guesses) for guesses in self.late.values())

    def read_paid(self, stage: str) -> Spent:
        """What a stage has paid without what was handed over, of which nothing is known yet."""
        late = self.late.get(stage, {}).values()
        return add_up([self.by_stage.get(stage, Spent()), *(_take_back(*guess) for guess in late)])


class RunAccount:
    """The account as one stage of one command writes it; a context manager that closes it."""

    def __init__(self, run: Path, stage: str) -> None:
        self._path, self._stage = run / FILE, stage
        self._stream: IO[str] | None = None
        reading = read_spending(run)
        self._by_stage = dict(reading.by_stage)
        self._late = {name: dict(guesses) for name, guesses in reading.late.items()}
        self._spent = reading.total

    @property
    def spent(self) -> Spent:
        """All that this run folder has paid, requests in flight left out."""
        return self._spent

    @property
    def spent_by_stage(self) -> Mapping[str, Spent]:
        """The same for every stage."""
        return self._by_stage

    def __enter__(self) -> RunAccount:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
            self._fold()

    def note_sent(self, request_sha256: str, usd: float | None, tokens: int) -> None:
        """A request goes out; should the process die, it counts for so much."""
        self._write({"sent": request_sha256[:16], "stage": self._stage, "usd": usd, "tokens": tokens})

    def note_reply(self, request_sha256: str, reply: ModelReply, guess_usd: float | None) -> None:
        """A reply was paid for; the guess counts where its endpoint does not say how many tokens it was."""
        sent, received = reply.input_tokens or 0, reply.output_tokens or 0
        if reply.cost_usd is not None:
            paid = Spent(reply.cost_usd, sent + received, 1)
        elif guess_usd is not None:
            paid = Spent(guess_usd, sent + received, 1, 1)
        else:
            paid = Spent(0.0, sent + received, 1, 1, sent, received)
        self._settle(request_sha256, paid)

    def note_nothing(self, request_sha256: str) -> None:
        """The endpoint refused, or was never reached: nothing is billed."""
        self._settle(request_sha256, Spent())

    def note_lost(self, request_sha256: str, usd: float | None, tokens: int) -> None:
        """No reply came back, though there may be one on the bill."""
        self._settle(request_sha256, _lose(usd, tokens))

    def note_late(self, request_sha256: str, usd: float | None, tokens: int) -> None:
        """A request was handed over whose reply comes to a later command; until then it counts for so much."""
        self._write({"late": request_sha256, "stage": self._stage, "usd": usd, "tokens": tokens})
        self._late.setdefault(self._stage, {})[request_sha256] = usd, tokens
        self._add(_lose(usd, tokens))

    def take_late(self, request_sha256: str) -> Guess | None:
        """The guess of such a request, of which it is known by now what came: it counts no more. None where this run
        handed over no such request.
        """
        guess = self._late.get(self._stage, {}).pop(request_sha256, None)
        if guess is not None:
            self._write({"found": request_sha256, "stage": self._stage})
            self._add(_take_back(*guess))
        return guess

    @property
    def has_late(self) -> bool:
        """Whether there are such requests."""
        return bool(self._late.get(self._stage))

    def list_late(self) -> list[str]:
        """Requests by hash of which that is not known yet."""
        return list(self._late.get(self._stage, {}))

    def _settle(self, request_sha256: str, paid: Spent) -> None:
        self._write({"settled": request_sha256[:16], "stage": self._stage, **_to_fields(paid)})
        self._add(paid)

    def _add(self, paid: Spent) -> None:
        self._spent = add_up([self._spent, paid])
        self._by_stage[self._stage] = add_up([self._by_stage.get(self._stage, Spent()), paid])

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            stream = self._stream = self._stream or self._open()
            stream.write(json.dumps(line) + "\n")
            stream.flush()
        except OSError as error:
            raise _unwritable(self._path, error) from None

    def _open(self) -> IO[str]:
        """Only a run that asks an endpoint has the file."""
        self._fold()
        return self._path.open("a", encoding="utf-8")

    def _fold(self) -> None:
        """What was sent and never settled was counted when the account was opened."""
        lines: list[dict[str, Any]] = []
        for stage, spent in sorted(self._by_stage.items()):
            late = self._late.get(stage, {})
            settled = add_up([spent, *(_take_back(*guess) for guess in late.values())])
            lines.append({"sum": stage, **_to_fields(settled)})
            lines += [{"late": key, "stage": stage, "usd": usd, "tokens": n} for key, (usd, n) in late.items()]
        try:
            write_atomically(self._path, "".join(f"{json.dumps(line)}\n" for line in lines).encode("utf-8"))
        except OSError as error:
            raise _unwritable(self._path, error) from None


def read_spending(run: Path) -> Reading:
    """What a run folder has paid so far; nothing where no model was asked."""
    by_stage: dict[str, Spent] = {}
    late: dict[str, dict[str, Guess]] = {}
    open_lines: dict[tuple[str, str], dict[str, Any]] = {}
    for line in _read_lines(run / FILE):
        stage = str(line.get("stage") or line.get("sum") or "")
        if "sent" in line:
            open_lines[stage, line["sent"]] = line
        elif "late" in line:
            late.setdefault(stage, {})[line["late"]] = _read_guess(line)
        elif "found" in line:
            late.get(stage, {}).pop(line["found"], None)
        else:
            open_lines.pop((stage, line.get("settled", "")), None)
            by_stage[stage] = add_up([by_stage.get(stage, Spent()), _from_fields(line)])
    lost = [(stage, _read_guess(line)) for (stage, _), line in open_lines.items()]
    lost += [(stage, guess) for stage, guesses in late.items() for guess in guesses.values()]
    for stage, guess in lost:
        by_stage[stage] = add_up([by_stage.get(stage, Spent()), _lose(*guess)])
    return Reading(add_up(by_stage.values()), by_stage, late)


def add_up(amounts: Iterable[Spent]) -> Spent:
    """Several amounts as one."""
    total = Spent()
    for more in amounts:
        total = Spent(
            total.usd + more.usd,
            total.tokens + more.tokens,
            total.n_replies + more.n_replies,
            total.n_unpriced + more.n_unpriced,
            total.unpriced_input_tokens + more.unpriced_input_tokens,
            total.unpriced_output_tokens + more.unpriced_output_tokens,
            total.n_lost + more.n_lost,
            total.lost_usd + more.lost_usd,
        )
    return total


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "mend its permissions") from None
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue  # the last line of a process that was killed while it wrote
        if isinstance(value, dict):
            yield value


def _lose(usd: float | None, tokens: int) -> Spent:
    return Spent(usd=usd or 0.0, tokens=tokens, n_unpriced=int(usd is None), n_lost=1, lost_usd=usd or 0.0)


def _take_back(usd: float | None, tokens: int) -> Spent:
    lost = _lose(usd, tokens)
    return Spent(-lost.usd, -lost.tokens, 0, -lost.n_unpriced, n_lost=-1, lost_usd=-lost.lost_usd)


def _read_guess(line: Mapping[str, Any]) -> Guess:
    return line.get("usd"), int(line.get("tokens", 0))


def _to_fields(spent: Spent) -> dict[str, Any]:
    return {f.name: getattr(spent, f.name) for f in fields(Spent) if getattr(spent, f.name)}


def _from_fields(line: Mapping[str, Any]) -> Spent:
    numbers = {f.name: line.get(f.name, 0) for f in fields(Spent)}
    is_sound = all(isinstance(value, int | float) for value in numbers.values())
    return Spent(**numbers) if is_sound else Spent()


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: {error.strerror or error}", "make room or mend its permissions, then run it again")
