"""The limit through the real gateway, store and account, with a client whose replies cost what the test says."""

import asyncio
import random

import pytest

from remud_gen.config import BudgetConfig, GenerateConfig, PriceConfig
from remud_gen.errors import BudgetReached, ConfigError, InputError, RecordError
from remud_gen.llm.budget import SpendingLimit, check_limits
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.hooks import Hooks
from remud_gen.llm.limits import Pace
from remud_gen.llm.prices import find_price
from remud_gen.llm.request_tokens import RequestCounter
from remud_gen.llm.retry import TransientError
from remud_gen.llm.store import ReplyStore
from remud_gen.protocols import ModelReply, ModelRequest
from remud_gen.runner.account import FILE, RunAccount, read_spending

MODEL = GenerateConfig(model="m", base_url="http://127.0.0.1:1/v1")
PRICE = find_price(MODEL, {"m": PriceConfig(input=1, output=10)})
MOST_OUTPUT = 1000


def make_request(number):
    text = f"[cap] a cyst, number {number}"
    return ModelRequest("vqa", "vqa.en@1", "0" * 64, "Be exact.", text, params={"max_output_tokens": MOST_OUTPUT})


class Client:
    """Bills as many tokens as its generator says, and remembers the bill."""

    name, is_network, model = "told", True, "m"

    def __init__(self, n_output=lambda: 200, n_input=lambda: 30, delay_s=0.001, error=None):
        self.n_output, self.n_input, self.delay_s, self.error = n_output, n_input, delay_s, error
        self.billed_usd, self.billed_tokens, self.most_at_once, self.n_at_once, self.n_sent = 0.0, 0, 0, 0, 0

    async def complete(self, request):
        self.n_at_once += 1
        self.n_sent += 1
        self.most_at_once = max(self.most_at_once, self.n_at_once)
        await asyncio.sleep(self.delay_s)
        self.n_at_once -= 1
        if self.error is not None:
            raise self.error
        sent, received = self.n_input(), self.n_output()
        self.billed_usd += PRICE.cost(sent, received)
        self.billed_tokens += sent + received
        return ModelReply(self.name, self.model, "fine", input_tokens=sent, output_tokens=received)

    async def close(self):
        pass


def ask_all(run, client, n, limits, price=PRICE, concurrency=32, first=0, ledger=None):
    """Ask n requests at once; what came of each."""

    async def inner():
        with RunAccount(run, "generate") as account:
            budget = SpendingLimit(limits, price, RequestCounter("m"), account)
            hooks = Hooks(ledger=ledger, budget=budget, pricer=price)
            pace = Pace(concurrency)
            async with Gateway(
                client, ReplyStore(run / "replies.sqlite"), pace=pace, max_attempts=1, hooks=hooks
            ) as door:
                asked = (door.ask(make_request(first + number)) for number in range(n))
                async with asyncio.timeout(60):
                    return await asyncio.gather(*asked, return_exceptions=True)

    run.mkdir(exist_ok=True)
    return asyncio.run(inner())


@pytest.mark.parametrize("seed", range(5))
def test_limit_in_usd_is_never_exceeded_and_little_is_left(tmp_path, seed):
    draw = random.Random(seed)
    client = Client(n_output=lambda: min(MOST_OUTPUT, int(draw.lognormvariate(5, 1))))
    results = ask_all(tmp_path, client, 300, BudgetConfig(max_cost_usd=0.2))
    assert any(isinstance(result, BudgetReached) for result in results)
    assert client.billed_usd <= 0.2
    assert client.billed_usd > 0.2 - PRICE.cost(100, MOST_OUTPUT)  # less than the worst case of one more is left
    assert client.most_at_once > 4
    assert read_spending(tmp_path).total.usd == pytest.approx(client.billed_usd)


def test_limit_holds_though_the_endpoint_counts_far_more_input_than_we_do(tmp_path):
    client = Client(n_input=lambda: 300, n_output=lambda: MOST_OUTPUT)
    ask_all(tmp_path, client, 200, BudgetConfig(max_cost_usd=0.5), concurrency=8)
    # Before the first replies nobody can know: no more than those in flight then.
    assert client.billed_usd <= 0.5 + 8 * PRICE.cost(300, 0)


def test_limit_in_tokens_needs_no_price(tmp_path):
    unknown = find_price(MODEL, {})
    assert not unknown.is_known
    client = Client()
    results = ask_all(tmp_path, client, 300, BudgetConfig(max_tokens=20_000), price=unknown)
    assert any(isinstance(result, BudgetReached) for result in results)
    assert 20_000 - MOST_OUTPUT - 100 < client.billed_tokens <= 20_000


def test_limit_counts_what_earlier_commands_paid_and_a_raised_one_goes_on(tmp_path):
    first = Client()
    ask_all(tmp_path, first, 300, BudgetConfig(max_cost_usd=0.1))
    again = Client()
    results = ask_all(tmp_path, again, 300, BudgetConfig(max_cost_usd=0.1))
    assert again.n_sent == 0
    n_stored = sum(isinstance(result, ModelReply) for result in results)
    assert n_stored == first.n_sent
    raised = Client()
    ask_all(tmp_path, raised, 300, BudgetConfig(max_cost_usd=0.2))
    assert 0 < first.billed_usd + raised.billed_usd <= 0.2
    done = Client()
    results = ask_all(tmp_path, done, 300, BudgetConfig())
    assert all(isinstance(result, ModelReply) for result in results)
    total = first.billed_usd + raised.billed_usd + done.billed_usd
    assert read_spending(tmp_path).total.usd == pytest.approx(total)
    assert read_spending(tmp_path).total.n_replies == 300


def test_what_was_paid_before_there_was_a_price_counts_at_the_present_one(tmp_path):
    early = Client(n_output=lambda: 400)
    ask_all(tmp_path, early, 20, BudgetConfig(), price=find_price(MODEL, {}))
    assert read_spending(tmp_path).total.n_unpriced == 20
    late = Client()
    ask_all(tmp_path, late, 50, BudgetConfig(max_cost_usd=0.08), first=100)
    assert late.n_sent == 0
    ask_all(tmp_path, late, 50, BudgetConfig(max_cost_usd=0.12), first=100)
    assert early.billed_usd + late.billed_usd <= 0.12
    assert late.n_sent > 0


def test_refused_requests_cost_nothing_and_lost_ones_are_counted(tmp_path):
    refused = Client(error=RecordError("REQUEST_REFUSED", "no"))
    ask_all(tmp_path, refused, 10, BudgetConfig())
    assert read_spending(tmp_path).total.usd == 0
    lost = Client(error=TransientError("TIMEOUT", "no reply"))
    ask_all(tmp_path, lost, 1, BudgetConfig(max_cost_usd=1))
    spent = read_spending(tmp_path).total
    assert spent.n_lost == 1
    assert spent.usd >= PRICE.cost(0, MOST_OUTPUT)


def test_lost_replies_are_guessed_without_a_limit_too_by_count_and_then_by_the_mean(tmp_path):
    lost = Client(error=TransientError("TIMEOUT", "no reply"))
    ask_all(tmp_path, lost, 1, BudgetConfig())
    spent = read_spending(tmp_path).total
    assert spent.n_lost == 1
    assert spent.usd >= PRICE.cost(10, MOST_OUTPUT)
    assert spent.tokens > MOST_OUTPUT
    with RunAccount(tmp_path, "generate") as account:
        seen = SpendingLimit(BudgetConfig(), PRICE, counter := CountingCounter("m"), account)

        async def ask(number, reply, *, is_lost=False):
            await seen.reserve(make_request(number), str(number))
            seen.settle(str(number), reply, is_lost=is_lost)

        asyncio.run(ask(0, ModelReply("c", "m", "", input_tokens=40, output_tokens=90, cost_usd=0.0)))
        asyncio.run(ask(1, None, is_lost=True))
    assert seen.spent.tokens - spent.tokens == 2 * (40 + 90)
    assert counter.n_counted == 1  # the second one was not counted: the mean is known


def test_request_in_flight_when_a_process_is_killed_counts_without_a_limit(tmp_path):
    account = RunAccount(tmp_path, "generate")  # which is never closed
    budget = SpendingLimit(BudgetConfig(), PRICE, RequestCounter("m"), account)
    asyncio.run(budget.reserve(make_request(0), "a" * 64))
    account._stream.close()
    spent = read_spending(tmp_path).total
    assert spent.n_lost == 1
    assert spent.usd >= PRICE.cost(10, MOST_OUTPUT)


class CountingCounter(RequestCounter):
    """Tells how often it was asked."""

    n_counted = 0

    def count_input(self, request):
        self.n_counted += 1
        return super().count_input(request)


class FullDisk:
    """A ledger that takes so many lines."""

    def __init__(self, n_lines):
        self.n_lines = n_lines

    def record(self, request, request_sha256):
        self.n_lines -= 1
        if self.n_lines < 0:
            raise InputError("outbound.jsonl cannot be written", "make room")

    def close(self):
        pass


def test_request_that_cannot_be_noted_gives_back_what_was_held_for_it(tmp_path):
    client = Client(n_output=lambda: 10)
    room_for_one = BudgetConfig(max_cost_usd=1.5 * PRICE.cost(50, MOST_OUTPUT))
    results = ask_all(tmp_path, client, 10, room_for_one, ledger=FullDisk(3))  # the others wait for their turn
    assert client.n_sent == 3
    refused = [result for result in results if not isinstance(result, ModelReply)]
    assert {type(result) for result in refused} == {InputError}
    assert len(refused) == 7
    spent = read_spending(tmp_path).total
    assert (spent.n_replies, spent.n_lost) == (3, 0)


def test_account_that_cannot_be_written_lets_nothing_out_and_leaves_nobody_waiting(tmp_path, monkeypatch):
    client = Client(n_output=lambda: 10)
    n_left = iter([True] * 2)
    plain = RunAccount.note_sent

    def note_sent(self, *rest):
        if not next(n_left, False):
            raise InputError("spending.log: no space left on device", "make room")
        plain(self, *rest)

    monkeypatch.setattr(RunAccount, "note_sent", note_sent)
    results = ask_all(tmp_path, client, 10, BudgetConfig(max_cost_usd=1.5 * PRICE.cost(50, MOST_OUTPUT)))
    assert client.n_sent == 2
    assert sum(isinstance(result, InputError) for result in results) == 8


def test_reply_whose_endpoint_counts_nothing_is_guessed_for_the_limit_and_unknown_on_the_record(tmp_path):
    client = Client(n_output=lambda: 100)
    plain = client.complete

    async def silent(request):
        reply = await plain(request)
        return ModelReply(reply.client, reply.model, reply.text)

    client.complete = silent
    results = ask_all(tmp_path, client, 100, BudgetConfig(max_cost_usd=0.1))
    replies = [result for result in results if isinstance(result, ModelReply)]
    assert 5 <= len(replies) <= 10  # each counts as its worst case
    assert all(reply.cost_usd is None for reply in replies)


def test_request_of_a_killed_process_counts_as_guessed(tmp_path):
    account = RunAccount(tmp_path, "generate")  # which is never closed
    account.note_sent("a" * 64, 0.5, 700)
    account.note_sent("b" * 64, 0.25, 400)
    account.note_reply("b" * 64, ModelReply("c", "m", "", cost_usd=0.01, input_tokens=5, output_tokens=5), None)
    account._stream.close()
    with (tmp_path / FILE).open("a", encoding="utf-8") as stream:
        stream.write('{"settled": "aaaa')  # cut short by the kill
    spent = read_spending(tmp_path).total
    assert (spent.usd, spent.tokens, spent.n_lost) == (pytest.approx(0.51), 710, 1)
    with RunAccount(tmp_path, "generate") as account:  # folds what was there, and adds to it
        account.note_reply("c" * 64, ModelReply("c", "m", "", cost_usd=1.0), None)
    assert read_spending(tmp_path).total.usd == pytest.approx(1.51)
    assert len((tmp_path / FILE).read_text("utf-8").splitlines()) == 1


def test_stages_are_kept_apart(tmp_path):
    for stage, usd in (("check", 1.0), ("generate", 2.0)):
        with RunAccount(tmp_path, stage) as account:
            account.note_reply("a" * 64, ModelReply("c", "m", "", cost_usd=usd), None)
    reading = read_spending(tmp_path)
    assert {stage: spent.usd for stage, spent in reading.by_stage.items()} == {"check": 1.0, "generate": 2.0}
    assert reading.total.usd == 3.0


def test_cost_limit_without_a_price_is_refused_and_says_what_to_do():
    with pytest.raises(ConfigError) as caught:
        check_limits(BudgetConfig(max_cost_usd=1), MODEL, find_price(MODEL, {}))
    assert "budget.prices" in caught.value.hint
    assert "--max-tokens" in caught.value.hint
    check_limits(BudgetConfig(max_tokens=1), MODEL, find_price(MODEL, {}))
    check_limits(BudgetConfig(max_cost_usd=1), MODEL, PRICE)
