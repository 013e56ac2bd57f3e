"""What the parts of a stage depend on -> one digest, kept piece by piece on disk so that `status` can name the piece.

RUN/bases/<stage>-<digest>.json holds the pieces once per stage and state of the world; each part's sidecar names it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from remud_gen.runner.files import write_atomically

FOLDER = "bases"
DIGEST_DIGITS = 16  # 64 bits: enough to see a change, short enough for a sidecar per part
SETTING_DEPTH = 3  # how deep nested settings are told apart: filters -> one filter -> its options


def digest(*parts: str) -> str:
    """SHA-256 over texts, each kept apart from the next."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8")).hexdigest()


def shorten_digest(*parts: str) -> str:
    """The beginning of a digest, for comparing a piece with its earlier self."""
    return digest(*parts)[:DIGEST_DIGITS]


class Basis(BaseModel):
    """Everything but the inputs: the stage's version, its settings and the libraries that shape its output."""

    model_config = ConfigDict(frozen=True)

    stage: str
    version: int
    settings: dict[str, str]  # dotted key -> digest of its value
    libraries: dict[str, str]  # name -> installed version

    @cached_property
    def sha(self) -> str:
        """One digest over all pieces."""
        return shorten_digest(json.dumps(self.model_dump(), sort_keys=True))

    def sign(self, inputs: Mapping[str, str]) -> Stamp:
        """The stamp of a part with these inputs (name -> digest)."""
        fingerprint = digest(self.stage, self.sha, json.dumps(inputs, sort_keys=True))
        return Stamp(fingerprint=fingerprint, basis=self.sha, inputs=dict(inputs))

    def save(self, run: Path) -> None:
        """Keep the pieces in the run folder."""
        path = _path(run, self.stage, self.sha)
        if not path.exists():
            write_atomically(path, self.model_dump_json(indent=1).encode("utf-8"))

    def explain_change(self, run: Path, old: str) -> list[str]:
        """What differs from an older basis, named by its digest, in words."""
        if old == self.sha:
            return []
        try:
            before = Basis.model_validate_json(_path(run, self.stage, old).read_bytes())
        except (OSError, ValidationError):
            return ["settings, libraries or version changed"]
        reasons = []
        if before.version != self.version:
            reasons.append(f"version of the stage changed ({before.version} -> {self.version})")
        for key in _find_changes(self.settings, before.settings):
            reasons.append(f"setting {key} changed")
        for name in _find_changes(self.libraries, before.libraries):
            older, newer = before.libraries.get(name, "absent"), self.libraries.get(name, "absent")
            reasons.append(f"library {name} changed ({older} -> {newer})")
        return reasons


class Stamp(BaseModel):
    """The fingerprint of one part, and what it is made of."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    basis: str
    inputs: dict[str, str]

    def explain_inputs(self, old: Mapping[str, str]) -> list[str]:
        """Which inputs differ from older ones, in words."""
        return [f"input {name} {_tell_change(name, self.inputs, old)}" for name in _find_changes(self.inputs, old)]


def flatten_settings(settings: Mapping[str, object], depth: int = SETTING_DEPTH) -> dict[str, str]:
    """Nested settings as dotted keys, each with the digest of its value."""
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and value and depth > 1:
            flat.update({f"{key}.{below}": sha for below, sha in flatten_settings(value, depth - 1).items()})
        else:
            flat[key] = shorten_digest(json.dumps(value, sort_keys=True, default=_to_plain))
    return flat


def _to_plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _find_changes(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    return sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))


def _tell_change(name: str, mine: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    if name not in theirs:
        return "is new"
    return "changed" if name in mine else "is gone"


def _path(run: Path, stage: str, sha: str) -> Path:
    return run / FOLDER / f"{stage}-{sha}.json"
