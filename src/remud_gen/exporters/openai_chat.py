"""OpenAI's fine-tuning rows with the pictures inside, as Azure, Fireworks and others read them, too."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.exporters.chat import Chat, ChatExporter, Messages, RowSink
from remud_gen.exporters.parts import Part, from_part_messages, to_part_messages
from remud_gen.exporters.rows import read_rows
from remud_gen.protocols import ExportSummary, PackedPicture, PictureShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.late import compile_late

MAX_IMAGES = 10  # in an example
MAX_IMAGE_BYTES = 10 << 20
MIN_EXAMPLES = 10
MAX_IMAGE_EXAMPLES = 50_000
MAX_FILE_BYTES = 512 << 20
_DATA_URL = compile_late(r"data:image/(?:png|jpeg);base64,")
_IDS = "{split}_ids"


@dataclass(slots=True)
class _Tally:
    """What the service's limits are about."""

    examples: int = 0
    with_images: int = 0
    bytes: int = 0


class OpenAIExporter(ChatExporter):
    """`<split>.jsonl` to upload as a training or validation file.

    Its rows have no key besides `messages`, as the service asks: whose they are stands in `<split>_ids.jsonl`, line by
    line. Thinking is part of the reply, as there is no place for it; `--thinking none` drops it. Records of more than
    10 pictures, or with one above 10 MiB, are left out by name; limits of a whole file are told as notes.
    """

    name: ClassVar[str] = "openai"
    summary: ClassVar[str] = "OpenAI fine-tuning and services with its format: messages with the pictures inside"
    packs_images: ClassVar[bool] = True
    max_images: ClassVar[int | None] = MAX_IMAGES

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write all files of the format in one pass."""
        self._tallies: dict[str, _Tally] = {}
        return super().write(records, folder, pictures)

    def make_chat(self, record: Quadruplet, pictures: PictureShelf) -> Chat:
        """As in other formats, and no picture above the service's limit."""
        chat = super().make_chat(record, pictures)
        for picture in chat.packed:
            if len(picture.data) > MAX_IMAGE_BYTES:
                detail = f"a picture of {len(picture.data) / 2**20:.1f} MiB; the service takes 10"
                raise RecordError("IMAGE_TOO_LARGE", detail)
        return chat

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """A training example."""
        messages = to_part_messages(chat.messages, map(_to_part, chat.packed))
        return {"messages": [_shorten(message) for message in messages]}

    def add_rows(self, files: RowSink, split: str, chat: Chat) -> None:
        """The example and its id. No row leads its file: the service reads JSON, and the ids must stay beside it."""
        line = files.encode(self.to_row(chat))
        files.add(split, line)
        files.add(_IDS.format(split=split), files.encode({"id": chat.id}))
        tally = self._tallies.setdefault(split, _Tally())
        tally.examples += 1
        tally.with_images += bool(chat.packed)
        tally.bytes += len(line)

    def read_file(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows, each with its id.

        Raises:
            RecordError: BAD_JSON where there are not as many of the one as of the other.
        """
        ids = read_rows(path.with_name(f"{_IDS.format(split=path.stem)}.jsonl"))
        for row in read_rows(path):
            named = next(ids, None)
            if named is None:
                raise RecordError("BAD_JSON", f"{path.name} has more rows than ids")
            yield {"id": named["id"], **row}
        if next(ids, None) is not None:
            raise RecordError("BAD_JSON", f"{path.name} has fewer rows than ids")

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """Content parts joined."""
        return _read_turns(row)[0]

    def to_images(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """No picture lies beside the data."""
        return ()

    def to_packed(self, row: Mapping[str, Any]) -> tuple[bytes, ...]:
        """The pictures in the data URLs."""
        return tuple(base64.b64decode(_DATA_URL.sub("", url, count=1), validate=True) for url in _read_turns(row)[1])

    def to_content(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Parts differ by design, and were read one by one; no other key may differ."""
        turns = [{key: value for key, value in turn.items() if key != "content"} for turn in row["messages"]]
        return {**row, "messages": turns}

    def note(self) -> Sequence[str]:
        """Limits of the service that a file does not keep."""
        return list(_find_broken_limits(self._tallies))


def _find_broken_limits(tallies: Mapping[str, _Tally]) -> Iterator[str]:
    for split, tally in tallies.items():
        if split == "train" and tally.examples < MIN_EXAMPLES:
            yield f"{split}.jsonl has {tally.examples} examples; OpenAI asks for at least {MIN_EXAMPLES}."
        if tally.with_images > MAX_IMAGE_EXAMPLES:
            yield f"{split}.jsonl has {tally.with_images} examples with pictures; OpenAI takes {MAX_IMAGE_EXAMPLES}."
        if tally.bytes > MAX_FILE_BYTES:
            yield f"{split}.jsonl has {tally.bytes >> 20} MiB; OpenAI takes files of {MAX_FILE_BYTES >> 20} MiB."


def _to_part(picture: PackedPicture) -> Part:
    kind = "png" if picture.name.endswith(".png") else "jpeg"
    url = f"data:image/{kind};base64,{base64.b64encode(picture.data).decode('ascii')}"
    return {"type": "image_url", "image_url": {"url": url, "detail": "high"}}


def _shorten(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replies as plain strings: only a user's message may hold pictures."""
    return message if message["role"] == "user" else {**message, "content": message["content"][0]["text"]}


def _read_turns(row: Mapping[str, Any]) -> tuple[Messages, tuple[str, ...]]:
    if row.keys() != {"id", "messages"} or any(turn.keys() != {"role", "content"} for turn in row["messages"]):
        raise ValueError("a key that the service does not know")
    turns = [
        turn if turn["role"] == "user" else {**turn, "content": [{"type": "text", "text": turn["content"]}]}
        for turn in row["messages"]
    ]
    return from_part_messages(turns, _read_url)


def _read_url(part: Part) -> str:
    url = part["image_url"]["url"]
    if part["type"] != "image_url" or not isinstance(url, str) or _DATA_URL.match(url) is None:
        raise ValueError("a picture that is no data URL of a PNG or JPEG")
    return url
