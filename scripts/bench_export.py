"""Measure export at scale: made-up records stream through the whole stage; time and the most memory of each format.

    python -m scripts.bench_export --records 100000 1000000 --formats raw llamafactory

Every other record has one of a few hundred pictures; the others are questions about a text, each with words of its own,
so that looking for like questions has work to do. A fresh process measures each format. Further arguments set
configuration keys, such as `export.max=1000`.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from remud_gen.config import load_config
from remud_gen.records import Evidence, Generation, ImageRef, Quadruplet, Source
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.export import ExportStage, Origin

PER_DOCUMENT = 500
PICTURES = 400
ORGANS = ("kidney", "liver", "spleen", "pancreas", "thyroid", "uterus", "ovary", "heart", "breast", "testis")
# fmt: off
WORDS = (
    "echo", "margin", "cortex", "lumen", "wall", "border", "flow", "signal", "shadow", "gain", "depth", "focus",
    "plane", "axis", "probe", "beam", "pulse", "vessel", "lobe", "duct", "node", "cyst", "stone", "mass", "septum",
    "sinus", "pole", "hilum", "capsule", "fascia", "gland", "tendon", "nerve", "bursa", "valve", "chamber", "crus",
)
# fmt: on


def make_pictures(store: ContentImageStore) -> list[ImageRef]:
    """Small pictures of noise, no two alike."""
    made = []
    for number in range(PICTURES):
        grains = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(grains).resize((64, 64), Image.Resampling.BICUBIC)
        made.append(store.save(picture, is_photographic=False, phash=f"{random.Random(number).getrandbits(64):016x}"))
    return made


def stream_records(count: int, pictures: list[ImageRef]) -> Iterator[Quadruplet]:
    """Records as they come from disk: parsed from one line each, in the order of their documents."""
    lines = [_make_template(pictures[0]), _make_template(None)]
    for number in range(count):
        document = f"{number // PER_DOCUMENT:08x}"
        picture = pictures[number // PER_DOCUMENT % PICTURES]
        words = random.Random(number).choices(WORDS, k=8)
        line = lines[number % 2].replace("DOCUMENT", document).replace("NUMBER", f"{number:09}")
        line = line.replace(pictures[0].path, picture.path).replace(pictures[0].sha256, picture.sha256)
        line = line.replace("ORGAN", ORGANS[number % len(ORGANS)]).replace("WORDS", " ".join(words))
        yield Quadruplet.model_validate_json(line)


def _make_template(picture: ImageRef | None) -> str:
    caption = Evidence(id="cap", kind="caption", text="ORGAN with WORDS", page_number=1, bbox=(72, 400, 300, 424))
    record = Quadruplet(
        id="NUMBER", document_id="DOCUMENT", parent_id="DOCUMENT-NUMBER", group_id="DOCUMENT-NUMBER",
        source=Source(document_sha256="a" * 64, file="shelf/DOCUMENT.pdf", page_number=1, bbox=(72, 100, 300, 390)),
        images=() if picture is None else (picture.model_copy(update={"phash": None}),),
        kind="qa" if picture is None else "vqa", qtype="knowledge" if picture is None else "finding",
        style="reasoning", language="en", question="What is said of the ORGAN and its WORDS, NUMBER?",
        thinking="The caption names the ORGAN, its WORDS, and nothing that speaks against it. " * 3,
        answer="The ORGAN shows WORDS.", evidence=(caption,), licence="CC-BY-4.0",
        generation=Generation(
            client="openai", model="some-model", prompt="vqa.en@2", prompt_sha256="b" * 64, request_sha256="c" * 64
        ),
    )  # fmt: skip
    return record.model_dump_json()


def measure(count: int, name: str, assignments: list[str]) -> dict[str, float]:
    """Export so many records in this process; seconds of processor time and megabytes of memory at the most."""
    with tempfile.TemporaryDirectory() as folder:
        run, target = Path(folder, "run"), Path(folder, "out")
        run.mkdir()
        target.mkdir()
        store = ContentImageStore(run)
        pictures = make_pictures(store)
        start, started = time.process_time(), time.monotonic()
        for _ in stream_records(count, pictures):
            pass
        reading = time.process_time() - start
        before_mb = _read_peak_mb()
        config = load_config(None, [f"export.formats=[{name}]", "export.split=[0.9, 0.05, 0.05]", *assignments])
        start = time.process_time()
        stage = ExportStage(config)
        ((_, summary),) = stage.export(lambda: stream_records(count, pictures), store, target, Origin())
        exported = sum(n for split, n in summary.counts.items() if split != "images")
        return {
            "exported": exported,
            "left_out": len(summary.left_out),
            "export_s": round(time.process_time() - start, 1),
            "one_reading_s": round(reading, 1),
            "wall_s": round(time.monotonic() - started, 1),
            "peak_mb": round(_read_peak_mb()),
            "peak_before_mb": round(before_mb),
            "written_mb": round(sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) / 1e6),
        }


def _read_peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure every number of records with every format, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[100_000])
    parser.add_argument("--formats", nargs="+", default=["raw", "llamafactory"])
    parser.add_argument("--here", action="store_true", help="in this process, for one number and one format")
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="A.B=C")
    arguments = parser.parse_args()
    for count in arguments.records:
        for name in arguments.formats:
            if arguments.here:
                print(json.dumps(measure(count, name, arguments.assignments)))
                continue
            own = ["--records", str(count), "--formats", name, "--here"]
            own += [word for each in arguments.assignments for word in ("--set", each)]
            command = [sys.executable, "-m", "scripts.bench_export", *own]
            found = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{count:>9,} {name:<14}{found.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
