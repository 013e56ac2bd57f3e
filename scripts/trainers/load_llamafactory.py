"""LLaMA-Factory's own loader over an export: python load_llamafactory.py EXPORT RAW MODEL TRAINING.yaml

TRAINING.yaml is one of those that the export wrote; its template and its thinking switch are used as they stand.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import cpu_vision  # noqa: F401 - first
import yaml
from expectation import compare, read_expected, read_ids, report


def main(export: Path, raw: Path, model: str, training: str) -> None:
    """Load the train split as training would, and compare every example."""
    work = tempfile.mkdtemp()
    os.environ["HF_DATASETS_CACHE"] = work
    settings = yaml.safe_load((export / training).read_text(encoding="utf-8"))
    settings |= {
        "model_name_or_path": model,
        "dataset_dir": str(export),
        "media_dir": str(export),
        "output_dir": f"{work}/out",
        "preprocessing_num_workers": 1,
        "overwrite_cache": True,
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
    }
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer

    model_arguments, data, arguments, _, _ = get_train_args(settings)
    parts = load_tokenizer(model_arguments)
    tokenizer = parts["tokenizer"]
    template = get_template_and_fix_tokenizer(tokenizer, data)
    loaded = get_dataset(template, model_arguments, data, arguments, stage="sft", **parts)["train_dataset"]

    expected = read_expected(raw, "train")
    order = read_ids(export / "remud_train.jsonl")
    problems = (
        [] if len(loaded) == len(order) == len(expected) else [f"{len(loaded)} loaded of {len(expected)} records"]
    )
    pictures = 0
    for identity, example in zip(order, loaded, strict=False):
        problems += compare(tokenizer, example["input_ids"], example["labels"], expected[identity])
        pictures += expected[identity].pictures
    name = f"LLaMA-Factory, {training}"
    report(name, problems, {"records": len(loaded), "pictures": pictures})


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
