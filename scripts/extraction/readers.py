"""One reader in a process of its own: `python -m scripts.extraction.readers JOB.json` prints what it cost as JSON."""

from __future__ import annotations

import cProfile
import io
import json
import os
import pstats
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

OCR_DPI = 150
WATCH_EVERY_S = 0.05
Read = Callable[[Path, int], None]


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    printed, sys.stdout = sys.stdout, io.StringIO()  # what libraries print is not the answer
    read = READERS[job["reader"]](Path(job["scratch"]))
    pages = [(Path(path), number) for path, number in job["pages"]]
    read(*pages[0])  # models are loaded once, whatever the number of pages
    peak = _Peak()
    profile = cProfile.Profile() if job["n_hot"] else None
    began, cpu = time.monotonic(), time.process_time()
    if profile is not None:
        profile.enable()
    for path, number in pages:
        read(path, number)
    if profile is not None:
        profile.disable()
    found: dict[str, Any] = {
        "wall_s": time.monotonic() - began,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": peak.stop(),
        "hot": _name_hot_spots(profile, job["n_hot"]) if profile is not None else [],
    }
    sys.stdout = printed
    print(json.dumps(found))


class _Peak:
    """The most memory this process holds from now on."""

    def __init__(self) -> None:
        self._most, self._is_done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        me = psutil.Process(os.getpid())
        while not self._is_done.wait(WATCH_EVERY_S):
            self._most = max(self._most, me.memory_info().rss)

    def stop(self) -> float:
        """Megabytes."""
        self._is_done.set()
        self._thread.join()
        return max(self._most, psutil.Process(os.getpid()).memory_info().rss) / 2**20


def _name_hot_spots(profile: cProfile.Profile, count: int) -> list[str]:
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(count)
    lines = [line.strip() for line in text.getvalue().splitlines()]
    start = next(k for k, line in enumerate(lines) if line.startswith("ncalls"))
    return [line.replace(sys.prefix, "") for line in lines[start:] if line]


def _make_remud(scratch: Path, *, reads_burned_in_text: bool = True) -> Read:
    from remud_gen.config import Config
    from remud_gen.records import Document
    from remud_gen.runner.images import ContentImageStore
    from remud_gen.stages.base import PageInput, ShelfFile, StageContext
    from remud_gen.stages.extract import ExtractStage

    config = Config.model_validate({"extract": {"reads_burned_in_text": reads_burned_in_text}})
    shelf: dict[str, ShelfFile] = {}
    stage = ExtractStage(config)
    stage.setup(StageContext(config, ContentImageStore(scratch), shelf))
    documents: dict[Path, Document] = {}

    def read(path: Path, number: int) -> None:
        if path not in documents:
            import pymupdf

            with pymupdf.open(path) as book:
                count = book.page_count
            name = path.stem
            shelf[name] = ShelfFile(path)
            documents[path] = Document(
                id=name, file=path.name, sha256=name, media_type="application/pdf", reader="pdf", page_count=count
            )
        for _ in stage.process(PageInput(id="page", document=documents[path], number=number)):
            pass

    return read


def _make_pymupdf4llm(scratch: Path) -> Read:
    import pymupdf4llm

    def read(path: Path, number: int) -> None:
        pymupdf4llm.to_markdown(str(path), pages=[number - 1], write_images=True, image_path=str(scratch))

    return read


def _make_rapidocr(scratch: Path) -> Read:
    """As the package comes: the same engine, one thread, default sizes."""
    import numpy as np
    import pymupdf
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1})

    def read(path: Path, number: int) -> None:
        with pymupdf.open(path) as book:
            pixmap = book[number - 1].get_pixmap(dpi=OCR_DPI, colorspace=pymupdf.csRGB)
        pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
        engine(np.ascontiguousarray(pixels[:, :, ::-1]), use_cls=False)

    return read


READERS: dict[str, Callable[[Path], Read]] = {
    "remud": _make_remud,
    "remud-no-burned-in": lambda scratch: _make_remud(scratch, reads_burned_in_text=False),
    "pymupdf4llm": _make_pymupdf4llm,
    "rapidocr": _make_rapidocr,
}

if __name__ == "__main__":
    main()
