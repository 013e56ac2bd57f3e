"""What is handed over in batches is paid by the run that did so, once, and counts for its limit from then on."""

import asyncio
from functools import partial

import pytest

from remud_gen.config import BudgetConfig, GenerateConfig
from remud_gen.errors import BudgetReached, Deferred, InputError
from remud_gen.llm.batch_gateway import BatchGateway, BatchLimits
from remud_gen.llm.budget import SpendingLimit, Spent
from remud_gen.llm.gateway import Gateway
from remud_gen.llm.hooks import Hooks
from remud_gen.llm.opening import open_gateway
from remud_gen.llm.request_tokens import RequestCounter
from remud_gen.llm.store import ReplyStore
from remud_gen.runner.account import RunAccount, read_spending
from remud_gen.runner.images import ContentImageStore
from tests.batch_server import BatchServer
from tests.llm.test_batch_gateway import REQUESTS, understood
from tests.llm.test_budget import PRICE
from tests.llm.test_openai import USER, make_request


def account_for(server, run, store, requests, *, limits=None, is_killed=False):
    """One command of a run that keeps account; a killed one hands nothing over and writes nothing more."""
    config = GenerateConfig(model="tiny", base_url=server.base_url)

    async def inner(account):
        budget = SpendingLimit(limits or BudgetConfig(), PRICE, RequestCounter("tiny"), account)
        cut = BatchLimits(run / "batches", 1000, 10**8, 0.01)
        kind = partial(BatchGateway, limits=cut, store_path=store)
        hooks = Hooks(budget=budget, pricer=PRICE)
        gateway = open_gateway(config, store, ContentImageStore(run), hooks, kind=kind)
        try:
            await gateway.begin()
            outcomes = await asyncio.gather(*(gateway.ask(request) for request in requests), return_exceptions=True)
            if not is_killed:
                await gateway.hand_over()
            return outcomes
        finally:
            await close_files_of_killed(gateway) if is_killed else await gateway.close()

    run.mkdir(exist_ok=True)
    if is_killed:
        return asyncio.run(inner(RunAccount(run, "generate")))
    with RunAccount(run, "generate") as account:
        return asyncio.run(inner(account))


async def close_files_of_killed(gateway):
    gateway._file.close()
    gateway._batches.close()
    await Gateway.close(gateway)


def test_command_that_was_killed_while_it_gathered_has_spent_nothing_on_it(tmp_path):
    with BatchServer(script=[{"looks": 1}]) as server:
        understood(server, tmp_path)
        work = (server, tmp_path / "run", tmp_path / "replies.sqlite", REQUESTS[1:])
        for _ in range(3):
            account_for(*work, is_killed=True)
        assert read_spending(tmp_path / "run").total == Spent()
        account_for(*work)
        waiting = read_spending(tmp_path / "run").total
        assert waiting.n_lost == 9
        assert waiting.usd > 0  # counted without a limit, too
        account_for(*work)
        assert read_spending(tmp_path / "run").total.n_lost == 9  # still in progress
        account_for(*work)
    spent = read_spending(tmp_path / "run").total
    paid = [reply for reply, _ in read_store(tmp_path / "replies.sqlite") if reply.paid_share == 0.5]
    assert (spent.n_replies, spent.n_lost) == (9, 0)
    assert spent.usd == pytest.approx(sum(reply.cost_usd for reply in paid))


def read_store(path):
    store = ReplyStore(path)
    try:
        return list(store.iterate_replies())
    finally:
        store.close()


@pytest.mark.parametrize(
    ("step", "n_lost"),
    [
        ("batch_store.BatchStore.plan", 0),
        ("budget.SpendingLimit.hand_over", 0),
        ("batch_gateway.BatchGateway._create", 9),
    ],
)
def test_kill_between_plan_account_and_batch_is_found_out(tmp_path, monkeypatch, step, n_lost):
    with BatchServer() as server:
        understood(server, tmp_path)
        work = (server, tmp_path / "run", tmp_path / "replies.sqlite", REQUESTS[1:])

        def fail(*_):
            raise InputError("killed")

        with monkeypatch.context() as patch:
            patch.setattr(f"remud_gen.llm.{step}", fail)
            with pytest.raises(InputError):
                account_for(*work)
        assert read_spending(tmp_path / "run").total.n_lost == n_lost
        for _ in range(2):
            account_for(*work)
    spent = read_spending(tmp_path / "run").total
    assert (spent.n_replies, spent.n_lost) == (9, 0)
    assert set(server.paid.values()) == {1}


def test_run_pays_for_nothing_that_another_has_handed_over_while_it_gathered(tmp_path, monkeypatch):
    with BatchServer() as server:
        understood(server, tmp_path)
        store, original = tmp_path / "replies.sqlite", BatchGateway.hand_over
        quick, slow = tmp_path / "quick", tmp_path / "slow"

        async def hand_over(gateway):
            with monkeypatch.context() as patch:
                patch.setattr(BatchGateway, "hand_over", original)
                await asyncio.to_thread(account_for, server, quick, store, REQUESTS[1:6])
            await original(gateway)

        with monkeypatch.context() as patch:
            patch.setattr(BatchGateway, "hand_over", hand_over)
            account_for(server, slow, store, REQUESTS[1:])
        assert (read_spending(quick).total.n_lost, read_spending(slow).total.n_lost) == (5, 4)
        for run in (quick, slow):
            account_for(server, run, store, REQUESTS[1:])
    assert (read_spending(quick).total.n_replies, read_spending(slow).total.n_replies) == (5, 4)
    assert set(server.paid.values()) == {1}


def test_each_run_of_a_shared_store_pays_for_what_it_handed_over_whoever_collects_it(tmp_path):
    with BatchServer() as server:
        understood(server, tmp_path)
        store = tmp_path / "replies.sqlite"
        account_for(server, tmp_path / "one", store, REQUESTS[1:])
        replies = account_for(server, tmp_path / "two", store, REQUESTS[1:])
        assert all(reply.text.startswith("{") for reply in replies)
        assert read_spending(tmp_path / "two").total == Spent()
        assert read_spending(tmp_path / "one").total.n_lost == 9
        account_for(server, tmp_path / "one", store, REQUESTS[1:])
    spent = read_spending(tmp_path / "one").total
    assert (spent.n_replies, spent.n_lost) == (9, 0)
    assert spent.usd == pytest.approx(sum(reply.cost_usd for reply in replies))


def test_what_is_gathered_and_what_is_under_way_count_for_the_limit(tmp_path):
    with BatchServer(script=[{"looks": 99}, {"looks": 99}]) as server:
        understood(server, tmp_path)
        store, run = tmp_path / "replies.sqlite", tmp_path / "run"
        account_for(server, run, store, REQUESTS[1:4])
        usd = read_spending(run).total.usd
        outcomes = account_for(server, run, store, REQUESTS[4:], limits=BudgetConfig(max_cost_usd=2.4 * usd))
        n_later = sum(isinstance(outcome, Deferred) for outcome in outcomes)
        assert 2 <= n_later <= 4
        assert {type(outcome) for outcome in outcomes} == {Deferred, BudgetReached}
        assert read_spending(run).total.usd <= 2.4 * usd


def test_limit_holds_though_the_first_reply_was_short_and_all_others_are_as_long_as_they_may_be(tmp_path):
    class LongWinded(BatchServer):
        """Answers at once in a word, and in batches at the greatest length."""

        def _build_completion(self, body, fault, sign):
            made = super()._build_completion(body, fault, sign)
            n_output = body.get("max_tokens") or body.get("max_completion_tokens") if self.jobs else 5
            usage = {"prompt_tokens": 100, "completion_tokens": n_output, "total_tokens": 100 + n_output}
            return {**made, "usage": usage}

    requests = [make_request(f"{USER}, number {number}") for number in range(40)]
    for request in requests:
        request.params["max_output_tokens"] = 1000
    limits, run = BudgetConfig(max_cost_usd=0.06), tmp_path / "run"
    with LongWinded() as server:
        work = (server, run, tmp_path / "replies.sqlite", requests)
        n_batches = 0
        for _ in range(4):
            outcomes = account_for(*work, limits=limits)
            assert read_spending(run).total.usd <= limits.max_cost_usd
            assert any(isinstance(outcome, BudgetReached) for outcome in outcomes)
            assert len(server.jobs) <= 1 + n_batches
            n_batches = len(server.jobs)
        assert n_batches >= 1
    assert sum(server.paid.values()) >= 8  # of eleven that the limit has room for
    spent = read_spending(run).total
    assert spent.n_lost == 0
    assert 0.04 < spent.usd <= limits.max_cost_usd
