from __future__ import annotations

import pytest

from remud_gen.config import Config
from remud_gen.errors import ConfigError
from remud_gen.llm.allow_list import check_host, check_outbound, read_rule


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("api.openai.com", "https://api.openai.com/v1"), ("API.OpenAI.com.", "https://api.openai.com/v1"),
        ("*.example.org", "https://a.b.example.org/v1"), (".example.org", "https://example.org/v1"),
        (".example.org", "https://a.example.org/v1"), ("*", "http://anything:1/v1"),
        ("localhost", "http://127.0.0.1:8000/v1"), ("localhost", "http://[::1]:8000/v1"),
        ("localhost", "http://localhost/v1"), ("localhost", "http://127.9.9.9/v1"), ("127.0.0.1", "http://127.0.0.1:1/v1"),
        ("10.0.0.0/8", "http://10.200.3.4:8000/v1"), ("10.1.2.3/8", "http://10.9.9.9/v1"), ("fd00::/8", "http://[fd12::1]/v1"),
        ("10.0.0.0/8", "http://[::ffff:10.0.0.1]/v1"), ("gpu1:8000", "http://gpu1:8000/v1"), ("[::1]:8000", "http://[::1]:8000/v1"),
        ("api.example.org:443", "https://api.example.org/v1"), ("bücher.example", "https://xn--bcher-kva.example/v1"),
    ],
)  # fmt: skip
def test_what_is_listed_may_be_sent_to(entry, url) -> None:
    check_host([entry], url)
    check_host(["other.example", entry], url)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("api.openai.com", "https://api.openai.com.evil.example/v1"), ("api.openai.com", "https://xapi.openai.com/v1"),
        ("*.example.org", "https://example.org/v1"), ("*.example.org", "https://badexample.org/v1"),
        (".example.org", "https://badexample.org/v1"), ("10.0.0.0/8", "http://11.0.0.1/v1"),
        ("10.0.0.0/8", "http://10.example.org/v1"), ("0.0.0.0/0", "http://[::1]/v1"), ("gpu1:8000", "http://gpu1:8001/v1"),
        ("localhost", "http://localhost.example.org/v1"), ("127.0.0.1", "http://2130706433/v1"),
        ("127.0.0.1", "http://localhost/v1"), ("api.example.org:443", "http://api.example.org/v1"),
    ],
)  # fmt: skip
def test_what_is_not_listed_is_refused_by_name(entry, url) -> None:
    with pytest.raises(ConfigError, match="not among the hosts") as caught:
        check_host([entry], url)
    assert "privacy.allow_hosts" in caught.value.hint


@pytest.mark.parametrize(
    "entry", ["https://api.openai.com", "api.openai.com/v1", "a b", "", "*.*.org", "300.1.2.3", "user@host"]
)
def test_what_is_no_host_is_an_error_of_the_configuration(entry) -> None:
    with pytest.raises(ConfigError, match="is no host"):
        read_rule(entry)


def test_an_empty_list_is_every_host_and_the_environments_address_counts() -> None:
    config = Config.model_validate({"generate": {"model": "m"}, "privacy": {"allow_hosts": ["localhost"]}})
    with pytest.raises(ConfigError, match=r"api\.openai\.com is not among"):
        check_outbound(config, config.generate, {})
    check_outbound(config, config.generate, {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    check_outbound(Config(), config.generate, {})


@pytest.mark.parametrize("client", ["extractive", "replay"])
def test_clients_that_use_no_network_are_not_judged(client) -> None:
    generate = {"client": client, "model": "m"}
    config = Config.model_validate({"generate": generate, "privacy": {"offline": True, "allow_hosts": ["a.example"]}})
    check_outbound(config, config.generate, {})


def test_offline_refuses_a_server_on_this_machine_too() -> None:
    config = Config.model_validate(
        {"generate": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}, "privacy": {"offline": True}}
    )
    with pytest.raises(ConfigError, match="offline") as caught:
        check_outbound(config, config.generate, {})
    assert "A server on this machine counts too" in caught.value.hint
