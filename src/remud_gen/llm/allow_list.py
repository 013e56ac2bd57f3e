"""To which hosts a request may go: `privacy.allow_hosts` and `privacy.offline`, checked before any work is done."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from remud_gen.config import Config, ModelConfig
from remud_gen.errors import ConfigError
from remud_gen.llm.endpoint import find_address
from remud_gen.registry import load
from remud_gen.rules.late import compile_late

LOOPBACK = "localhost"
FORMS = "api.example.org, *.example.org, 10.0.0.0/8, 127.0.0.1, [::1]:8000, localhost"
_NAME = compile_late(r"(?:\*\.|\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class HostRule:
    """One entry of the list: a name, a name with a wildcard, an address, a network, or `*`; perhaps with a port."""

    name: str
    network: Network | None = None
    port: int | None = None

    def allows(self, host: str, port: int) -> bool:
        """Whether a host, as it stands in an address, is meant. Names are compared as names: nothing is looked up."""
        if self.port not in (None, port):
            return False
        plain = _fold(host)
        address = _read_address(plain)
        if self.network is not None:
            return address is not None and address.version == self.network.version and address in self.network
        if self.name == "*":
            return True
        if self.name == LOOPBACK:
            is_named = plain == LOOPBACK or plain.endswith("." + LOOPBACK)
            return is_named or (address is not None and address.is_loopback)
        if self.name.startswith("*."):
            return plain.endswith(self.name[1:])
        if self.name.startswith("."):
            return plain == self.name[1:] or plain.endswith(self.name)
        return plain == self.name


def read_rule(entry: str) -> HostRule:
    """An entry of `privacy.allow_hosts`.

    Raises:
        ConfigError: it is none of the known forms; the hint lists them.
    """
    text, port = _split_port(entry.strip())
    if text == "*":
        return HostRule("*", port=port)
    try:
        return HostRule(text, ipaddress.ip_network(text.strip("[]"), strict=False), port)
    except ValueError:
        pass
    name = _fold(text)
    if not _NAME.fullmatch(name) or re.fullmatch(r"[\d.]+", name):
        raise ConfigError(f"privacy.allow_hosts: {entry!r} is no host", f"it looks like one of: {FORMS}")
    return HostRule(name, port=port)


def check_host(hosts: Sequence[str], url: str) -> None:
    """Refuse an address that the list does not hold; an empty list holds every host.

    Raises:
        ConfigError: naming the host and the list, or an entry that cannot be read.
    """
    rules = [read_rule(entry) for entry in hosts]
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    if rules and not any(rule.allows(host, port) for rule in rules):
        told = f"{host} is not among the hosts that may be sent to ({', '.join(hosts)})"
        raise ConfigError(told, f"add {host} to privacy.allow_hosts if pages and pictures may go there")


def check_outbound(config: Config, model: ModelConfig, environment: Mapping[str, str] | None = None) -> None:
    """Refuse a model that may not be asked: off the allow-list, or any over the network with `privacy.offline`.

    A client that leaves the machine for nothing passes. Offline means no network client at all, a server on this
    machine included: what that one does with what it is sent, nothing here can know.

    Raises:
        ConfigError: saying which setting refuses it.
    """
    for entry in config.privacy.allow_hosts:
        read_rule(entry)
    if not config.privacy.offline and not config.privacy.allow_hosts:
        return
    client = model.client or ("openai" if model.model else None)
    if client is None or not load("llm", client).is_network:
        return
    if config.privacy.offline:
        told = f"--offline (privacy.offline) refuses the client `{client}`: it would send pages and pictures"
        hint = (
            "--online takes it back, also where this run remembers it. A server on this machine counts too: to reach "
            "only that, use --online and set privacy.allow_hosts to [localhost]. Without a network: `generate.client: "
            "extractive` or `replay`; `--only` runs a later stage on what is there already"
        )
        raise ConfigError(told, hint)
    check_host(config.privacy.allow_hosts, find_address(model.base_url, environment))


def _split_port(text: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\[[^\]]+\]|[^:\s]+):(\d{1,5})", text)
    return (match[1], int(match[2])) if match else (text, None)


def _fold(host: str) -> str:
    """Lower case, without a closing dot, names of other scripts as they travel."""
    plain = host.strip().strip("[]").rstrip(".").lower()
    if plain.isascii():
        return plain
    try:
        return plain.encode("idna").decode("ascii")
    except UnicodeError:
        return plain


def _read_address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
