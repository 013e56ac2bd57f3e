"""The shape check passes on this project, and each of its rules can fail."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).parents[1]
SCRIPT = PROJECT / "scripts" / "check_shape.py"


@pytest.fixture(scope="module")
def shape() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("check_shape", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_shape"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project that breaks nothing."""
    for folder in ("src/remud_gen/runner", "scripts"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["a", "b"]\n', "utf-8")
    write(tmp_path, "__init__.py", "")
    write(tmp_path, "runner/__init__.py", "")
    write(tmp_path, "records.py", "def make(x: int) -> int:\n    return x\n")
    guarded = "def guarded() -> None:\n    try:\n        pass\n    except Exception:\n        raise\n"
    write(tmp_path, "runner/run.py", "from remud_gen import records\n\n\n" + guarded)
    return tmp_path


def write(project: Path, name: str, text: str) -> None:
    """Put one module into the package."""
    (project / "src" / "remud_gen" / name).write_text(text, "utf-8")


def test_this_project_keeps_its_shape() -> None:
    isolated = [sys.executable, "-I", "-S", str(SCRIPT)]  # nothing but the standard library
    done = subprocess.run(isolated, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout
    assert "0 modules in import cycles, 1 broad except" in done.stdout


def test_a_clean_project_passes(shape: ModuleType, project: Path) -> None:
    assert shape.check(project).breaches == []


def _long_function(lines: int) -> str:
    return "def work() -> None:\n" + "    x = 1\n" * (lines - 1)


BREACHES = {
    "long file": ("long.py", "x = 1\n" * 401, "long.py:1: file has 401 lines"),
    "long function": ("work.py", _long_function(61), "work.py:1: work() has 61 lines"),
    "long method": (
        "work.py",
        "class A:\n    def f(self) -> None:\n" + "        x = 1\n" * 60,
        "work.py:2: f() has 61",
    ),
    "print": ("say.py", "def say() -> None:\n    print(1)\n", "say.py:2: print()"),
    "broad except": ("bad.py", "try:\n    x = 1\nexcept Exception:\n    raise\n", "bad.py:3: broad except"),
    "bare except": ("bad.py", "try:\n    x = 1\nexcept:\n    raise\n", "bad.py:3: broad except"),
    "except in a tuple": (
        "bad.py",
        "try:\n    x = 1\nexcept (OSError, BaseException):\n    raise\n",
        "bad.py:3: broad",
    ),
    "no return annotation": ("f.py", "def f(x: int):\n    return x\n", "f.py:1: f() is not annotated: return"),
    "no parameter annotation": ("f.py", "async def f(*a, k=1) -> None: ...\n", "f() is not annotated: k, a"),
    "static method": ("f.py", "class A:\n    @staticmethod\n    def f(x) -> None: ...\n", "f() is not annotated: x"),
    "empty name": ("utils.py", "", "utils.py:1: name 'utils' says nothing"),
}


@pytest.mark.parametrize("case", BREACHES)
def test_each_breach_is_named_with_its_place(shape: ModuleType, project: Path, case: str) -> None:
    name, text, message = BREACHES[case]
    write(project, name, text)
    breaches = shape.check(project).breaches
    assert any(message in breach for breach in breaches), breaches
    assert len([breach for breach in breaches if "percentile" not in breach]) == 1


def test_long_functions_may_not_be_the_rule(shape: ModuleType, project: Path) -> None:
    for number in range(4):
        write(project, f"part{number}.py", _long_function(50))
    assert any("90th percentile" in breach for breach in shape.check(project).breaches)


def test_a_second_broad_except_in_the_one_place_is_a_breach(shape: ModuleType, project: Path) -> None:
    twice = "    try:\n        pass\n    except Exception:\n        raise\n" * 2
    write(project, "runner/run.py", "def guarded() -> None:\n" + twice)
    assert [breach for breach in shape.check(project).breaches if "a second broad except" in breach]


def test_a_cycle_is_named_once_with_its_way(shape: ModuleType, project: Path) -> None:
    write(project, "a.py", "from remud_gen import b\n")
    write(project, "b.py", "from .c import x\n")
    write(project, "c.py", "import remud_gen.a\nx = 1\n")
    report = shape.check(project)
    way = "import cycle: remud_gen.a -> remud_gen.b -> remud_gen.c -> remud_gen.a"
    assert [breach.split(": ", 1)[1] for breach in report.breaches] == [way]
    assert report.cycle_modules == 3


@pytest.mark.parametrize(
    "text",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from remud_gen import b\n",
        "def f() -> None:\n    from remud_gen import b\n",
    ],
)
def test_imports_that_do_not_run_make_no_cycle(shape: ModuleType, project: Path, text: str) -> None:
    write(project, "a.py", text)
    write(project, "b.py", "from remud_gen import a\n")
    assert shape.check(project).breaches == []


def test_too_many_core_dependencies(shape: ModuleType, project: Path) -> None:
    listed = ", ".join(f'"p{number}"' for number in range(17))
    (project / "pyproject.toml").write_text(f'[project]\nname = "x"\ndependencies = [{listed}]\n', "utf-8")
    assert shape.check(project).breaches == ["pyproject.toml:1: 17 core dependencies, at most 16"]
