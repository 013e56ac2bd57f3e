"""Qwen's own fine-tuning code (qwen-vl-finetune): conversations with `image`, and an entry for its data table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.exporters.chat import Chat, ChatExporter, Messages
from remud_gen.exporters.rows import RowFiles
from remud_gen.exporters.sharegpt import from_conversations, to_conversations

_ENTRY = '''"""Trains on this folder. Run it in the folder qwen-vl-finetune of https://github.com/QwenLM/Qwen3-VL:

    torchrun --nproc_per_node=1 THIS_FOLDER/train_qwen.py --dataset_use remud_train --model_name_or_path MODEL ...

with the arguments of its README (--tune_mm_llm True --tune_mm_vision False --bf16 --output_dir saves ...). Without this
file, put the entries below into `data_dict` of qwenvl/data/__init__.py. The name of MODEL must hold `qwen3` or
`qwen2.5`: that is how the code tells the models apart. `remud_train%50` takes half of the rows.
"""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENTRIES = {
@entries@
}

if __name__ == "__main__":
    sys.path[:0] = [str(Path.cwd()), str(Path.cwd() / "qwenvl" / "train")]
    from qwenvl.data import data_dict

    data_dict.update(ENTRIES)
    runpy.run_path("qwenvl/train/train_qwen.py", run_name="__main__")
'''
_LINE = '    "remud_{stem}": {{"annotation_path": str(HERE / "{stem}.jsonl"), "data_path": str(HERE)}},'


class QwenExporter(ChatExporter):
    """`<split>.jsonl` for qwen-vl-finetune; `train_qwen.py` registers the files and starts its training."""

    name: ClassVar[str] = "qwen"
    summary: ClassVar[str] = "qwen-vl-finetune, Qwen's own training code: conversations and an entry for its data table"
    placeholder: ClassVar[str] = "<image>\n"
    has_views: ClassVar[bool] = True

    def open_files(self, folder: Path) -> RowFiles:
        """ASCII: the loader opens files in the locale's encoding."""
        return RowFiles(folder, as_ascii=True)

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A row; `image` is always a list, so that rows are alike, and not there without pictures."""
        image = {"image": list(chat.images)} if chat.images else {}
        return {"id": chat.id, **image, "conversations": to_conversations(chat.messages)}

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """The turns."""
        return from_conversations(row["conversations"])

    def to_images(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """One, several or none.

        Raises:
            ValueError: `image` is something else than a list that holds something.
        """
        if "image" not in row:
            return ()
        if not isinstance(row["image"], list) or not row["image"]:
            raise ValueError(f"image is {row['image']!r}")
        return tuple(row["image"])

    def to_content(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """All but `image`, which is not in every row by design."""
        return {key: value for key, value in row.items() if key != "image"}

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """The entries, and what starts the training with them."""
        entries = "\n".join(_LINE.format(stem=stem) for stem in sorted(stems))
        (folder / "train_qwen.py").write_bytes(_ENTRY.replace("@entries@", entries).encode("utf-8"))
        return ["train_qwen.py"]
