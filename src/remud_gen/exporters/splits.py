"""Train, validation and test: whole documents on one side, and never the same picture on two."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from remud_gen.errors import ConfigError
from remud_gen.records import Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

SPLIT_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Where every record goes. `unit` says what is kept whole: a document, or a figure or passage."""

    unit: str  # document | group
    split_by_unit: dict[str, str]
    notes: tuple[str, ...] = ()

    def find_split(self, record: Quadruplet) -> str:
        """The split of a record that was there when the plan was made."""
        return self.split_by_unit[record.document_id if self.unit == "document" else record.group_id]


def check_shares(shares: Sequence[float]) -> None:
    """Raise ConfigError unless there are one to three shares >= 0 that sum to 1, the first above 0."""
    is_fit = 1 <= len(shares) <= len(SPLIT_NAMES) and shares[0] > 0 and min(shares) >= 0
    if not (is_fit and abs(sum(shares) - 1) < 1e-6):
        raise ConfigError(
            f"export.split must be shares of train, validation and test that sum to 1, not {list(shares)}",
            "for example 0.9,0.1 or 0.8,0.1,0.1 or 1.0",
        )


def plan_splits(records: Iterable[Quadruplet], shares: Sequence[float], seed: int) -> SplitPlan:
    """Read all records once and decide where each document (or, with one document only, each figure) goes."""
    check_shares(shares)
    documents, groups = Clusters(), Clusters()
    first_documents = array("I")  # of each group
    for record in records:
        document = documents.add(record.document_id)
        group = groups.add(record.group_id, _list_pictures(record))
        if group == len(first_documents):
            first_documents.append(document)
        documents.join(document, first_documents[group])
    for group, document in enumerate(first_documents):  # groups that share a picture hold their documents together
        documents.join(document, first_documents[groups.find(group)])
    wanted = [name for name, share in zip(SPLIT_NAMES, shares, strict=False) if share > 0]
    targets = {name: share for name, share in zip(SPLIT_NAMES, shares, strict=False) if share > 0}
    if len(wanted) == 1:
        return SplitPlan("document", dict.fromkeys(documents.units, wanted[0]))
    by_document = documents.to_clusters()
    if len(by_document) > 1:
        notes = _note_missing(len(by_document), wanted, "documents")
        return SplitPlan("document", _assign(by_document, targets, seed), notes)
    by_group = groups.to_clusters()
    reason = "only one document" if len(documents.units) == 1 else "all documents share pictures"
    note = f"split by figure and passage instead of by document: there is {reason}".replace("there is all", "all")
    return SplitPlan(
        "group",
        _assign(by_group, targets, seed),
        (f"{note}.", *_note_missing(len(by_group), wanted, "groups of figures and passages")),
    )


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
        self._counts = array("I")
        self._owners = DigestTable()

    def add(self, unit: str, tokens: Iterable[int] = ()) -> int:
        """Count a record of a unit, tie the unit to all others that hold one of its tokens, and return its number."""
        number = self.units.get(unit)
        if number is None:
            number = self.units[unit] = len(self._parents)
            self._parents.append(number)
            self._counts.append(0)
        self._counts[number] += 1
        for token in tokens:
            self.join(number, self._owners.setdefault(token, number))
        return number

    def find(self, number: int) -> int:
        """The number of the unit that stands for all that a unit is tied to."""
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Tie two units by their numbers."""
        self._parents[self.find(one)] = self.find(other)

    def to_clusters(self) -> list[Cluster]:
        """All clusters; the order is that of the units' ids, not that of their arrival."""
        members: dict[int, list[str]] = {}
        for unit, number in self.units.items():
            members.setdefault(self.find(number), []).append(unit)
        clusters = [
            Cluster(tuple(sorted(units)), sum(self._counts[self.units[unit]] for unit in units))
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


def _list_pictures(record: Quadruplet) -> Iterator[int]:
    for image in record.images:
        yield digest_text("image", image.sha256)
        if image.derived_from:
            yield digest_text("image", image.derived_from)
        # A flat or almost flat picture has a hash of nearly all zeros or ones, which says nothing.
        if image.phash and _is_telling(image.phash):
            yield digest_text("phash", image.phash.lower())


def _is_telling(phash: str) -> bool:
    try:
        return 8 <= int(phash, 16).bit_count() <= 56
    except ValueError:
        return False


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).digest()
