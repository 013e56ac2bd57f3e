"""Requests in batches: what comes back, what does not, and that nothing is paid for twice."""

import asyncio
import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from remud_gen.config import GenerateConfig
from remud_gen.errors import Deferred, InputError, ProviderError, RecordError
from remud_gen.llm.batch_gateway import MOST_PROBES, BatchGateway, BatchLimits
from remud_gen.llm.opening import open_gateway
from remud_gen.llm.refusals import read_refusal
from remud_gen.llm.store import ReplyStore
from remud_gen.runner.images import ContentImageStore
from tests.batch_server import BatchServer
from tests.llm.samples import save_picture
from tests.llm.test_openai import USER, make_request

FULL = Path("/dev/full")
REQUESTS = [make_request(f"{USER}{' ' * number}") for number in range(10)]


@pytest.fixture(autouse=True)
def waits_are_short(monkeypatch):
    monkeypatch.setattr("remud_gen.llm.batch_gateway.FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("remud_gen.llm.batch_gateway.LONGEST_WAIT_S", 0.01)


def make_config(server):
    return GenerateConfig(model="tiny", base_url=server.base_url, request_timeout_s=5, max_attempts=2)


def store_of(folder):
    return ContentImageStore(folder)


def make_gateway(server, folder, files="batches"):
    limits = BatchLimits(folder / files, 100, 10**7, 0.01)
    kind = partial(BatchGateway, limits=limits, store_path=folder / "replies.sqlite")
    return open_gateway(make_config(server), folder / "replies.sqlite", store_of(folder), kind=kind)


def command(server, folder, requests=REQUESTS, *, waits=False, distrusted=(), until_s=float("inf"), **limits):
    """What one command gets to its requests: replies, and errors by their code."""
    config = GenerateConfig(model="tiny", base_url=server.base_url, request_timeout_s=5, max_attempts=2)
    fields = {"folder": folder / "batches", "max_requests": 100, "max_bytes": 10**7, "poll_s": 0.01, **limits}
    store = folder / "replies.sqlite"

    async def inner():
        kind = partial(BatchGateway, limits=BatchLimits(**fields), store_path=store)
        async with open_gateway(config, store, ContentImageStore(folder), kind=kind) as gateway:
            await gateway.begin()
            asked = [gateway.ask(request, distrusted=frozenset(distrusted), until_s=until_s) for request in requests]
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            await gateway.hand_over()
            if waits:
                await gateway.wait()
            return [tell(outcome) for outcome in outcomes], gateway.counts

    return asyncio.run(inner())


def tell(outcome):
    if isinstance(outcome, Deferred):
        return "later"
    if isinstance(outcome, RecordError):
        return outcome.code
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome.text


def understood(server, folder):
    """The server's dialect is known from an earlier command, and no reply to any of the requests."""
    command(server, folder, [make_request("probe")])
    server.log.clear()


def test_first_request_finds_out_how_to_ask_and_the_rest_is_handed_over(tmp_path):
    with BatchServer(understands="json_object") as server:
        first, _ = command(server, tmp_path)
        assert first[1:] == ["later"] * 9
        assert json.loads(first[0])["items"]
        assert server.outcomes() == {"ok": 1, "400": 1}
        assert {body["response_format"]["type"] for body in server.bodies_of.values()} == {"json_object"}
        second, counts = command(server, tmp_path)
    assert len(server.jobs) == 1
    assert [len(job["requests"]) for job in server.jobs.values()] == [9]
    assert all(json.loads(text)["items"] for text in second)
    assert (counts["received"], counts["stored"]) == (9, 10)
    assert server.outcomes()["ok"] == 1
    assert list((tmp_path / "batches").iterdir()) == []


def test_replies_are_those_of_live_mode_at_half_the_price(tmp_path):
    (tmp_path / "live").mkdir()
    picture = save_picture(ContentImageStore(tmp_path), 1)
    save_picture(ContentImageStore(tmp_path / "live"), 1)
    requests = [*REQUESTS[1:5], make_request(USER + " seen", images=(picture,))]
    with BatchServer() as server:
        understood(server, tmp_path)
        command(server, tmp_path, requests)
        command(server, tmp_path, requests)
        batched = dict(bodies_by_text(server.bodies_of.values()))
        config = GenerateConfig(model="tiny", base_url=server.base_url)

        async def live():
            store = tmp_path / "live" / "replies.sqlite"
            async with open_gateway(config, store, ContentImageStore(tmp_path / "live")) as gateway:
                return await asyncio.gather(*(gateway.ask(request) for request in requests))

        replies = asyncio.run(live())
        sent = dict(bodies_by_text(server.bodies))
    store = ReplyStore(tmp_path / "replies.sqlite")
    for reply in replies:
        other = store.get(reply.request_sha256)
        assert (reply.paid_share, other.paid_share) == (1.0, 0.5)
        assert replace(other, paid_share=1.0, seconds=reply.seconds) == reply
    store.close()
    assert all(sent[text] == body for text, body in batched.items())
    assert any("image_url" in text for text in batched)


def bodies_by_text(bodies):
    return ((json.dumps(body["messages"][-1]), body) for body in bodies)


def test_half_a_character_is_handed_over_as_it_is_sent_live(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        request = make_request(f"{USER} \ud83d")
        assert command(server, tmp_path, [request])[0] == ["later"]
        assert command(server, tmp_path, [request])[0][0].startswith("{")
        assert server.jobs["batch-0"]["requests"][0]["body"]["messages"][-1]["content"].endswith(" ?")


@pytest.mark.skipif(not FULL.exists(), reason="needs a disk that is full")
def test_full_disk_stops_handing_over_and_fails_no_request(tmp_path, monkeypatch):
    open_file, is_full = Path.open, []

    def open_there(path, mode="r", *arguments, **options):
        return open_file(
            FULL if any(path.name.startswith(name) for name in is_full) else path, mode, *arguments, **options
        )

    monkeypatch.setattr(Path, "open", open_there)
    with BatchServer() as server:
        understood(server, tmp_path)
        is_full.append("requests-")
        with pytest.raises(InputError, match="cannot be written: No space left"):
            command(server, tmp_path)
        is_full.clear()
        assert server.jobs == {}
        assert command(server, tmp_path)[0] == ["later"] * 10
        is_full.append("replies-")
        with pytest.raises(InputError, match="cannot be written: No space left"):
            command(server, tmp_path)
        is_full.clear()
        assert all(outcome.startswith("{") for outcome in command(server, tmp_path)[0])
    assert set(server.paid.values()) == {1}


def test_files_are_cut_by_count_and_by_bytes(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        command(server, tmp_path, REQUESTS, max_requests=4)
        assert [len(job["requests"]) for job in server.jobs.values()] == [4, 4, 2]
        line = len(server.files["file-0"].splitlines()[0]) + 1
    with BatchServer() as server:
        command(server, tmp_path, [make_request(f"{USER}, number {n}") for n in range(9)], max_bytes=3 * line)
        sizes = [len(server.files[job["wish"]["input_file_id"]]) for job in server.jobs.values()]
    assert len(sizes) >= 4
    assert max(sizes) <= 3 * line


def test_request_that_fits_in_no_file_fails_by_name(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        outcomes, _ = command(server, tmp_path, [REQUESTS[1], make_request("x" * 30_000)], max_bytes=20_000)
    assert outcomes == ["later", "REQUEST_TOO_LONG"]


def test_equal_requests_are_one_line_in_one_command_and_in_the_next(tmp_path):
    with BatchServer(script=[{"looks": 9}]) as server:
        understood(server, tmp_path)
        command(server, tmp_path, [REQUESTS[1], REQUESTS[2], REQUESTS[1]])
        outcomes, _ = command(server, tmp_path, [REQUESTS[1], REQUESTS[2], REQUESTS[3]])
        assert outcomes == ["later"] * 3
    assert [len(job["requests"]) for job in server.jobs.values()] == [2, 1]


@pytest.mark.parametrize(("first", "second"), [(slice(1, 7), slice(4, 10)), (slice(1, 10), slice(1, 10))])
def test_runs_that_share_a_store_hand_the_same_request_over_once_though_both_gathered_it(tmp_path, first, second):
    with BatchServer() as server:
        understood(server, tmp_path)

        async def both():
            one, other = make_gateway(server, tmp_path), make_gateway(server, tmp_path)
            async with one, other:
                for gateway, part in ((one, first), (other, second)):
                    asked = [gateway.ask(request) for request in REQUESTS[part]]
                    told = await asyncio.gather(*asked, return_exceptions=True)
                    assert {type(outcome) for outcome in told} == {Deferred}
                await one.hand_over()
                await other.hand_over()
                return other.describe_waiting()

        told = asyncio.run(both())
        n_batches = len(server.jobs)
        assert told == f"9 requests in {n_batches} batch{'es' if n_batches > 1 else ''} under way"
        handed = [request["custom_id"] for job in server.jobs.values() for request in job["requests"]]
        assert len(handed) == len(set(handed)) == 9
        sums = [hashlib.sha256(data).hexdigest() for data in server.files.values()]
        assert [job["wish"]["metadata"]["remud_file"] for job in server.jobs.values()] == sums
        outcomes, _ = command(server, tmp_path, REQUESTS[1:])
        assert all(outcome.startswith("{") for outcome in outcomes)
    assert set(server.paid.values()) == {1}
    assert list((tmp_path / "batches").iterdir()) == []


def test_request_that_another_run_has_an_answer_to_meanwhile_is_not_handed_over(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)

        async def gather_late():
            async with make_gateway(server, tmp_path) as gateway:
                await asyncio.gather(*map(gateway.ask, REQUESTS[1:]), return_exceptions=True)
                async with open_gateway(make_config(server), tmp_path / "replies.sqlite", store_of(tmp_path)) as live:
                    await asyncio.gather(*map(live.ask, REQUESTS[1:]))
                await gateway.hand_over()
                await gateway.wait()
                return gateway.describe_waiting()

        assert asyncio.run(gather_late()) == "replies that another run has collected meanwhile"
    assert (len(server.jobs), len(server.files)) == (0, 0)


def test_run_that_begins_while_another_hands_over_leaves_that_one_its_batch(tmp_path, monkeypatch):
    with BatchServer() as server:
        understood(server, tmp_path)
        monkeypatch.setattr("remud_gen.llm.batch_gateway.LONGEST_WAIT_S", 0.5)
        monkeypatch.setattr("remud_gen.llm.batch_gateway.FIRST_WAIT_S", 0.5)
        server.fails["POST /files"] = 1  # so that handing over takes its time

        async def both():
            async with make_gateway(server, tmp_path) as one:
                await asyncio.gather(*map(one.ask, REQUESTS), return_exceptions=True)
                handing_over = asyncio.create_task(one.hand_over())
                while not server.calls["POST /files"]:
                    await asyncio.sleep(0.01)
                async with make_gateway(server, tmp_path, "elsewhere") as other:
                    await other.begin()
                    await asyncio.gather(*map(other.ask, REQUESTS), return_exceptions=True)
                    await other.hand_over()
                assert not handing_over.done()
                await handing_over

        asyncio.run(both())
        outcomes, _ = command(server, tmp_path)
        assert all(outcome.startswith("{") for outcome in outcomes)
    assert len(server.jobs) == 1
    assert set(server.paid.values()) == {1}
    assert sorted(path.name for path in tmp_path.iterdir() if "lock" in path.name) == []


def test_what_was_asked_is_stored_with_replies_of_batches(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        for _ in range(2):
            command(server, tmp_path, REQUESTS[1:])
    store = ReplyStore(tmp_path / "replies.sqlite")
    keys = list(store.iterate_keys())
    assert [store.read_asked(key).sha256 for key in keys] == keys
    assert len(keys) == 10
    assert store._connection.execute("SELECT count(*) FROM waiting").fetchone() == (0,)
    store.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, {"message": "Incorrect API key provided", "code": "invalid_api_key"}),
        (403, {"message": "not in your region", "code": None}),
        (402, {"message": "Insufficient Balance"}),
        (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}),
        (404, {"message": "The model `tiny` does not exist"}),
    ],
)
@pytest.mark.parametrize("call", ["POST /files", "POST /batches", "GET /batches/ID"])
def test_refusals_of_batches_stop_in_the_words_of_live_requests(tmp_path, call, status, error):
    with BatchServer() as server:
        understood(server, tmp_path)
        if call.startswith("GET"):
            command(server, tmp_path, REQUESTS[1:])
        server.refuses_call[call] = status, error
        if status == 404:
            if call.startswith("GET"):
                return  # the batch is gone, and made anew
            with pytest.raises(ProviderError, match="no batches at all"):
                command(server, tmp_path, REQUESTS[1:])
            return
        with pytest.raises(ProviderError) as caught:
            command(server, tmp_path, REQUESTS[1:])
    words = " · ".join(word for word in error.values() if word)
    live = read_refusal(status, words, {}, "tiny", "127.0.0.1", has_key=False)
    assert isinstance(live, ProviderError)
    assert (caught.value.message, caught.value.hint) == (live.message, live.hint)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("plan", "n_replies", "rest"),
    [
        ({"is_doubled": True}, 9, None),
        ({"is_shuffled": False}, 9, None),
        ({"omits": 3}, 6, "later"),
        ({"is_damaged": True}, 8, "later"),
        ({"errors": {500: 2, 429: 1}}, 6, "later"),
        ({"errors": {400: 2}}, 7, "REQUEST_REFUSED"),
        ({"ends": "expired", "answers": 0.5}, 4, "later"),
        ({"ends": "cancelled", "answers": 0.0}, 0, "later"),
    ],
)
def test_what_came_is_kept_and_what_did_not_is_asked_again_or_named(tmp_path, plan, n_replies, rest):
    with BatchServer(script=[plan]) as server:
        understood(server, tmp_path)
        requests = REQUESTS[1:]
        command(server, tmp_path, requests)
        second, counts = command(server, tmp_path, requests)
        assert counts["received"] == n_replies
        assert sum(text.startswith("{") for text in second) == n_replies
        assert {text for text in second if not text.startswith("{")} == ({rest} if rest else set())
        third, _ = command(server, tmp_path, requests)
        if rest == "REQUEST_REFUSED":
            assert third == second  # asked again only where a retry is wanted
        else:
            assert all(text.startswith("{") for text in third)
    n_twice = sum(count > 1 for count in server.paid.values())
    assert n_twice == (1 if "is_damaged" in plan else 0)  # that line was answered, and cannot be read


def test_request_that_always_fails_ends_with_its_code_and_is_asked_anew_by_a_retry(tmp_path):
    with BatchServer(script=[{"errors": {500: 1}}, {"errors": {500: 1}}]) as server:
        understood(server, tmp_path)
        request = REQUESTS[1:2]
        assert [command(server, tmp_path, request)[0] for _ in range(3)] == [["later"], ["later"], ["SERVER_ERROR"]]
        key = next(key for key in server.bodies_of if key not in server.paid)
        assert command(server, tmp_path, request, distrusted=[key])[0] == ["later"]
        (text,), _ = command(server, tmp_path, request, distrusted=[key])
    assert json.loads(text)["items"]


def test_retry_that_fails_too_is_told_and_not_asked_for_ever(tmp_path):
    with BatchServer(script=[{"errors": {400: 1}}, {"errors": {400: 1}}]) as server:
        understood(server, tmp_path)
        request, retry = REQUESTS[1:2], {"until_s": 0.0}
        command(server, tmp_path, request)
        assert command(server, tmp_path, request)[0] == ["REQUEST_REFUSED"]
        key = next(key for key in server.bodies_of if key not in server.paid)
        assert command(server, tmp_path, request, distrusted=[key])[0] == ["later"]
        assert command(server, tmp_path, request, distrusted=[key], **retry)[0] == ["REQUEST_REFUSED"]
    assert len(server.jobs) == 2


def test_distrusted_reply_is_replaced_by_the_batch(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        request = REQUESTS[1:2]
        command(server, tmp_path, request)
        command(server, tmp_path, request)
        (key,) = server.bodies_of
        server.steady = {}
        original = server._build_completion
        server._build_completion = lambda body, fault, sign: {**original(body, fault, sign), "model": "tiny-2"}
        assert command(server, tmp_path, request, distrusted=[key])[0] == ["later"]
        command(server, tmp_path, request, distrusted=[key])
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert store.get(key).model == "tiny-2"
    store.close()
    assert server.paid[key] == 2


def test_endpoint_that_changed_its_mind_about_formats_is_asked_in_another_way(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        server.understands = "json_object"
        requests = REQUESTS[1:]
        command(server, tmp_path, requests)
        assert command(server, tmp_path, requests)[0][-1] == "later"
        third, _ = command(server, tmp_path, requests)
    assert all(text.startswith("{") for text in third)
    assert [len(job["requests"]) for job in server.jobs.values()][1] >= 8


def test_batch_that_is_refused_whole_stops_the_run_and_costs_nothing(tmp_path):
    with BatchServer(script=[{"ends": "failed", "told": "enqueued token limit reached"}]) as server:
        understood(server, tmp_path)
        command(server, tmp_path, REQUESTS[1:])
        with pytest.raises(ProviderError, match="enqueued token limit reached"):
            command(server, tmp_path, REQUESTS[1:])
        command(server, tmp_path, REQUESTS[1:])
        last, _ = command(server, tmp_path, REQUESTS[1:])
    assert all(text.startswith("{") for text in last)
    assert set(server.paid.values()) == {1}


def test_endpoint_without_batches_is_named(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        server.has_batches = False
        with pytest.raises(ProviderError, match="no batches at all") as caught:
            command(server, tmp_path, REQUESTS[1:])
        assert "--live" in caught.value.hint


def test_batch_that_the_endpoint_forgot_is_made_anew(tmp_path):
    with BatchServer(script=[{"looks": 9}]) as server:
        understood(server, tmp_path)
        command(server, tmp_path, REQUESTS[1:])
        server.jobs.pop("batch-0")
        server.jobs["batch-9"] = make_foreign()
        command(server, tmp_path, REQUESTS[1:])
        last, _ = command(server, tmp_path, REQUESTS[1:])
    assert all(text.startswith("{") for text in last)


def make_foreign():
    """A batch of somebody else with the same account."""
    wish = {"input_file_id": "file-0", "endpoint": "x", "completion_window": "24h", "metadata": None}
    return {
        "id": "batch-9",
        "plan": {},
        "status": "completed",
        "requests": [],
        "wish": wish,
        "looks": 0,
        "output": None,
    }


@pytest.mark.parametrize("call", ["POST /files", "POST /batches", "GET /batches/ID", "GET /files/ID/content"])
@pytest.mark.parametrize("is_late", [False, True])
def test_calls_that_fail_are_made_again_and_nothing_twice(tmp_path, call, is_late):
    with BatchServer() as server:
        understood(server, tmp_path)
        (server.fails_late if is_late else server.fails)[call] = 2
        command(server, tmp_path, REQUESTS[1:])
        last, _ = command(server, tmp_path, REQUESTS[1:])
    assert all(text.startswith("{") for text in last)
    assert len(server.jobs) == 1
    assert set(server.paid.values()) == {1}


def test_file_of_replies_that_breaks_off_is_fetched_again(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        assert command(server, tmp_path)[0] == ["later"] * 10
        server.n_cuts = 2
        assert all(outcome.startswith("{") for outcome in command(server, tmp_path)[0])
    assert server.calls["GET /files/ID/content"] == 3
    assert set(server.paid.values()) == {1}


def test_server_that_is_started_anew_in_between_is_no_trouble(tmp_path):
    with BatchServer(script=[{"looks": 1}]) as server:
        understood(server, tmp_path)
        command(server, tmp_path, REQUESTS[1:])
    with BatchServer(like=server, port=server.port) as again:
        command(again, tmp_path, REQUESTS[1:])
        last, _ = command(again, tmp_path, REQUESTS[1:])
    assert all(text.startswith("{") for text in last)
    assert set(again.paid.values()) == {1}
    assert len(again.jobs) == 1


def test_wait_polls_until_a_batch_has_ended(tmp_path):
    with BatchServer(script=[{"looks": 3}]) as server:
        understood(server, tmp_path)
        command(server, tmp_path, REQUESTS[1:], waits=True)
        assert server.calls["GET /batches/ID"] == 4
        last, counts = command(server, tmp_path, REQUESTS[1:])
    assert (counts["stored"], counts["sent"]) == (9, 0)
    assert all(text.startswith("{") for text in last)


def test_model_that_keeps_to_no_format_is_not_asked_live_for_ever(tmp_path):
    requests = [make_request(f"{USER}, number {number}") for number in range(20)]
    with BatchServer(steady={"malformed": 1.0}) as server:
        outcomes, _ = command(server, tmp_path, requests)
        assert len(server.log) == MOST_PROBES == 12
    assert outcomes.count("later") == 8
    assert [len(job["requests"]) for job in server.jobs.values()] == [8]


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b"\xff\xfe",
        b"null",
        b'{"custom_id": {"a": 1}, "response": {"status_code": 200, "body": {}}}',
        b'{"custom_id": "KEY", "response": {"status_code": 200, "body": {"_fields_set": 5, "choices": [1]}}}',
        b'{"custom_id": "KEY", "response": {"status_code": 200, "body": {"choices": "abc"}}}',
        b'{"custom_id": "KEY", "response": {"status_code": 1e9, "body": []}, "error": [1]}',
    ],
)
def test_line_of_nonsense_costs_its_own_request_one_round_and_no_other(tmp_path, line):
    class Odd(BatchServer):
        def _work(self, job, plan):
            super()._work(job, plan)
            first, *rest = self.files[job["output"]].splitlines()
            if len(self.jobs) == 1:
                key = json.loads(first)["custom_id"].encode()
                self.files[job["output"]] = b"\n".join([line.replace(b"KEY", key), *rest])

    with Odd() as server:
        understood(server, tmp_path)
        command(server, tmp_path, REQUESTS[1:])
        second, _ = command(server, tmp_path, REQUESTS[1:])
        assert sorted(text[:1] for text in second) == ["l", *["{"] * 8]
        third, _ = command(server, tmp_path, REQUESTS[1:])
    assert all(text.startswith("{") for text in third)
