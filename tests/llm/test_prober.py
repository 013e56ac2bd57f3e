"""The dialect of an endpoint: found once, remembered by the reply store, found anew when it stops working."""

import asyncio
import json

import pytest

from remud_gen.config import GenerateConfig
from remud_gen.llm.dialect import Dialect
from remud_gen.llm.openai import OpenAIClient
from remud_gen.llm.prober import STRIKES_PROVEN, STRIKES_UNPROVEN, Prober, holds_reply
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ModelReply
from remud_gen.runner.images import ContentImageStore
from tests.llm.test_openai import USER, make_request
from tests.model_server import ModelServer


def command(server, folder, n_requests=1, model="tiny"):
    """One command's client, which knows what earlier ones noted in the store; the replies."""
    config = GenerateConfig(model=model, base_url=server.base_url, request_timeout_s=5)
    store = ReplyStore(folder / "replies.sqlite")

    async def inner():
        client = OpenAIClient(config, ContentImageStore(folder), {})
        client.use_memory(store)
        try:
            return [await client.complete(make_request(USER + " " * number)) for number in range(n_requests)]
        finally:
            await client.close()

    try:
        return asyncio.run(inner())
    finally:
        store.close()


@pytest.mark.parametrize("understands", ["json_object", "tool", "text"])
def test_later_command_starts_at_the_rung_that_worked(tmp_path, understands):
    with ModelServer(understands=understands) as server:
        command(server, tmp_path)
        n_refused = server.outcomes()["400"]
        server.log.clear()
        (reply,) = command(server, tmp_path)
    assert n_refused > 0
    assert server.outcomes() == {"ok": 1}
    assert json.loads(reply.text)["items"]


def test_what_is_noted_is_of_one_model_at_one_endpoint(tmp_path):
    with ModelServer(understands="text", models=("tiny", "other")) as server:
        command(server, tmp_path)
        server.log.clear()
        command(server, tmp_path, model="other")
        assert server.outcomes()["400"] == 3
    with ModelServer() as elsewhere:
        command(elsewhere, tmp_path)
    assert elsewhere.bodies[0]["response_format"]["type"] == "json_schema"


def test_rung_that_works_no_more_is_probed_for_anew_from_the_top(tmp_path):
    with ModelServer(understands="json_object") as server:
        command(server, tmp_path)
        server.understands = "json_schema"  # the server was renewed; what it does without it does as before
        server.refuses = ()
        store = ReplyStore(tmp_path / "replies.sqlite")
        store.note_dialect(server.base_url, "tiny", Dialect("tool").to_text())
        store.close()
        server.log.clear()
        original = server._refuse

        def refuse_tools(path, headers, body):
            return (400, "tools are not supported") if "tools" in body else original(path, headers, body)

        server._refuse = refuse_tools
        command(server, tmp_path)
        assert server.outcomes() == {"400": 1, "ok": 1}
        assert server.bodies[-1]["response_format"]["type"] == "json_schema"
        server.log.clear()
        command(server, tmp_path)
        assert server.outcomes() == {"ok": 1}


def test_note_that_is_old_or_of_another_version_is_no_note(tmp_path, monkeypatch):
    store = ReplyStore(tmp_path / "replies.sqlite")
    store.note_dialect("http://a/v1", "m", "{}")
    prober = Prober("http://a/v1", "m")
    prober.use_memory(store)
    assert prober.dialect == Dialect()
    store.note_dialect("http://a/v1", "m", Dialect("text").to_text())
    assert store.recall_dialect("http://a/v1", "m") == Dialect("text").to_text()
    monkeypatch.setattr("remud_gen.llm.store.time.time", lambda: 4e9)
    assert store.recall_dialect("http://a/v1", "m") is None
    store.close()


@pytest.mark.parametrize("dialect", [Dialect(), Dialect("tool", "max_completion_tokens", frozenset({"seed"}))])
def test_dialect_comes_back_from_its_note(dialect):
    assert Dialect.from_text(dialect.to_text()) == dialect


@pytest.mark.parametrize("text", ["", "[]", '{"response_format": "xml", "token_field": "max_tokens", "left_out": []}'])
def test_note_that_makes_no_sense_is_none(text):
    assert Dialect.from_text(text) is None


def test_endpoint_that_ignores_the_schema_is_told_it_in_words(tmp_path):
    with ModelServer(ignores=True) as server:
        replies = command(server, tmp_path, STRIKES_UNPROVEN + 2)
        assert [holds_reply(reply.text, make_request().schema) for reply in replies] == [False] * 3 + [True] * 2
        forms = [body.get("response_format", {}).get("type") for body in server.bodies]
        assert forms == ["json_schema"] * 3 + ["json_object"] * 2
        server.bodies.clear()
        command(server, tmp_path)
    assert [body["response_format"]["type"] for body in server.bodies] == ["json_object"]


def test_proven_rung_is_not_left_for_a_few_bad_replies():
    prober, request = Prober("u", "m"), make_request()
    good, bad = ModelReply("c", "m", '{"items": []}', None, "stop"), ModelReply("c", "m", "no", None, "stop")
    for reply in [bad, bad, good, *[bad] * (STRIKES_PROVEN - 1), good]:
        prober.judge(prober.dialect, request, reply)
    assert prober.dialect == Dialect()
    for reply in [bad] * STRIKES_PROVEN:
        prober.judge(prober.dialect, request, reply)
    assert prober.dialect == Dialect("json_object")


@pytest.mark.parametrize("finish_reason", ["length", "content_filter", "refusal"])
def test_reply_that_ended_otherwise_says_nothing_about_the_format(finish_reason):
    prober, request = Prober("u", "m"), make_request()
    for _ in range(STRIKES_PROVEN):
        prober.judge(prober.dialect, request, ModelReply("c", "m", "{", None, finish_reason))
    assert prober.dialect == Dialect()


def test_replies_to_an_older_phrasing_do_not_count_against_the_new_one():
    prober, request, bad = Prober("u", "m"), make_request(), ModelReply("c", "m", "no", None, "stop")
    for _ in range(4 * STRIKES_PROVEN):  # many were in flight
        prober.judge(Dialect(), request, bad)
    assert prober.dialect == Dialect("json_object")
