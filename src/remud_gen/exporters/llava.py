"""LLaVA: one JSON array of conversations with at most one picture each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.exporters.chat import Chat, ChatExporter, Messages
from remud_gen.exporters.rows import ArrayFiles, read_array
from remud_gen.exporters.sharegpt import from_conversations, to_conversations

_SCRIPT = """#!/bin/sh
# Trains on this folder; run it inside https://github.com/haotian-liu/LLaVA. MODEL and VISION_TOWER may be set in the
# environment; further arguments go to LLaVA's training script. LLaVA has no validation while it trains.
here=$(cd "$(dirname "$0")" && pwd)
exec deepspeed llava/train/train_mem.py \\
    --deepspeed ./scripts/zero3.json \\
    --lora_enable True --lora_r 128 --lora_alpha 256 --mm_projector_lr 2e-5 \\
    --model_name_or_path "${MODEL:-liuhaotian/llava-v1.5-7b}" \\
    --version v1 \\
    --data_path "$here/train.json" \\
    --image_folder "$here" \\
    --vision_tower "${VISION_TOWER:-openai/clip-vit-large-patch14-336}" \\
    --mm_projector_type mlp2x_gelu --mm_vision_select_layer -2 \\
    --mm_use_im_start_end False --mm_use_im_patch_token False \\
    --image_aspect_ratio pad --group_by_modality_length True \\
    --bf16 True --tf32 True --gradient_checkpointing True \\
    --per_device_train_batch_size 4 --gradient_accumulation_steps 4 \\
    --num_train_epochs 1 --learning_rate 2e-4 --warmup_ratio 0.03 --lr_scheduler_type cosine \\
    --model_max_length 2048 --lazy_preprocess True --logging_steps 10 --report_to none \\
    --output_dir "$here/saves" \\
    "$@"
"""


class LlavaExporter(ChatExporter):
    """`<split>.json`, an array; records with several pictures are left out by name. Start with `run_llava.sh`."""

    name: ClassVar[str] = "llava"
    summary: ClassVar[str] = "LLaVA: one JSON array per split with one picture a record, and a start script"
    placeholder: ClassVar[str] = "<image>\n"
    max_images: ClassVar[int | None] = 1

    def open_files(self, folder: Path) -> ArrayFiles:
        """ASCII: the loader opens files in the locale's encoding."""
        return ArrayFiles(folder, as_ascii=True)

    def read_file(self, path: Path) -> Iterator[dict[str, Any]]:
        """The elements of the array."""
        return read_array(path)

    def list_files(self, folder: Path, stem: str) -> Sequence[Path]:
        """One array per split."""
        path = folder / f"{stem}{ArrayFiles.suffix}"
        return [path] if path.exists() else []

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A conversation; without a picture there is no `image` key, by which LLaVA tells."""
        image = {"image": chat.images[0]} if chat.images else {}
        return {"id": chat.id, **image, "conversations": to_conversations(chat.messages)}

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """The turns. A system turn would stop LLaVA, and none is written."""
        return from_conversations(row["conversations"])

    def to_images(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """One or none; a list, which LLaVA cannot open, is found not to be a text."""
        return (row["image"],) if "image" in row else ()

    def to_content(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """All but `image`, which differs by design."""
        return {key: value for key, value in row.items() if key != "image"}

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """The start script."""
        (folder / "run_llava.sh").write_bytes(_SCRIPT.encode("utf-8"))
        return ["run_llava.sh"]
