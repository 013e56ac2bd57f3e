"""The life of one worker process: take a job, run it, say so."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection

from remud_gen.errors import RemudError
from remud_gen.runner.run import Bench, Workbench


def serve(pipe: Connection, bench: Bench) -> None:
    """Run jobs from the pipe until None comes or the driver is gone."""
    # Ctrl-C reaches the whole process group; the driver alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _mute_libraries()
    workbench = Workbench(bench)
    try:
        while (job := pipe.recv()) is not None:
            try:
                pipe.send(workbench.run(job, pipe.send))
            except RemudError as error:
                pipe.send(error)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _mute_libraries() -> None:
    """Send what native libraries print to nowhere: the screen belongs to the driver's progress bars."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
