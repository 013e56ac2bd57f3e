"""Files that exports carry along as they stand here: rewards for trainers, scripts for tools of review.

They are run by the user, in the trainer's or the tool's own environment, and import nothing of remud-gen.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def write_script(folder: Path, name: str, target: str = "") -> str:
    """Copy one of these files into an export, under another name if given; the name it has there."""
    target = target or name
    (folder / target).write_bytes((HERE / name).read_bytes().replace(b"\r\n", b"\n"))
    return target
