"""Expressions that are compiled late: they answer as compiled ones do, and each of those that ship can be compiled."""

from __future__ import annotations

import ast
import copy
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from remud_gen.rules.late import METHODS, compile_late
from tests.e2e.command import environment

SOURCES = Path(__file__).parents[2] / "src" / "remud_gen"
COMPILE_ALL = """
import importlib, pkgutil, re, remud_gen
from remud_gen.rules.late import _Late

def find(value):
    if isinstance(value, _Late): yield value
    elif isinstance(value, dict): yield from find(tuple(value.values()))
    elif isinstance(value, (tuple, list, frozenset)):
        for each in value: yield from find(each)

found = {}
for module in pkgutil.walk_packages(remud_gen.__path__, "remud_gen."):
    if module.name.endswith("__main__") or "shipped_scripts" in module.name: continue
    try: names = vars(importlib.import_module(module.name))
    except ImportError: continue  # of an extra that is not installed
    for value in list(names.values()):
        found.update((id(late), late) for late in find(value))
for late in found.values(): re.compile(late.pattern, late._flags)
print(len(found))
"""


def test_it_answers_as_a_compiled_expression_does() -> None:
    expression, text = r"(?P<side>left|right) \w+", "The left kidney, the RIGHT kidney"
    late, compiled = compile_late(expression, re.IGNORECASE), re.compile(expression, re.IGNORECASE)
    assert late.findall(text) == compiled.findall(text)
    assert [match.span() for match in late.finditer(text)] == [match.span() for match in compiled.finditer(text)]
    assert late.sub("x", text, count=1) == compiled.sub("x", text, count=1)
    assert (late.pattern, late.flags, late.groupindex) == (compiled.pattern, compiled.flags, compiled.groupindex)
    assert late.search(text, 10) is not None


def test_nothing_is_compiled_before_its_first_use() -> None:
    late = compile_late("(unclosed")
    assert (late.pattern, repr(late)) == ("(unclosed", "compile_late('(unclosed', 0)")
    assert not hasattr(late, "__wrapped__")
    with pytest.raises(re.error):
        late.search("")


def test_after_its_first_use_it_is_not_asked_again() -> None:
    late = compile_late(rb"\d+")
    assert late.search(b"a 12") is not None
    assert {name for name in METHODS if name in vars(late)} == set(METHODS)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda late: pickle.loads(pickle.dumps(late))])
def test_it_can_be_copied_and_sent(duplicate) -> None:
    late = compile_late("A+", re.IGNORECASE)
    late.search("aa")
    assert duplicate(late).findall("aAb") == ["aA"]


def test_every_expression_of_the_package_compiles() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMPILE_ALL], capture_output=True, text=True, env=environment(), check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 400


def list_late(tree: ast.Module) -> set[str]:
    """The names that a module gives to late expressions, or to tuples and tables of them."""
    names: set[str] = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        is_late = any(isinstance(each, ast.Name) and each.id == "compile_late" for each in ast.walk(node))
        names |= {target.id for target in targets if isinstance(target, ast.Name) and is_late}
    return names


def test_none_is_given_to_a_function_of_re() -> None:
    """Which knows compiled patterns alone; the types cannot tell."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES.rglob("*.py")}
    own = {path: list_late(tree) for path, tree in trees.items()}
    public = {name for names in own.values() for name in names if not name.startswith("_")}
    assert len(public) > 150
    wrong = []
    for path, tree in trees.items():
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        known = own[path] | (public & {alias.name for node in imports for alias in node.names})
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args):
            is_of_re = ast.unparse(call.func).startswith("re.")
            if is_of_re and isinstance(call.args[0], ast.Name) and call.args[0].id in known:
                wrong.append(f"{path.name}:{call.lineno}")
    assert wrong == []
