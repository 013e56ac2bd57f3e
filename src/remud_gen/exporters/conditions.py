"""Conditions on records, such as `language=zh` or `source.page_number>=10`: parsed, never executed."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from remud_gen.errors import ConfigError
from remud_gen.records import Quadruplet
from remud_gen.rules.late import compile_late
from remud_gen.rules.organs import name_organ

_FORM = compile_late(r"\s*(?P<field>[A-Za-z_][\w.]*)\s*(?P<sign>!=|>=|<=|=|>|<|~)\s*(?P<value>.*?)\s*", re.DOTALL)
_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
# What a record does not hold as such, yet people ask for.
DERIVED: Mapping[str, Callable[[Quadruplet], object]] = {
    "document": lambda record: record.document_id,
    "file": lambda record: record.source.file,
    "has_thinking": lambda record: has_thinking(record),
    "images": lambda record: len(record.images),
    "model": lambda record: record.generation.model,
    "organ": name_organ,
    "page": lambda record: record.source.page_number,
    "turns": lambda record: 1 + len(record.turns),
}


def has_thinking(record: Quadruplet) -> bool:
    """Whether the last turn has a line of thought, which is the one that is trained."""
    last = record.turns[-1] if record.turns else record
    return bool((last.thinking or "").strip())


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a record: field, sign and what it is compared with."""

    text: str
    path: tuple[str, ...]
    sign: str
    values: tuple[str, ...]  # of = and !=, any of them

    def is_met(self, record: Quadruplet) -> bool:
        """Whether the record passes. Of a field with many values one has to; with `!=` all differ."""
        found = list(_read(record, self.path)) or [None]
        if self.sign == "!=":
            return not any(_equals(value, wanted) for value in found for wanted in self.values)
        if self.sign == "=":
            return any(_equals(value, wanted) for value in found for wanted in self.values)
        if self.sign == "~":
            return any(isinstance(value, str) and self.values[0].lower() in value.lower() for value in found)
        order, limit = _ORDERS[self.sign], float(self.values[0])
        return any(isinstance(value, int | float) and order(value, limit) for value in found)


def parse_condition(text: str) -> Condition:
    """Read `FIELD=VALUE`; `!=`, `~` (contains), `>=`, `<=`, `>`, `<`; `A|B` after = and != means any of them.

    Raises:
        ConfigError: it has another form, or no record has such a field.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        signs = "=, !=, ~ (contains), >=, <=, >, <"
        raise ConfigError(f"export.where: {text!r} is no condition", f"write FIELD=VALUE; signs: {signs}")
    path, sign, value = tuple(found["field"].split(".")), found["sign"], found["value"]
    _check_field(path)
    if sign in _ORDERS:
        try:
            float(value)
        except ValueError:
            raise ConfigError(f"export.where: {text!r} compares with {value!r}, which is no number") from None
    values = tuple(part.strip() for part in value.split("|")) if sign in ("=", "!=") else (value,)
    return Condition(text.strip(), path, sign, values)


def _check_field(path: tuple[str, ...]) -> None:
    if len(path) == 1 and path[0] in DERIVED:
        return
    model: type[BaseModel] | None = Quadruplet
    for number, name in enumerate(path):
        if model is None or name not in model.model_fields:
            known = sorted({*(model.model_fields if model else ()), *(() if number else DERIVED)})
            place = f"below {'.'.join(path[:number])}" if number else "of a record"
            told = f"fields {place}: {', '.join(known)}" if known else f"{'.'.join(path[:number])} has no fields"
            raise ConfigError(f"export.where: there is no field `{'.'.join(path)}`", told)
        model = _find_model(model.model_fields[name].annotation)
    if model is not None:
        below = ", ".join(f"{'.'.join(path)}.{name}" for name in sorted(model.model_fields))
        raise ConfigError(f"export.where: `{'.'.join(path)}` has fields of its own", f"name one of {below}")


def _find_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _find_model(part)) is not None), None)


def _read(record: Quadruplet, path: tuple[str, ...]) -> Iterator[object]:
    if len(path) == 1 and path[0] in DERIVED:
        yield DERIVED[path[0]](record)
        return
    values: list[Any] = [record]
    for name in path:
        inner = [getattr(value, name) for value in values if value is not None]
        values = [each for value in inner for each in (value if isinstance(value, tuple) else (value,))]
    yield from values


def _equals(value: object, wanted: str) -> bool:
    if value is None:
        return wanted.lower() in ("none", "null", "")
    if isinstance(value, bool):
        return wanted.lower() == str(value).lower()
    if isinstance(value, int | float):
        try:
            return float(wanted) == value
        except ValueError:
            return False
    return str(value) == wanted
