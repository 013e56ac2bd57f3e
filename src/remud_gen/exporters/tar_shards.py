"""USTAR archives of samples: written one after the other, never held in memory, the same bytes on every machine."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from remud_gen.errors import RecordError
from remud_gen.rules.late import compile_late

SHARD_BYTES = 500 << 20  # after which the next shard begins
SHARD_SAMPLES = 10_000
_HEAD = tarfile.BLOCKSIZE
_MEMBER = compile_late(r"([A-Za-z0-9_-]{1,64})\.([a-z0-9.]{1,16})")
MOST_MEMBER_BYTES = 1 << 31


class TarShards:
    """Writes `<stem>-000000.tar` files; a context manager that closes them. Of each stem one shard is open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: dict[str, _Shard] = {}
        self._names: list[str] = []

    def add(self, stem: str, key: str, members: Mapping[str, bytes]) -> None:
        """Append a sample: its members, by their endings, stand together under its key."""
        shard = self._shards.get(stem)
        if shard is None or shard.is_full:
            number = 0 if shard is None else shard.number + 1
            if shard is not None:
                shard.close()
            name = f"{stem}-{number:06d}.tar"
            shard = self._shards[stem] = _Shard(self._folder / name, number)
            self._names.append(name)
        shard.add(key, members)

    @property
    def files(self) -> tuple[str, ...]:
        """All shards, sorted."""
        return tuple(sorted(self._names))

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems written, sorted."""
        return tuple(sorted(self._shards))

    def __enter__(self) -> TarShards:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:  # on a full disk every close may fail, and all have to be tried
            for shard in self._shards.values():
                stack.callback(shard.close)


class _Shard:
    def __init__(self, path: Path, number: int) -> None:
        self.number = number
        self._archive = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed by close
        self._size = self._count = 0

    @property
    def is_full(self) -> bool:
        return self._size >= SHARD_BYTES or self._count >= SHARD_SAMPLES

    def add(self, key: str, members: Mapping[str, bytes]) -> None:
        for ending, data in members.items():
            # A fresh header says nothing of this machine: no time, no owner, the same rights.
            head = tarfile.TarInfo(f"{key}.{ending}")
            head.size = len(data)
            self._archive.addfile(head, io.BytesIO(data))
            self._size += _HEAD + len(data)
        self._count += 1

    def close(self) -> None:
        self._archive.close()


def read_samples(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(key, members by ending) of every sample of a shard.

    Raises:
        RecordError: BAD_TAR when it is damaged, or holds something that this module does not write.
    """
    key, members = "", dict[str, bytes]()
    try:
        with tarfile.open(path, "r:") as archive:
            for head in archive:
                name = _MEMBER.fullmatch(head.name)
                stream = archive.extractfile(head) if name and head.isreg() and head.size < MOST_MEMBER_BYTES else None
                if name is None or stream is None:
                    raise RecordError("BAD_TAR", f"{path.name} holds {head.name[:80]!r}")
                if members and name[1] != key:
                    yield key, members
                    members = {}
                key = name[1]
                members[name[2]] = stream.read()
                archive.members.clear()  # type: ignore[attr-defined]  # or all heads stay in memory
    except (tarfile.TarError, OSError, EOFError) as error:
        raise RecordError("BAD_TAR", f"{path.name}: {error}") from None
    if members:
        yield key, members
