"""The files and batches of an OpenAI-compatible endpoint: hand requests over, look after them, fetch what came.

Every call here may be made again: an upload costs nothing, a look changes nothing, and whether a batch was made is
found out by its metadata before another one is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2  # the openai package's own transport: what breaks while a file is read comes as its errors
import openai

from remud_gen.errors import ProviderError
from remud_gen.llm.connections import Connections
from remud_gen.llm.endpoint import Endpoint
from remud_gen.llm.refusals import read_refusal, tell_body
from remud_gen.llm.retry import TransientError

COMPLETIONS: Literal["/v1/chat/completions"] = "/v1/chat/completions"
UPLOAD_TIMEOUT_S = 3600.0
ENDED = {"completed", "failed", "expired", "cancelled"}
PLAN, FILE = "remud_plan", "remud_file"  # names in a batch's metadata
LISTED_EARLIER_S = 3600  # clocks of an endpoint and of this machine differ


@dataclass(frozen=True, slots=True)
class BatchState:
    """How a batch stands at its endpoint."""

    id: str
    status: str
    n_ended: int  # requests it has done with, well or not
    files: tuple[str, ...]  # what may be fetched: replies, errors
    told: str  # why it failed, if it did

    @property
    def has_ended(self) -> bool:
        """Nothing more will come of it."""
        return self.status in ENDED


class BatchApi:
    """One endpoint's batches.

    Raises:
        TransientError: the call may be made again. ProviderError: no call like it can succeed.
    """

    def __init__(self, endpoint: Endpoint, connections: Connections, model: str) -> None:
        self._endpoint, self._connections, self._model = endpoint, connections, model

    @property
    def address(self) -> str:
        """Where the batches are."""
        return self._endpoint.base_url

    async def upload(self, path: Path) -> str:
        """The id of a file of requests, now at the endpoint."""
        with self._calling() as client, path.open("rb") as stream:
            made = await client.files.create(file=(path.name, stream), purpose="batch", timeout=UPLOAD_TIMEOUT_S)
        return made.id

    async def create(self, file_id: str, plan_id: str, sha256: str) -> BatchState:
        """Make a batch of an uploaded file; from here on it costs."""
        with self._calling() as client:
            made = await client.batches.create(
                input_file_id=file_id,
                endpoint=COMPLETIONS,
                completion_window="24h",
                metadata={PLAN: plan_id, FILE: sha256},
            )
        return self._read(made)

    async def look(self, batch_id: str) -> BatchState | None:
        """How a batch stands; None where the endpoint knows it no more."""
        try:
            with self._calling() as client:
                return self._read(await client.batches.retrieve(batch_id))
        except _Unknown:
            return None

    async def find(self, plan_id: str, planned_at: int) -> BatchState | None:
        """The batch that was made of a plan; None if there is none."""
        with self._calling() as client:
            async for batch in client.batches.list(limit=100):
                if (batch.metadata or {}).get(PLAN) == plan_id:
                    return self._read(batch)
                if batch.created_at and batch.created_at < planned_at - LISTED_EARLIER_S:
                    break  # newest first
        return None

    async def fetch(self, file_id: str, path: Path) -> None:
        """Write one of a batch's files to the disk."""
        with self._calling() as client:
            async with client.files.with_streaming_response.content(file_id) as response:
                with path.open("wb") as stream:
                    async for data in response.iter_bytes():
                        stream.write(data)

    def _read(self, batch: Any) -> BatchState:
        counts = getattr(batch, "request_counts", None)
        n_ended = (getattr(counts, "completed", 0) or 0) + (getattr(counts, "failed", 0) or 0)
        files = tuple(name for name in (batch.output_file_id, batch.error_file_id) if name)
        errors = getattr(batch.errors, "data", None) or []
        told = "; ".join(dict.fromkeys(str(getattr(error, "message", error)) for error in errors))
        return BatchState(batch.id, str(batch.status), n_ended, files, self._endpoint.scrub(told)[:300])

    @contextmanager
    def _calling(self) -> Iterator[openai.AsyncOpenAI]:
        host = self._endpoint.host
        try:
            with self._connections.lend() as client:
                yield client
        except openai.APIStatusError as error:
            if error.status_code == 404:
                hint = "leave --batch out, or add --live where the run remembers it: requests are then sent one by one"
                raise _Unknown(f"{host} has no such file or batch, or no batches at all (HTTP 404)", hint) from None
            message = self._endpoint.scrub(tell_body(error.body) if error.body else error.message)
            refusal = read_refusal(
                error.status_code,
                message,
                error.response.headers,
                self._model,
                host,
                has_key=self._endpoint.has_key,
            )
            if isinstance(refusal, TransientError | ProviderError):
                raise refusal from None
            raise ProviderError(refusal.message, refusal.hint) from None
        except (openai.APIError, httpx2.RequestError) as error:
            told = f"the connection to {host} broke ({type(error.__cause__ or error).__name__})"
            raise TransientError("CONNECTION_LOST", told, "run the same command to go on") from None


class _Unknown(ProviderError):  # noqa: N818 - an answer, not a fault
    """The endpoint answers that it has no such thing."""
