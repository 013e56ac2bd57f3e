"""The model server of the tests with a bill: replies are as many tokens as a law says, whatever their text."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from typing import Any

from tests.llm.length_laws import draw_length
from tests.model_server import ModelServer, read_user_text

USD_PER_INPUT_TOKEN, USD_PER_OUTPUT_TOKEN = 1e-6, 10e-6
SYSTEM_TOKENS = 900  # of the system text and the schema, as this server counts them
IMAGE_TOKENS = 765


class LengthServer(ModelServer):
    """`law` names one of `length_laws`; `bill` holds one entry per reply."""

    def __init__(self, law: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.law = law
        self.bill: list[dict[str, float]] = []

    @property
    def billed_usd(self) -> float:
        return sum(entry["usd"] for entry in self.bill)

    def _build_completion(self, body: dict[str, Any], fault: str | None, signature: str) -> dict[str, Any]:
        completion = super()._build_completion(body, fault, signature)
        content = body["messages"][-1]["content"]
        n_images = 0 if isinstance(content, str) else sum(part["type"] == "image_url" for part in content)
        sent = SYSTEM_TOKENS + len(read_user_text(body)) // 4 + IMAGE_TOKENS * n_images
        usage = completion["usage"]
        usage["prompt_tokens"] = sent
        if self.law is not None:
            key = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()
            usage["completion_tokens"] = draw_length(self.law, key, sent)
        usage["total_tokens"] = sent + usage["completion_tokens"]
        usd = sent * USD_PER_INPUT_TOKEN + usage["completion_tokens"] * USD_PER_OUTPUT_TOKEN
        self.bill.append({"usd": usd, "input": sent, "output": usage["completion_tokens"]})
        return completion


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--law")
    options = parser.parse_args()
    asyncio.run(LengthServer(options.law, port=options.port).run())


if __name__ == "__main__":
    main()
