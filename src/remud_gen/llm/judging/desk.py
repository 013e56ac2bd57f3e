"""Where probes ask: builds requests about a finished record, without a word on who wrote it, and reads the replies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel

from remud_gen.config import JudgeConfig
from remud_gen.errors import RecordError
from remud_gen.llm.conclusions import compare_answers, find_option, read_yes_no
from remud_gen.llm.judging.case import Asking
from remud_gen.llm.judging.replies import FORMS, SCHEMAS, ReplySame, make_reader
from remud_gen.llm.structured import HINTS as ITEM_HINTS
from remud_gen.llm.structured import ask_and_read
from remud_gen.prompts import Prompt, load_prompt
from remud_gen.protocols import Asker, ModelRequest
from remud_gen.records import ImageRef, Language, Quadruplet
from remud_gen.rules.banners import is_clinical

Reply = TypeVar("Reply", bound=BaseModel)
Prompts = Mapping[tuple[str, Language], Prompt]
ASK_AGAIN = "--retry-errors asks again; if it stays so, "
HINTS = {
    **{code: ITEM_HINTS[code] for code in ("CONTENT_FILTER", "REFUSAL")},
    "REPLY_TRUNCATED": f"{ASK_AGAIN}raise judge.max_output_tokens",
    "EMPTY_REPLY": f"{ASK_AGAIN}raise judge.max_output_tokens: long thinking may leave no tokens for the reply",
    "JSON_INVALID": f"{ASK_AGAIN}use a model that keeps to a JSON schema",
}


_LANGUAGES: tuple[Language, ...] = get_args(Language)


def load_prompts(config: JudgeConfig, folder: Path | None) -> Prompts:
    """The prompts of the probes that are switched on, and those that help them."""
    wanted = {"swapped_image": "reanswer"}
    names = {wanted.get(probe, probe) for probe in config.probes}
    names |= {"conclude"} if "reanswer" in config.probes else set()
    names |= {"reask"} | ({"same"} if names & {"blind", "reanswer"} else set())
    return {(name, language): load_prompt(name, language, folder) for name in sorted(names) for language in _LANGUAGES}


class Desk:
    """Asks one model about finished records; equal questions are paid for once."""

    def __init__(self, config: JudgeConfig, prompts: Prompts, asker: Asker) -> None:
        self.config = config
        self._prompts, self._asker = prompts, asker

    async def ask(
        self,
        form: type[Reply],
        record: Quadruplet,
        values: Mapping[str, object],
        images: tuple[ImageRef, ...] = (),
        sample: int | None = None,
    ) -> Reply:
        """The reply to one prompt; `sample` numbers questions that are asked more than once.

        Raises:
            RecordError: the reply could not be read or the request failed.
        """
        name = next(prompt for prompt, known in FORMS.items() if known is form)
        request = self._build(name, record, values, images, sample)
        try:
            reask = self._prompts["reask", record.language]
            return (await ask_and_read(self._asker, request, reask, make_reader(form)))[1]
        except RecordError as error:
            error.hint = HINTS.get(error.code, error.hint)
            raise

    async def agrees(self, record: Quadruplet, asking: Asking, answer: str | None, key: str | None) -> bool | None:
        """Whether an answer that was given anew is the record's own; None where that cannot be told.

        Keys are compared by rule. Open answers that no rule tells apart are shown to the model side by side.
        """
        if record.form == "mcq":
            chosen = find_option(asking.options, answer or "", key)
            return None if chosen is None or asking.key is None else chosen == asking.key
        if record.form == "yesno":
            said = read_yes_no(key) or read_yes_no(answer)
            own = record.answer_key or read_yes_no(record.answer)
            return None if said is None or own is None else said == own
        if not answer:
            return None
        if compare_answers(record.answer, answer, record.language) is False:
            return False
        return await self.is_same(record, record.answer, answer)

    async def is_same(self, record: Quadruplet, first: str, second: str) -> bool | None:
        """Whether two answers to a record's question say the same, by the model; None where it cannot tell."""
        values = {"first": first, "question": record.question, "second": second}
        return (await self.ask(ReplySame, record, values)).same

    def _build(
        self,
        name: str,
        record: Quadruplet,
        values: Mapping[str, object],
        images: tuple[ImageRef, ...],
        sample: int | None,
    ) -> ModelRequest:
        prompt, config = self._prompts[name, record.language], self.config
        params: dict[str, object] = {
            "temperature": config.temperature if sample is None else config.sampling_temperature,
            "max_output_tokens": config.max_output_tokens,
        }
        if sample is not None:
            params["seed"] = config.seed + sample
        if images:
            params["max_image_side_px"] = config.max_image_side_px
        return ModelRequest(
            purpose=name,
            prompt=prompt.label,
            prompt_sha256=prompt.sha256,
            system=prompt.system,
            user=prompt.render(values).strip(),
            images=images,
            schema=SCHEMAS[name],
            language=record.language,
            params=params,
            payload=record,
            is_private=is_clinical(record.source),
        )
