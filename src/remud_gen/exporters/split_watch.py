"""Checks on the stream of records that goes to an exporter that no two splits share what they must not share."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np

from remud_gen.exporters.splits import SAME_PICTURE_BITS, SPLIT_NAMES, fold_question, is_telling
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.near_hashes import find_near_pairs
from remud_gen.rules.resemblance import TextSketches


class SplitWatch:
    """Remembers where documents, figures, pictures and questions went; some 100 bytes for each different one."""

    def __init__(self, *, is_split_by_document: bool, compares_all: bool) -> None:
        """`compares_all`: pictures and questions that only resemble each other are looked for, too."""
        self._is_split_by_document = is_split_by_document
        self._compares_all = compares_all
        self._split_by_unit = DigestTable()
        self._pictures, self._questions = _Likes(), _Likes()
        self._hashes, self._sketches = array("Q"), TextSketches()

    def add(self, split: str, record: Quadruplet) -> Iterator[str]:
        """Note a record; yields what it shares with another split."""
        units = [f"figure or passage {record.group_id}", *(f"picture group {name}" for name in record.image_groups)]
        if self._is_split_by_document:
            units.append(f"document {record.document_id}")
        units += [f"picture {image.sha256}" for image in record.images]
        for unit in units:
            if (other := self._note(unit, split)) != split:
                yield f"{unit} stands in {other} and {split}"
        for image in record.images:
            if image.phash and is_telling(image.phash) and self._is_new("look", image.phash.lower(), split):
                self._hashes.append(int(image.phash, 16))
                self._pictures.add(split, record.id)
        if not record.images:
            question = fold_question(record)
            if (other := self._note(f"question {question}", split)) != split:
                yield f"its question stands in {other} and {split}"
            if self._is_new("seen", question, split):
                self._sketches.add(question)
                self._questions.add(split, record.id)

    def list_alike(self) -> Iterator[tuple[str, str]]:
        """(record id, what it shares with another split) of pictures and questions that are nearly the same."""
        if not self._compares_all:
            return
        first, second, _ = find_near_pairs(np.frombuffer(self._hashes or array("Q"), np.uint64), SAME_PICTURE_BITS)
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        yield from self._pictures.list_parted(pairs, "a picture that looks like its own")
        yield from self._questions.list_parted(self._sketches.list_near(), "nearly its question")

    def _note(self, unit: str, split: str) -> str:
        """The split in which something was seen first."""
        return SPLIT_NAMES[self._split_by_unit.setdefault(digest_text(unit), SPLIT_NAMES.index(split))]

    def _is_new(self, kind: str, value: str, split: str) -> bool:
        if not self._compares_all:
            return False
        n_before = len(self._split_by_unit)
        self._split_by_unit.setdefault(digest_text(kind, value, split))
        return len(self._split_by_unit) > n_before


class _Likes:
    """The split of each of many things, and which record brought it, by number; ids of the largest split are spared."""

    def __init__(self) -> None:
        self._splits = bytearray()
        self._ids: dict[int, str] = {}

    def add(self, split: str, record_id: str) -> None:
        if split != SPLIT_NAMES[0]:
            self._ids[len(self._splits)] = record_id
        self._splits.append(SPLIT_NAMES.index(split))

    def list_parted(self, pairs: Iterator[tuple[int, int]], what: str) -> Iterator[tuple[str, str]]:
        seen: set[tuple[int, int]] = set()
        for one, other in pairs:
            if self._splits[one] != self._splits[other] and (one, other) not in seen:
                seen.add((one, other))
                late, early = (one, other) if self._splits[one] > self._splits[other] else (other, one)
                yield self._ids[late], f"{what} stands in {SPLIT_NAMES[self._splits[early]]}"
