"""The command line itself: quick to start, honest about its help."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from remud_gen.cli import app
from tests.e2e.command import environment, remud

COMMANDS = ("run", "extract", "pair", "generate", "filter", "export", "status", "inspect", "config", "doctor")
HEAVY = ("pymupdf", "openai", "onnxruntime", "rapidocr", "cv2", "numpy", "PIL", "ray", "pydantic")


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['remud', '--help']\n"
        "from remud_gen.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True, timeout=60
        )
        seconds.append(time.monotonic() - started)
    assert done.stdout.rstrip().endswith("[]"), done.stdout
    assert min(seconds) < 0.6


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "--run" in result.output
    assert "--json" in result.output


@pytest.mark.parametrize("command", ["extract", "pair", "generate", "filter", "export", "run"])
def test_stage_commands_take_the_common_flags(command: str) -> None:
    output = CliRunner().invoke(app, [command, "--help"]).output
    for flag in ("--run", "--config", "--set", "--json", "--quiet", "--limit"):
        assert flag in output


def test_precedence_flag_over_environment_over_file(tmp_path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("generate: {model: from-file, temperature: 0.1, seed: 5}\n", "utf-8")
    done = remud(
        "config", "--run", tmp_path / "run", "--config", file, "--set", "generate.model=from-flag", "--json",
        REMUD_MODEL="from-env", REMUD_GENERATE__TEMPERATURE="0.2",
    )  # fmt: skip
    import json

    resolved = json.loads(done.stdout)["generate"]
    assert (resolved["model"], resolved["temperature"], resolved["seed"]) == ("from-flag", 0.2, 5)
    assert resolved["concurrency"] == 64


def test_a_run_remembers_its_configuration(tmp_path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("generate: {model: remembered}\n", "utf-8")
    assert "model: remembered" in remud("config", "--run", tmp_path / "run").stdout


@pytest.mark.parametrize("asked", ["--version", "version"])
def test_version(asked) -> None:
    result = CliRunner().invoke(app, [asked])
    assert result.exit_code == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", result.output)


@pytest.mark.parametrize(
    ("text", "place", "advice"),
    [
        ("extract:\n\tocr: rapidocr\n", "line 2, column 1", "indent with spaces"),
        ("generate:\n  model: a: b\n", "line 2, column 11", "between quotes"),
        ("export:\n  formats: [raw\npair: {}\n", "line 3, column 5", "not closed"),
        ("generate:\n  model: 'x\n", "line 3, column 1", "a quote is not closed"),
        ("generate:\n  model: @x\n", "line 2, column 10", "between quotes"),
        ("generate:\n    model: x\n  seed: 3\n", "line 3, column 3", "indent all keys"),
        ("generate:\n  seed: 3\npair: {}\ngenerate:\n  seed: 4\n", "line 4, column 1", "first in line 1"),
        ("generate:\n  seed: 3\n  seed: 4\n", "line 3, column 3", "keep one of the two"),
    ],
)
def test_a_broken_file_is_told_by_line_and_what_to_mend(tmp_path, text, place, advice) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, "utf-8")
    result = CliRunner().invoke(app, ["config", "--run", str(tmp_path / "run"), "--config", str(file)])
    assert result.exit_code == 2
    assert f"{file}, {place}: " in result.output
    assert advice in result.output
    assert len(result.output.splitlines()) == 2


def test_a_file_in_another_encoding_is_told(tmp_path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes("generate: {model: 模型}\n".encode("gb18030"))
    result = CliRunner().invoke(app, ["config", "--run", str(tmp_path / "run"), "--config", str(file)])
    assert result.exit_code == 2
    assert "UTF-8" in result.output
