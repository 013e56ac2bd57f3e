#!/usr/bin/env python3
"""Hold the code to its shape: sizes, import cycles, prints, broad excepts, annotations, names, dependencies.

Needs nothing but Python 3.11. Prints `file:line: message` per breach and a summary of the figures; a breach exits 1.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "remud_gen"
MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_FUNCTION_P90, MAX_DEPENDENCIES = 400, 60, 35, 16
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
THE_ONE_BROAD_EXCEPT = ("runner/run.py", "guarded")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    """One parsed source file."""

    path: Path
    name: str  # dotted, from the source root
    lines: int
    tree: ast.Module


@dataclass
class Report:
    """Breaches in the order they were found, and the figures of the summary."""

    root: Path
    breaches: list[str] = field(default_factory=list)
    file_lines: list[int] = field(default_factory=list)
    function_lines: list[int] = field(default_factory=list)
    broad_excepts: list[tuple[str, str]] = field(default_factory=list)
    cycle_modules: int = 0
    dependencies: int = 0

    def add(self, path: Path, line: int, message: str) -> None:
        """Record one breach."""
        self.breaches.append(f"{path.relative_to(self.root)}:{line}: {message}")

    def summary(self) -> str:
        """One line of figures."""
        return (
            f"shape: {len(self.file_lines)} files (lines median {median(self.file_lines or [0]):.0f}, "
            f"max {max(self.file_lines, default=0)}), {len(self.function_lines)} functions (lines median "
            f"{median(self.function_lines or [0]):.0f}, p90 {p90(self.function_lines):.0f}, "
            f"max {max(self.function_lines, default=0)}), {self.cycle_modules} modules in import cycles, "
            f"{len(self.broad_excepts)} broad except, {self.dependencies} core dependencies"
        )


def p90(values: list[int]) -> float:
    """The 90th percentile; the largest value where there are fewer than two."""
    return quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else float(max(values, default=0))


def load_modules(folder: Path, root: Path) -> list[Module]:
    """Parse every Python file of a folder."""
    modules = []
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text("utf-8")
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules.append(Module(path, name, len(text.splitlines()), ast.parse(text, str(path))))
    return modules


def walk_functions(tree: ast.Module) -> Iterator[tuple[Function, bool]]:
    """Every function of a module with whether it is a method."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield child, isinstance(node, ast.ClassDef)


def count_lines(function: Function) -> int:
    """Lines from `def` to the end, decorators left out."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def check_sizes(module: Module, report: Report) -> None:
    """File and function length."""
    report.file_lines.append(module.lines)
    if module.lines > MAX_FILE_LINES:
        report.add(module.path, 1, f"file has {module.lines} lines, at most {MAX_FILE_LINES}")
    for function, _ in walk_functions(module.tree):
        lines = count_lines(function)
        report.function_lines.append(lines)
        if lines > MAX_FUNCTION_LINES:
            report.add(
                module.path, function.lineno, f"{function.name}() has {lines} lines, at most {MAX_FUNCTION_LINES}"
            )


def check_name(module: Module, report: Report) -> None:
    """A module is named for what it holds."""
    for part in module.name.split("."):
        if part in BANNED_NAMES:
            report.add(module.path, 1, f"name {part!r} says nothing; name what it holds")


def check_annotations(module: Module, report: Report) -> None:
    """Every parameter and every return value is annotated."""
    for function, is_method in walk_functions(module.tree):
        static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list)
        arguments = [*function.args.posonlyargs, *function.args.args]
        if is_method and not static:
            arguments = arguments[1:]
        arguments += [*function.args.kwonlyargs, *filter(None, (function.args.vararg, function.args.kwarg))]
        bare = [argument.arg for argument in arguments if argument.annotation is None]
        if function.returns is None:
            bare.append("return")
        if bare:
            report.add(module.path, function.lineno, f"{function.name}() is not annotated: {', '.join(bare)}")


def check_prints(module: Module, report: Report) -> None:
    """Summaries go through typer.echo, progress through tqdm, the rest through logging."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            report.add(module.path, node.lineno, "print()")


def check_excepts(module: Module, folder: Path, report: Report) -> None:
    """Only one place may catch everything."""
    inside = module.path.relative_to(folder).as_posix()
    for handler, function in walk_handlers(module.tree):
        if not is_broad(handler):
            continue
        place = (inside, function)
        if place != THE_ONE_BROAD_EXCEPT:
            report.add(module.path, handler.lineno, f"broad except outside {'::'.join(THE_ONE_BROAD_EXCEPT)}")
        elif place in report.broad_excepts:
            report.add(module.path, handler.lineno, "a second broad except")
        report.broad_excepts.append(place)


def walk_handlers(node: ast.AST, function: str = "") -> Iterator[tuple[ast.ExceptHandler, str]]:
    """Every except clause with the name of the function it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ExceptHandler):
            yield child, function
        yield from walk_handlers(child, child.name if isinstance(child, Function) else function)


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether a clause catches Exception, BaseException or everything."""
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"} for kind in kinds)


def read_imports(module: Module, known: Mapping[str, Module]) -> dict[str, int]:
    """Modules of this package that importing the module imports at once, with the line."""
    found: dict[str, int] = {}
    for node in walk_import_time(module.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = resolve_base(module, node)
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names]
        else:
            continue
        found.update({name: node.lineno for name in names if name in known and name != module.name})
    return found


def walk_import_time(node: ast.AST) -> Iterator[ast.AST]:
    """Statements that run when a module is imported: no function bodies, nothing under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.Lambda) or (
            isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        ):
            continue
        yield child
        yield from walk_import_time(child)


def resolve_base(module: Module, node: ast.ImportFrom) -> str:
    """The absolute module an import-from names."""
    if not node.level:
        return node.module or ""
    package = module.name.split(".")
    if module.path.name != "__init__.py":
        package = package[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *filter(None, [node.module])])


def check_cycles(modules: list[Module], report: Report) -> None:
    """No module may import itself by way of others."""
    known = {module.name: module for module in modules}
    imports = {name: read_imports(module, known) for name, module in known.items()}
    for name in sorted(known):
        trail = find_way_back(name, imports)
        if not trail:
            continue
        report.cycle_modules += 1
        if name == min(trail):  # name each cycle once
            report.add(known[name].path, imports[name][trail[1]], "import cycle: " + " -> ".join(trail))


def find_way_back(start: str, imports: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The shortest chain of imports from a module back to itself; empty if there is none."""
    trails = [[start, target] for target in imports[start]]
    seen: set[str] = set()
    while trails:
        trail = trails.pop(0)
        if trail[-1] == start:
            return trail
        if trail[-1] not in seen:
            seen.add(trail[-1])
            trails.extend([*trail, target] for target in imports[trail[-1]])
    return []


def check_dependencies(pyproject: Path, report: Report) -> None:
    """The core install stays small."""
    listed = tomllib.loads(pyproject.read_text("utf-8"))["project"]["dependencies"]
    report.dependencies = len(listed)
    if len(listed) > MAX_DEPENDENCIES:
        report.add(pyproject, 1, f"{len(listed)} core dependencies, at most {MAX_DEPENDENCIES}")


def check(root: Path) -> Report:
    """Run every rule over a project; scripts are held to sizes, names and annotations only."""
    report = Report(root)
    folder = root / "src" / PACKAGE
    modules = load_modules(folder, root / "src")
    for module in modules:
        for rule in (check_sizes, check_name, check_annotations, check_prints):
            rule(module, report)
        check_excepts(module, folder, report)
    check_cycles(modules, report)
    if p90(report.function_lines) > MAX_FUNCTION_P90:
        report.breaches.append(
            f"90th percentile of function length is {p90(report.function_lines):.0f} lines, at most {MAX_FUNCTION_P90}"
        )
    scripts = Report(root, report.breaches)
    for module in load_modules(root / "scripts", root / "scripts"):
        for rule in (check_sizes, check_name, check_annotations):
            rule(module, scripts)
    check_dependencies(root / "pyproject.toml", report)
    return report


def main() -> int:
    """Check the project this script lies in, or the one named on the command line."""
    report = check(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
    for breach in report.breaches:
        print(breach)
    print(report.summary())
    return 1 if report.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
