"""TRL's own collator over an export, and steps of its trainer: python load_trl.py PARQUET RAW MODEL [STEPS]

Loss on the assistant's words alone (`assistant_only_loss`), as the export's own script sets it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import cpu_vision  # noqa: F401 - first
from expectation import compare, read_expected, report


def main(parquet: Path, raw: Path, model: str, steps: int) -> None:
    """Collate every record as training would, compare, then train."""
    os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()
    from datasets import load_dataset
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from trl import SFTConfig, SFTTrainer
    from trl.chat_template_utils import get_training_chat_template
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    loaded = load_dataset("parquet", data_files=str(parquet), split="train")
    processor = AutoProcessor.from_pretrained(model)
    collator = DataCollatorForVisionLanguageModeling(
        processor, assistant_only_loss=True, chat_template=get_training_chat_template(processor)
    )
    expected = read_expected(raw, "train")
    problems = [] if len(loaded) == len(expected) else [f"{len(loaded)} loaded of {len(expected)} records"]
    pictures = 0
    for row in loaded:
        batch = collator([dict(row)])
        ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
        problems += compare(processor.tokenizer, ids, labels, expected[row["id"]])
        pictures += len(row["images"])
    if steps:
        arguments = SFTConfig(
            output_dir=tempfile.mkdtemp(),
            max_steps=steps,
            per_device_train_batch_size=2,
            max_length=None,
            assistant_only_loss=True,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
        )
        trainer = SFTTrainer(
            model=AutoModelForImageTextToText.from_pretrained(model, dtype="float32"),
            processing_class=processor,
            train_dataset=loaded,
            args=arguments,
        )
        trainer.train()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        print(f"TRL: losses of {len(losses)} steps: {losses}")
        problems += [] if len(losses) == steps else [f"{len(losses)} of {steps} steps were made"]
    report(f"TRL, {Path(model).name}", problems, {"records": len(loaded), "pictures": pictures})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 0)
