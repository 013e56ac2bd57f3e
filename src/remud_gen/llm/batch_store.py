"""What was handed to endpoints in batches: written down in the reply store before it is sent, so that a killed command
pays for nothing twice, and shared by all runs that share the store.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from remud_gen.errors import InputError
from remud_gen.llm.store import BUSY_TIMEOUT_S

FINAL_ATTEMPTS = 1_000  # noted at once for an error that asking again cannot mend

TAKEN = """
SELECT mine.request_sha256 FROM pending AS mine JOIN pending AS other USING (request_sha256)
    JOIN batches ON batches.plan = other.plan
    WHERE mine.plan = ? AND other.plan != mine.plan AND batches.endpoint = ?
UNION SELECT request_sha256 FROM pending JOIN replies USING (request_sha256) WHERE plan = ? AND NOT is_renewal
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """One file of requests that is handed over, or was."""

    id: str  # goes along as metadata: by it a batch is found again that was made but not noted
    batch_id: str | None
    n_requests: int
    planned_at: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a request ended as that has no reply."""

    code: str
    message: str
    hint: str
    n_attempts: int
    noted_at: int


class BatchStore:
    """The batches of one endpoint, in a reply store that exists already.

    While a batch is being made its plan is held by a lock beside the store, which a killed process lets go: so another
    run tells a plan that comes to nothing from one that somebody is at work on.

    Raises:
        InputError: the file cannot be read or written.
    """

    def __init__(self, path: Path, endpoint: str) -> None:
        self._path, self._endpoint = path, endpoint
        self._held: dict[str, FileLock] = {}  # by plan
        with self._explained():
            self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            # A note that a power cut takes away is a batch that is paid for twice.
            self._connection.execute("PRAGMA synchronous = FULL")

    def plan(self, model: str, sha256: str, n_bytes: int, keys: Mapping[str, bool]) -> tuple[Plan, frozenset[str]]:
        """Note which requests are about to be handed over, by hash, and whether their replies replace stored ones.

        Returns the plan, and those of the requests that are no part of it: since they were gathered another run that
        shares the store has handed them over, or has stored their replies.
        """
        plan = Plan(uuid.uuid4().hex, None, len(keys), int(time.time()))
        row = (plan.id, self._endpoint, model, sha256, "planned", len(keys), n_bytes, plan.planned_at)
        names = "plan, endpoint, model, file_sha256, state, n_requests, n_bytes, planned_at"
        with self._explained():
            self._held[plan.id] = self._make_lock(plan.id)
            self._held[plan.id].acquire()
        with self._transaction():
            self._connection.execute(f"INSERT INTO batches ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            rows = ((key, plan.id, is_renewal) for key, is_renewal in keys.items())
            self._connection.executemany("INSERT INTO pending VALUES (?, ?, ?)", rows)
            taken = frozenset(row[0] for row in self._connection.execute(TAKEN, (plan.id, self._endpoint, plan.id)))
            forgotten = [(key, plan.id) for key in taken]
            self._connection.executemany("DELETE FROM pending WHERE request_sha256 = ? AND plan = ?", forgotten)
        return plan, taken

    def correct(self, plan_id: str, sha256: str, n_bytes: int, n_requests: int) -> None:
        """Its file was written anew, without requests that others have handed over."""
        statement = "UPDATE batches SET file_sha256 = ?, n_bytes = ?, n_requests = ? WHERE plan = ?"
        with self._explained():
            self._connection.execute(statement, (sha256, n_bytes, n_requests, plan_id))

    def note_state(self, plan_id: str, batch_id: str, state: str, n_ended: int = 0) -> None:
        """Note how a batch stands at its endpoint."""
        statement = "UPDATE batches SET batch_id = ?, state = ?, n_ended = ? WHERE plan = ?"
        with self._explained():
            self._connection.execute(statement, (batch_id, state, n_ended, plan_id))
        self._let_go(plan_id)

    def forget(self, plan_id: str) -> None:
        """Its requests are to be handed over anew: the endpoint has no such batch, or will not work on it."""
        with self._transaction():
            self._connection.execute("DELETE FROM pending WHERE plan = ?", (plan_id,))
            self._connection.execute("DELETE FROM batches WHERE plan = ?", (plan_id,))
        self._let_go(plan_id)

    def is_being_made(self, plan_id: str) -> bool:
        """Whether a process that lives, this one or another, is at work on handing a plan over."""
        if plan_id in self._held:
            return True
        lock = self._make_lock(plan_id)
        with self._explained():
            if not Path(lock.lock_file).exists():
                return False
            try:
                with lock:
                    return False
            except Timeout:
                return True

    def has_batch(self, plan_id: str) -> bool:
        """Whether it is noted by now which batch was made of a plan."""
        query = "SELECT count(batch_id) FROM batches WHERE plan = ?"
        with self._explained():
            return bool(self._connection.execute(query, (plan_id,)).fetchone()[0])

    def finish(self, plan_id: str, troubles: Iterable[tuple[str, Trouble]]) -> None:
        """All that a batch gave is stored: what it waited for is waited for no more."""
        statement = "INSERT OR REPLACE INTO troubles VALUES (?, ?, ?, ?, ?, ?, ?)"
        rows = (
            (key, one.n_attempts, one.n_attempts >= FINAL_ATTEMPTS, one.code, one.message, one.hint, one.noted_at)
            for key, one in troubles
        )
        with self._transaction():
            self._connection.executemany(statement, rows)
            self._connection.execute("DELETE FROM pending WHERE plan = ?", (plan_id,))
            self._connection.execute("UPDATE batches SET state = 'collected' WHERE plan = ?", (plan_id,))
        self._let_go(plan_id)

    def list_open(self) -> list[Plan]:
        """What was handed over, or was about to be, and is not collected; oldest first."""
        query = (
            "SELECT plan, batch_id, n_requests, planned_at FROM batches WHERE endpoint = ? AND state != 'collected' "
            "ORDER BY planned_at, plan"
        )
        with self._explained():
            return [Plan(*row) for row in self._connection.execute(query, (self._endpoint,))]

    def read_keys(self, plan_id: str) -> dict[str, bool]:
        """The requests of a batch by hash, and whether their replies replace stored ones."""
        query = "SELECT request_sha256, is_renewal FROM pending WHERE plan = ?"
        with self._explained():
            return {key: bool(is_renewal) for key, is_renewal in self._connection.execute(query, (plan_id,))}

    def is_pending(self, request_sha256: str) -> bool:
        """Whether this endpoint has been handed a request and has not given it back."""
        query = (
            "SELECT count(*) FROM pending JOIN batches USING (plan) WHERE pending.request_sha256 = ? AND endpoint = ?"
        )
        with self._explained():
            return bool(self._connection.execute(query, (request_sha256, self._endpoint)).fetchone()[0])

    def is_pending_anywhere(self, request_sha256: str) -> bool:
        """Whether any endpoint has been handed a request and has not given it back."""
        query = "SELECT count(*) FROM pending WHERE request_sha256 = ?"
        with self._explained():
            return bool(self._connection.execute(query, (request_sha256,)).fetchone()[0])

    def find_trouble(self, request_sha256: str) -> Trouble | None:
        """What a request ended as the last time, if without a reply."""
        query = "SELECT code, message, hint, n_attempts, noted_at FROM troubles WHERE request_sha256 = ?"
        with self._explained():
            row = self._connection.execute(query, (request_sha256,)).fetchone()
        return None if row is None else Trouble(*row)

    def forget_trouble(self, request_sha256: str) -> None:
        """The request is asked again from the start."""
        with self._explained():
            self._connection.execute("DELETE FROM troubles WHERE request_sha256 = ?", (request_sha256,))

    def close(self) -> None:
        """Close the file."""
        for plan_id in list(self._held):
            self._held.pop(plan_id).release()
        with self._explained(), closing(self._connection):
            pass

    def _make_lock(self, plan_id: str) -> FileLock:
        return FileLock(self._path.with_name(f"{self._path.name}-{plan_id}.lock"), timeout=0)

    def _let_go(self, plan_id: str) -> None:
        lock = self._held.pop(plan_id, None) or self._make_lock(plan_id)
        lock.release()
        with suppress(OSError):
            Path(lock.lock_file).unlink()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            hint = "make room or mend its permissions, then run the same command to go on"
            raise InputError(f"reply store {self._path}: {error}", hint) from None
