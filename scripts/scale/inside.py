"""`python -m scripts.scale.inside NOTE remud's arguments …`: the command line itself, and afterwards what it cost.

The note (JSON) holds what only the process itself knows exactly: its peak memory, processor time, bytes read, and how
often it opened a file of which kind. With REMUD_PROFILE=FILE a cProfile of the driver is written there.
"""

from __future__ import annotations

import cProfile
import json
import os
import resource
import sys
from collections import Counter
from pathlib import Path
from typing import Any

KINDS = (
    (".meta.json", "meta"), (".errors.jsonl", "errors"), (".jsonl", "records"), (".jpg", "pictures"),
    (".png", "pictures"),
)  # fmt: skip


def _classify(path: object) -> str:
    name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
    return next((kind for ending, kind in KINDS if name.endswith(ending)), "other")


def main() -> None:
    """Run the command and write the note."""
    note = Path(sys.argv.pop(1))
    opened: Counter[str] = Counter()

    def watch(event: str, details: tuple[Any, ...]) -> None:
        if event == "open" and not (isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)):
            opened[_classify(details[0])] += 1

    sys.addaudithook(watch)
    profile = cProfile.Profile() if os.environ.get("REMUD_PROFILE") else None
    try:
        from remud_gen.cli import main as run_remud

        if profile:
            profile.enable()
        run_remud()
    finally:
        if profile:
            profile.disable()
            profile.dump_stats(os.environ["REMUD_PROFILE"])
        mine, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        io_lines = Path("/proc/self/io").read_text("ascii").splitlines()
        # ru_maxrss would be no use: it counts what the parent held before it became this program.
        peak_kb = Path("/proc/self/status").read_text("ascii").partition("VmHWM:")[2].split()[0]
        value = {
            "peak_mb": int(peak_kb) / 1024,
            "cpu_s": mine.ru_utime + mine.ru_stime,
            "workers_cpu_s": theirs.ru_utime + theirs.ru_stime,
            "io": {name: int(number) for name, number in (line.split(": ") for line in io_lines)},
            "opened": dict(opened),
        }
        note.write_text(json.dumps(value), "utf-8")


if __name__ == "__main__":
    main()
