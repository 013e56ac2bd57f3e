"""Which pictures of a corpus are the same one: saved again, resized, masked, or slightly changed."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from PIL import Image as PillowImage

from remud_gen.errors import RecordError
from remud_gen.filters.shelf import ByteShelf, TextShelf
from remud_gen.protocols import ImageStore
from remud_gen.records import ImageRef
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.likeness import correlate, correlate_detail, shrink
from remud_gen.rules.near_hashes import find_near_pairs

GROUP_DIGITS = 16


class ImageGroups:
    """All pictures seen, by number, in about 60 bytes each; after `join` each knows its group."""

    def __init__(self) -> None:
        self._numbers = DigestTable()
        self._refs = TextShelf()  # as JSON: a picture is opened only where its hash leaves a doubt
        self._hashes = array("Q")  # 0 where there is none, or one that tells nothing
        self._parents = array("I")
        self._sizes = array("I")  # of groups in pictures, at their root
        self._derived = array("I")  # masked pictures, and beside each the digest of its original
        self._origins = array("Q")

    def __len__(self) -> int:
        return len(self._parents)

    def add(self, ref: ImageRef) -> int:
        """Take note of a picture and return its number: the same file has the same number."""
        number = self._numbers.setdefault(digest_text(ref.sha256), len(self))
        if number == len(self):
            self._refs.add(ref.model_dump_json(exclude_none=True))
            self._hashes.append(_read_hash(ref.phash))
            self._parents.append(number)
            self._sizes.append(1)
            if ref.derived_from:
                self._derived.append(number)
                self._origins.append(digest_text(ref.derived_from))
        return number

    def join(self, images: ImageStore | None, same: int, doubtful: int, least: tuple[float, float]) -> None:
        """Tie pictures together.

        Args:
            images: where pixels can be seen; without it doubtful pairs stay apart, and so do flat pictures.
            same: pictures whose hashes differ in at most so many bits are one.
            doubtful: up to so many bits the pixels decide.
            least: correlation of small copies, and of their detail, from which the pixels say yes.
        """
        self._tie_derived()
        if images is not None:
            self._tie_flat(images)
        numbers = np.flatnonzero(np.frombuffer(self._hashes or array("Q"), np.uint64))
        hashes = np.frombuffer(self._hashes or array("Q"), np.uint64)[numbers]
        distinct, places = np.unique(hashes, return_inverse=True)
        firsts = np.full(len(distinct), -1, dtype=np.int64)
        for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
            if firsts[place] < 0:
                firsts[place] = number
            else:
                self._tie(int(firsts[place]), number)
        low, high, bits = find_near_pairs(distinct, max(same, doubtful))
        for place in np.flatnonzero(bits <= same).tolist():
            self._tie(int(firsts[low[place]]), int(firsts[high[place]]))
        if images is not None:
            unsure = np.flatnonzero(bits > same)
            pairs = sorted(
                (int(bits[place]), *sorted((int(firsts[low[place]]), int(firsts[high[place]])))) for place in unsure
            )
            self._confirm([(first, second) for _, first, second in pairs], images, least)

    def find(self, number: int) -> int:
        """The number of the picture that stands for a picture's group."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def is_shared(self, number: int) -> bool:
        """Whether a picture's group holds other pictures."""
        return self._sizes[self.find(number)] > 1

    def name_groups(self) -> dict[int, str]:
        """The name of every group of several pictures, by the picture that stands for it: from its lowest SHA-256."""
        lowest: dict[int, str] = {}
        for number in range(len(self)):
            root = self.find(number)
            if self._sizes[root] > 1:
                sha256 = self._read(number).sha256
                lowest[root] = min(lowest.get(root, sha256), sha256)
        return {root: hashlib.sha256(sha256.encode()).hexdigest()[:GROUP_DIGITS] for root, sha256 in lowest.items()}

    def count_groups(self) -> int:
        """How many different pictures there are."""
        return sum(self.find(number) == number for number in range(len(self)))

    def _tie(self, one: int, other: int) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        if first != second:
            self._parents[second] = first  # the earlier picture stands for the group, whatever the order of ties
            self._sizes[first] += self._sizes[second]

    def _tie_derived(self) -> None:
        firsts = DigestTable()  # two masked forms of one picture are one, whether the picture itself is here or not
        for number, origin in zip(self._derived, self._origins, strict=True):
            original = self._numbers.get(origin)
            self._tie(firsts.setdefault(origin, number if original is None else original), number)

    def _tie_flat(self, images: ImageStore) -> None:
        """Pictures whose hash tells nothing are one where all their pixels are."""
        firsts: dict[str, int] = {}
        for number in np.flatnonzero(np.frombuffer(self._hashes or array("Q"), np.uint64) == 0).tolist():
            with suppress(OSError, ValueError, RecordError):  # what cannot be read is like no other; the export tells
                self._tie(firsts.setdefault(_hash_pixels(images, self._read(number)), number), number)

    def _confirm(self, pairs: Iterable[tuple[int, int]], images: ImageStore, least: tuple[float, float]) -> None:
        copies = _SmallCopies(images)
        for first, second in pairs:
            if self.find(first) != self.find(second):
                with suppress(OSError, ValueError, RecordError):
                    one, other = (copies.take(number, self._read(number)) for number in (first, second))
                    if correlate(one, other) >= least[0] and correlate_detail(one, other) >= least[1]:
                        self._tie(first, second)

    def _read(self, number: int) -> ImageRef:
        return ImageRef.model_validate_json(self._refs.read(number))


class _SmallCopies:
    """Small grey copies of pictures, each made once."""

    def __init__(self, images: ImageStore) -> None:
        self._images = images
        self._copies, self._places = ByteShelf(), dict[int, int]()

    def take(self, number: int, ref: ImageRef) -> bytes:
        """The copy of a picture; whatever opening it raises."""
        if number not in self._places:
            with PillowImage.open(self._images.path(ref)) as image:
                self._places[number] = self._copies.add(shrink(image))
        return self._copies.read(self._places[number])


def _read_hash(phash: str | None) -> int:
    """A perceptual hash as a number; 0 for none, and for one of nearly all zeros or ones, as flat pictures have."""
    try:
        value = int(phash or "0", 16)
    except ValueError:
        return 0
    return value if 8 <= value.bit_count() <= 56 and value < 1 << 64 else 0


def _hash_pixels(images: ImageStore, ref: ImageRef) -> str:
    with PillowImage.open(images.path(ref)) as image:
        pixels = image.convert("RGB")
        return hashlib.sha256(f"{pixels.size}".encode() + pixels.tobytes()).hexdigest()
