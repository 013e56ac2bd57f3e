"""The letter of the right option over a whole corpus: how skewed it is, and which records change to even it out."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator

from remud_gen.filters.reshuffle import Change, can_move, move_key
from remud_gen.filters.shelf import TextShelf
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import digest_text
from remud_gen.rules.normalise import squash
from remud_gen.rules.option_letters import LETTERS, LetterDoubtError

_UNMOVABLE = 0  # instead of the place on the shelf + 1


class _Members:
    """The records of one number of options with one letter as the key."""

    def __init__(self) -> None:
        self.numbers = array("I")
        self.keys = array("Q")  # what decides whose options are moved first
        self.places = array("I")  # on the shelf + 1, or _UNMOVABLE


class KeyBalance:
    """Multiple-choice records by number of options and key; those that may be changed lie on a shelf."""

    def __init__(self) -> None:
        self._members: dict[int, dict[str, _Members]] = {}
        self._counts: dict[int, Counter[str]] = {}
        self._moved: set[int] = set()
        self._shelf = TextShelf()
        self._longest = array("I")
        self._measured = 0

    def observe(self, number: int, record: Quadruplet) -> None:
        """Take note of a record."""
        if record.form != "mcq" or not record.answer_key:
            return
        size = len(record.options)
        members = self._members.setdefault(size, {}).setdefault(record.answer_key, _Members())
        self._counts.setdefault(size, Counter())[record.answer_key] += 1
        members.numbers.append(number)
        members.keys.append(digest_text("options", record.id))
        members.places.append(self._keep(record) + 1 if can_move(record) else _UNMOVABLE)
        self._measure(number, record)

    def list_skews(self, least: int, max_share: float) -> list[tuple[int, str, int, int]]:
        """(number of options, letter, records with it, records) where one letter is right too often.

        Args:
            least: corpora with fewer records of as many options are not judged.
            max_share: of four-option records; other numbers of options scale it.
        """
        skews = []
        for size, counts in sorted(self._counts.items()):
            total = counts.total()
            limit = min(0.95, max_share * 4 / max(size, 1)) * total
            if total >= least:
                skews += [(size, letter, n, total) for letter, n in sorted(counts.items()) if n > limit]
        return skews

    def list_members(self, size: int, letter: str) -> list[int]:
        """The records with so many options and this key that have not been changed."""
        return [number for number in self._members[size][letter].numbers if number not in self._moved]

    def even_out(self, size: int) -> Iterator[tuple[int, tuple[Change, ...]]]:
        """Records whose key is moved, until no letter is right more often than another, or none is left to move.

        As few as possible are changed; which ones, the digest of their id decides.
        """
        counts = self._counts[size]
        most = -(-counts.total() // size)
        for number, letter, place in self._list_movable(size, most):
            if counts[letter] <= most:
                continue
            record = self._read(place)
            for target in sorted((other for other in LETTERS[:size] if counts[other] < most), key=counts.__getitem__):
                changes = _try_move(record, target)
                if changes:
                    counts[letter] -= 1
                    counts[target] += 1
                    self._moved.add(number)
                    yield number, changes
                    break

    def _list_movable(self, size: int, most: int) -> list[tuple[int, str, int]]:
        rows = [
            (key, number, letter, place - 1)
            for letter, members in self._members[size].items()
            if self._counts[size][letter] > most
            for key, number, place in zip(members.keys, members.numbers, members.places, strict=True)
            if place != _UNMOVABLE
        ]
        return [(number, letter, place) for _, number, letter, place in sorted(rows)]

    def list_longest(self, max_share: float, least: int) -> tuple[list[int], int]:
        """Records whose key is the longest option, if they are too many, and how many could be judged."""
        is_cue = self._measured >= least and len(self._longest) > max_share * self._measured
        return (list(self._longest) if is_cue else []), self._measured

    def _measure(self, number: int, record: Quadruplet) -> None:
        lengths = {option.key: len(squash(option.text)) for option in record.options}
        if len(lengths) < 3 or record.answer_key not in lengths:
            return
        self._measured += 1
        size = lengths.pop(record.answer_key)
        if size > max(lengths.values()):
            self._longest.append(number)

    def _keep(self, record: Quadruplet) -> int:
        bare = record.model_copy(update={"evidence": (), "verdicts": (), "images": ()})
        return self._shelf.add(bare.model_dump_json())

    def _read(self, place: int) -> Quadruplet:
        return Quadruplet.model_validate_json(self._shelf.read(place))


def _try_move(record: Quadruplet, target: str) -> tuple[Change, ...]:
    """What moves the key; nothing where its letters cannot be rewritten safely."""
    try:
        return move_key(record, target)
    except LetterDoubtError:
        return ()
