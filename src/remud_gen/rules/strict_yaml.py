"""YAML in which no key may stand twice: the plain reader keeps the last one and drops the first in silence."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

TWICE = "this key stands twice"


class _StrictConstructor(yaml.constructor.SafeConstructor):
    """Safe YAML without double keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name = (key.tag, key.value)
            if name in lines:
                told = f"{TWICE}, first in line {lines[name]}"
                raise yaml.constructor.ConstructorError(None, None, told, key.start_mark)
            lines[name] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


class _StrictLoader(_StrictConstructor, yaml.SafeLoader):
    """In Python: its errors are in the words that hints are written for."""


class _QuickLoader(_StrictConstructor, yaml.CSafeLoader):
    """In C, ten times as fast."""


def read_yaml(text: str) -> Any:
    """What a YAML text holds.

    Raises:
        yaml.YAMLError: it is no YAML, or a key stands twice; the error has the line.
    """
    try:
        return yaml.load(text, _QuickLoader)
    except yaml.YAMLError:
        return yaml.load(text, _StrictLoader)
