"""What an HTTP error of a model endpoint means: wait, give up on this request, or stop the run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from remud_gen.errors import ProviderError, RecordError, RemudError
from remud_gen.llm.retry import TransientError
from remud_gen.rules.late import compile_late

QUOTA = compile_late(
    r"insufficient.?(quota|balance|credit|fund)|billing|exceeded your current quota|arrear", re.IGNORECASE
)
NO_MODEL = compile_late(
    r"model.{0,80}(not found|not exist|no such|unknown|invalid|not supported|unavailable)|"
    r"(no such|unknown|invalid|unsupported) model|model_not_found|does not exist",
    re.IGNORECASE | re.DOTALL,
)
NO_VISION = compile_late(
    r"image.{0,80}(not supported|unsupported|only supported|not allowed)|does not support (image|vision|multimodal)|"
    r"not a multimodal model|unknown variant.{0,4}image_url",
    re.IGNORECASE | re.DOTALL,
)
FILTERED = compile_late(
    r"content.?(filter|management|policy)|moderation|data_?inspection|flagged|sensitive", re.IGNORECASE
)
TOO_LONG = compile_late(
    r"context.{0,20}(length|window)|maximum.{0,30}tokens|too (long|large|many tokens)", re.IGNORECASE
)
# By their keys: a command that looks at pages has no flags for them.
MODEL_KEY = "the model of generate (or vision, or judge)"
ADDRESS_KEY = "the base_url of generate (or vision, or judge)"
BUSY_HINT = "lower generate.concurrency if the endpoint is busy,"
BUSY_STATUS = {429: "RATE_LIMITED", 503: "OVERLOADED", 529: "OVERLOADED"}
TRANSIENT_STATUS = {408, 409, 425, 429}


def read_refusal(
    status: int, message: str, headers: Mapping[str, str], model: str, host: str, *, has_key: bool = True
) -> RemudError:
    """The error that an HTTP status with its message stands for; `message` must be free of keys already."""
    told = " ".join(message.split())[:300]
    if status == 401 and not has_key:
        hint = "set REMUD_API_KEY or OPENAI_API_KEY in the environment or in a .env file"
        return ProviderError(f"{host} wants a key, and none is set (HTTP 401): {told}", hint)
    stop = _find_stop(status, told, model, host)
    if stop is not None:
        return stop
    if status in TRANSIENT_STATUS or status >= 500:
        code = BUSY_STATUS.get(status, "SERVER_ERROR")
        hint = f"{BUSY_HINT} or raise generate.max_attempts; --retry-errors asks again"
        return TransientError(code, f"HTTP {status} from {host}: {told}", hint, read_retry_after_s(headers))
    if FILTERED.search(told):
        hint = "use an endpoint whose filter lets medical images pass"
        return RecordError("CONTENT_FILTER", f"the endpoint's content filter refused the request: {told}", hint)
    if status == 413 or TOO_LONG.search(told):
        hint = "lower generate.max_output_tokens or generate.max_image_side_px, or use a model with a longer context"
        return RecordError("REQUEST_TOO_LONG", f"HTTP {status} from {host}: {told}", hint)
    hint = "the endpoint's words say why: mend the settings of generate, then add --retry-errors"
    return RecordError("REQUEST_REFUSED", f"HTTP {status} from {host}: {told}", hint)


def tell_body(body: object) -> str:
    """An endpoint's own words about an error, without what is wrapped around them."""
    if isinstance(body, Mapping):
        inner = body.get("error")
        if isinstance(inner, Mapping):
            return tell_body(inner)
        words = [str(body[name]) for name in ("message", "code", "param", "type", "detail", "error") if body.get(name)]
        if words:
            return " · ".join(words)
    return str(body)


def _find_stop(status: int, told: str, model: str, host: str) -> ProviderError | None:
    """The errors that every further request would meet too."""
    if status == 401 or (status == 403 and not FILTERED.search(told)):
        hint = "look at REMUD_API_KEY, or OPENAI_API_KEY where it is not set, and whether the key is for this address"
        return ProviderError(f"{host} refuses the key (HTTP {status}): {told}", hint)
    if status == 402 or (status in {403, 429} and QUOTA.search(told)):
        return ProviderError(f"{host} reports an empty account (HTTP {status}): {told}", "top up, then run again")
    if status in {301, 302, 303, 307, 308}:
        return ProviderError(f"{host} redirects elsewhere (HTTP {status})", f"set {ADDRESS_KEY} to where it points")
    if status == 404:
        hint = f"look at {MODEL_KEY} and {ADDRESS_KEY}; an address usually ends in /v1"
        if NO_MODEL.search(told) or model in told:
            return ProviderError(f"{host} knows no model {model!r} at this address (HTTP 404): {told}", hint)
        hint = f"an address usually ends in /v1: look at {ADDRESS_KEY}, then at {MODEL_KEY}"
        return ProviderError(f"{host} takes no chat completions at this address (HTTP 404): {told}", hint)
    if status in {400, 422} and NO_VISION.search(told):
        return ProviderError(f"model {model!r} takes no images: {told}", f"name one that does as {MODEL_KEY}")
    if status in {400, 422} and NO_MODEL.search(told):
        return ProviderError(f"{host} knows no model {model!r}: {told}", f"look at {MODEL_KEY}")
    return None


def read_retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait: Retry-After as seconds or as a date, or retry-after-ms."""
    milliseconds, after = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
        return None if after is None else max(0.0, float(after))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(after or "")
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
