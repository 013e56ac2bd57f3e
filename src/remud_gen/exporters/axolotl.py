"""Axolotl: messages with picture paths in the content, and a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import yaml

from remud_gen.exporters.chat import Chat, ChatExporter, Messages
from remud_gen.exporters.parts import Part, from_part_messages, take_value, to_part_messages

_CONFIG = "axolotl.yaml"
_HEAD = "# Run inside this folder, where the picture paths begin: axolotl train axolotl.yaml\n"


class PathPartsExporter(ChatExporter):
    """`<split>.jsonl` whose content parts name the pictures by path, under the key that the trainer reads."""

    path_key: ClassVar[str]

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A messages row. It has no `images` column: with one, trainers use its first picture only."""
        parts = ({"type": "image", self.path_key: path} for path in chat.images)
        return {"id": chat.id, "messages": to_part_messages(chat.messages, parts)}

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """Content parts joined."""
        return from_part_messages(row["messages"], self._read_picture)[0]

    def to_images(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The paths in the content parts."""
        return from_part_messages(row["messages"], self._read_picture)[1]

    def to_content(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Parts differ by design, and were read one by one; the other keys must be the same in all rows."""
        turns = [{key: value for key, value in turn.items() if key != "content"} for turn in row["messages"]]
        return {**row, "messages": turns}

    def _read_picture(self, part: Part) -> str:
        if part["type"] != "image":
            raise ValueError(f"a content part is of type {part['type']}")
        return take_value(part, self.path_key)


class AxolotlExporter(PathPartsExporter):
    """`<split>.jsonl` with content parts; train with `axolotl train axolotl.yaml` inside the folder."""

    name: ClassVar[str] = "axolotl"
    summary: ClassVar[str] = "Axolotl: messages with picture paths in the content, and a configuration for Qwen2.5-VL"
    path_key: ClassVar[str] = "path"

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """The configuration. Its keys are those that multimodal data need; the rest is a common LoRA setting."""
        settings: dict[str, object] = {
            "base_model": "Qwen/Qwen2.5-VL-7B-Instruct",
            "processor_type": "AutoProcessor",
            "chat_template": "qwen2_vl",
            "skip_prepare_dataset": True,
            "remove_unused_columns": False,
            "sample_packing": False,
            "datasets": [_describe("train")],
            **({"test_datasets": [_describe("validation")]} if "validation" in stems else {}),
            "dataset_prepared_path": "prepared",
            "output_dir": "saves",
            "sequence_len": 8192,
            "adapter": "lora",
            "lora_r": 16,
            "lora_alpha": 32,
            "lora_target_modules": (r"model.language_model.layers.[\d]+.(mlp|self_attn).(up|down|gate|q|k|v|o)_proj"),
            "micro_batch_size": 1,
            "gradient_accumulation_steps": 8,
            "num_epochs": 3,
            "learning_rate": 1.0e-4,
            "lr_scheduler": "cosine",
            "warmup_steps": 20,
            "bf16": True,
            "gradient_checkpointing": True,
            "logging_steps": 10,
        }
        text = _HEAD + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
        (folder / _CONFIG).write_bytes(text.encode("utf-8"))
        return [_CONFIG]


def _describe(split: str) -> dict[str, str]:
    return {"path": f"{split}.jsonl", "ds_type": "json", "type": "chat_template", "split": "train"}
