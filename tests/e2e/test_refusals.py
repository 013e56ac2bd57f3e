"""An account that runs dry, a key that is withdrawn, a model that goes: the command stops at once, nothing is lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.command import make_book, record_files, remud
from tests.model_server import ModelServer

N_PAGES, N_ANSWERED = 6, 3
QUOTA = "You exceeded your current quota, please check your plan and billing details"


class Failing(ModelServer):
    """Answers so many requests, then refuses all in the same words."""

    refusal: tuple[int, str] | None = None

    def _refuse(self, path, headers, body):
        n_answered = sum(entry["outcome"] == "ok" for entry in self.log)
        if self.refusal is not None and n_answered >= N_ANSWERED:
            return self.refusal
        return super()._refuse(path, headers, body)


@pytest.fixture(scope="module")
def paired(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    make_book(folder / "books" / "kidney.pdf", N_PAGES)
    assert remud("pair", folder / "books", "--run", folder / "paired", "--quiet").returncode == 0
    return folder / "paired"


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        (401, "Incorrect API key provided", "wants a key, and none is set (HTTP 401)"),
        (402, "Insufficient Balance", "reports an empty account (HTTP 402)"),
        (429, QUOTA, "reports an empty account (HTTP 429)"),
        (404, "The model `tiny` does not exist", "knows no model 'tiny' at this address (HTTP 404)"),
    ],
)
def test_refusal_in_the_middle_stops_at_once_and_the_same_command_goes_on(paired, tmp_path, status, message, told):
    run, whole = tmp_path / "run", tmp_path / "whole"
    shutil.copytree(paired, run)
    shutil.copytree(paired, whole)
    with Failing() as server:
        flags = ("--model", "tiny", "--base-url", server.base_url, "--set", "generate.concurrency=1", "--quiet")
        assert remud("generate", "--run", whole, *flags).returncode == 0
        n_all = len(server.log)
        server.log.clear()
        server.refusal = (status, message)
        done = remud("generate", "--run", run, *flags)
        assert (done.returncode, told in done.stderr) == (5, True), done.stderr
        assert message.split()[0] in done.stderr
        assert "Traceback" not in done.stderr
        assert len(server.log) == N_ANSWERED + 1  # nobody asks on after such a refusal
        server.refusal = None
        done = remud("generate", "--run", run, *flags, "--json")
    stage = json.loads(done.stdout)["stages"]["generate"]
    assert stage["calls_paid"] == n_all - N_ANSWERED
    assert (stage["failed"], stage["inputs"]) == (0, n_all)
    assert record_files(run) == record_files(whole)
