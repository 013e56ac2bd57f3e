"""Where the model is and which key opens it. Keys come from the environment or .env alone and are never shown."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from remud_gen.errors import ConfigError
from remud_gen.rules.late import compile_late

KEY_NAMES = ("REMUD_API_KEY", "OPENAI_API_KEY")
DEFAULT_BASE_URL = "https://api.openai.com/v1"
PLACEHOLDER_KEY = "none"  # the client insists on one; local servers ignore it
SECRET_SHAPE = compile_late(r"\b(?:sk|pk|key|gsk|xai|hf|ark)[-_][A-Za-z0-9*_-]{6,}|Bearer\s+\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible address with its key, which no repr shows."""

    base_url: str
    api_key: str = field(repr=False)

    @property
    def host(self) -> str:
        """The host that requests go to."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def has_key(self) -> bool:
        """Was a key set? An address on this machine may go without."""
        return self.api_key != PLACEHOLDER_KEY

    @property
    def is_local(self) -> bool:
        """Does it run on this machine?"""
        return _is_local(self.host)

    def scrub(self, text: str) -> str:
        """A text from outside without anything that is, or looks like, a key."""
        if len(self.api_key) > len(PLACEHOLDER_KEY):
            text = text.replace(self.api_key, "[key]")
        return SECRET_SHAPE.sub("[key]", text)


def find_endpoint(base_url: str | None, environment: Mapping[str, str] | None = None) -> Endpoint:
    """Resolve address and key; an address on this machine may go without a key.

    `environment` stands in for the process's own variables and the .env file of the working folder.

    Raises:
        ConfigError: the address is none or holds a password, or a remote one has no key.
    """
    values = _read_environment() if environment is None else environment
    url = find_address(base_url, values)
    host = check_url(url)
    key = next((values[name].strip() for name in KEY_NAMES if values.get(name, "").strip()), None)
    if key is None:
        if not _is_local(host):
            raise ConfigError(
                f"no key for {host}", f"set {' or '.join(KEY_NAMES)} in the environment or in a .env file"
            )
        key = PLACEHOLDER_KEY
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError("the key holds characters that no key has", f"look at {' and '.join(KEY_NAMES)} again")
    return Endpoint(url.rstrip("/"), key)


def find_address(base_url: str | None, environment: Mapping[str, str] | None = None) -> str:
    """Where requests go: the configured address, else the environment's, else OpenAI's own."""
    values = _read_environment() if environment is None else environment
    return (base_url or values.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL).strip()


def _read_environment() -> dict[str, str]:
    file = Path.cwd() / ".env"
    found = dotenv_values(file) if file.is_file() else {}
    return {**{name: value for name, value in found.items() if value is not None}, **os.environ}


def check_url(url: str) -> str:
    """The host of an address; ConfigError when it is none, or holds what must not be written down."""
    hint = "it looks like http://localhost:8000/v1"
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ConfigError("generate.base_url is not an address", hint) from None
    if parts.username or parts.password or parts.query:
        raise ConfigError(
            "generate.base_url must hold neither a password nor a query", f"put the key into {KEY_NAMES[0]}"
        )
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigError(f"generate.base_url {url!r} is not an address", hint)
    return host


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
