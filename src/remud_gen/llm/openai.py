"""Client for any OpenAI-compatible endpoint: OpenAI, vLLM, SGLang, Ollama, llama.cpp, DeepSeek, DashScope, …"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import httpx2  # the openai package's own transport: its limits are set with it
import openai

from remud_gen.config import ModelConfig
from remud_gen.errors import ConfigError, ProviderError, RecordError, RemudError
from remud_gen.llm.batch_api import BatchApi
from remud_gen.llm.body import write_body
from remud_gen.llm.connections import CONNECT_TIMEOUT_S, Connections
from remud_gen.llm.dialect import OPTIONAL, Dialect
from remud_gen.llm.endpoint import KEY_NAMES, Endpoint, find_endpoint
from remud_gen.llm.images import encode_image
from remud_gen.llm.memory import DialectMemory
from remud_gen.llm.message import find_choice, keep_storable, read_message
from remud_gen.llm.prober import Prober
from remud_gen.llm.refusals import ADDRESS_KEY, read_refusal, tell_body
from remud_gen.llm.retry import TransientError
from remud_gen.llm.usage import read_usage
from remud_gen.protocols import ImageStore, ModelReply, ModelRequest

ASK_LATER = "once it answers well, --retry-errors asks again"
SMALL_BYTES = 256 * 2**10
MAX_DIALECTS = 10  # more refusals in a row than there are ways to phrase a request


class OpenAIClient:
    """Sends chat completions, images first, then text; one connection pool per process, closed at the end.

    What the endpoint does not understand (a strict schema, a parameter) is found out by its refusal, once, and left
    out from then on. The package's own retries are off: the gateway tries again.
    """

    name: ClassVar[str] = "openai"
    is_network: ClassVar[bool] = True

    def __init__(self, config: ModelConfig, images: ImageStore, environment: Mapping[str, str] | None = None) -> None:
        if config.model is None:
            hint = "set generate.model (--model, REMUD_MODEL) or vision.model"
            raise ConfigError("client `openai` needs the name of a model", hint)
        self.model = config.model
        self._config, self._images = config, images
        self._endpoint: Endpoint = find_endpoint(config.base_url, environment)
        self._url = f"{self._endpoint.base_url}/chat/completions"
        self._prober = Prober(self._endpoint.base_url, config.model)
        self._connections = Connections(self._endpoint, config.concurrency, config.request_timeout_s)

    def use_memory(self, memory: DialectMemory) -> None:
        """Start from what earlier commands found out about this endpoint, and note what is found out now."""
        self._prober.use_memory(memory)

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Send once (again only where the endpoint asks for another phrasing) and read the reply."""
        content = await self._build_content(request)
        started = time.monotonic()
        for _ in range(MAX_DIALECTS):
            dialect = self._prober.dialect
            body = self._phrase(request, content, dialect)
            try:
                completion, choice = await self._send(body)
            except openai.APIStatusError as error:
                message = self._endpoint.scrub(_tell(error))
                if _is_about_phrasing(error.status_code, message) and self._prober.take_refusal(dialect, message, body):
                    continue
                raise self._refuse(error.status_code, message, error.response.headers) from None
            reply = self._read(completion, choice, time.monotonic() - started)
            self._prober.judge(dialect, request, reply)
            return reply
        told = f"{self._endpoint.host} refuses every way to phrase the request"
        raise RecordError("REQUEST_REFUSED", told, "use another endpoint, or another model there")

    @property
    def is_understood(self) -> bool:
        """Whether it is known how this endpoint wants requests phrased."""
        return self._prober.is_known

    @property
    def dialect(self) -> Dialect:
        """How requests are phrased by now."""
        return self._prober.dialect

    @property
    def batches(self) -> BatchApi:
        """The endpoint's files and batches."""
        return BatchApi(self._endpoint, self._connections, self.model)

    async def build_body(self, request: ModelRequest) -> dict[str, Any]:
        """What `complete` would send, to be sent in another way."""
        return self._phrase(request, await self._build_content(request), self._prober.dialect)

    def read_answer(self, used: Dialect, status: int, body: Any) -> ModelReply:
        """A reply that came in another way than through `complete`.

        Raises:
            TransientError: asking again may help. RecordError: it cannot help this request.
        """
        if status == 200 and isinstance(body, Mapping):
            if (choice := find_choice(body)) is not None:
                return self._read(body, choice)
            raise TransientError("SERVER_ERROR", "a reply is no chat completion", ASK_LATER)
        told = self._endpoint.scrub(tell_body(body))
        _, sent = used.phrase(ModelRequest("", "", "", "", "", schema={}, params=dict.fromkeys(OPTIONAL, 1)))
        if status in {400, 422} and self._prober.take_refusal(used, told, {**sent, "max_tokens": 1}):
            raise TransientError("REPHRASED", f"the endpoint wants requests phrased in another way: {told}", ASK_LATER)
        refusal = self._refuse(status, told, {})
        if isinstance(refusal, RecordError):
            raise refusal
        raise RecordError("REQUEST_REFUSED", refusal.message, refusal.hint)

    def _refuse(self, status: int, message: str, headers: Mapping[str, str]) -> RemudError:
        endpoint = self._endpoint
        return read_refusal(status, message, headers, self.model, endpoint.host, has_key=endpoint.has_key)

    def report_headers_to(self, observe: Callable[[Mapping[str, str]], None]) -> None:
        """Call this with the headers of every answer."""
        self._connections.observe = observe

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    async def _build_content(self, request: ModelRequest) -> str | list[dict[str, Any]]:
        if not request.images:
            return request.user
        side_px = int(request.params.get("max_image_side_px", self._config.max_image_side_px))
        parts: list[dict[str, Any]] = []
        for image in request.images:
            path = self._images.path(image)
            # A small one is there sooner than a thread would be.
            is_small = max(image.width_px, image.height_px) <= side_px and path.stat().st_size <= SMALL_BYTES
            url = encode_image(path, side_px) if is_small else await asyncio.to_thread(encode_image, path, side_px)
            parts.append({"type": "image_url", "image_url": {"url": url}})
        return [*parts, {"type": "text", "text": request.user}]

    def _phrase(self, request: ModelRequest, content: str | list[dict[str, Any]], dialect: Dialect) -> dict[str, Any]:
        system, params = dialect.phrase(request)
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": content})
        return {"model": self.model, "messages": messages, **params}

    async def _send(self, body: dict[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What the endpoint said, and the first choice in it."""
        limit_s, host = self._config.request_timeout_s, self._endpoint.host
        try:
            # The package's time limit is per read: a server that trickles would never meet it.
            with self._connections.lend_for_question() as client:
                async with asyncio.timeout(limit_s):
                    # `chat.completions.create` would walk through the whole schema to find nothing to change in it,
                    # and make objects of the whole answer: that takes half the time of a request.
                    response = await client.post(self._url, cast_to=httpx2.Response, content=write_body(body))
        except (TimeoutError, openai.APITimeoutError) as error:
            is_unreachable = isinstance(error.__cause__, httpx2.ConnectTimeout)
            hint = "raise generate.request_timeout_s, or lower generate.concurrency if the server is busy; " + ASK_LATER
            told = f"{host} did not answer within {limit_s:g} s"
            raise TransientError("TIMEOUT", told, hint, is_unreachable=is_unreachable) from None
        except openai.APIConnectionError as error:
            raise self._explain_lost(error) from None
        return self._open_answer(response)

    def _open_answer(self, response: httpx2.Response) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        host = self._endpoint.host
        completion: Any = None
        try:
            completion = json.loads(response.content)
        except (ValueError, RecursionError):
            if "json" in response.headers.get("content-type", "json"):
                told = f"{host} sent a body that breaks off or is no JSON"
                raise TransientError("CONNECTION_LOST", told, ASK_LATER) from None
        choice = find_choice(completion)
        if choice is None:
            said = completion.get("error") if isinstance(completion, Mapping) else None
            told = self._endpoint.scrub(str(said or "no choices in it"))
            hint = f"is {ADDRESS_KEY} an OpenAI-compatible address, ending in /v1? {ASK_LATER}"
            raise TransientError("SERVER_ERROR", f"{host} sent a reply that is no chat completion: {told[:200]}", hint)
        return completion, choice

    def _explain_lost(self, error: openai.APIConnectionError) -> RecordError | ProviderError:
        cause, host = error.__cause__, self._endpoint.host
        if isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError):
            return ProviderError(f"no request can be made to {host} ({type(cause).__name__})", f"look at {ADDRESS_KEY}")
        if isinstance(cause, httpx2.ConnectError | httpx2.ProxyError):
            told = f"{self._endpoint.base_url} cannot be reached: {self._endpoint.scrub(str(cause))}"
            return TransientError("UNREACHABLE", told, f"is the server running, is {ADDRESS_KEY} right?", None, True)
        return TransientError("CONNECTION_LOST", f"the connection to {host} broke ({type(cause).__name__})", ASK_LATER)

    def _read(self, completion: Mapping[str, Any], choice: Mapping[str, Any], seconds: float = 0.0) -> ModelReply:
        """A choice and the completion around it -> the reply, whatever field its parts came in."""
        text, reasoning, finish_reason = read_message(choice)
        usage = read_usage(completion.get("usage"))
        named = completion.get("model")
        return ModelReply(
            client=self.name,
            model=keep_storable(named) if named and isinstance(named, str) else self.model,
            text=keep_storable(text),
            reasoning=keep_storable(reasoning) if reasoning else None,
            finish_reason=finish_reason,
            input_tokens=usage.input,
            output_tokens=usage.output,
            seconds=round(seconds, 3),
            cached_tokens=usage.cached,
            reasoning_tokens=usage.reasoning,
        )


def _is_about_phrasing(status: int, message: str) -> bool:
    # llama-cpp-python answers 500 to a form it does not know, with the traceback of its validation.
    return status in {400, 422} or (status == 500 and "response_format" in message)


def _tell(error: openai.APIStatusError) -> str:
    """The endpoint's own words, without the envelope the package puts around them."""
    return tell_body(error.body) if error.body else error.message


def check_endpoint(config: ModelConfig, environment: Mapping[str, str] | None = None) -> str:
    """Ask an endpoint for its models, which costs nothing, and say what is there.

    Raises:
        ConfigError: no key or no address. ProviderError: it refuses, is not there, or does not know the model.
    """
    endpoint = find_endpoint(config.base_url, environment)
    model = config.model or ""
    # Redirects are not followed: they would carry the key to a host that nobody named.
    transport = openai.DefaultHttpxClient(follow_redirects=False, timeout=CONNECT_TIMEOUT_S)
    with openai.OpenAI(
        api_key=endpoint.api_key, base_url=endpoint.base_url, max_retries=0, http_client=transport
    ) as client:
        try:
            known = [entry.id for entry in client.models.list()]
        except openai.APIStatusError as error:
            if error.status_code in {404, 405, 501}:
                return f"{endpoint.host} answers; it lists no models, so {model} could not be looked up"
            message = endpoint.scrub(_tell(error))
            told = f"{endpoint.host} refuses ({error.status_code}): {message}"
            hint = "look at the key and its rights" if endpoint.has_key else f"no key is set: set {KEY_NAMES[0]}"
            raise ProviderError(told, hint) from None
        except (openai.APIConnectionError, openai.APIResponseValidationError, json.JSONDecodeError) as error:
            told = f"{endpoint.base_url} cannot be reached ({type(error).__name__})"
            raise ProviderError(told, f"is the server running, is {ADDRESS_KEY} right?") from None
    if model not in known:
        raise ProviderError(f"{endpoint.host} does not list {model}", f"it lists: {', '.join(sorted(known)[:8])}")
    return f"{model} at {endpoint.host}"
