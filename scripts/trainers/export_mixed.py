"""The mixed corpus of the exporter tests in the formats that trainers are checked with.

    python -m scripts.trainers.export_mixed OUT

Everything lies in the train split, so that every record must arrive. Run from the project's root.
"""

from __future__ import annotations

import sys
from pathlib import Path

from remud_gen.config import Config
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.export import ExportStage
from tests.exporters.mixed_records import make_mixed_corpus

FORMATS = ("raw", "llamafactory", "swift", "trl", "hf", "webdataset", "labelstudio", "verl")


def main(out: Path) -> None:
    """Write every format and print its counts."""
    store = ContentImageStore(out / "pictures")
    records = make_mixed_corpus(store)
    export = Config().export.model_copy(update={"formats": list(FORMATS), "split": (1.0,)})
    stage = ExportStage(Config().model_copy(update={"export": export}))
    folder = out / "exports"
    folder.mkdir(parents=True)
    for name, summary in stage.export(lambda: iter(records), store, folder):
        left = f", {len(summary.left_out)} left out by name" if summary.left_out else ""
        print(
            f"exported {name}: {summary.counts['train']} records, {summary.counts['images']} different pictures{left}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
