"""What an earlier version of a part made of its inputs, input by input: kept on a retry, a resume or a rename.

A sidecar's `endings` hold one word per input: p, r or f (produced, rejected, failed), its record lines, its error
lines, and the codes of rejections whose records were kept: `p4.0 r1.0:LEAK_LABEL f0.1`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from remud_gen.rules.late import compile_late
from remud_gen.runner.parts import PartMeta, part_paths
from remud_gen.runner.reading import DamagedPart

Ending = Literal["p", "r", "f"]
WORD = compile_late(r"([prf])(\d+)\.(\d+)((?::\w+)*)")


@dataclass(frozen=True, slots=True)
class OldOutcome:
    """What a part holds of one input: how it ended, its record lines, its error lines, the calls it rests on."""

    ending: Ending
    records: tuple[bytes, ...]
    errors: tuple[dict[str, Any], ...]
    codes: tuple[str, ...] = ()  # of rejections whose records are among the record lines
    calls: dict[str, Any] | None = None

    @property
    def is_clean(self) -> bool:
        """Nothing of this input failed."""
        return not any(error["outcome"] == "failed" for error in self.errors)

    @property
    def replies(self) -> frozenset[str]:
        """Request hashes of the stored replies that made this input fail: asking again must not find them."""
        return frozenset(sha for error in self.errors for sha in error.get("replies", ()))


def encode_ending(ending: Ending, n_records: int, n_errors: int, codes: tuple[str, ...]) -> str:
    """One input's word."""
    return f"{ending}{n_records}.{n_errors}" + "".join(f":{code}" for code in codes)


def read_outcomes(run: Path, meta: PartMeta) -> Iterator[OldOutcome]:
    """The outcomes of a part on disk, in the order of its inputs.

    Raises:
        DamagedPart: when its files do not hold what its sidecar says.
    """
    paths = part_paths(run, meta.stage, meta.key)
    name = f"{meta.stage}/{meta.key}.jsonl"
    try:
        record_bytes, error_bytes = paths.records.read_bytes(), paths.errors.read_bytes()
        # What is taken over gets a new digest: bytes that were changed meanwhile must not come to look genuine.
        if (_digest(record_bytes), _digest(error_bytes)) != (meta.sha256, meta.errors_sha256):
            raise DamagedPart(name, "was changed after it was written")
        records = iter(record_bytes.splitlines(keepends=True))
        errors = iter(error_bytes.splitlines())
        calls = iter(_read_calls(paths.calls))
        for word in meta.endings.split():
            found = WORD.fullmatch(word)
            if found is None:
                raise DamagedPart(name, "has a sidecar that is damaged")
            yield OldOutcome(
                cast("Ending", found[1]),
                tuple(next(records) for _ in range(int(found[2]))),
                tuple(json.loads(next(errors)) for _ in range(int(found[3]))),
                tuple(found[4].split(":")[1:]),
                next(calls, None),
            )
    except (OSError, ValueError, StopIteration, RuntimeError):
        # A generator expression that runs dry inside this generator is a RuntimeError.
        raise DamagedPart(name, "does not hold what its sidecar says") from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read_calls(path: Path) -> list[dict[str, Any]]:
    """One entry per input of an async stage; none where no model was asked."""
    if not path.exists():
        return []
    calls = json.loads(path.read_bytes())
    if not (isinstance(calls, list) and all(isinstance(entry, dict) for entry in calls)):
        raise ValueError(f"{path.name} does not hold a list of calls")
    return calls
