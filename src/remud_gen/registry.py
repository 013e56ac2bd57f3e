"""Component name -> class, imported on use.

Each component folder holds a table of strings in its __init__
(`TABLE = {"length": "remud_gen.filters.length:LengthFilter"}`),
so that building the command line imports nothing heavy. Third parties join through the entry-point groups
`remud_gen.readers`, `remud_gen.filters`, … with the same `module:Class` form.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal, get_args

from remud_gen.errors import ConfigError, guess_name

Kind = Literal["readers", "layout", "ocr", "pairing", "llm", "filters", "exporters", "executors", "probes"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FOLDERS = {"executors": "runner.executors", "probes": "llm.judging"}  # of kinds whose folder is not named as they are


@cache
def table(kind: Kind) -> dict[str, str]:
    """All names of one kind, ours and third parties', each with its `module:Class`."""
    own: dict[str, str] = dict(importlib.import_module(f"remud_gen.{FOLDERS.get(kind, kind)}").TABLE)
    for point in entry_points(group=f"remud_gen.{kind}"):
        own.setdefault(point.name, point.value)
    return own


def names(kind: Kind) -> list[str]:
    """The names a config may use for one kind, sorted."""
    return sorted(table(kind))


def check_name(kind: Kind, name: str) -> None:
    """Raise a ConfigError that lists the known names of a kind where this is none of them; imports no component."""
    if name not in table(kind):
        told = f"unknown name {name!r} among the {kind}{guess_name(name, table(kind))}"
        raise ConfigError(told, f"known: {', '.join(names(kind))}")


def load(kind: Kind, name: str) -> Any:
    """Import and return the class behind a name; an unknown name is a ConfigError that lists the known ones."""
    check_name(kind, name)
    target = table(kind)[name]
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
