import asyncio
import base64
import io
import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from PIL import Image

import remud_gen
from remud_gen.config import GenerateConfig, load_config
from remud_gen.errors import ConfigError, ProviderError, RecordError
from remud_gen.llm.connections import POOL_CONNECTIONS
from remud_gen.llm.dialect import Dialect
from remud_gen.llm.endpoint import find_endpoint
from remud_gen.llm.openai import OpenAIClient
from remud_gen.llm.opening import open_gateway
from remud_gen.llm.refusals import read_refusal, read_retry_after_s
from remud_gen.llm.reply import strict_schema
from remud_gen.llm.retry import TransientError
from remud_gen.protocols import ModelRequest
from remud_gen.runner.images import ContentImageStore
from tests.llm.samples import save_picture
from tests.model_server import ModelServer

KEY = "sk-test-abcdefghijklmnop"
USER = "[cap] A cyst of 3.2 cm.\n\n1. qtype=finding, form=open, style=reasoning"


def make_request(user=USER, **changes):
    fields = {"schema": strict_schema(), "params": {"temperature": 0.7, "max_output_tokens": 100, "seed": 0}}
    return ModelRequest("vqa", "vqa.en@1", "0" * 64, "Be exact.", user, **{**fields, **changes})


def complete(server, tmp_path, *requests, environment=None, **options):
    """The replies of one client to some requests, one after the other."""
    config = GenerateConfig(**{"model": "tiny", "base_url": server.base_url, "request_timeout_s": 5, **options})

    async def inner():
        client = OpenAIClient(config, ContentImageStore(tmp_path), environment or {})
        try:
            return [await client.complete(request) for request in requests or (make_request(),)]
        finally:
            await client.close()

    return asyncio.run(inner())


def test_reply_is_read_whole(tmp_path):
    with ModelServer(reasoning="I look at the wall.") as server:
        (reply,) = complete(server, tmp_path)
    assert json.loads(reply.text)["items"][0]["answer"] == "A cyst of 3.2 cm."
    assert (reply.client, reply.model, reply.finish_reason) == ("openai", "tiny", "stop")
    assert reply.reasoning == "I look at the wall."
    assert reply.input_tokens > 0
    assert reply.cost_usd is None
    (body,) = server.bodies
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["response_format"]["json_schema"]["strict"] is True
    assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.7, 0, 100)


def test_images_go_first_and_are_scaled_down(tmp_path):
    store = ContentImageStore(tmp_path)
    small, large = save_picture(store, 1, (96, 64)), save_picture(store, 2, (900, 300))
    with ModelServer() as server:
        complete(server, tmp_path, make_request(images=(small, large)), max_image_side_px=300)
    *pictures, text = server.bodies[0]["messages"][-1]["content"]
    assert text == {"type": "text", "text": USER}
    urls = [picture["image_url"]["url"] for picture in pictures]
    assert urls[0].startswith("data:image/png;base64,")
    assert urls[1].startswith("data:image/jpeg;base64,")
    decoded = [base64.b64decode(url.partition(",")[2]) for url in urls]
    assert decoded[0] == store.path(small).read_bytes()
    assert Image.open(io.BytesIO(decoded[1])).size == (300, 100)


def test_picture_that_is_gone_or_broken_costs_one_record(tmp_path):
    store = ContentImageStore(tmp_path)
    image = save_picture(store)
    with ModelServer() as server:
        store.path(image).write_bytes(b"no picture")
        with pytest.raises(RecordError) as caught:
            complete(server, tmp_path, make_request(images=(image,)))
        assert caught.value.code == "IMAGE_UNREADABLE"
        assert str(tmp_path) not in caught.value.message
        store.path(image).unlink()
        with pytest.raises(RecordError) as caught:
            complete(server, tmp_path, make_request(images=(image,)))
        assert caught.value.code == "IMAGE_MISSING"
        assert not server.log


@pytest.mark.parametrize(
    ("understands", "n_refused"), [("json_schema", 0), ("json_object", 1), ("tool", 2), ("text", 3)]
)
def test_ladder_of_formats_is_climbed_down_once_per_endpoint(tmp_path, understands, n_refused):
    with ModelServer(understands=understands) as server:
        replies = complete(server, tmp_path, make_request(), make_request(USER + " "), make_request(USER + "  "))
    assert all(json.loads(reply.text)["items"] for reply in replies)
    assert server.outcomes() == {"ok": 3} | ({"400": n_refused} if n_refused else {})
    last = server.bodies[-1]
    form = "tool" if "tools" in last else last.get("response_format", {}).get("type", "text")
    assert form == understands
    assert ("JSON schema" in last["messages"][0]["content"]) == (understands in {"json_object", "text"})
    assert {reply.finish_reason for reply in replies} == {"stop"}


def test_parameters_an_endpoint_does_not_know_are_left_out(tmp_path):
    with ModelServer(refuses=("max_tokens", "temperature", "seed")) as server:
        complete(server, tmp_path, make_request(), make_request(USER + " "))
    last = server.bodies[-1]
    assert last["max_completion_tokens"] == 100
    assert not {"max_tokens", "temperature", "seed"} & set(last)
    assert server.outcomes() == {"400": 3, "ok": 2}


def test_message_about_something_else_changes_no_dialect():
    assert Dialect().after("the image is too large", {"temperature": 1, "response_format": {}}) is None
    assert Dialect(response_format="text").after("response_format", {"temperature": 1}) is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("429", "RATE_LIMITED"),
        ("500", "SERVER_ERROR"),
        ("truncated", "CONNECTION_LOST"),
        ("drop", "CONNECTION_LOST"),
        ("hang", "TIMEOUT"),
    ],
)
def test_faults_of_the_wire_are_transient_and_named(tmp_path, fault, code):
    with ModelServer(faults={fault: 1.0}, hang_s=2, key=KEY) as server, pytest.raises(TransientError) as caught:
        complete(server, tmp_path, request_timeout_s=0.4, environment={"REMUD_API_KEY": KEY})
    assert caught.value.code == code
    assert caught.value.retry_after_s == (0.05 if fault == "429" else None)
    assert not caught.value.is_unreachable
    assert "--retry-errors" in caught.value.hint
    if fault == "hang":
        assert "0.4 s" in caught.value.message
        assert "request_timeout_s" in caught.value.hint


def test_connections_are_opened_as_needed_and_used_again(tmp_path):
    """Twice as many requests at once as a pool holds, three times over: no more connections than requests at once."""
    n_at_once = 2 * POOL_CONNECTIONS

    class Counting(ModelServer):
        n_accepted = 0

        def _accept(self, reader, writer):
            self.n_accepted += 1
            super()._accept(reader, writer)

    async def inner(server):
        config = GenerateConfig(model="tiny", base_url=server.base_url, request_timeout_s=5)
        client = OpenAIClient(config, ContentImageStore(tmp_path), {})
        for number in range(3):
            requests = [make_request(f"{USER}{' ' * (number * n_at_once + n)}") for n in range(n_at_once)]
            await asyncio.gather(*map(client.complete, requests))
        await client.close()

    with Counting(latency_s=0.05) as server:
        asyncio.run(inner(server))
    assert server.outcomes()["ok"] == 3 * n_at_once
    assert POOL_CONNECTIONS < server.n_accepted <= n_at_once


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
@pytest.mark.parametrize("hard", [300, None])
def test_more_connections_than_open_files_are_allowed_or_said(hard):
    """In a process of its own: a hard limit cannot be raised again."""
    script = f"""
import resource
from remud_gen.config import GenerateConfig
from remud_gen.errors import ConfigError
from remud_gen.llm.openai import OpenAIClient
hard = {hard} or resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
config = GenerateConfig(model="tiny", base_url="http://127.0.0.1:1/v1", concurrency=400)
try:
    OpenAIClient(config, None, {{}})
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
except ConfigError as error:
    print(error.message, error.hint)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(remud_gen.__file__).parents[1])}
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    if hard:
        assert "needs 528 open files; this system allows 200" in told.stdout
        assert "lower generate.concurrency below 72" in told.stdout
    else:
        assert told.stdout.strip() == "528"


def test_wrong_key_stops_and_is_shown_nowhere(tmp_path, caplog):
    caplog.set_level("DEBUG")
    with ModelServer(key="sk-the-right-one-1234") as server, pytest.raises(ProviderError) as caught:
        complete(server, tmp_path, environment={"REMUD_API_KEY": KEY})
    assert len(server.log) == 1
    assert "key" in caught.value.message
    shown = [repr(caught.value), caught.value.message, caught.value.hint, caplog.text]
    assert not any(KEY in text or KEY[3:] in text for text in shown)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_address_that_wants_a_key_where_none_is_set_says_so(tmp_path):
    with (
        ModelServer(key="sk-the-right-one-1234") as server,
        pytest.raises(ProviderError, match="none is set") as caught,
    ):
        complete(server, tmp_path, environment={})
    assert "set REMUD_API_KEY" in caught.value.hint


def test_unknown_model_and_wrong_path_stop(tmp_path):
    with ModelServer() as server:
        with pytest.raises(ProviderError, match="no model 'huge'"):
            complete(server, tmp_path, model="huge")
        with pytest.raises(ProviderError, match="no chat completions at this address"):
            complete(server, tmp_path, base_url=server.base_url.removesuffix("/v1"))


def test_address_where_nobody_listens_stops_the_run_at_once(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["generate.model=tiny", f"generate.base_url=http://127.0.0.1:{port}/v1"]

    async def inner():
        config = load_config(None, settings, {})
        async with open_gateway(config.generate, tmp_path / "r.sqlite", ContentImageStore(tmp_path)) as gateway:
            await asyncio.wait_for(gateway.ask(make_request()), 5)

    with pytest.raises(ProviderError, match=f"127.0.0.1:{port}/v1 cannot be reached") as caught:
        asyncio.run(inner())
    assert "base_url of generate" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "message", "kind", "code"),
    [
        (401, "bad key", ProviderError, None),
        (403, "forbidden", ProviderError, None),
        (403, "flagged by moderation", RecordError, "CONTENT_FILTER"),
        (402, "Insufficient Balance", ProviderError, None),
        (429, "You exceeded your current quota, please check billing · insufficient_quota", ProviderError, None),
        (429, "Rate limit reached", TransientError, "RATE_LIMITED"),
        (404, "The model `x` does not exist", ProviderError, None),
        (400, "model x not found", ProviderError, None),
        (400, "image_url is only supported by vision models", ProviderError, None),
        (400, "content_policy_violation", RecordError, "CONTENT_FILTER"),
        (400, "This model's maximum context length is 8192 tokens", RecordError, "REQUEST_TOO_LONG"),
        (413, "entity", RecordError, "REQUEST_TOO_LONG"),
        (400, "strange", RecordError, "REQUEST_REFUSED"),
        (408, "", TransientError, "SERVER_ERROR"),
        (503, "", TransientError, "OVERLOADED"),
        (529, "overloaded", TransientError, "OVERLOADED"),
        (307, "", ProviderError, None),
    ],
)
def test_refusals_are_told_apart_and_say_what_to_do(status, message, kind, code):
    error = read_refusal(status, message, {}, "x", "host")
    assert type(error) is kind
    assert error.hint
    assert getattr(error, "code", None) == code


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("The model `x` does not exist", "host knows no model 'x' at this address"),
        ("no such route here: /chat/", "host takes no chat completions at this address"),
    ],
)
def test_a_wrong_address_is_told_apart_from_a_wrong_model(said, told):
    error = read_refusal(404, said, {}, "x", "host")
    assert told in error.message
    assert "/v1" in error.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, seconds):
    assert read_retry_after_s(headers) == seconds


def test_retry_after_as_a_date_is_the_time_until_then():
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < read_retry_after_s({"retry-after": at}) <= 90


def test_key_is_found_in_order_and_never_shown():
    both = {"OPENAI_API_KEY": "sk-second-12345", "REMUD_API_KEY": f" {KEY}\n"}
    endpoint = find_endpoint(None, both)
    assert (endpoint.api_key, endpoint.host) == (KEY, "api.openai.com")
    assert KEY not in repr(endpoint)
    assert endpoint.scrub(f"bad key {KEY}, sk-other-key-123, Bearer abc") == "bad key [key], [key], [key]"
    assert find_endpoint("https://x.example/v1/", {"OPENAI_API_KEY": "sk-second-12345"}).api_key == "sk-second-12345"


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/v1", "http://127.0.0.1:1/v1", "http://127.8.0.1/v1", "http://[::1]:80/v1"]
)
def test_local_address_goes_without_a_key(url):
    assert find_endpoint(url, {}).is_local


@pytest.mark.parametrize(
    ("url", "environment", "told"),
    [
        (None, {}, "no key for api.openai.com"),
        ("https://127.0.0.1.evil.example/v1", {}, "no key for"),
        ("http://192.168.1.5:8000/v1", {"OPENAI_API_KEY": "  "}, "no key for"),
        ("localhost:8000/v1", {"OPENAI_API_KEY": KEY}, "is not an address"),
        ("http://[::1", {"OPENAI_API_KEY": KEY}, "is not an address"),
        ("http://host:port/v1", {"OPENAI_API_KEY": KEY}, "is not an address"),
        ("https://me:secret@x.example/v1", {"OPENAI_API_KEY": KEY}, "neither a password"),
        ("https://x.example/v1?api_key=secret", {"OPENAI_API_KEY": KEY}, "neither a password"),
        (None, {"OPENAI_API_KEY": "sk-ключ-123456"}, "holds characters"),
        (None, {"OPENAI_API_KEY": "sk-two words"}, "holds characters"),
    ],
)
def test_wrong_addresses_and_keys_are_named_without_being_shown(url, environment, told):
    with pytest.raises(ConfigError, match=told) as caught:
        find_endpoint(url, environment)
    shown = f"{caught.value.message} {caught.value.hint}"
    assert "secret" not in shown
    assert all(not value.strip() or value not in shown for value in environment.values())


def test_key_is_read_from_a_dotenv_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("REMUD_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\n")
    assert find_endpoint(None).api_key == KEY
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-shell")
    assert find_endpoint(None).api_key == "sk-from-the-shell"
