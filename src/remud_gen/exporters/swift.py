"""ms-swift: messages with relative picture paths, and a script that tells swift where they start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.exporters.chat import Chat, ChatExporter, Messages

# swift resolves relative picture paths against the working directory or ROOT_IMAGE_DIR, never against the data file.
_SCRIPT = """#!/bin/sh
# Trains on this folder. MODEL may be set in the environment; further arguments go to `swift sft`.
here=$(cd "$(dirname "$0")" && pwd)
ROOT_IMAGE_DIR="$here" exec swift sft \\
    --model "${{MODEL:-Qwen/Qwen3-VL-8B-Instruct}}" \\
    --dataset "$here/train.jsonl" \\
{validation}    --strict true \\
    --output_dir "$here/saves" \\
    "$@"
"""


class SwiftExporter(ChatExporter):
    """`<split>.jsonl` with messages; start with `sh run_swift.sh`."""

    name: ClassVar[str] = "swift"
    summary: ClassVar[str] = "ms-swift: messages data and a start script for supervised fine-tuning"
    placeholder: ClassVar[str] = "<image>"

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A messages row; the id is an extra column, which swift drops."""
        messages = [{"role": role, "content": text} for role, text in chat.messages]
        return {"id": chat.id, "messages": messages, "images": list(chat.images)}

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """Roles have the same names here."""
        return tuple((turn["role"], turn["content"]) for turn in row["messages"])

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """The start script."""
        validation = '    --val_dataset "$here/validation.jsonl" \\\n' if "validation" in stems else ""
        (folder / "run_swift.sh").write_bytes(_SCRIPT.format(validation=validation).encode("utf-8"))
        return ["run_swift.sh"]
