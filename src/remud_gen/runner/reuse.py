"""Retrying errors: what an earlier part made of its good inputs is copied, only the failed ones are done again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from remud_gen.runner.parts import PartMeta, part_paths

Ending = Literal["p", "r", "f"]  # produced, rejected, failed


@dataclass(frozen=True, slots=True)
class OldOutcome:
    """What a part holds of one input: how it ended, its record lines, its error lines."""

    ending: Ending
    records: tuple[bytes, ...]
    errors: tuple[dict[str, Any], ...]

    @property
    def is_clean(self) -> bool:
        """Nothing of this input failed."""
        return not any(error["outcome"] == "failed" for error in self.errors)


def read_outcomes(run: Path, meta: PartMeta) -> Iterator[OldOutcome]:
    """The outcomes of a finished part, in the order of its inputs."""
    records_path, errors_path, _ = part_paths(run, meta.stage, meta.key)
    records = iter(records_path.read_bytes().splitlines(keepends=True))
    errors = iter(errors_path.read_bytes().splitlines())
    for ending, n_records, n_errors in meta.endings:
        yield OldOutcome(
            ending,
            tuple(next(records) for _ in range(n_records)),
            tuple(json.loads(next(errors)) for _ in range(n_errors)),
        )
