"""Unsloth: messages with picture paths in the content, and a script that trains on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from remud_gen.exporters.axolotl import PathPartsExporter

# A plain list instead of an Arrow dataset: Arrow would give every text part an empty `image` key.
_SCRIPT = '''"""Train on this folder with Unsloth (a GPU is needed): python train_unsloth.py [MODEL]."""

import json
import sys
from pathlib import Path

from unsloth import FastVisionModel  # before the libraries that it changes
from unsloth.trainer import UnslothVisionDataCollator
from trl import SFTConfig, SFTTrainer

HERE = Path(__file__).resolve().parent


def read(split):
    """The rows of a split, their pictures by absolute path."""
    path = HERE / f"{split}.jsonl"
    rows = [json.loads(line) for line in path.open(encoding="utf-8")] if path.exists() else []
    for row in rows:
        for turn in row["messages"]:
            for part in turn["content"]:
                if part["type"] == "image":
                    part["image"] = str(HERE / part["image"])
    return rows


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else "unsloth/Qwen2.5-VL-7B-Instruct"
    model, processor = FastVisionModel.from_pretrained(name, load_in_4bit=True)
    model = FastVisionModel.get_peft_model(model, finetune_vision_layers=False, r=16, lora_alpha=16)
    FastVisionModel.for_training(model)
    trainer = SFTTrainer(
        model=model,
        processing_class=processor,
        train_dataset=read("train"),
        eval_dataset=read("validation") or None,
        data_collator=UnslothVisionDataCollator(
            model,
            processor,
            train_on_responses_only=True,
            instruction_part="<|im_start|>user\\n",
            response_part="<|im_start|>assistant\\n",
        ),
        args=SFTConfig(
            output_dir=str(HERE / "saves"),
            per_device_train_batch_size=1,
            gradient_accumulation_steps=8,
            learning_rate=1e-4,
            num_train_epochs=3,
            logging_steps=10,
            max_length=8192,
            remove_unused_columns=False,
            dataset_text_field="",
            dataset_kwargs={"skip_prepare_dataset": True},
            report_to="none",
        ),
    )
    trainer.train()
    model.save_pretrained(str(HERE / "saves"))
    processor.save_pretrained(str(HERE / "saves"))
'''


class UnslothExporter(PathPartsExporter):
    """`<split>.jsonl` with content parts; train with `python train_unsloth.py`."""

    name: ClassVar[str] = "unsloth"
    summary: ClassVar[str] = "Unsloth: messages with picture paths in the content, and a training script"
    path_key: ClassVar[str] = "image"

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """The script; the rows are read by it."""
        (folder / "train_unsloth.py").write_bytes(_SCRIPT.encode("utf-8"))
        return ["train_unsloth.py"]
