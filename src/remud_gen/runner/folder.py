"""The run folder: who may use it, what it was given, and where things lie in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from remud_gen.config import Config, dump_config
from remud_gen.errors import InputError
from remud_gen.export_config import ExportConfig
from remud_gen.records import SCHEMA_VERSION
from remud_gen.runner.files import remove_leftovers, write_atomically
from remud_gen.runner.images import ContentImageStore

MARKER = "run.json"
CONFIG = "config.yaml"


class RunFolder:
    """A run on disk. `open` locks it for writing; reading needs no lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.images = ContentImageStore(path)
        self._lock: FileLock | None = None
        self._former: bytes | None = None  # the configuration before this command
        self._opened_ns = 0  # by the clock of the disk

    @property
    def marker(self) -> dict[str, object]:
        """What run.json says; empty before the first command.

        Raises:
            InputError: when the folder is not a run, or a newer remud-gen made it.
        """
        path = self.path / MARKER
        try:
            data = json.loads(path.read_bytes())
            version = int(data["schema_version"])
        except FileNotFoundError:
            if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / ".lock").exists():
                raise InputError(
                    f"{self.path} holds files but is not a run folder", "name an empty or new folder with --run"
                ) from None
            return {}
        except NotADirectoryError:
            raise InputError(f"{self.path} is not a folder", "name another folder with --run") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}", "restore it or use another --run folder") from None
        if version > SCHEMA_VERSION:
            raise InputError(
                f"{self.path} was made by a newer remud-gen (schema {version}, this one knows {SCHEMA_VERSION})",
                "upgrade remud-gen or use another --run folder",
            )
        return dict(data)

    def open(self, config: Config) -> RunFolder:
        """Create the folder if need be, take its lock, and clear what a killed run left half-written."""
        known = self.marker
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise InputError(
                f"{self.path} is in use by another remud command", "wait for it to end, or name another --run folder"
            ) from None
        except OSError as error:
            raise InputError(
                f"cannot write to the run folder {self.path}: {error.strerror or error}",
                "name a folder you may write to with --run",
            ) from None
        self._lock = lock
        try:
            remove_leftovers(self.path)
            if known.get("schema_version") != SCHEMA_VERSION:
                self._mark({**known, "schema_version": SCHEMA_VERSION})
            self._former = _read_if_there(self.path / CONFIG)
            self.keep_config(config)
            self._opened_ns = (self.path / CONFIG).stat().st_mtime_ns
        except OSError as error:
            self.close()
            raise InputError(f"cannot write to the run folder {self.path}: {error.strerror or error}") from None
        return self

    def keep_config(self, config: Config) -> None:
        """What later commands start from, but for who an export was for: the next one is for training again."""
        export = config.export.model_copy(update={"statuses": ExportConfig().statuses})
        kept = config.model_copy(update={"export": export})
        write_atomically(self.path / CONFIG, dump_config(kept).encode("utf-8"))

    def put_back_config(self) -> Path:
        """The configuration from before this command, or none if there was none; where it lies."""
        path = self.path / CONFIG
        if self._former is None:
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, self._former)
        return path

    def list_made(self, stages: Iterable[str]) -> list[str]:
        """The stages that had a part made since this command opened the run."""
        return [stage for stage in stages if any(map(self._is_new, (self.path / stage).glob("*.meta.json")))]

    def _is_new(self, path: Path) -> bool:
        try:
            return path.stat().st_mtime_ns >= self._opened_ns
        except OSError:
            return False

    def remember_roots(self, roots: list[Path]) -> None:
        """Keep which folders and files the run was given, for commands that name none; and what was named before."""
        now = [root.resolve() for root in roots]
        before = dict.fromkeys([*self.recall_former_roots(), *self.recall_roots()])
        left = [str(root) for root in before if not any(root == one or one in root.parents for one in now)]
        self._mark({**self.marker, "inputs": [str(root) for root in now], "former_inputs": left})

    def recall_roots(self) -> list[Path]:
        """The folders and files of the last command that named some."""
        return self._recall("inputs")

    def recall_former_roots(self) -> list[Path]:
        """What earlier commands named, and the last one that named some did not."""
        return self._recall("former_inputs")

    def _recall(self, name: str) -> list[Path]:
        stored = self.marker.get(name)
        return [Path(str(root)) for root in stored] if isinstance(stored, list) else []

    def close(self) -> None:
        """Clear what killed workers left half-written, and release the lock."""
        if self._lock is not None:
            with suppress(OSError):
                remove_leftovers(self.path)
            self._lock.release()
            self._lock = None

    def _mark(self, data: dict[str, object]) -> None:
        write_atomically(self.path / MARKER, json.dumps(data, indent=1).encode("utf-8"))


def _read_if_there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
