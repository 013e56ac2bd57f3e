"""A corpus of quadruplets as JSON lines, with what was planted in it."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.corpus.sentences import Words, change_fact, compose, reword

PER_PICTURE = 4
PICTURES_PER_BOOK = 300
SHARE = {
    "exact": 0.01, "near": 0.01, "whole": 0.005, "fact": 0.01, "text exact": 0.01, "text near": 0.01, "text fact": 0.01,
}  # fmt: skip
DUPLICATES = ("exact", "near", "whole", "text exact", "text near")  # the others are decoys: like, and not the same


@dataclass
class Truth:
    """What is in a corpus by plan."""

    planted: dict[str, str] = field(default_factory=dict)  # id -> kind
    pictures: dict[str, str] = field(default_factory=dict)  # id -> the first picture it is a copy of
    contaminated: dict[str, str] = field(default_factory=dict)  # id -> text | picture
    keys: Counter[str] = field(default_factory=Counter)


def write_corpus(folder: Path, count: int, seed: int = 0) -> Truth:
    """Write `records.jsonl`, `evaluation.jsonl` and `truth.json` for so many records."""
    maker = _Maker(count, seed)
    with (folder / "records.jsonl").open("w", encoding="utf-8") as stream:
        for record in maker.make():
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    with (folder / "evaluation.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in maker.evaluation)
    return maker.truth


class _Maker:
    def __init__(self, count: int, seed: int) -> None:
        self._count, self._draw = count, random.Random(seed)
        self.truth = Truth()
        self.evaluation: list[dict[str, str]] = []
        self._made = 0
        self._texts: list[tuple[str, Words]] = []  # text-only records that may be repeated
        self._pictures: list[tuple[int, str]] = []

    def make(self) -> Iterator[dict[str, Any]]:
        """Records, book by book: pictures with their records, then passages."""
        number = 0
        while self._made < self._count:
            book, number = number // PICTURES_PER_BOOK, number + 1
            language = "zh" if book % 2 else "en"
            yield from self._make_picture(number, book, language)
            if number % 2 == 0:
                yield from self._make_text(number, book, language)

    def _make_picture(self, number: int, book: int, language: str) -> Iterator[dict[str, Any]]:
        draw = self._draw
        image = self._make_image(number)
        is_choice = number % 6 == 1
        last: Words | None = None
        for _ in range(PER_PICTURE):
            kind = "" if is_choice else self._choose(("exact", "near", "fact"))
            if kind and last is not None:
                words = self._repeat(kind, last, language)
            else:
                kind, words = "", compose(draw, language)
                last = words
            record = self._build(book, number, language, words, image)
            self._plant(record, kind)
            if image["copy_of"]:
                self.truth.pictures[record["id"]] = image["copy_of"]
            yield record
        if not is_choice and last is not None and draw.random() < SHARE["whole"] * PER_PICTURE:
            record = self._build(book, number + 6 * 10**6, language, last, self._make_image(number + 10**7))
            self._plant(record, "whole")
            yield record

    def _make_text(self, number: int, book: int, language: str) -> Iterator[dict[str, Any]]:
        for _ in range(2):
            kind = self._choose(("text exact", "text near", "text fact"))
            known = [words for other, words in self._texts if other == language]
            if kind and known:
                words = self._repeat(kind.removeprefix("text "), self._draw.choice(known), language)
            else:
                kind, words = "", compose(self._draw, language)
                if len(self._texts) < 400:
                    self._texts.append((language, words))
                else:
                    self._texts[self._draw.randrange(400)] = (language, words)
            record = self._build(book, number, language, words, None)
            self._plant(record, kind)
            yield record

    def _choose(self, kinds: tuple[str, ...]) -> str:
        place = self._draw.random()
        for kind in kinds:
            if place < SHARE[kind] * 1.4:
                return kind
            place -= SHARE[kind] * 1.4
        return ""

    def _repeat(self, kind: str, words: Words, language: str) -> Words:
        if kind == "exact":
            return Words(words.question + " ", "Otherwise thought: " + words.thinking, words.answer)
        if kind == "near":
            return Words(words.question, words.thinking + " So.", reword(self._draw, words.answer, language))
        return Words(words.question, words.thinking + " So.", change_fact(self._draw, words.answer, language))

    def _plant(self, record: dict[str, Any], kind: str) -> None:
        if kind:
            self.truth.planted[record["id"]] = kind
        elif self._draw.random() < 0.004:
            self.truth.contaminated[record["id"]] = "text"
            self.evaluation.append({"question": record["question"]})

    def _make_image(self, number: int) -> dict[str, Any]:
        """A picture's reference; one in fifty is another one saved again, at 1 to 6 bits."""
        name = hashlib.sha256(f"picture {number}".encode()).hexdigest()
        phash, copy_of = self._draw.getrandbits(64), ""
        if self._pictures and self._draw.random() < 0.02:
            phash, copy_of = self._draw.choice(self._pictures)
            for bit in self._draw.sample(range(64), self._draw.randrange(1, 7)):
                phash ^= 1 << bit
        elif len(self._pictures) < 100_000:
            self._pictures.append((phash, name))
        return {"name": name, "phash": f"{phash:016x}", "copy_of": copy_of}

    def _build(
        self, book: int, number: int, language: str, words: Words, image: dict[str, Any] | None
    ) -> dict[str, Any]:
        self._made += 1
        identity = hashlib.sha256(f"record {self._made}".encode()).hexdigest()[:20]
        document = hashlib.sha256(f"book {book}".encode()).hexdigest()
        record: dict[str, Any] = {
            "record": "quadruplet", "id": identity, "document_id": document[:20], "parent_id": f"{number:020d}",
            "group_id": f"{number:020d}", "kind": "vqa" if image else "qa", "qtype": "finding", "form": "open",
            "style": "reasoning", "language": language, "question": words.question, "thinking": words.thinking,
            "answer": words.answer,
            "source": {"document_sha256": document, "file": f"book-{book:04d}.pdf", "page_number": number % 300 + 1,
                       "page_size": [595.0, 842.0], "bbox": [60.0, 80.0, 330.0, 260.0]},
            "generation": {"client": "openai", "model": "m", "prompt": f"vqa.{language}@2", "prompt_sha256": "0" * 64,
                           "request_sha256": document, "thinking_source": "field"},
            "claims": [{"id": "c1", "kind": "finding", "text": words.answer[:60],
                        "evidence": [{"span_id": "cap", "quote": words.answer[:60]}]}],
            "evidence": [{"id": "cap", "kind": "caption", "text": words.answer, "page_number": number % 300 + 1}],
        }  # fmt: skip
        if image:
            path = f"images/{image['name'][:2]}/{image['name']}.jpg"
            record["images"] = [
                {"path": path, "sha256": image["name"], "width_px": 640, "height_px": 480, "phash": image["phash"]}
            ]
        if image and number % 6 == 1:
            self._make_choice(record, words)
        return record

    def _make_choice(self, record: dict[str, Any], words: Words) -> None:
        """Four options, the first of which is right in two of three records."""
        key = "A" if self._draw.random() < 2 / 3 else self._draw.choice("BCD")
        texts = {letter: compose(self._draw, record["language"]).answer[:40] for letter in "ABCD"}
        texts[key] = words.answer[:40]
        record |= {
            "form": "mcq", "options": [{"key": letter, "text": text} for letter, text in texts.items()],
            "answer_key": key, "answer": f"{key}. {texts[key]}",
            "thinking": words.thinking + (f"因此选{key}。" if record["language"] == "zh" else f" The answer is {key}."),
        }  # fmt: skip
        self.truth.keys[key] += 1
