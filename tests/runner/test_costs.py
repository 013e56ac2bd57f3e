import pytest

from remud_gen.config import BudgetConfig
from remud_gen.protocols import ModelReply
from remud_gen.runner.account import RunAccount
from remud_gen.runner.meter import Meter
from remud_gen.runner.parts import Usage
from remud_gen.runner.progress import Progress
from remud_gen.runner.reports.costs import costs_json, tell_costs


def pay(account, usd, tokens=(100, 50)):
    reply = ModelReply("c", "m", "", input_tokens=tokens[0], output_tokens=tokens[1], cost_usd=usd)
    account.note_sent("a" * 64, usd, 1)
    account.note_reply("a" * 64, reply, None)


def test_costs_by_stage_by_kept_quadruplet_and_paid_in_all(tmp_path):
    with RunAccount(tmp_path, "generate") as account:
        pay(account, 0.25)
        account.note_lost("b" * 64, 0.05, 70)
    usage = Usage(calls=3, input_tokens=300, output_tokens=150, cost_usd=0.75)  # one was paid for by another run
    costs = [("check", Usage()), ("generate", usage)]
    lines = tell_costs(tmp_path, BudgetConfig(max_cost_usd=2), costs, 10)
    assert lines == [
        "cost of a kept quadruplet: $0.0750 (10 quadruplets kept)",
        "paid by this run folder so far: $0.3000, 220 tokens, 1 lost reply guessed (limit $2)",
    ]
    told = costs_json(tmp_path, BudgetConfig(max_cost_usd=2), costs, 10)
    assert told["stages_usd"] == {"generate": 0.75}
    assert (told["per_kept_usd"], told["paid_usd"], told["max_cost_usd"]) == (0.075, 0.3, 2)
    assert told["paid_by_stage_usd"] == {"generate": 0.3}


def test_what_waits_in_a_batch_is_not_called_lost(tmp_path):
    with RunAccount(tmp_path, "generate") as account:
        account.note_lost("a" * 64, 0.25, 50)
        account.note_late("b" * 64, 0.5, 100)
        account.note_late("c" * 64, 0.25, 100)
    lines = tell_costs(tmp_path, BudgetConfig(), (), None)
    waiting = "2 requests in batches counted as the most they can cost"
    assert lines == [f"paid by this run folder so far: $1.0000, 250 tokens, 1 lost reply guessed, {waiting}"]
    told = costs_json(tmp_path, BudgetConfig(), (), None)
    assert (told["lost_requests"], told["batched_requests"]) == (1, 2)


@pytest.mark.parametrize(("usd", "told"), [(0.1, "$0.2000"), (None, "300 tokens")])
def test_meter_of_a_command_that_only_collects_shows_what_the_replies_cost(tmp_path, usd, told):
    with RunAccount(tmp_path, "generate") as account:
        for key in "ab":
            account.note_late(key * 64, None if usd is None else 0.5, 4000)
    with Progress("generate", 3, "pair", is_quiet=True) as progress, RunAccount(tmp_path, "generate") as account:
        meter = Meter(progress, account, 3)
        assert meter.describe() == ""
        for key in "ab":
            account.take_late(key * 64)
            pay(account, usd)
        meter.tick(1)
        assert meter.describe() == told  # and no guess at what all come to


def test_unknown_costs_are_never_shown_as_nothing(tmp_path):
    with RunAccount(tmp_path, "generate") as account:
        pay(account, None)
    costs = [("generate", Usage(calls=1, input_tokens=100, output_tokens=50, unpriced_calls=1))]
    lines = tell_costs(tmp_path, BudgetConfig(), costs, 4)
    assert lines == ["cost of a kept quadruplet: unknown", "paid by this run folder so far: unknown, 150 tokens"]
    told = costs_json(tmp_path, BudgetConfig(), costs, 4)
    assert told["stages_usd"] == {"generate": None}
    assert told["per_kept_usd"] is told["paid_usd"] is None


def test_run_without_models_says_nothing_of_costs(tmp_path):
    assert tell_costs(tmp_path, BudgetConfig(max_cost_usd=1), [("generate", Usage())], 5) == []
    assert not list(tmp_path.iterdir())


def test_meter_shows_cost_and_projection_of_what_is_paid_for(tmp_path):
    with Progress("generate", 10, "pair", is_quiet=True) as progress, RunAccount(tmp_path, "generate") as account:
        meter = Meter(progress, account, 10)
        meter.tick(2)  # found in the reply store
        assert meter.describe() == ""
        for _ in range(4):
            pay(account, 0.1)
            meter.tick(1)
        assert meter.describe() == "$0.4000, about $0.80 in all"
        pay(account, None)
        meter.tick(1)
        assert meter.describe() == "750 tokens"
