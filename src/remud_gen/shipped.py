"""Where the files that travel with the package lie, in a checkout or in an installed wheel."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal


def find_shipped(kind: Literal["configs", "prompts"]) -> Path:
    """The folder of shipped configs or prompts, in a checkout or in an installed wheel."""
    checkout = Path(__file__).resolve().parents[2] / kind
    installed = Path(str(files("remud_gen"))) / "_data" / kind
    return installed if installed.is_dir() else checkout
