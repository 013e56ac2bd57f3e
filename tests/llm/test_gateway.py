import asyncio
from dataclasses import replace

import pytest

from remud_gen.config import load_config
from remud_gen.errors import BudgetReached, ConfigError, ProviderError, RecordError
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.hooks import Hooks
from remud_gen.llm.limits import Pace
from remud_gen.llm.opening import choose_client, open_gateway
from remud_gen.llm.request_hash import hash_request
from remud_gen.llm.retry import TransientError, choose_wait_s
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ModelReply, ModelRequest
from tests.llm.samples import IMAGE


def make_request(user="[cap] a cyst", **changes):
    return ModelRequest("vqa", "vqa.en@1", "0" * 64, "Be exact.", user, **changes)


class Client:
    """A client whose replies and errors are told beforehand, one list per user text; the last entry repeats."""

    name, is_network = "told", True

    def __init__(self, *script, delay_s=0.0, model="m"):
        self.script, self.delay_s, self.model = list(script) or ["hello"], delay_s, model
        self.sent, self.n_at_once, self.most_at_once, self.is_closed = [], 0, 0, False

    async def complete(self, request):
        step = self.script[min(len(self.sent), len(self.script) - 1)]
        self.sent.append(request.user)
        self.n_at_once += 1
        self.most_at_once = max(self.most_at_once, self.n_at_once)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.n_at_once -= 1
        if isinstance(step, Exception):
            raise step
        return ModelReply(self.name, self.model, step, finish_reason="stop", output_tokens=3)

    async def close(self):
        self.is_closed = True


async def show_life(gateway, client):
    """One answer at once: before it no second request is sent."""
    delay_s, client.delay_s = client.delay_s, 0.0
    await gateway.ask(make_request("first"))
    client.delay_s = delay_s


def run(client, use, tmp_path, **options):
    async def inner():
        async with Gateway(client, ReplyStore(tmp_path / "replies.sqlite"), **options) as gateway:
            return await use(gateway), gateway

    result, gateway = asyncio.run(inner())
    assert client.is_closed
    return result, gateway


@pytest.fixture(autouse=True)
def waits_are_short(monkeypatch):
    monkeypatch.setattr("remud_gen.llm.retry.FIRST_WAIT_S", 0.001)


def test_reply_is_stored_and_never_paid_for_twice(tmp_path):
    first, gateway = run(Client("one"), lambda gateway: gateway.ask(make_request()), tmp_path)
    assert gateway.calls_paid == 1
    client = Client("two")
    second, gateway = run(client, lambda gateway: gateway.ask(make_request()), tmp_path)
    assert second == first
    assert client.sent == []
    assert gateway.counts == {"asked": 1, "stored": 1}


def test_equal_questions_at_once_are_one_call(tmp_path):
    client = Client("one", delay_s=0.02)
    replies, _ = run(
        client, lambda gateway: asyncio.gather(*(gateway.ask(make_request()) for _ in range(20))), tmp_path
    )
    assert len(client.sent) == 1
    assert len(set(replies)) == 1


def test_equal_questions_at_once_fail_alike_after_one_call(tmp_path):
    client = Client(RecordError("CONTENT_FILTER", "no"), delay_s=0.02)
    replies, _ = run(
        client,
        lambda gateway: asyncio.gather(*(gateway.ask(make_request()) for _ in range(5)), return_exceptions=True),
        tmp_path,
    )
    assert len(client.sent) == 1
    assert {reply.code for reply in replies} == {"CONTENT_FILTER"}


def test_no_more_than_the_limit_are_in_flight(tmp_path):
    client = Client("one", delay_s=0.005)
    run(
        client,
        lambda gateway: asyncio.gather(*(gateway.ask(make_request(str(n))) for n in range(40))),
        tmp_path,
        pace=Pace(7),
    )
    assert len(client.sent) == 40
    assert client.most_at_once == 7


def test_transient_errors_are_tried_again_and_then_named(tmp_path):
    flaky = Client(TransientError("SERVER_ERROR", "500"), TransientError("TIMEOUT", "slow"), "fine")
    reply, gateway = run(flaky, lambda gateway: gateway.ask(make_request()), tmp_path)
    assert reply.text == "fine"
    assert (gateway.counts["sent"], gateway.counts["SERVER_ERROR"], gateway.counts["TIMEOUT"]) == (3, 1, 1)
    lost = Client(TransientError("SERVER_ERROR", "HTTP 500 from here"))
    with pytest.raises(RecordError, match=r"HTTP 500 from here \(gave up after 3 attempts\)") as caught:
        run(lost, lambda gateway: gateway.ask(make_request("other")), tmp_path, max_attempts=3)
    assert caught.value.code == "SERVER_ERROR"
    assert not isinstance(caught.value, TransientError)
    assert len(lost.sent) == 3


def test_final_error_is_not_tried_again(tmp_path):
    client = Client(RecordError("REQUEST_TOO_LONG", "too long"))
    with pytest.raises(RecordError):
        run(client, lambda gateway: gateway.ask(make_request()), tmp_path)
    assert len(client.sent) == 1


def test_retry_after_holds_back_every_new_request(tmp_path):
    async def use(gateway):
        loop = asyncio.get_running_loop()
        first = asyncio.create_task(gateway.ask(make_request("1")))
        await asyncio.sleep(0.02)
        started = loop.time()
        await gateway.ask(make_request("2"))
        await first
        return loop.time() - started

    client = Client(TransientError("RATE_LIMITED", "429", retry_after_s=0.2), "fine")
    waited_s, _ = run(client, use, tmp_path)
    assert 0.1 < waited_s < 1.0


def test_wait_doubles_up_to_its_limit_and_follows_retry_after():
    class State:
        def __init__(self, number, error):
            self.attempt_number, self.outcome = number, self
            self.exception = lambda: error

    plain = TransientError("SERVER_ERROR", "")
    assert [choose_wait_s(State(n, plain)) > choose_wait_s(State(n - 1, plain)) for n in (2, 3, 4)] == [True] * 3
    assert choose_wait_s(State(50, plain)) <= 30
    assert choose_wait_s(State(1, TransientError("RATE_LIMITED", "", retry_after_s=7))) == 7
    assert choose_wait_s(State(1, TransientError("RATE_LIMITED", "", retry_after_s=10**9))) == 600


def test_provider_error_stops_all_sending_but_stored_replies_are_still_given(tmp_path):
    run(Client("kept"), lambda gateway: gateway.ask(make_request("kept")), tmp_path)
    client = Client(ProviderError("the key is refused"), delay_s=0.01)

    async def use(gateway):
        asked = [gateway.ask(make_request(str(number))) for number in range(30)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        return results, await gateway.ask(make_request("kept"))

    (results, kept), _ = run(client, use, tmp_path, pace=Pace(32))
    assert all(isinstance(result, ProviderError) for result in results)
    assert len(client.sent) == 1  # a wrong key costs one request, whatever may be in flight
    assert kept.text == "kept"


def test_endpoint_that_was_never_there_stops_at_once(tmp_path):
    gone = TransientError("UNREACHABLE", "refused", "is it running?", None, True)
    client = Client(gone)
    with pytest.raises(ProviderError, match="refused"):
        run(client, lambda gateway: gateway.ask(make_request()), tmp_path)
    assert len(client.sent) == 1


GONE = TransientError("UNREACHABLE", "refused", "is it running?", None, True)


def test_endpoint_that_goes_away_is_waited_for_and_then_stops_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr("remud_gen.llm.gateway.TOLD_AFTER_S", 0.2)

    async def use(gateway):
        await gateway.ask(make_request("1"))
        await gateway.ask(make_request("2"))

    told = []
    client = Client("fine", GONE)
    with pytest.raises(ProviderError, match="waited"):
        run(client, use, tmp_path, max_attempts=1, patience_s=0.7, tell=told.append)
    assert len(client.sent) > 4
    assert len(told) == 1
    assert "waiting for it" in told[0]


def test_outage_costs_no_input_though_it_outlasts_the_attempts(tmp_path, monkeypatch):
    monkeypatch.setattr("remud_gen.llm.gateway.TOLD_AFTER_S", 0.0)

    async def use(gateway):
        await gateway.ask(make_request("0"))
        return await asyncio.gather(*(gateway.ask(make_request(str(n))) for n in range(1, 6)))

    told = []
    outage = [GONE] * 5 + [TransientError("SERVER_ERROR", "HTTP 502")] * 5
    client = Client("fine", *outage, "back")
    replies, _ = run(client, use, tmp_path, max_attempts=1, patience_s=30, tell=told.append)
    assert [reply.text for reply in replies] == ["back"] * 5
    assert len(told) == 2
    assert told[1] == "the endpoint answers again"


def test_failures_in_a_row_that_pass_at_once_are_no_news(tmp_path):
    told = []
    script = ["fine", *([TransientError("SERVER_ERROR", "HTTP 500")] * 4), "fine"] * 5
    replies, gateway = run(
        Client(*script),
        lambda gateway: asyncio.gather(*(gateway.ask(make_request(str(n))) for n in range(20))),
        tmp_path,
        tell=told.append,
    )
    assert len(replies) == 20
    assert gateway.counts["SERVER_ERROR"] >= 4
    assert told == []


def test_request_that_fails_while_others_succeed_is_given_up_alone(tmp_path):
    class Picky(Client):
        async def complete(self, request):
            if "bad" in request.user:
                self.sent.append(request)
                await asyncio.sleep(0)
                raise TransientError("SERVER_ERROR", "HTTP 500")
            return await super().complete(request)

    async def use(gateway):
        async def keep_asking():
            for number in range(200):
                await gateway.ask(make_request(f"good {number}"))
                await asyncio.sleep(0.01)

        good = asyncio.create_task(keep_asking())
        results = await asyncio.gather(
            *(gateway.ask(make_request(f"bad {number}")) for number in range(4)), return_exceptions=True
        )
        await good
        return results

    results, _ = run(Picky("fine"), use, tmp_path, max_attempts=2, patience_s=60)
    assert [getattr(result, "code", None) for result in results] == ["SERVER_ERROR"] * 4


def test_reply_being_paid_for_is_stored_though_the_asker_is_cancelled(tmp_path):
    async def use(gateway):
        task = asyncio.create_task(gateway.ask(make_request()))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(Client("late", delay_s=0.1), use, tmp_path)
    store = ReplyStore(tmp_path / "replies.sqlite")
    assert store.count() == 1
    store.close()


def test_hash_is_of_what_shapes_the_reply_and_of_nothing_else():
    request = make_request(images=(IMAGE,), params={"seed": 1, "temperature": 0.7}, schema={"type": "object"})
    same = make_request(
        images=(IMAGE.model_copy(update={"path": "images/elsewhere.png"}),),
        params={"temperature": 0.7, "seed": 1},
        schema={"type": "object"},
        language="zh",
    )
    key = hash_request(request, "openai", "m")
    assert hash_request(same, "openai", "m") == key
    others = [
        hash_request(request, "openai", "m2"),
        hash_request(request, "other", "m"),
        hash_request(make_request("other", images=(IMAGE,)), "openai", "m"),
        hash_request(make_request(params={"seed": 2}), "openai", "m"),
        hash_request(make_request(images=(IMAGE.model_copy(update={"sha256": "1" * 64}),)), "openai", "m"),
    ]
    assert len({key, *others}) == 6


class Watch:
    """A guard, ledger and budget in one, that allows so many sends."""

    def __init__(self, allowed):
        self.allowed, self.events = allowed, []

    def admit(self, request):
        if "secret" in request.user:
            raise RecordError("PRIVACY_BLOCKED", "holds a name")
        return make_request(request.user.replace("name", "[masked]"))

    def record(self, request, request_sha256):
        self.events.append(("sent", request.user))

    async def reserve(self, request, request_sha256):
        if self.allowed == 0:
            raise BudgetReached("the limit is met")
        self.allowed -= 1

    def settle(self, request_sha256, reply, *, is_lost=False):
        self.events.append(("settled", reply.text if reply else None))

    def close(self):
        self.events.append(("closed", None))


def test_hooks_mask_refuse_account_and_stop(tmp_path):
    watch = Watch(allowed=3)
    hooks = Hooks(guards=(watch,), ledger=watch, budget=watch)
    client = Client(TransientError("SERVER_ERROR", "500"), "fine")

    async def use(gateway):
        await gateway.ask(make_request("a name"))
        with pytest.raises(RecordError, match="holds a name"):
            await gateway.ask(make_request("secret"))
        await gateway.ask(make_request("b"))
        with pytest.raises(BudgetReached):
            await gateway.ask(make_request("c"))

    run(client, use, tmp_path, hooks=hooks)
    assert client.sent == ["a [masked]", "a [masked]", "b"]
    assert watch.events == [
        ("sent", "a [masked]"),
        ("settled", None),
        ("sent", "a [masked]"),
        ("settled", "fine"),
        ("sent", "b"),
        ("settled", "fine"),
        ("closed", None),
    ]


def test_reply_that_came_second_is_accounted_for_and_the_first_is_used(tmp_path):
    watch = Watch(allowed=3)

    class Slow(Client):
        async def complete(self, request):
            reply = await super().complete(request)
            other = ReplyStore(tmp_path / "replies.sqlite")  # another process is quicker
            other.put(replace(reply, text="theirs", request_sha256=hash_request(request, self.name, self.model)))
            other.close()
            return reply

    reply, _ = run(Slow("mine"), lambda gateway: gateway.ask(make_request()), tmp_path, hooks=Hooks(budget=watch))
    assert reply.text == "theirs"
    assert watch.events == [("settled", "mine")]


def test_client_that_stays_on_the_machine_is_asked_directly(tmp_path):
    class Local(Client):
        is_network = False

    client = Local("here")

    async def use(gateway):
        return [await gateway.ask(make_request()) for _ in range(2)]

    replies, gateway = run(client, use, tmp_path)
    assert len(client.sent) == 2
    assert replies[0].request_sha256 == hash_request(make_request(), "told", "m")
    assert gateway.calls_paid == 0


def test_without_a_model_one_is_told_how_to_set_one(tmp_path):
    with pytest.raises(ConfigError) as caught:
        open_gateway(load_config(environment={}).generate, tmp_path / "r.sqlite", None)
    told = f"{caught.value.message} {caught.value.hint}"
    for word in ("--model", "REMUD_MODEL", "OPENAI_API_KEY", "REMUD_API_KEY", "--base-url", "demo.yaml"):
        assert word in told
    assert choose_client(load_config(environment={"REMUD_MODEL": "gpt-4o"}).generate) == "openai"
    assert choose_client(load_config(None, ["generate.client=extractive"], {}).generate) == "extractive"
    assert not (tmp_path / "r.sqlite").exists()
