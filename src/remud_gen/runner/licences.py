"""Where the table of licences of a run lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from remud_gen.errors import ConfigError
from remud_gen.export_config import ExportConfig
from remud_gen.exporters.rights import LicenceTable, read_licences
from remud_gen.rules.licences import TABLE_NAMES


def find_licences(config: ExportConfig, roots: Sequence[Path]) -> LicenceTable:
    """The table that the configuration names, else those in the input folders, in their order; there may be none.

    Raises:
        ConfigError: the named table is not there, or one cannot be read.
    """
    if config.licences is not None:
        if not config.licences.is_file():
            raise ConfigError(f"there is no table of licences {config.licences}", "name a CSV file with --licences")
        return read_licences([config.licences])
    return read_licences([file for root in roots for name in TABLE_NAMES if (file := root / name).is_file()])
