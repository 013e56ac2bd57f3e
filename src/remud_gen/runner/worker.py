"""The life of one worker process: take a job, run it, say so."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal

from remud_gen.errors import RemudError
from remud_gen.runner.run import Bench, Job, JobResult, Tick, Workbench, guarded
from remud_gen.runner.signals import leave_to_driver
from remud_gen.stages.base import Failure

STOP: Literal["stop"] = "stop"  # said by the driver: end the part after the input in hand
ORPHANED = 70  # exit code of a worker whose driver is gone
OOM_SCORE = 500  # of 1,000: when memory runs out, the system ends a worker, never the driver


def serve(pipe: Connection, begun: Any, bench: Bench) -> None:
    """Run jobs from the pipe until None comes or the driver is gone; `begun` tells it how far a job has come."""
    # Ctrl-C reaches the whole process group; the driver alone decides what it means.
    leave_to_driver()
    threading.Thread(target=_end_with_driver, daemon=True).start()
    _mute_libraries()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), "ascii")
    workbench = Workbench(bench)
    line = _Line(pipe)

    def tick(n: int) -> None:
        begun.value += n

    try:
        while isinstance(job := line.receive(), Job):
            pipe.send(_run(workbench, job, tick, line.is_stopping))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _run(
    workbench: Workbench, job: Job, tick: Tick, is_stopping: Callable[[], bool]
) -> JobResult | Failure | RemudError:
    """What came of a job, whatever it was: nothing may be lost in a worker that has no screen."""
    failures: list[Failure] = []
    result: JobResult | None = None
    try:
        with guarded(failures):
            result = workbench.run(job, tick, is_stopping)
    except RemudError as error:
        return error
    return failures[0] if result is None else result


class _Line:
    """The driver's end of the talk: jobs, a wish to stop, or None for the end."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._has_stopped = False

    def receive(self) -> object:
        """The next job, or None; a wish to stop that came too late is passed over."""
        while (message := self._pipe.recv()) == STOP:
            self._has_stopped = True
        return message

    def is_stopping(self) -> bool:
        """Whether the driver has asked for an end; nothing else is said to a worker at work."""
        if not self._has_stopped and self._pipe.poll():
            self._has_stopped = self._pipe.recv() == STOP
        return self._has_stopped


def _end_with_driver() -> None:
    """A driver killed with -9 says no goodbye; its workers must not write into a folder that someone else may open."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(ORPHANED)


def _mute_libraries() -> None:
    """Send what native libraries print to nowhere: the screen belongs to the driver's progress bars."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
