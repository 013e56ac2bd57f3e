import importlib

import pytest

from remud_gen.config import GenerateConfig, load_config
from remud_gen.errors import ConfigError
from remud_gen.llm import prices
from remud_gen.llm.prices import find_price
from remud_gen.protocols import ModelReply

OPENAI = "https://api.openai.com/v1"
LOCAL = "http://127.0.0.1:8000/v1"


def own(text):
    return load_config(None, [f"budget.prices={text}"], environment={}).budget.prices


def model(name="gpt-4o", base_url=OPENAI):
    return GenerateConfig(model=name, base_url=base_url)


def reply(sent=1_000_000, received=100_000, **more):
    return ModelReply("openai", "m", "", input_tokens=sent, output_tokens=received, **more)


@pytest.fixture(autouse=True)
def looked_up_afresh():
    prices._look_up.cache_clear()


def test_own_price_comes_before_all_others():
    price = find_price(model(), own("{gpt-4o: {input: 1, output: 10, cached_input: 0.25}}"))
    assert price.cost_of(reply()) == pytest.approx(2.0)
    assert price.cost_of(reply(cached_tokens=400_000)) == pytest.approx(0.6 + 0.1 + 1.0)
    assert price.cost_of(reply(paid_share=0.5)) == pytest.approx(1.0)
    assert "budget.prices" in price.label


def test_cached_input_costs_like_other_input_unless_said():
    price = find_price(model(), own("{gpt-4o: {input: 1, output: 10}}"))
    assert price.cost_of(reply(cached_tokens=400_000)) == pytest.approx(2.0)


def test_server_of_ones_own_can_be_free_by_pattern():
    given = own("{'qwen*': free}")
    assert find_price(model("qwen2.5-vl-7b", LOCAL), given).cost_of(reply()) == 0
    assert find_price(model("qwen2.5-vl-7b", LOCAL), given).cost_of(reply(None, None)) == 0
    assert not find_price(model("tiny", LOCAL), given).is_known


def test_bundled_prices_follow_the_address_and_charge_cached_tokens_less():
    price = find_price(model(), {})
    assert price.cost_of(reply()) == pytest.approx(3.5)
    assert price.cost_of(reply(cached_tokens=1_000_000)) == pytest.approx(2.25)
    assert "genai-prices" in price.label
    assert find_price(model("gpt-4o-2024-08-06"), {}).cost_of(reply()) == pytest.approx(3.5)


def test_quick_sum_is_that_of_the_package():
    import genai_prices

    for name in ("gpt-4o", "gpt-4o-mini", "gpt-5-mini", "o4-mini", "gpt-4.1"):
        price = find_price(model(name), {})
        for sent, cached, received in ((1_234, 0, 567), (4_000, 3_840, 1), (10, 0, 0), (0, 0, 9)):
            usage = genai_prices.Usage(input_tokens=sent, output_tokens=received, cache_read_tokens=cached or None)
            true = genai_prices.calc_price(usage, name, provider_api_url=OPENAI).total_price
            assert price.cost(sent, received, cached) == pytest.approx(float(true), rel=1e-9)


def test_tiers_are_kept():
    google = "https://generativelanguage.googleapis.com/v1beta/openai"
    price = find_price(model("gemini-2.5-pro", google), {})
    assert price.cost(100_000, 0) == pytest.approx(0.125)
    assert price.cost(300_000, 0) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("name", "address"), [("gpt-4o", LOCAL), ("tiny", OPENAI), ("gpt-4o", "https://proxy.test/v1")]
)
def test_unknown_is_unknown_and_says_what_to_do(name, address):
    price = find_price(model(name, address), {})
    assert not price.is_known
    assert price.cost_of(reply()) is None
    assert price.label.startswith("unknown")
    assert f"{name}: free" in price.hint


def test_reply_without_usage_has_no_known_cost():
    assert find_price(model(), {}).cost_of(reply(None, None)) is None
    assert find_price(model(), {}).cost_of(reply(10, None)) is None


def test_without_the_package_the_price_is_unknown_and_names_the_command(monkeypatch):
    real = importlib.import_module

    def missing(name, package=None):
        if name.startswith("genai_prices"):
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(prices.importlib, "import_module", missing)
    price = find_price(model(), {})
    assert not price.is_known
    assert "pip install" in price.hint


def test_looking_up_a_price_opens_no_connection(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.create_connection", refuse)
    assert find_price(model(), {}).is_known


def test_price_must_be_a_price():
    for text in ("{m: cheap}", "{m: {input: -1, output: 1}}", "{m: {input: 1}}", "{m: {input: .nan, output: 1}}"):
        with pytest.raises(ConfigError):
            own(text)
