"""Several traces of one question, asked for on the command line."""

from __future__ import annotations

import pytest

from tests.e2e.command import read_records, remud
from tests.e2e.test_spending import write_notes
from tests.thinking_server import ThinkingServer


def test_samples_are_asked_for_by_a_flag_and_their_agreement_is_stored(tmp_path) -> None:
    write_notes(tmp_path / "books", 3)
    flags = ("--run", "run", "--model", "tiny", "--quiet")
    with ThinkingServer(wrong=(1,)) as server:
        asking = (*flags, "--base-url", server.base_url)
        idle = remud("generate", "books", *asking, "--samples", "2", cwd=tmp_path)
        assert idle.returncode == 2
        assert "generate.thinking=solve" in idle.stderr
        assert not server.log
        solve = ("--set", "generate.thinking=solve", "--set", "generate.reasoning_share=1")
        done = remud("generate", "books", *asking, *solve, "--samples", "2", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        seeds = {body["seed"] for body in server.asked["answer"]}
    assert seeds == {0, 1}
    records = read_records(tmp_path / "run", "generate")
    assert records
    assert {record["agreement"] for record in records} == {0.5}
    # The run remembers both; what to do about it is told.
    native = remud("generate", *flags, "--set", "generate.thinking=native", cwd=tmp_path)
    assert native.returncode == 2
    assert "--samples 1" in native.stderr
    assert "generate.thinking is native" in native.stderr


@pytest.mark.parametrize("number", ["0", "65", "many"])
def test_number_of_samples_that_is_none_is_refused(tmp_path, number) -> None:
    done = remud("generate", "--samples", number, cwd=tmp_path)
    assert done.returncode == 2
    assert "--samples" in done.stderr
