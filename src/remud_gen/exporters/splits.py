"""Train, validation and test: whole documents on one side, and never the same picture on two."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from remud_gen.errors import ConfigError, RecordError
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.near_hashes import find_near_pairs
from remud_gen.rules.normalise import squash
from remud_gen.rules.resemblance import TextSketches

# Scaled or compressed anew, a picture's perceptual hash moves by 4 bits at most; another frame's differs by 10.
SAME_PICTURE_BITS = 6
TOLERATED_SHARE = 0.1  # of all records, that a split may hold more or less than its share before that is said
SPLIT_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Where every record goes. `unit` says what is kept whole: a document, or a figure or passage."""

    unit: str  # document | group
    split_by_unit: dict[str, str]
    notes: tuple[str, ...] = ()
    owners: DigestTable = field(default_factory=DigestTable, compare=False)  # question asked on several sides -> split

    @property
    def splits(self) -> frozenset[str]:
        """The splits that something goes to."""
        return frozenset(self.split_by_unit.values())

    def find_split(self, record: Quadruplet) -> str:
        """The split of a record that was there when the plan was made."""
        return self.split_by_unit[record.document_id if self.unit == "document" else record.group_id]

    def check_leak(self, record: Quadruplet, split: str) -> None:
        """Raise RecordError SPLIT_LEAK for a record of a later split whose question an earlier one asks, too."""
        if len(self.owners) and not record.images:
            owner = self.owners.get(digest_text(fold_question(record)))
            if owner is not None and SPLIT_NAMES[owner] != split:
                raise RecordError("SPLIT_LEAK", f"{SPLIT_NAMES[owner]} asks the same question, or nearly the same")


def fold_question(record: Quadruplet) -> str:
    """What tells whether two questions about no picture are the same: the question and its options."""
    options = sorted(squash(option.text) for option in record.options)
    return "\x1f".join((squash(record.question), *options))


def check_shares(shares: Sequence[float]) -> None:
    """Raise ConfigError unless there are one to three shares >= 0 that sum to 1, the first above 0."""
    is_fit = 1 <= len(shares) <= len(SPLIT_NAMES) and shares[0] > 0 and min(shares) >= 0
    if not (is_fit and abs(sum(shares) - 1) < 1e-6):
        raise ConfigError(
            f"export.split must be shares of train, validation and test that sum to 1, not {list(shares)}",
            "for example 0.9,0.1 or 0.8,0.1,0.1 or 1.0",
        )


def plan_splits(records: Iterable[Quadruplet], shares: Sequence[float], seed: int) -> SplitPlan:
    """Read all records once and decide where each document (or, with one document only, each figure) goes.

    Documents that share a picture, or a picture that looks the same, stay together, and so do documents that ask the
    same question about no picture, where that ties no more together than a later split holds. Past that, the later
    split loses the record (`SplitPlan.check_leak`).
    """
    check_shares(shares)
    targets = {name: share for name, share in zip(SPLIT_NAMES, shares, strict=False) if share > 0}
    wanted = list(targets)
    survey = _Survey()
    for record in records:
        survey.add(record, with_questions=len(wanted) > 1)
    if len(wanted) == 1:
        return SplitPlan("document", dict.fromkeys(survey.documents.units, wanted[0]))
    survey.tie_pictures()
    labels = survey.label_questions()
    documents, groups = survey.documents, survey.groups
    unit = "document" if documents.count_clusters() > 1 else "group"
    chosen = documents if unit == "document" else groups
    askers = survey.list_askers(labels, unit)
    _tie_questions(chosen, askers, sum(chosen.counts) * min(targets.values()) / 2)
    clusters = chosen.to_clusters()
    split_by_unit = _assign(clusters, targets, seed)
    owners = survey.find_owners(labels, askers, [split_by_unit[name] for name in chosen.units])
    notes = []
    if unit == "group":
        reason = "there is only one document" if len(documents.units) == 1 else "all documents share pictures"
        notes.append(f"split by figure and passage instead of by document: {reason}.")
    kind = "documents" if unit == "document" else "groups of figures and passages"
    notes += _note_missing(len(clusters), wanted, kind) or _note_shares(clusters, split_by_unit, targets, kind)
    return SplitPlan(unit, split_by_unit, tuple(notes), owners)


@dataclass(frozen=True, slots=True)
class Askers:
    """The units, by their numbers, that ask one question."""

    label: int
    units: tuple[int, ...]


class _Survey:
    """What one pass over all records tells of documents, figures, pictures and questions."""

    def __init__(self) -> None:
        self.documents, self.groups = Clusters(), Clusters()
        self._first_documents = array("I")  # of each group
        self._hashes, self._hash_groups = array("Q"), array("I")  # each perceptual hash, and the first group with it
        self._known_hashes = DigestTable()
        self._known_questions = DigestTable()  # question -> its number
        self._questions = array("Q")  # digests
        self._sketches = TextSketches()
        self._askers, self._asked = array("I"), array("I")  # (group, question), each pair once

    def add(self, record: Quadruplet, *, with_questions: bool) -> None:
        """Take note of one record."""
        document = self.documents.add(record.document_id)
        group = self.groups.add(record.group_id, _list_pictures(record))
        if group == len(self._first_documents):
            self._first_documents.append(document)
        self.documents.join(document, self._first_documents[group])
        for image in record.images:
            if image.phash and is_telling(image.phash):
                self._note_hash(int(image.phash, 16), group)
        if with_questions and not record.images:
            self._note_question(fold_question(record), group)

    def _note_hash(self, phash: int, group: int) -> None:
        n_before = len(self._known_hashes)
        self._known_hashes.setdefault(phash or 1)
        if len(self._known_hashes) > n_before:
            self._hashes.append(phash)
            self._hash_groups.append(group)

    def _note_question(self, text: str, group: int) -> None:
        digest = digest_text(text)
        number = self._known_questions.setdefault(digest, len(self._questions))
        if number == len(self._questions):
            self._questions.append(digest)
            self._sketches.add(text)
        self._askers.append(group)
        self._asked.append(number)

    def tie_pictures(self) -> None:
        """Hold together what shares a picture or one that looks the same."""
        hashes = np.frombuffer(self._hashes or array("Q"), np.uint64)
        first, second, _ = find_near_pairs(hashes, SAME_PICTURE_BITS)
        for one, other in zip(first.tolist(), second.tolist(), strict=True):
            self.groups.join(self._hash_groups[one], self._hash_groups[other])
        for group, document in enumerate(self._first_documents):
            self.documents.join(document, self._first_documents[self.groups.find(group)])

    def label_questions(self) -> array[int]:
        """A number for each question; equal numbers are the same question, or nearly."""
        labels = array("I", range(len(self._questions)))
        for earlier, later in self._sketches.list_near():
            one, other = _find(labels, earlier), _find(labels, later)
            labels[max(one, other)] = min(one, other)
        for number in range(len(labels)):
            labels[number] = _find(labels, number)
        return labels

    def list_askers(self, labels: array[int], unit: str) -> list[Askers]:
        """Who asks each question that several units ask; the order is that of the units' ids."""
        first: dict[int, int] = {}
        several: dict[int, dict[int, None]] = {}
        for group, number in zip(self._askers, self._asked, strict=True):
            asker = self._first_documents[group] if unit == "document" else group
            label = labels[number]
            if first.setdefault(label, asker) != asker:
                several.setdefault(label, {first[label]: None})[asker] = None
        names = list(self.documents.units if unit == "document" else self.groups.units)
        askers = [
            Askers(label, tuple(sorted(units, key=lambda number: names[number]))) for label, units in several.items()
        ]
        return sorted(askers, key=lambda one: [names[number] for number in one.units])

    def find_owners(self, labels: array[int], askers: Sequence[Askers], split_by_number: Sequence[str]) -> DigestTable:
        """Question -> the first of the splits that ask it, where there are several."""
        own: dict[int, int] = {}
        for one in askers:
            splits = {SPLIT_NAMES.index(split_by_number[number]) for number in one.units}
            if len(splits) > 1:
                own[one.label] = min(splits)
        owners = DigestTable()
        for number, digest in enumerate(self._questions):
            if labels[number] in own:
                owners.setdefault(digest, own[labels[number]])
        return owners


def _find(parents: array[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


def _tie_questions(clusters: Clusters, askers: Sequence[Askers], most: float) -> None:
    """Hold units together that ask the same question, as long as no cluster of more than `most` records comes of it.

    Where many ask the same, tying all would leave nothing to split.
    """
    sizes: dict[int, int] = {}
    for number, count in enumerate(clusters.counts):
        root = clusters.find(number)
        sizes[root] = sizes.get(root, 0) + count
    for asked in askers:
        for other in asked.units[1:]:
            one, two = clusters.find(asked.units[0]), clusters.find(other)
            if one != two and sizes[one] + sizes[two] <= most:
                clusters.join(one, two)
                sizes[clusters.find(one)] = sizes[one] + sizes[two]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Units that must stay together, and how many records they hold."""

    units: tuple[str, ...]
    record_count: int


class Clusters:
    """Union-find over units that share a token (a picture, a group)."""

    def __init__(self) -> None:
        self.units: dict[str, int] = {}
        self._parents = array("I")
        self.counts = array("I")  # records by unit
        self._owners = DigestTable()

    def add(self, unit: str, tokens: Iterable[int] = ()) -> int:
        """Count a record of a unit, tie the unit to all others that hold one of its tokens, and return its number."""
        number = self.units.get(unit)
        if number is None:
            number = self.units[unit] = len(self._parents)
            self._parents.append(number)
            self.counts.append(0)
        self.counts[number] += 1
        for token in tokens:
            self.join(number, self._owners.setdefault(token, number))
        return number

    def find(self, number: int) -> int:
        """The number of the unit that stands for all that a unit is tied to."""
        return _find(self._parents, number)

    def join(self, one: int, other: int) -> None:
        """Tie two units by their numbers."""
        self._parents[self.find(one)] = self.find(other)

    def count_clusters(self) -> int:
        """How many are left."""
        return sum(parent == number for number, parent in enumerate(self._parents))

    def to_clusters(self) -> list[Cluster]:
        """All clusters; the order is that of the units' ids, not that of their arrival."""
        members: dict[int, list[str]] = {}
        for unit, number in self.units.items():
            members.setdefault(self.find(number), []).append(unit)
        clusters = [
            Cluster(tuple(sorted(units)), sum(self.counts[self.units[unit]] for unit in units))
            for units in members.values()
        ]
        return sorted(clusters, key=lambda cluster: cluster.units[0])


def _assign(clusters: Sequence[Cluster], shares: dict[str, float], seed: int) -> dict[str, str]:
    """Give each cluster, in the order of its hash, to the split that lacks most; then fill empty splits."""
    total = sum(cluster.record_count for cluster in clusters)
    lacking = {name: share * total for name, share in shares.items()}
    held: dict[str, list[Cluster]] = {name: [] for name in shares}
    for cluster in sorted(clusters, key=lambda cluster: _digest(str(seed), cluster.units[0])):
        name = max(lacking, key=lambda name: lacking[name])
        held[name].append(cluster)
        lacking[name] -= cluster.record_count
    for name in shares:
        donors = [donor for donor in held if len(held[donor]) > 1]
        if not held[name] and donors:
            donor = max(donors, key=lambda donor: sum(cluster.record_count for cluster in held[donor]))
            smallest = min(held[donor], key=lambda cluster: (cluster.record_count, cluster.units))
            held[donor].remove(smallest)
            held[name].append(smallest)
    return {unit: name for name, own in held.items() for cluster in own for unit in cluster.units}


def _note_missing(cluster_count: int, wanted: Sequence[str], unit: str) -> tuple[str, ...]:
    if cluster_count >= len(wanted):
        return ()
    missing = " and ".join(wanted[cluster_count:])
    return (f"{missing} stays empty: there are only {cluster_count} separate {unit}.",)


def _note_shares(
    clusters: Sequence[Cluster], split_by_unit: Mapping[str, str], targets: Mapping[str, float], kind: str
) -> tuple[str, ...]:
    """Which splits are far from what was asked for, in one sentence."""
    held = dict.fromkeys(targets, 0)
    for cluster in clusters:
        held[split_by_unit[cluster.units[0]]] += cluster.record_count
    total = sum(held.values())
    off = [name for name, count in held.items() if abs(count / total - targets[name]) > TOLERATED_SHARE]
    if not off:
        return ()
    told = " and ".join(f"{name} {held[name] / total:.0%} instead of {targets[name]:.0%}" for name in off)
    found = f"only {len(clusters)} separate {kind} {'is' if len(clusters) == 1 else 'are'} there"
    return (f"split far from the shares asked for ({told}): {found}.",)


def _list_pictures(record: Quadruplet) -> Iterator[int]:
    yield from (digest_text("image group", group) for group in record.image_groups)  # confirmed by their pixels
    for image in record.images:
        yield digest_text("image", image.sha256)
        if image.derived_from:
            yield digest_text("image", image.derived_from)
        if image.phash and is_telling(image.phash):
            yield digest_text("phash", image.phash.lower())


def is_telling(phash: str) -> bool:
    """False for a flat or almost flat picture: its hash of nearly all zeros or ones says nothing."""
    try:
        return 8 <= int(phash, 16).bit_count() <= 56
    except ValueError:
        return False


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).digest()
