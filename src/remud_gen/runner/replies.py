"""What `remud replies` does: tell what a store holds, write its replies to a file, take them from one."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from remud_gen.errors import InputError
from remud_gen.llm.store import ReplyStore
from remud_gen.llm.store_lines import StoredReply, Transfer, import_replies, write_line
from remud_gen.llm.store_reading import (
    ModelShare,
    StoreReader,
    WaitingBatch,
    count_by_model,
    list_waiting,
    look_into_store,
)
from remud_gen.runner.files import open_atomically
from remud_gen.runner.folder import RunFolder
from remud_gen.runner.options import Options, resolve_config
from remud_gen.runner.store_place import find_store

HASH_HINT = "records name it as generation.request_sha256, RUN/generate/*.calls.json and `remud outbound` list them"


@dataclass(frozen=True, slots=True)
class StoreAccount:
    """What a store holds, counted."""

    path: Path
    size_bytes: int
    models: list[ModelShare]
    batches: list[WaitingBatch]
    users: tuple[Path, ...]

    @property
    def replies(self) -> int:
        """All of them."""
        return sum(share.replies for share in self.models)

    def to_json(self) -> dict[str, Any]:
        """For scripts; a cost that is not known in full is null."""
        return {
            "store": str(self.path),
            "replies": self.replies,
            "size_bytes": self.size_bytes,
            "models": [
                {
                    **asdict(share),
                    "cost_usd": None if share.unpriced else round(share.cost_usd, 6),
                    "priced_usd": round(share.cost_usd, 6),
                }
                for share in self.models
            ],
            "batches": [asdict(batch) for batch in self.batches],
            "users": [str(user) for user in self.users],
        }


def choose_store(options: Options, replies: Path | None) -> Path:
    """The store a command means: the one it names, else that of the run."""
    if replies is not None:
        return replies
    if not RunFolder(options.run).marker:
        told = "name a run with --run, or a store with --replies"
        raise InputError(f"{options.run} is not a run folder", told)
    return find_store(resolve_config(options), options.run)


def count_replies(path: Path) -> StoreAccount:
    """Count what a store holds, writing nothing.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    _require(path)
    files = [path.with_name(f"{path.name}{end}") for end in ("", "-wal")]
    size = sum(file.stat().st_size for file in files if file.exists())
    return StoreAccount(path, size, count_by_model(path), list_waiting(path), look_into_store(path).users)


def export_replies(path: Path, target: Path, *, has_requests: bool = True) -> int:
    """Write every reply, with what was asked, to a file of lines, gzip if its name ends in .gz; the same store gives
    the same bytes.

    Raises:
        InputError: there is no store, or the file cannot be written.
    """
    _require(path)
    count = 0
    try:
        with closing(ReplyStore(path)) as store, _writing(target) as stream:
            for reply, stored_at in store.iterate_replies():
                asked = store.read_asked(reply.request_sha256) if has_requests else None
                stream.write(write_line(StoredReply(reply, stored_at, asked)))
                count += 1
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror or error}", "name another file") from None
    return count


def find_reply(path: Path, prefix: str) -> StoredReply:
    """The one reply whose request hash begins so, with what was asked; nothing is written.

    Raises:
        InputError: there is none, or more than one, or the store cannot be read.
    """
    _require(path)
    with closing(StoreReader(path)) as reader:
        keys = reader.find_keys(prefix.lower())
        if len(keys) != 1:
            told = "more than one reply has" if keys else f"{path} holds no reply with"
            raise InputError(f"{told} a request hash that begins with {prefix}", HASH_HINT)
        reply, stored_at = reader.get(keys[0]), reader.read_time(keys[0])
        assert reply is not None
        return StoredReply(reply, stored_at, reader.read_asked(keys[0]))


def import_into(path: Path, source: Path) -> Transfer:
    """Take the replies of a file into a store, which is made if need be."""
    if not source.is_file():
        raise InputError(f"{source} is no file", "name one that `remud replies export` wrote")
    with closing(ReplyStore(path)) as store:
        return import_replies(source, store)


def _require(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"there is no reply store {path}", "no model was asked yet, or --replies names another file")


@contextmanager
def _writing(target: Path) -> Iterator[IO[bytes]]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_atomically(target) as raw:
        if target.suffix != ".gz":
            yield raw
            return
        # Neither a name nor a time in the header: the same replies are the same file.
        with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            yield packed  # type: ignore[misc]  # a GzipFile reads and writes as a stream of bytes does
