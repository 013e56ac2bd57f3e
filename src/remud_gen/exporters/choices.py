"""What formats of reinforcement learning share: a prompt with options, its pictures, the letter that is right."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.exporters.chat import Chat, ChatExporter, RowSink
from remud_gen.exporters.conversation import find_choice, render_conversation
from remud_gen.exporters.parquet_rows import Features, ParquetFiles, check_pyarrow, list_shards, read_parquet
from remud_gen.exporters.validate import check_row
from remud_gen.protocols import ExportedRow, PictureShelf
from remud_gen.records import Quadruplet

# Said once, by us; the tags in it are those that the reward looks for.
INSTRUCTION = (
    "Think first, within <think> and </think>, then give the letter of the right option within <answer> and </answer>."
)


class ChoiceExporter(ChatExporter):
    """Prompts of multiple-choice questions in Parquet, without answer and thinking; all other records are left out."""

    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "field", "none")  # the prompt has none in any
    packs_images: ClassVar[bool] = True
    features: ClassVar[Features]

    def __init__(self, thinking: str) -> None:
        super().__init__(thinking)
        check_pyarrow(self.name)

    @abstractmethod
    def parse(self, row: Mapping[str, Any]) -> ExportedRow:
        """A row read back: id, messages up to the user's, pictures and solution."""

    def open_files(self, folder: Path) -> RowSink:
        """Parquet files."""
        return ParquetFiles(folder, self.features)

    def read_file(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows of one file."""
        return read_parquet(path)

    def list_files(self, folder: Path, stem: str) -> Sequence[Path]:
        """The files of a split."""
        return list_shards(folder, stem)

    def make_chat(self, record: Quadruplet, pictures: PictureShelf) -> Chat:
        """A prompt and what is right.

        Raises:
            RecordError: NOT_A_CHOICE, or the rule that keeps it out of every format.
        """
        if find_choice(record) is None:
            raise RecordError(
                "NOT_A_CHOICE", f"{_explain(record)}: only multiple-choice questions can be rewarded by a rule"
            )
        conversation = render_conversation(record, "none")
        messages = conversation.to_messages(self.placeholder, len(record.images))[:1]
        images = ("",) * len(record.images)
        expected = ExportedRow("", record.id, "", messages, images, solution=record.answer_key, thinking="none")
        for code, detail in check_row(expected, "none"):
            raise RecordError(code, detail)
        return Chat(record, conversation, messages, packed=pictures.pack(record.images))

    def _parse(self, row: Mapping[str, Any]) -> ExportedRow:
        return self.parse(row)


def _explain(record: Quadruplet) -> str:
    if record.turns:
        return "a dialogue"
    if not record.options:
        return "no options"
    if len(record.answer_key or "") == 1 and (record.answer_key or "").isupper():
        return f"its answer is another than its key {record.answer_key}"
    return "its right option has no letter"
