"""--retry-errors asks again where a bad reply was stored, and pays for nothing that was good."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.command import make_book, read_records, remud
from tests.model_server import ModelServer


def test_a_bad_reply_that_was_stored_is_asked_for_again(tmp_path: Path) -> None:
    make_book(tmp_path / "shelf" / "kidney.pdf", 10)
    run = tmp_path / "run"
    with ModelServer(faults={"malformed": 0.5}, max_faults=1, is_mended_by_reask=False) as server:
        flags = ("--run", run, "--model", "tiny", "--base-url", server.base_url, "--quiet", "--json")
        first = remud("generate", tmp_path / "shelf", *flags, "--set", "runner.max_error_rate=1")
        assert first.returncode == 0, first.stderr
        told = json.loads(first.stdout)
        failed = told["stages"]["generate"]["failed"]
        assert failed > 0
        assert told["status"] == "finished_with_errors"
        n_sent = len(server.log)

        again = json.loads(remud("generate", *flags).stdout)
        assert again["stages"]["generate"]["failed"] == failed  # not tried again by itself
        assert len(server.log) == n_sent
        kept = read_records(run, "generate")

        retried = json.loads(remud("generate", *flags, "--retry-errors").stdout)
        assert retried["status"] == "finished"
        assert retried["stages"]["generate"]["failed"] == 0
        assert n_sent < len(server.log) <= n_sent + 2 * failed  # the failed inputs alone
        records = read_records(run, "generate")
        assert all(record in records for record in kept)
        assert len(records) > len(kept)
