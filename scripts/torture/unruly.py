"""A package such as a user may write: an OCR engine and a reader that bring the process down where they are told to."""

from __future__ import annotations

import os
from pathlib import Path

from tests.e2e.command import PROJECT

# Burned into the picture of a page -> what happens to the process that reads it.
WORDS = {"CALAMITY": "segfault", "DISASTER": "wait", "STANDSTILL": "hang", "OVERFLOW": "grow"}
ALL = "all"
NOISE = "libunruly: said from C"
ENGINE = "unruly"
MAGIC = b"UNRULY"

METADATA = "Metadata-Version: 2.1\nName: unruly\nVersion: 1.0\n"
ENTRY_POINTS = """[remud_gen.ocr]
unruly = unruly_plugin:UnrulyEngine
[remud_gen.readers]
unruly = unruly_plugin:UnrulyReader
"""
CODE = f"""
import ctypes, os, resource, time

from remud_gen.errors import RecordError
from remud_gen.ocr.rapidocr import RapidOcrEngine

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def make_noise():
    for descriptor in (1, 2):
        os.write(descriptor, b"{NOISE}\\n")


def note(name, text):
    descriptor = os.open(os.path.join(os.environ["UNRULY_NOTES"], name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, (text + "\\n").encode())
    os.close(descriptor)


def misbehave(fault):
    if os.environ["UNRULY_FAULT"] not in ("all", fault):
        return
    if fault == "segfault":
        ctypes.string_at(0)
    elif fault == "wait":
        note("waiting", str(os.getpid()))
        time.sleep(600)
    elif fault == "hang":
        while True:
            time.sleep(1)
    elif fault == "grow":
        hoard = []
        while len(hoard) < 60:
            hoard.append(bytearray(b"x" * 2**25))
            time.sleep(0.02)
        time.sleep(600)


class UnrulyEngine:
    name = "unruly"

    def __init__(self):
        make_noise()
        note("pids", str(os.getpid()))
        self._engine = RapidOcrEngine()

    def read(self, image):
        make_noise()
        lines = self._engine.read(image)
        for word, fault in {WORDS!r}.items():
            if any(word in line.text for line in lines):
                note("words", word)
                misbehave(fault)
        return lines


class UnrulyReader:
    name = "unruly"

    def sniff(self, head, path):
        return "application/x-unruly" if head.startswith({MAGIC!r}) else None

    def probe(self, path):
        make_noise()
        misbehave("segfault")
        raise RecordError("DAMAGED_FILE", "nothing is in it")

    def open(self, path):
        raise RecordError("DAMAGED_FILE", "nothing is in it")
"""


def install(folder: Path) -> Path:
    """Lay the package out as pip would."""
    info = folder / "unruly-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA, "ascii")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, "ascii")
    (folder / "unruly_plugin.py").write_text(CODE, "ascii")
    return folder


def describe_environment(package: Path, notes: Path, fault: str) -> dict[str, str]:
    """Environment variables for a command that finds the package and suffers a fault from it, all, or none (empty)."""
    notes.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join((str(package), str(PROJECT / "src")))
    return {"PYTHONPATH": path, "UNRULY_FAULT": fault, "UNRULY_NOTES": str(notes)}
