"""WebDataset: tar shards of pictures and JSON, for training that streams."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from remud_gen.errors import RecordError
from remud_gen.exporters.chat import PLACEHOLDER, Chat, ChatExporter, Messages
from remud_gen.exporters.ledger import Ledger
from remud_gen.exporters.rows import encode_line
from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.exporters.tar_shards import TarShards, read_samples
from remud_gen.protocols import ExportedRow, ExportSummary, PictureShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.late import compile_late

_SAFE = compile_late(r"[A-Za-z0-9_-]{1,64}")  # no dot: what follows the first one is the ending
_SHARD = compile_late(r"(?P<split>[a-z]+)-(?P<group>qa|vqa\d+-[a-z-]+)-\d{6,}\.tar")


class WebDatasetExporter(ChatExporter):
    """`<split>-vqa1-jpg-000000.tar` and so on: a sample is `<key>.json` behind its pictures.

    The builder of Hugging Face `datasets` wants the same endings in all samples of what it loads, so records with as
    many pictures of the same kinds have shards of their own. The package `webdataset` reads any of them together.
    """

    name: ClassVar[str] = "webdataset"
    summary: ClassVar[str] = "WebDataset: tar shards for training that streams, one group per number of pictures"
    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "field", "none")
    packs_images: ClassVar[bool] = True

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write all shards in one pass."""
        ledger, images = Ledger(), DigestTable()
        with TarShards(folder) as shards:
            for split, record, chat in ledger.sift(records, lambda _, record: self.make_chat(record, pictures)):
                kinds = [picture.name.rpartition(".")[2] for picture in chat.packed]
                row = encode_line(self.to_row(chat)).rstrip(b"\n")
                members = {_name_member(number, kind, len(kinds)): b"" for number, kind in enumerate(kinds)}
                members = dict(zip(members, (picture.data for picture in chat.packed), strict=True))
                shards.add(f"{split}-{name_group(kinds)}", name_key(record.id), {**members, "json": row})
                for picture in chat.packed:
                    images.setdefault(digest_text(picture.name))
        return ledger.to_summary(shards.files, len(images), _list_notes(shards.stems))

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """Every sample of every shard."""
        for path in sorted(folder.glob("*.tar")):
            name = _SHARD.fullmatch(path.name)
            if name is None or name["split"] not in SPLIT_NAMES:
                raise RecordError("BAD_TAR", f"{path.name} is no shard of this format")
            for key, members in read_samples(path):
                yield self._read_sample(members, f"{path.name} sample {key}", path.name, name["split"], name["group"])

    def to_row(self, chat: Chat) -> Mapping[str, Any]:
        """The JSON of a sample: texts only, so that every sample has the same types."""
        record = chat.record
        last = record.turns[-1].thinking if record.turns else record.thinking
        return {
            "id": record.id,
            "kind": record.kind,
            "qtype": record.qtype,
            "form": record.form,
            "style": record.style,
            "language": record.language,
            "question": record.question,
            "options": "\n".join(f"{option.key}. {option.text}" for option in record.options),
            "answer_key": record.answer_key or "",
            "thinking": "" if self.thinking == "none" else (last or "").strip(),
            "answer": record.answer,
            "messages": [{"role": role, "content": text} for role, text in chat.messages],
            "source": f"{record.source.file}#{record.source.page_number or record.source.locator or ''}",
        }

    def to_messages(self, row: Mapping[str, Any]) -> Messages:
        """Roles have the same names here."""
        return tuple((turn["role"], turn["content"]) for turn in row["messages"])

    def write_settings(self, folder: Path, stems: Sequence[str]) -> Sequence[str]:
        """None: shards are all there is."""
        return ()

    def _read_sample(self, members: Mapping[str, bytes], place: str, file: str, split: str, group: str) -> ExportedRow:
        endings = [ending for ending in members if ending != "json"]
        kinds = [ending.rpartition(".")[2] for ending in endings]
        wanted = [_name_member(number, kind, len(kinds)) for number, kind in enumerate(kinds)]
        if name_group(kinds) != group or endings != wanted or list(members)[-1:] != ["json"]:
            raise RecordError("SCHEMA_MIXED", f"{place} has the members {', '.join(members)}")
        try:
            row = json.loads(members["json"])
            messages, row_id = self.to_messages(row), row["id"]
            is_text = all(isinstance(text, str) for text in (row_id, *(text for pair in messages for text in pair)))
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError("BAD_JSON", f"{place}: {type(error).__name__}: {error}") from None
        if not is_text:
            raise RecordError("NULL_VALUE", f"{place}: a role, text or id is no string")
        packed = tuple(members[ending] for ending in endings)
        return ExportedRow(file, row_id, split, messages, content=row, packed=packed)


def name_key(record_id: str) -> str:
    """What a sample is called: the record's id where that is plain, else a digest of it."""
    if _SAFE.fullmatch(record_id):
        return record_id
    return hashlib.sha256(record_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def name_group(kinds: Sequence[str]) -> str:
    """What samples with pictures of these kinds are called: qa, vqa1-jpg, vqa2-jpg-png."""
    alike = dict.fromkeys(kinds)
    return f"vqa{len(kinds)}-{'-'.join(alike if len(alike) == 1 else kinds)}" if kinds else "qa"


def _name_member(number: int, kind: str, count: int) -> str:
    return kind if count == 1 else f"{number}.{kind}"


def _list_notes(stems: Sequence[str]) -> list[str]:
    notes = [
        f"In `messages`, `{PLACEHOLDER}` stands for the next picture of the sample, in the order of their numbers."
    ]
    if stems:
        call = f'load_dataset("webdataset", data_files={{"train": "{stems[0]}-*.tar"}}, split="train")'
        notes.append(f"Hugging Face `datasets` loads one group at a time: `{call}`.")
    return notes
