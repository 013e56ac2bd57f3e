"""LLaMA-Factory: sharegpt and alpaca rows, dataset_info.json, and a training file per Qwen-VL family."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

import yaml

from remud_gen.exporters.chat import VIEWS, Chat, ChatExporter, Messages, RowSink
from remud_gen.exporters.sharegpt import from_conversations, to_conversations
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.protocols import ExportedRow

# `columns` must list every column that is used: LLaMA-Factory sets those it does not find there to None.
_SHAREGPT: Mapping[str, object] = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations", "images": "images"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "system_tag": "system",
    },
}
_ALPACA: Mapping[str, object] = {
    "formatting": "alpaca",
    "columns": {
        "prompt": "instruction",
        "query": "input",
        "response": "output",
        "system": "system",
        "history": "history",
        "images": "images",
    },
}
_ALPACA_STEM = "remud_{split}_alpaca"
# The `_nothink` and qwen2_vl templates train the written thinking as ordinary text and add none to direct answers.
# A thinking model's template puts an empty thinking block into the prompt of direct answers only if
# enable_thinking is null: true would train the empty block, false would remove all thinking.
_TRAININGS: Mapping[str, Mapping[str, object]] = {
    "train_qwen2.5_vl.yaml": {"model_name_or_path": "Qwen/Qwen2.5-VL-7B-Instruct", "template": "qwen2_vl"},
    "train_qwen3_vl_instruct.yaml": {"model_name_or_path": "Qwen/Qwen3-VL-8B-Instruct", "template": "qwen3_vl_nothink"},
    "train_qwen3_vl_thinking.yaml": {
        "model_name_or_path": "Qwen/Qwen3-VL-8B-Thinking",
        "template": "qwen3_vl",
        "enable_thinking": None,
    },
}

_CUTOFF_TOKENS = 8192
_PICTURE_PIXELS = 1048576
_TOKENS_PER_PICTURE = (
    _PICTURE_PIXELS // 28**2 + 64
)  # a token of Qwen2.5-VL stands for 28 x 28 pixels; Qwen3-VL has fewer
_TOKENS_PER_TURN = 12


class LlamaFactoryExporter(ChatExporter):
    """`remud_<split>.jsonl` in sharegpt form and `remud_<split>_alpaca.jsonl` with the same rows in alpaca form.

    Train with `llamafactory-cli train train_….yaml` inside the folder.
    """

    name: ClassVar[str] = "llamafactory"
    summary: ClassVar[str] = "LLaMA-Factory: sharegpt and alpaca data, dataset_info.json, training files for Qwen-VL"
    placeholder: ClassVar[str] = "<image>\n"
    stem: ClassVar[str] = "remud_{split}"
    has_views: ClassVar[bool] = True

    def __init__(self, thinking: str) -> None:
        super().__init__(thinking)
        self._longest_tokens = 0  # of a record, generously

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A sharegpt row; text-only rows have an empty list of images."""
        return {"id": chat.id, "conversations": to_conversations(chat.messages), "images": list(chat.images)}

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """The turns of a sharegpt row."""
        return from_conversations(row["conversations"])

    def add_rows(self, files: RowSink, split: str, chat: Chat) -> None:
        """The sharegpt rows, and the alpaca one."""
        super().add_rows(files, split, chat)
        self._longest_tokens = max(self._longest_tokens, estimate_tokens(chat))
        filled = (*chat.filled, *(("history",) if chat.record.turns else ()))
        files.add(_ALPACA_STEM.format(split=split), files.encode(to_alpaca(chat)), filled=filled)

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """The sharegpt rows, and the alpaca ones as their view."""
        yield from super().read_back(folder)
        for split in SPLIT_NAMES:
            yield from self.read_stem(folder, _ALPACA_STEM.format(split=split), split, from_alpaca, is_view=True)

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """dataset_info.json names every file; the training files use the mixed ones."""
        info = {
            stem: {"file_name": f"{stem}.jsonl", **(_ALPACA if stem.endswith("_alpaca") else _SHAREGPT)}
            for stem in sorted(stems)
        }
        # LLaMA-Factory opens this file in the locale's encoding: it must be pure ASCII.
        text = json.dumps(info, indent=2, ensure_ascii=True) + "\n"
        (folder / "dataset_info.json").write_bytes(text.encode("ascii"))
        mixed = [stem for stem in stems if not stem.endswith((*VIEWS, "_alpaca"))]
        for name, model in _TRAININGS.items():
            text = _render_training(name, model, mixed, self._longest_tokens)
            (folder / name).write_bytes(text.encode("utf-8"))
        return ["dataset_info.json", *_TRAININGS]


def estimate_tokens(chat: Chat) -> int:
    """More tokens than Qwen's tokenizer makes of a record of ordinary words, with its pictures at their largest."""
    texts = [text for _, text in chat.messages]
    n_ascii = sum(len(text.encode("ascii", "ignore")) for text in texts)
    n_other = sum(map(len, texts)) - n_ascii
    return ceil(n_ascii / 2.5 + n_other * 1.5 + _TOKENS_PER_TURN * len(texts) + _TOKENS_PER_PICTURE * len(chat.images))


def to_alpaca(chat: Chat) -> Mapping[str, Any]:
    """An alpaca row: the last exchange, and those before it as history, where the first one has the placeholders."""
    texts = [text for _, text in chat.messages]
    pairs = [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
    return {
        "id": chat.id,
        "instruction": pairs[-1][0],
        "input": "",
        "output": pairs[-1][1],
        "system": "",
        "history": pairs[:-1],
        "images": list(chat.images),
    }


def from_alpaca(row: Mapping[str, Any]) -> ExportedRow:
    """An alpaca row as LLaMA-Factory puts it together."""
    prompt = "\n".join(text for text in (row["instruction"], row["input"]) if text)
    pairs = [*row["history"], (prompt, row["output"])]
    system = (("system", row["system"]),) if row["system"] else ()
    turns = tuple(turn for asked, answered in pairs for turn in (("user", asked), ("assistant", answered)))
    return ExportedRow("", row["id"], "", (*system, *turns), tuple(row["images"]), row)


def _render_training(name: str, model: Mapping[str, object], stems: Sequence[str], longest_tokens: int) -> str:
    settings: dict[str, object] = {
        **model,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": 16,
        "lora_target": "all",
        "freeze_vision_tower": True,
        "dataset_dir": ".",
        "media_dir": ".",
        "dataset": "remud_train",
        # What is longer is cut without a word, and its answer is then not trained.
        "cutoff_len": max(_CUTOFF_TOKENS, ceil(longest_tokens / 1024) * 1024),
        "image_max_pixels": _PICTURE_PIXELS,
        "preprocessing_num_workers": 4,
        "output_dir": f"saves/{name.removeprefix('train_').removesuffix('.yaml')}",
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 8,
        "learning_rate": 1.0e-4,
        "num_train_epochs": 3.0,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 20,
        "bf16": True,
        "logging_steps": 10,
        "save_strategy": "epoch",
    }
    if "remud_validation" in stems:
        settings |= {"eval_dataset": "remud_validation", "per_device_eval_batch_size": 1, "eval_strategy": "epoch"}
    head = f"# Run inside this folder: llamafactory-cli train {name}\n"
    return head + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
