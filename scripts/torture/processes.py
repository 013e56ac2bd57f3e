"""The command line as a process that is watched, signalled and killed together with all that it started."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from tests.e2e.command import environment

BAR = re.compile(rb"(?:^|[\r\n])(documents|extract|pair|generate|filter|corpus|export) *:")
LOOK_EVERY_S = 0.002
SETTLED_LOOKS = 2  # so often in a row nothing new is found before a tree counts as stopped
GONE_WITHIN_S = 10.0
SHOWN_CHARS = 2000  # of what a failed command said


class Command:
    """One `remud …` in a session of its own, its stderr a terminal, where bars tell which stage is running.

    Use as a context manager: whatever still runs at the end is killed.
    """

    def __init__(self, *arguments: object, cwd: Path | None = None, umask: int = -1, **env: str) -> None:
        self.started_s = time.monotonic()
        self.begun_s: dict[str, float] = {}  # stage -> seconds from the start to its first bar
        self.stage: str | None = None
        self._said = b""
        self._terminal, its_end = pty.openpty()
        termios.tcsetwinsize(its_end, (24, 120))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "remud_gen", *(str(argument) for argument in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=its_end,
            cwd=cwd,
            umask=umask,
            env=environment(**env),
            start_new_session=True,
        )
        os.close(its_end)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Of the driver, which leads the session."""
        return self.process.pid

    @property
    def said(self) -> str:
        """All of stderr so far."""
        return self._said.decode("utf-8", "replace")

    @property
    def age_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started_s

    def wait_until(self, is_so: Callable[[], bool], timeout_s: float = 120.0) -> bool:
        """Wait for a condition; False when the command ended first.

        Raises:
            AssertionError: neither came in time.
        """
        deadline = time.monotonic() + timeout_s
        while not is_so():
            if self.process.poll() is not None:
                return is_so()
            assert time.monotonic() < deadline, f"waited {timeout_s:g} s in vain; stderr so far:\n{self.said}"
            time.sleep(LOOK_EVERY_S)
        return True

    def wait_until_begun(self, timeout_s: float = 120.0) -> bool:
        """Wait for the first bar: the locks are taken, what is stale is known. False when it ended without one."""
        return self.wait_until(lambda: self.stage is not None, timeout_s)

    def sleep(self, seconds: float) -> bool:
        """Let the command run on; False when it ended meanwhile."""
        deadline = time.monotonic() + seconds
        return self.wait_until(lambda: time.monotonic() >= deadline, seconds + 60) and self.process.poll() is None

    def finish(self, timeout_s: float = 300.0) -> int:
        """Wait for the end and give the exit code.

        Raises:
            AssertionError: it did not end in time.
        """
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {timeout_s:g} s; stderr so far:\n{self.said}") from None
        self._reader.join(GONE_WITHIN_S)
        return code

    def succeed(self, timeout_s: float = 300.0) -> None:
        """Wait for the end, which must be a good one."""
        code = self.finish(timeout_s)
        assert code == 0, f"exit code {code}; the end of stderr:\n{self.said[-SHOWN_CHARS:]}"

    def kill_tree(self) -> bool:
        """`kill -9` of the driver and all it started; False when the driver had ended by itself before.

        Everything is stopped first, so that nothing is born while the rest is killed.
        """
        stopped: dict[int, psutil.Process] = {}
        n_settled = 0
        while n_settled < SETTLED_LOOKS:
            fresh = [process for process in find_tree(self.pid) if process.pid not in stopped]
            n_settled = 0 if fresh else n_settled + 1
            for process in fresh:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
                stopped[process.pid] = process
        had_ended = self.process.poll() is not None
        for process in stopped.values():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.finish(GONE_WITHIN_S)
        late = wait_until_gone(stopped.values(), GONE_WITHIN_S)
        assert not late, f"survived kill -9: {late}"
        return not had_ended

    def _listen(self) -> None:
        while chunk := self._read():
            self._said += chunk
            for label in BAR.findall(self._said):
                self.stage = label.decode()
                self.begun_s.setdefault(self.stage, self.age_s)

    def _read(self) -> bytes:
        try:
            return os.read(self._terminal, 65536)
        except OSError:
            return b""  # nobody holds the other end any more

    def __enter__(self) -> Command:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill_tree()
        self._reader.join(GONE_WITHIN_S)
        os.close(self._terminal)


def find_tree(root: int) -> list[psutil.Process]:
    """A session leader, its descendants, and what else runs in its session because its parent is dead; no zombies."""
    found: dict[int, psutil.Process] = {}
    with suppress(psutil.NoSuchProcess):
        leader = psutil.Process(root)
        found = {process.pid: process for process in (leader, *leader.children(recursive=True))}
    for pid in psutil.pids():
        with suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if pid not in found and os.getsid(pid) == root:
                found[pid] = psutil.Process(pid)
    return [process for process in found.values() if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """Whether it can still do something; a zombie only waits to be counted."""
    try:
        return process.is_running() and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait for processes to end; those that did not in time."""
    left, deadline = list(processes), time.monotonic() + timeout_s
    while left and time.monotonic() < deadline:
        time.sleep(0.01)
        left = [process for process in left if is_alive(process)]
    return left
