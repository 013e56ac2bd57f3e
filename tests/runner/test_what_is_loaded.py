"""A command loads and builds what it does, and no more; what is set of later stages is looked at all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from remud_gen.errors import ConfigError
from remud_gen.pipeline import PIPELINE
from remud_gen.runner.command import run_stages
from remud_gen.runner.options import Options
from tests.e2e.command import environment, make_book
from tests.model_server import ModelServer

IMAGING = ("numpy", "cv2", "pymupdf", "onnxruntime", "rapidocr")
ASKING = """
import sys
from remud_gen.cli import main
try: main()
except SystemExit: pass
print(sorted(name for name in sys.modules if name in {imaging!r} or name.startswith("remud_gen.exporters.")))
"""


@pytest.fixture
def shelf(tmp_path):
    make_book(tmp_path / "shelf" / "a.pdf", 1)
    return tmp_path / "shelf"


def bring(shelf, last, *settings):
    options = Options(shelf.parent / "run", None, ("runner.executor=serial", *settings), (shelf,), is_quiet=True)
    return run_stages(PIPELINE, options, last)


def test_asking_a_model_loads_no_imaging_library_and_no_exporter(shelf):
    bring(shelf, "pair")
    with ModelServer() as server:
        words = ["generate", "--run", shelf.parent / "run", "--model", "tiny", "--base-url", server.base_url, "--quiet"]
        done = subprocess.run(
            [sys.executable, "-c", ASKING.format(imaging=IMAGING), *map(str, words)],
            capture_output=True, text=True, env=environment(REMUD_API_KEY="sk-test"), check=False, timeout=120,
        )  # fmt: skip
        assert server.log
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


@pytest.mark.parametrize(
    "setting",
    ["filter.options={no_such_filter: {}}", "export.formats=[no_such_format]", "judge.probes=[no_such_probe]"],
)
def test_what_is_set_of_a_later_stage_is_checked_before_a_model_is_paid(shelf, setting):
    with ModelServer() as server, pytest.raises(ConfigError, match="no_such"):
        bring(shelf, "generate", "generate.model=tiny", f"generate.base_url={server.base_url}", setting)
    assert not server.log
    assert not (shelf.parent / "run").exists()


@pytest.mark.parametrize("last", ["extract", "pair"])
def test_prompts_that_cannot_be_used_are_told_before_books_are_read(shelf, last):
    with pytest.raises(ConfigError, match="no_such_folder"):
        bring(shelf, last, f"generate.prompts={shelf.parent / 'no_such_folder'}")
    assert not (shelf.parent / "run").exists()
