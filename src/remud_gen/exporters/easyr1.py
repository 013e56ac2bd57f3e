"""EasyR1: prompts of multiple-choice questions for reinforcement learning, with reward and start script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.exporters.chat import Chat, Messages
from remud_gen.exporters.choices import INSTRUCTION, ChoiceExporter
from remud_gen.exporters.parquet_rows import IMAGE, TEXT, Features, list_of, list_pictures, to_cells
from remud_gen.exporters.shipped_scripts import write_script
from remud_gen.protocols import ExportedRow


class EasyR1Exporter(ChoiceExporter):
    """`<split>/part-00000-of-00001.parquet`; start with `sh run_easyr1.sh` inside a checkout of EasyR1."""

    name: ClassVar[str] = "easyr1"
    summary: ClassVar[str] = "EasyR1: reinforcement learning on multiple-choice questions, with reward and start script"
    stem: ClassVar[str] = "{split}/part"  # EasyR1 takes a folder, and in it whatever is not named like another split
    features: ClassVar[Features] = {
        "problem": TEXT,
        "answer": TEXT,
        "images": list_of(IMAGE),
        "id": TEXT,
        "qtype": TEXT,
        "language": TEXT,
    }

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A row; the instruction is added by EasyR1 from format_prompt.jinja."""
        record = chat.record
        return {
            "problem": chat.messages[0][1],
            "answer": record.answer_key,
            "images": to_cells(chat.packed),
            "id": record.id,
            "qtype": record.qtype,
            "language": record.language,
        }

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """The user's turn."""
        return (("user", row["problem"]),)

    def parse(self, row: Mapping[str, Any]) -> ExportedRow:
        """A row read back."""
        packed = list_pictures(row["images"])
        messages = self.to_messages(row)
        return ExportedRow("", row["id"], "", messages, packed=packed, solution=row["answer"], thinking="none")

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """Format prompt, reward and start script."""
        reward = write_script(folder, "easyr1_reward.py", "reward_remud.py")
        (folder / "format_prompt.jinja").write_bytes(f"{{{{ content | trim }}}}\n\n{INSTRUCTION}\n".encode())
        validation = "validation" if "validation/part" in stems else "train"
        (folder / "run_easyr1.sh").write_bytes(_SCRIPT.replace("VALIDATION", validation).encode("utf-8"))
        return [reward, "format_prompt.jinja", "run_easyr1.sh"]


_SCRIPT = """#!/bin/sh
# GRPO on this folder; run it inside a checkout of EasyR1. MODEL may be set in the environment; further arguments go to
# EasyR1.
here=$(cd "$(dirname "$0")" && pwd)
exec python3 -m verl.trainer.main config=examples/config.yaml \\
    data.train_files="$here/train" \\
    data.val_files="$here/VALIDATION" \\
    data.prompt_key=problem data.answer_key=answer data.image_key=images \\
    data.format_prompt="$here/format_prompt.jinja" \\
    data.max_prompt_length=4096 data.max_response_length=2048 \\
    worker.actor.model.model_path="${MODEL:-Qwen/Qwen2.5-VL-7B-Instruct}" \\
    worker.reward.reward_function="$here/reward_remud.py:compute_score" \\
    trainer.save_checkpoint_path="$here/saves" \\
    "$@"
"""
