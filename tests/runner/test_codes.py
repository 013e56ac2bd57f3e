from __future__ import annotations

import ast
from pathlib import Path

from remud_gen.runner.reports.codes import MEANINGS, tell_codes

PACKAGE = Path(__file__).parents[2] / "src" / "remud_gen"
RAISED = {"RecordError", "Failure", "Rejection", "Unpaired", "TransientError"}
SPOKEN_BY_OTHERS = {"filters", "exporters", "prompts"}  # verdicts have sentences of their own, exports their notes
OF_EXPORTS = {"publish.py"}


def find_codes():
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in SPOKEN_BY_OTHERS or path.name in OF_EXPORTS:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_raised = isinstance(node, ast.Call) and getattr(node.func, "id", None) in RAISED and node.args
            if is_raised and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value, path.name


def test_every_code_has_a_short_phrase():
    codes = dict(find_codes())
    assert len(codes) > 60
    assert {code: file for code, file in codes.items() if code not in MEANINGS} == {}
    for code, meaning in MEANINGS.items():
        assert code.replace("_", "").isupper()
        assert 8 < len(meaning) < 60
        assert meaning[0].islower() or meaning.split()[0] in ("Word",)


def test_codes_are_told_one_a_line():
    lines = list(tell_codes("pair", [("NO_PAIR", 2), ("OF_A_PACKAGE", 1)]))
    assert lines == ["pair: NO_PAIR 2 (a page without figure, and too little text)", "pair: OF_A_PACKAGE 1"]
