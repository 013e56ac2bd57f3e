"""How many replies needed which repair, in the summary and in the status of a run."""

import json

from tests.e2e.command import make_book, read_records, remud
from tests.model_server import ModelServer


def test_every_rung_of_the_repair_ladder_is_counted_and_shown(tmp_path):
    book = make_book(tmp_path / "books" / "a.pdf", n_pages=6)
    faults = {"malformed": 0.4, "length": 0.2}

    class Fenced(ModelServer):
        def _build_completion(self, body, fault, signature):
            completion = super()._build_completion(body, fault, signature)
            message = completion["choices"][0]["message"]
            if not fault:
                message["content"] = f"```json\n{message['content']}\n```"
            return completion

    with Fenced(steady=faults) as server:
        flags = ("--run", tmp_path / "run", "--model", "tiny", "--base-url", server.base_url, "--quiet")
        done = remud("generate", book.parent, *flags, "--json", "--set", "runner.max_error_rate=1")
        assert done.returncode == 0, done.stderr
        usage = json.loads(done.stdout)["stages"]["generate"]["usage"]
        again = remud("generate", *flags)
    repairs = usage["repairs"]
    assert repairs["reask"] == server.outcomes()["malformed"] > 0
    assert sum(n for name, n in repairs.items() if name in {"fence", "json_repair"}) >= 6
    assert repairs["fence"] >= repairs["reask"]
    steps = [
        step for record in read_records(tmp_path / "run", "generate") for step in record["generation"]["repair_steps"]
    ]
    assert set(steps) <= set(repairs)
    told = ", ".join(f"{name} {n}" for name, n in sorted(repairs.items(), key=lambda pair: (-pair[1], pair[0])))
    assert f"generate: replies that had to be repaired: {told}" in again.stdout
    status = json.loads(remud("status", "--run", tmp_path / "run", "--json").stdout)
    assert status["totals"]["usage"]["repairs"] == repairs
