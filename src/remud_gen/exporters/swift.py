"""ms-swift: messages, grounding and reinforcement-learning rows, and scripts that tell swift where pictures lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.exporters.boxes import PixelBox, find_printed_boxes
from remud_gen.exporters.chat import PLACEHOLDER, Chat, ChatExporter, Messages, RowSink
from remud_gen.exporters.conversation import find_choice
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.exporters.swift_files import REWARD, render_grpo_script, render_script
from remud_gen.protocols import ExportedRow, ExportSummary, PictureShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.late import compile_late

_GRPO = "{split}_grpo"
_GROUNDING = "{split}_grounding"
_REF, _BBOX = "<ref-object>", "<bbox>"
_ASK = {
    "en": f"Locate the printed text {_REF} in the image and give its box in JSON.",
    "zh": f"在图像中找出印有的文字{_REF}，以JSON格式给出其边框。",
}
_BOX = f'{{"bbox_2d": {_BBOX}, "label": "{_REF}"}}'
_SOLUTION = compile_late(r"<answer>(?P<key>.+)</answer>", re.DOTALL)


class SwiftExporter(ChatExporter):
    """`<split>.jsonl` with messages, `<split>_grounding.jsonl` and `<split>_grpo.jsonl`.

    Start supervised training with `sh run_swift.sh`, reinforcement learning on the multiple-choice questions with
    `sh run_grpo.sh`. Grounding rows ask for words that are printed in a picture, whose boxes are known in its pixels.
    """

    name: ClassVar[str] = "swift"
    summary: ClassVar[str] = "ms-swift: messages for fine-tuning, boxes for grounding, choices for GRPO, run scripts"
    has_views: ClassVar[bool] = True

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write all files of the format in one pass."""
        self._asked = DigestTable()  # pictures that have their grounding rows
        return super().write(records, folder, pictures)

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A messages row; the id is an extra column, which swift drops."""
        messages = [{"role": role, "content": text} for role, text in chat.messages]
        return {"id": chat.id, "messages": messages, "images": list(chat.images)}

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """Roles have the same names here."""
        return tuple((turn["role"], turn["content"]) for turn in row["messages"])

    def add_rows(self, files: RowSink, split: str, chat: Chat) -> None:
        """The messages, a GRPO row of a question with options, and the grounding rows of a picture, once."""
        super().add_rows(files, split, chat)
        record = chat.record
        if find_choice(record) is not None:
            row = dict(self.to_row(chat))
            row |= {"messages": row["messages"][:-1], "solution": f"<answer>{record.answer_key}</answer>"}
            files.add(_GRPO.format(split=split), files.encode(row), filled=chat.filled)
        boxes = find_printed_boxes(record)
        if boxes and digest_text(*chat.images) not in self._asked:
            self._asked.setdefault(digest_text(*chat.images))
            for number, (text, places) in enumerate(boxes.items(), 1):
                grounding = to_grounding(f"{record.id}-box{number}", text, places, chat.images[0], record.language)
                files.add(_GROUNDING.format(split=split), files.encode(grounding))

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """All rows; those for GRPO and grounding are views of records, whose own rows are the messages."""
        yield from super().read_back(folder)
        for split in SPLIT_NAMES:
            yield from self.read_stem(folder, _GRPO.format(split=split), split, self._parse_grpo, is_view=True)
            yield from self.read_stem(folder, _GROUNDING.format(split=split), split, from_grounding, is_view=True)

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """The start scripts, and the reward for GRPO."""
        has_boxes = _GROUNDING.format(split="train") in stems
        files = {"run_swift.sh": render_script(has_validation="validation" in stems, has_boxes=has_boxes)}
        if _GRPO.format(split="train") in stems:
            files |= {"run_grpo.sh": render_grpo_script(), "reward_remud.py": REWARD}
        for name, text in files.items():
            (folder / name).write_bytes(text.encode("utf-8"))
        return list(files)

    def _parse_grpo(self, row: Mapping[str, Any]) -> ExportedRow:
        found = _SOLUTION.fullmatch(row["solution"])
        if found is None:
            raise ValueError(f"the solution is {row['solution']!r}")
        return ExportedRow(
            "", row["id"], "", self.to_messages(row), tuple(row["images"]), row, solution=found["key"], thinking="none"
        )


def to_grounding(row_id: str, text: str, places: Sequence[PixelBox], image: str, language: str) -> Mapping[str, Any]:
    """A row that asks where words are printed. swift puts the next `ref` and `bbox` where their marks stand."""
    answer = f"[{', '.join([_BOX] * len(places))}]"
    return {
        "id": row_id,
        "messages": [
            {"role": "user", "content": PLACEHOLDER + _ASK[language]},
            {"role": "assistant", "content": answer},
        ],
        "images": [image],
        "objects": {
            "ref": [text] * (1 + len(places)),
            "bbox": [list(place) for place in places],
            "bbox_type": "real",
            "image_id": [0] * len(places),
        },
    }


def from_grounding(row: Mapping[str, Any]) -> ExportedRow:
    """A grounding row with its words and boxes in the text, as swift fills them in; all must be used."""
    objects = row["objects"]
    values = {_REF: [str(text) for text in objects["ref"]], _BBOX: [str(box) for box in objects["bbox"]]}
    messages = []
    for turn in row["messages"]:
        text = re.sub(f"{_REF}|{_BBOX}", lambda mark: values[mark.group()].pop(0), turn["content"])
        messages.append((turn["role"], text))
    if any(values.values()) or len(objects["image_id"]) != len(objects["bbox"]) or objects["bbox_type"] != "real":
        raise ValueError("words, boxes and their marks do not match")
    return ExportedRow("", row["id"], "", tuple(messages), tuple(row["images"]), row, thinking="none")
