"""The real command line in a process of its own, and small PDFs to feed it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pymupdf

PROJECT = Path(__file__).parents[2]
SECRETS = ("REMUD_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "REMUD_MODEL", "REMUD_BASE_URL", "REMUD_RUN")


def environment(**more: str) -> dict[str, str]:
    """The tests' environment without anything that configures remud."""
    clean = {name: value for name, value in os.environ.items() if name not in SECRETS and "__" not in name}
    return {**clean, "PYTHONPATH": str(PROJECT / "src"), **more}


def remud(
    *arguments: object, cwd: Path | None = None, timeout_s: float = 300, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run `remud …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "remud_gen", *(str(argument) for argument in arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment(**env),
        timeout=timeout_s,
        check=False,
    )


def start_remud(*arguments: object, **env: str) -> subprocess.Popen[str]:
    """Start `remud …` in a process group of its own, to be killed or interrupted."""
    return subprocess.Popen(
        [sys.executable, "-m", "remud_gen", *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(**env),
        start_new_session=True,
    )


def record_files(run: Path) -> dict[str, bytes]:
    """All record and error files of a run, which a rerun must reproduce byte for byte."""
    stages = ("documents", "extract", "pair", "generate", "filter", "corpus")
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for stage in stages
        for path in sorted((run / stage).glob("*.jsonl"))
    }


def leftovers(run: Path) -> list[str]:
    """Temporary files that should not be there."""
    return [str(path.relative_to(run)) for path in run.rglob(".tmp-*")]


def read_records(run: Path, stage: str) -> list[dict]:
    """All records of a stage."""
    return [
        json.loads(line)
        for path in sorted((run / stage).glob("*.jsonl"))
        if not path.name.endswith(".errors.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]


def _make_scan(number: int, seed: int) -> pymupdf.Pixmap:
    """A dark sector with speckle and a few grey organs, 320 x 240 px: the filters take it for ultrasound."""
    down, across = np.mgrid[0:240, 0:320]
    angle, depth_px = np.arctan2(across - 160, down + 20), np.hypot(across - 160, down + 20)
    shade = np.full((240, 320), 70.0)
    for k in range(6):
        left, top = 20 + 48 * k, 60 + (13 * k + 9 * number) % 60
        shade[top : top + 60 + (11 * k + seed) % 40, left : left + 40] = 40 + (17 * k + 31 * number + 7 * seed) % 120
    grain = np.random.default_rng(100 * number + seed).rayleigh(0.8, shade.shape)
    shade = np.where((np.abs(angle) < 0.7) & (depth_px < 250), shade * grain, 4).clip(0, 255).astype(np.uint8)
    return pymupdf.Pixmap(pymupdf.csRGB, 320, 240, np.repeat(shade[:, :, None], 3, axis=2).tobytes(), False)


def make_book(path: Path, n_pages: int = 2, seed: int = 0) -> Path:
    """A small digital book: each page has a heading, a picture with a caption, and a paragraph that cites it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pymupdf.open() as book:
        for number in range(1, n_pages + 1):
            page = book.new_page(width=420, height=595)
            page.insert_text((40, 50), f"{number}. Section of the {path.stem} atlas", fontsize=15, fontname="hebo")
            pixmap = _make_scan(number, seed)
            page.insert_image(pymupdf.Rect(90, 80, 330, 260), pixmap=pixmap)
            size = 3 + number + seed
            text = f"Figure {number}. Longitudinal view of the left kidney with a simple cyst measuring {size}.5 cm."
            page.insert_textbox(pymupdf.Rect(60, 270, 360, 310), text, fontsize=9)
            body = (
                f"As shown in Figure {number}, a simple renal cyst is an anechoic round structure with a thin wall and "
                f"posterior acoustic enhancement. A cyst larger than {size} cm should be followed with ultrasound. "
                "The renal cortex is normally less echogenic than the liver, and the renal sinus is hyperechoic. "
            )
            page.insert_textbox(pymupdf.Rect(40, 330, 380, 560), body * 2, fontsize=10)
        path.write_bytes(book.tobytes(no_new_id=True))
    return path
