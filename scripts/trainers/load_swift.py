"""ms-swift's own loader and template over an export: python load_swift.py EXPORT RAW MODEL MODEL_TYPE"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import cpu_vision  # noqa: F401 - first
from expectation import compare, read_expected, read_ids, report


def main(export: Path, raw: Path, model: str, kind: str) -> None:
    """Load the train split strictly, encode every row for training, and compare."""
    os.environ["MODELSCOPE_CACHE"] = tempfile.mkdtemp()
    os.environ["ROOT_IMAGE_DIR"] = str(export)
    from swift import get_processor, get_template
    from swift.dataset import load_dataset

    loaded, _ = load_dataset([str(export / "train.jsonl")], strict=True, num_proc=1, load_from_cache_file=False)
    template = get_template(get_processor(model, model_type=kind), template_type=kind)
    template.set_mode("train")
    expected = read_expected(raw, "train")
    order = read_ids(export / "train.jsonl")
    problems = (
        [] if len(loaded) == len(order) == len(expected) else [f"{len(loaded)} loaded of {len(expected)} records"]
    )
    pictures = 0
    for identity, row in zip(order, loaded, strict=False):
        encoded = template.encode(dict(row))
        problems += compare(template.tokenizer, encoded["input_ids"], encoded["labels"], expected[identity])
        pictures += expected[identity].pictures
    report(f"ms-swift, {kind}", problems, {"records": len(loaded), "pictures": pictures})


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
