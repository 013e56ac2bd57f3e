"""Regular expressions compiled by their first use: a command needs few of the hundreds that its modules name."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")


class _Late:
    """Stands for a compiled expression, and answers as fast once it is one."""

    def __init__(self, expression: str | bytes, flags: int) -> None:
        self.pattern, self._flags = expression, flags

    def __reduce__(self) -> tuple[type[_Late], tuple[str | bytes, int]]:
        return _Late, (self.pattern, self._flags)

    def __repr__(self) -> str:
        return f"compile_late({self.pattern!r}, {self._flags})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by copying and the like: no reason to compile
            raise AttributeError(name)
        regex = re.compile(self.pattern, self._flags)
        for method in METHODS:  # found at once from now on, without coming here
            setattr(self, method, getattr(regex, method))
        return getattr(regex, name)


def compile_late(expression: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """`re.compile`, put off until the expression is first used: what is wrong with it is told then.

    For the methods and attributes of a pattern; functions of `re` that take a compiled pattern do not know it.
    """
    return cast("re.Pattern[AnyStr]", _Late(expression, flags))
