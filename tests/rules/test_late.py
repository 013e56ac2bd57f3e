"""Expressions that are compiled late: they answer as compiled ones do, and each of those that ship can be compiled."""

from __future__ import annotations

import gc
import importlib
import pkgutil
import re

import pytest

import remud_gen
from remud_gen.errors import MissingExtraError
from remud_gen.rules.late import METHODS, _Late, compile_late


def test_it_answers_as_a_compiled_expression_does() -> None:
    late, compiled = (
        compile_late(r"(?P<side>left|right) \w+", re.IGNORECASE),
        re.compile(r"(?P<side>left|right) \w+", 2),
    )
    text = "The left kidney, the RIGHT kidney"
    assert late.findall(text) == compiled.findall(text)
    assert [match.span() for match in late.finditer(text)] == [match.span() for match in compiled.finditer(text)]
    assert late.sub("x", text, count=1) == compiled.sub("x", text, count=1)
    assert (late.pattern, late.flags, late.groupindex) == (compiled.pattern, compiled.flags, compiled.groupindex)
    assert late.search(text, 10) is not None


def test_nothing_is_compiled_before_its_first_use() -> None:
    late = compile_late(r"(unclosed")
    assert late.pattern == "(unclosed"
    with pytest.raises(re.error):
        late.search("")


def test_after_its_first_use_it_is_not_asked_again() -> None:
    late = compile_late(rb"\d+")
    assert late.search(b"a 12") is not None
    assert {name for name in METHODS if name in vars(late)} == set(METHODS)


def test_every_expression_of_the_package_compiles() -> None:
    for module in pkgutil.walk_packages(remud_gen.__path__, "remud_gen."):
        if module.name.rpartition(".")[2] == "__main__":
            continue
        try:
            importlib.import_module(module.name)
        except (MissingExtraError, ModuleNotFoundError):  # of an extra that is not installed
            continue
    found = [each for each in gc.get_objects() if type(each) is _Late and each.pattern != "(unclosed"]
    assert len(found) > 400
    for late in found:
        re.compile(late.pattern, late._flags)
