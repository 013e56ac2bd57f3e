"""Records that say again what another record of the same picture, or of any text, already says.

Records with a picture are compared within their picture, which may have been saved several times; without one, over
the whole corpus, where MinHash bands find candidates and the similarity of the texts decides. So it is for a picture
with very many records. Numbers, sides and organs are never "nearly" the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from rapidfuzz import fuzz

from remud_gen.filters.image_groups import ImageGroups
from remud_gen.filters.rule import RuleOptions, check_severities, reject_all
from remud_gen.filters.shelf import TextShelf
from remud_gen.protocols import ImageStore
from remud_gen.records import Quadruplet, Severity, Verdict
from remud_gen.rules.digests import digest_text
from remud_gen.rules.minhash import BandHasher
from remud_gen.rules.near_hashes import MAX_DISTANCE
from remud_gen.rules.normalise import fold, squash
from remud_gen.rules.sameness import mean_the_same

# Up to here every record of a picture is compared with every other one; beyond, that would take time without end.
WHOLE_GROUP = 256
_PAIRS = 1 << 18
_MOST_QUOTES = 31


class DuplicatesOptions(RuleOptions):
    """When two records are the same, and when two pictures are."""

    min_ratio: float = Field(90.0, ge=50, le=100)
    """Percent of similarity of question and answer together."""
    max_comparisons: int = Field(20, ge=1)
    """How many earlier records of one bucket a text-only record is compared with."""
    same_picture_bits: int = Field(6, ge=0, le=MAX_DISTANCE)
    """Pictures whose perceptual hashes differ in so many of 64 bits are one picture."""
    doubtful_picture_bits: int = Field(10, ge=0, le=MAX_DISTANCE)
    """Up to so many bits, their pixels are compared."""
    min_correlation: float = Field(0.80, gt=0, le=1)
    """Of small copies of two pictures, from which they are one,"""
    min_detail_correlation: float = Field(0.70, gt=0, le=1)
    """if that of their detail is so high, too: all sectors are bright in the middle and black around it."""

    @model_validator(mode="after")
    def _check_order(self) -> DuplicatesOptions:
        if self.doubtful_picture_bits < self.same_picture_bits:
            raise ValueError("doubtful_picture_bits must not be below same_picture_bits")
        return self


class _Memory:
    """All records seen, by number, in about 100 bytes each; their ids and folded texts lie on shelves."""

    def __init__(self) -> None:
        self.ids, self.texts = TextShelf(), TextShelf()
        self.digests = array("Q")  # of the squashed texts
        self.forms = array("B")
        self.twins = array("Q")  # 0, or a digest that the two forms of one question share
        self.ranks = array("B")  # of two equal records the one that ranks higher stays
        self.is_exact = bytearray()
        self.lost_to = array("I")  # 0, or the winner's number + 1
        self.text_only = array("I")
        self.wholes, self.whole_of = array("Q"), array("I")  # digests of text and thinking, and whose they are
        self.places = array("I")  # after `close`: where each record stands when the better ones go first
        self.pictures = ImageGroups()
        self._form_codes: dict[str, int] = {}
        self._picture_of, self._picture_ends = array("I"), array("Q")  # of every record, one after the other

    def add(self, record: Quadruplet, text: str, squashed: str) -> int:
        """Keep a record and return its number."""
        index = self.ids.add(record.id)
        self.texts.add(text)
        self.digests.append(digest_text(squashed))
        self.forms.append(self._form_codes.setdefault(record.form, len(self._form_codes)))
        self.twins.append(digest_text(record.twin_id) if record.twin_id else 0)
        self.ranks.append(_rank(record))
        self.is_exact.append(False)
        self.lost_to.append(0)
        self._picture_of.extend(self.pictures.add(image) for image in record.images)
        self._picture_ends.append(len(self._picture_of))
        return index

    def close(self) -> None:
        """Set the order in which records are compared: by rank and id, so that the order of their coming is nothing."""
        ids = [self.ids.read(index) for index in range(len(self.ids))]
        self.places = array("I", bytes(4 * len(ids)))
        for place, index in enumerate(sorted(range(len(ids)), key=lambda one: (-self.ranks[one], ids[one]))):
            self.places[index] = place

    def sort(self, indices: Iterable[int]) -> list[int]:
        """Records in the order in which they are compared."""
        return sorted(indices, key=self.places.__getitem__)

    def list_wholes(self) -> Iterator[list[int]]:
        """Records of which text and thinking are the same, wherever there are several."""
        digests = np.frombuffer(self.wholes or array("Q"), np.uint64)
        order = np.argsort(digests, kind="stable")
        edges = np.flatnonzero(np.diff(digests[order])) + 1
        starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(order)]])
        several = ends - starts > 1
        for start, end in zip(starts[several].tolist(), ends[several].tolist(), strict=True):
            yield self.sort(self.whole_of[place] for place in order[start:end].tolist())

    def are_twins(self, first: int, second: int) -> bool:
        """Whether they are the reasoned and the direct form of one question, which are both wanted."""
        return self.twins[first] == self.twins[second] != 0

    def list_pictures(self, index: int) -> Sequence[int]:
        """The pictures of a record, by number."""
        start = self._picture_ends[index - 1] if index else 0
        return self._picture_of[start : self._picture_ends[index]]

    def list_neighbours(self) -> Iterator[list[int]]:
        """Records of the same pictures, wherever there are several, in the order in which they are compared."""
        if not self._picture_of:
            return
        numbers: dict[tuple[int, ...], int] = {}
        group_of, record_of = array("I"), array("I")
        for index in range(len(self.ids)):
            pictures = tuple(self.pictures.find(number) for number in self.list_pictures(index))
            if pictures:
                group_of.append(numbers.setdefault(pictures, len(numbers)))
                record_of.append(index)
        groups = np.frombuffer(group_of, np.uint32)
        order = np.argsort(groups, kind="stable")
        ends = np.cumsum(np.bincount(groups))
        start = 0
        for end in ends.tolist():
            if end - start > 1:
                yield self.sort(record_of[place] for place in order[start:end].tolist())
            start = end


class DuplicatesFilter:
    """Is this record new."""

    name: ClassVar[str] = "duplicates"
    scope: ClassVar[Literal["corpus"]] = "corpus"
    version: ClassVar[int] = 3
    options_class: ClassVar[type[RuleOptions]] = DuplicatesOptions
    codes: ClassVar[Mapping[str, str]] = {
        "DUP_EXACT": "Question and answer are those of another record of the same picture, or of another one without.",
        "DUP_NEAR": "Question and answer differ from those of another record in a few words only.",
        "IMG_DUP": "The picture is also there as another file; an export keeps all of them in one split.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes, IMG_DUP="info")

    def __init__(self, options: DuplicatesOptions) -> None:
        check_severities(self.name, self.codes, options.severities)
        self.options = options
        self._memory = _Memory()
        self._hasher = BandHasher()
        self._different = array("Q", bytes(8 * _PAIRS))
        self._images: ImageStore | None = None

    def use_images(self, images: ImageStore) -> None:
        """Pictures whose hashes leave a doubt are looked up here."""
        self._images = images

    def observe(self, record: Quadruplet) -> None:
        """Keep the record's normal form."""
        memory = self._memory
        text = _normalise(record)
        squashed = squash(text)
        index = memory.add(record, text, squashed)
        if not record.images:
            memory.text_only.append(index)
            self._hasher.add(text)
        if record.images and record.thinking and record.generation.thinking_source != "templated":
            # Three equal texts under two pictures: one of them was answered without looking.
            memory.wholes.append(digest_text(squashed, squash(record.thinking)))
            memory.whole_of.append(index)

    def finish(self) -> Iterator[tuple[str, Verdict]]:
        """A verdict for every record that lost against another one, and for every one whose picture has copies."""
        memory, options = self._memory, self.options
        least = (options.min_correlation, options.min_detail_correlation)
        memory.close()
        for same in memory.list_wholes():
            for later in same[1:]:
                self._settle(same[0], later, is_exact=True)
        memory.pictures.join(self._images, options.same_picture_bits, options.doubtful_picture_bits, least)
        for indices in memory.list_neighbours():
            if len(indices) > WHOLE_GROUP:
                self._compare_many(indices)
            else:
                for place, later in enumerate(indices):
                    self._compare(later, indices[:place])
        self._compare_buckets(self._hasher, memory.text_only)
        for index, lost_to in enumerate(memory.lost_to):
            if lost_to:
                code = "DUP_EXACT" if memory.is_exact[index] else "DUP_NEAR"
                yield from self._judge(index, code, f"of {memory.ids.read(lost_to - 1)}")
        for record_id, groups in self.list_image_groups():
            yield from self._judge(record_id, "IMG_DUP", f"group {', '.join(groups)}", "images")

    def list_image_groups(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(quadruplet id, names of the groups of its pictures) wherever a picture has copies; after `finish`."""
        memory = self._memory
        names = memory.pictures.name_groups()
        for index in range(len(memory.ids) if names else 0):
            roots = dict.fromkeys(memory.pictures.find(number) for number in memory.list_pictures(index))
            found = tuple(names[root] for root in roots if root in names)
            if found:
                yield memory.ids.read(index), found

    def _judge(self, record: int | str, code: str, evidence: str, field: str = "") -> Iterator[tuple[str, Verdict]]:
        severity = self.options.severities.get(code, self.severities[code])
        if severity != "off":
            record_id = self._memory.ids.read(record) if isinstance(record, int) else record
            yield record_id, Verdict(code=code, severity=severity, field=field, evidence=evidence, filter=self.name)

    def _compare_many(self, indices: Sequence[int]) -> None:
        """Records of one picture in linear time: equal ones by digest, similar ones as if they had no picture."""
        memory, hasher = self._memory, BandHasher()
        first: dict[tuple[int, int], int] = {}
        for index in indices:
            hasher.add(memory.texts.read(index))
            if not memory.lost_to[index]:
                key = (memory.digests[index], memory.forms[index])
                earlier = first.setdefault(key, index)
                if earlier != index and not memory.are_twins(earlier, index):
                    self._settle(earlier, index, is_exact=True)
        self._compare_buckets(hasher, indices)

    def _compare_buckets(self, hasher: BandHasher, indices: Sequence[int]) -> None:
        """Compare each record of a bucket with the first few before it that have not lost."""
        lost_to, most = self._memory.lost_to, self.options.max_comparisons
        for bucket in hasher.list_buckets():
            front: list[int] = []  # those first few
            waiting = 0
            members = self._memory.sort(indices[row] for row in bucket)
            for place, later in enumerate(members):
                while len(front) < most and waiting < place:
                    if not lost_to[members[waiting]]:
                        front.append(members[waiting])
                    waiting += 1
                self._compare(later, front)
                front = [index for index in front if not lost_to[index]]

    def _compare(self, later: int, earlier: Iterable[int]) -> None:
        memory = self._memory
        for index in earlier:
            if memory.lost_to[later]:
                return
            is_other = memory.forms[index] != memory.forms[later] or memory.are_twins(index, later)
            if memory.lost_to[index] or is_other:
                continue
            if memory.digests[index] == memory.digests[later]:
                self._settle(index, later, is_exact=True)
            elif self._is_near(index, later):
                self._settle(index, later, is_exact=False)

    def _is_near(self, earlier: int, later: int) -> bool:
        # Two texts may meet in many buckets: pairs found different lately are not read again.
        pair = earlier << 32 | later
        slot = (earlier * 0x9E3779B1 ^ later) % _PAIRS
        if self._different[slot] == pair:
            return False
        first, second = self._memory.texts.read(earlier), self._memory.texts.read(later)
        is_near = bool(fuzz.ratio(first, second, score_cutoff=self.options.min_ratio)) and mean_the_same(first, second)
        if not is_near:
            self._different[slot] = pair
        return is_near

    def _settle(self, earlier: int, later: int, *, is_exact: bool) -> None:
        """The later one loses: its rank is no higher."""
        memory = self._memory
        if not memory.lost_to[earlier] and not memory.lost_to[later]:
            memory.lost_to[later], memory.is_exact[later] = earlier + 1, is_exact


def _normalise(record: Quadruplet) -> str:
    # Letters of options are shuffled between otherwise equal records, so only the key's text counts.
    answer = record.answer
    if record.form == "mcq":
        answer = next((option.text for option in record.options if option.key == record.answer_key), answer)
    parts = [record.question, answer, *(part for turn in record.turns for part in (turn.question, turn.answer))]
    return "\n".join(" ".join(fold(part).split()) for part in parts)


def _rank(record: Quadruplet) -> int:
    """Kept before doubted, reasoned before direct, then the one that quotes more; what is left is decided by the id."""
    quotes = sum(len(claim.evidence) for claim in record.claims)
    return (record.status == "kept") << 6 | bool(record.thinking) << 5 | min(quotes, _MOST_QUOTES)
