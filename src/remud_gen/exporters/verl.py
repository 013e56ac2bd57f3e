"""verl: prompts of multiple-choice questions for reinforcement learning, a reward, and a start script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.exporters.chat import Chat, Messages, RowSink
from remud_gen.exporters.choices import INSTRUCTION, ChoiceExporter
from remud_gen.exporters.parquet_rows import IMAGE, NUMBER, TEXT, Features, list_of, list_pictures, to_cells
from remud_gen.exporters.shipped_scripts import write_script
from remud_gen.protocols import ExportedRow, ExportSummary, PictureShelf
from remud_gen.records import Quadruplet

# Rewards of verl's own are chosen by this name, and none has it: the reward that lies beside the data is used.
DATA_SOURCE = "remud/mcq"


class VerlExporter(ChoiceExporter):
    """`<split>-00000-of-00001.parquet`; start with `sh run_verl.sh` where verl is installed."""

    name: ClassVar[str] = "verl"
    summary: ClassVar[str] = "verl: reinforcement learning on multiple-choice questions, with reward and start script"
    features: ClassVar[Features] = {
        "data_source": TEXT,
        "prompt": list_of({"role": TEXT, "content": TEXT}),
        "images": list_of(IMAGE),
        "ability": TEXT,
        "reward_model": {"style": TEXT, "ground_truth": TEXT},
        "extra_info": {"split": TEXT, "index": NUMBER, "id": TEXT, "qtype": TEXT, "language": TEXT},
    }

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A row; `split` and `index` are filled in as it is added."""
        (_, prompt), record = chat.messages[0], chat.record
        return {
            "data_source": DATA_SOURCE,
            "prompt": [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": prompt}],
            "images": to_cells(chat.packed),
            "ability": "ultrasound",
            "reward_model": {"style": "rule", "ground_truth": record.answer_key},
            "extra_info": {
                "split": "",
                "index": 0,
                "id": record.id,
                "qtype": record.qtype,
                "language": record.language,
            },
        }

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write all files of the format in one pass."""
        self._numbers: Counter[str] = Counter()  # rows by split
        return super().write(records, folder, pictures)

    def add_rows(self, files: RowSink, split: str, chat: Chat) -> None:
        """A row with its split and its number in it."""
        row = dict(self.to_row(chat))
        row["extra_info"] = {**row["extra_info"], "split": split, "index": self._numbers[split]}
        self._numbers[split] += 1
        files.add(self.stem.format(split=split), files.encode(row))

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """The user's turn; our own instruction stands before it.

        Raises:
            ValueError: something else does.
        """
        system, *rest = row["prompt"]
        if (system["role"], system["content"]) != ("system", INSTRUCTION) or row["data_source"] != DATA_SOURCE:
            raise ValueError("the prompt does not begin with our instruction")
        return tuple((turn["role"], turn["content"]) for turn in rest)

    def parse(self, row: Mapping[str, Any]) -> ExportedRow:
        """A row read back."""
        return ExportedRow(
            "", row["extra_info"]["id"], "", self.to_messages(row), packed=list_pictures(row["images"]),
            solution=row["reward_model"]["ground_truth"], thinking="none",
        )  # fmt: skip

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """The reward and the start script."""
        reward = write_script(folder, "verl_reward.py", "reward_remud.py")
        validation = "validation" if "validation" in stems else "train"
        (folder / "run_verl.sh").write_bytes(_SCRIPT.replace("VALIDATION", validation).encode("utf-8"))
        return [reward, "run_verl.sh"]


_SCRIPT = """#!/bin/sh
# GRPO on this folder. MODEL may be set in the environment; further arguments go to verl.
here=$(cd "$(dirname "$0")" && pwd)
list() { ls "$here"/"$1"-*.parquet | paste -s -d, -; }
exec python3 -m verl.trainer.main_ppo \\
    algorithm.adv_estimator=grpo \\
    data.train_files="[$(list train)]" \\
    data.val_files="[$(list VALIDATION)]" \\
    data.prompt_key=prompt data.image_key=images \\
    data.max_prompt_length=4096 data.max_response_length=2048 \\
    data.filter_overlong_prompts=true data.truncation=error \\
    custom_reward_function.path="$here/reward_remud.py" custom_reward_function.name=compute_score \\
    actor_rollout_ref.model.path="${MODEL:-Qwen/Qwen2.5-VL-7B-Instruct}" \\
    trainer.default_local_dir="$here/saves" \\
    "$@"
"""
