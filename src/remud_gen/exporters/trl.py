"""TRL: Parquet with messages and pictures, and a script that trains on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.exporters.chat import Chat, Messages
from remud_gen.exporters.parquet_chat import ParquetChatExporter
from remud_gen.exporters.parquet_rows import IMAGE, TEXT, Features, list_of, to_cells
from remud_gen.exporters.parts import Part, from_part_messages, to_part_messages
from remud_gen.protocols import PictureShelf
from remud_gen.records import Quadruplet

_SCRIPT = '''"""Train on this folder with TRL: python train_trl.py [MODEL] [--max_steps 2 or others of SFTConfig]."""

import sys
from pathlib import Path

from datasets import load_dataset
from peft import LoraConfig
from transformers import HfArgumentParser
from trl import SFTConfig, SFTTrainer

HERE = Path(__file__).resolve().parent
DEFAULTS = {
    "output_dir": str(HERE / "saves"),
    "max_length": None,  # a cut would go through the tokens of a picture
    "assistant_only_loss": True,  # else the questions are trained, too
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 8,
    "learning_rate": 1e-4,
    "num_train_epochs": 3,
    "logging_steps": 10,
    "report_to": "none",
}


def read():
    """The splits; the files say themselves which column holds pictures."""
    found = {split: sorted(map(str, HERE.glob(f"data/{split}-*.parquet"))) for split in ("train", "validation")}
    return load_dataset("parquet", data_files={split: files for split, files in found.items() if files})


if __name__ == "__main__":
    arguments = sys.argv[1:]
    model = arguments.pop(0) if arguments and not arguments[0].startswith("-") else "@model@"
    parser = HfArgumentParser(SFTConfig)
    parser.set_defaults(**DEFAULTS)
    (config,) = parser.parse_args_into_dataclasses(arguments)
    data = read()
    trainer = SFTTrainer(
        model=model,
        args=config,
        train_dataset=data["train"],
        eval_dataset=data.get("validation"),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"]),
    )
    trainer.train()
    trainer.save_model()
'''
_MODELS = {True: "Qwen/Qwen3-8B", False: "Qwen/Qwen3-VL-8B-Instruct"}  # by whether thinking is a field


class TrlExporter(ParquetChatExporter):
    """`data/<split>-….parquet` with messages and pictures; train with `python train_trl.py`.

    With thinking as a field it is for text models whose template has a place for it (Qwen3, GPT-OSS): those of
    vision models drop the field, so that records with pictures are left out by name. Needs `remud-gen[parquet]`.
    """

    name: ClassVar[str] = "trl"
    summary: ClassVar[str] = "TRL's SFTTrainer: Parquet with messages and pictures, and a training script"
    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "field", "none")

    @property
    def features(self) -> Features:
        """The columns. A part must have no key `image`: templates take every part that has it for a picture."""
        if self.thinking == "field":
            return {"id": TEXT, "messages": list_of({"role": TEXT, "content": TEXT, "reasoning_content": TEXT})}
        parts = list_of({"type": TEXT, "text": TEXT})
        return {"id": TEXT, "images": list_of(IMAGE), "messages": list_of({"role": TEXT, "content": parts})}

    def make_chat(self, record: Quadruplet, pictures: PictureShelf) -> Chat:
        """As in other formats, but with thinking as a field no record that has a picture."""
        if self.thinking == "field" and record.images:
            raise RecordError("TOO_MANY_IMAGES", "templates of vision models drop thinking that is a field")
        return super().make_chat(record, pictures)

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """Messages whose content is a list of parts, also without pictures; plain texts where thinking is a field."""
        if self.thinking == "field":
            return {"id": chat.id, "messages": [*_to_plain(chat)]}
        parts: list[Part] = [{"type": "image", "text": None}] * len(chat.packed)
        return {"id": chat.id, "images": to_cells(chat.packed), "messages": to_part_messages(chat.messages, parts)}

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """Content parts joined."""
        if self.thinking == "field":
            return tuple((turn["role"], turn["content"]) for turn in row["messages"])
        return from_part_messages(row["messages"], _read_picture)[0]

    def to_packed(self, row: Mapping[str, Any]) -> tuple[bytes, ...]:
        """The bytes in the column of pictures, which is not there where thinking is a field."""
        return () if self.thinking == "field" else super().to_packed(row)

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """The script."""
        text = _SCRIPT.replace("@model@", _MODELS[self.thinking == "field"])
        (folder / "train_trl.py").write_bytes(text.encode("utf-8"))
        return ["train_trl.py"]


def _to_plain(chat: Chat) -> Iterator[dict[str, object]]:
    for exchange in chat.conversation.exchanges:
        yield {"role": "user", "content": exchange.prompt, "reasoning_content": None}
        yield {"role": "assistant", "content": exchange.reply, "reasoning_content": exchange.thinking}


def _read_picture(part: Part) -> str:
    if part["type"] != "image" or part.keys() != {"type", "text"} or part["text"] is not None:
        raise ValueError(f"a content part is {part!r}")
    return ""
