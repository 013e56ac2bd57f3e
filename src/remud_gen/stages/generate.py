"""Pairs and passages -> quadruplets, by asking a model about one image, or one passage, and its words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import get_args

from remud_gen.config import Config
from remud_gen.llm.allow_list import check_outbound
from remud_gen.llm.build import Origin, build_quadruplet
from remud_gen.llm.endpoint import check_url
from remud_gen.llm.gateway import choose_client
from remud_gen.llm.given import build_given, describe_question, explain_unfit, settle_answer, wants_thinking
from remud_gen.llm.mix import choose_mix, render_mix
from remud_gen.llm.reply import ReplyItem, strict_schema
from remud_gen.llm.screening import make_reader
from remud_gen.llm.shield import IdentifiersFound, Shield
from remud_gen.llm.spans import build_spans, render_spans
from remud_gen.llm.structured import Answer, ask_for_items
from remud_gen.prompts import Prompt, load_prompt
from remud_gen.protocols import Asker, ModelReply, ModelRequest, WantedItem
from remud_gen.records import (
    Evidence,
    GenerateInput,
    Generation,
    ImageTextPair,
    Language,
    Passage,
    Quadruplet,
    QuestionItem,
    ThinkingSource,
)
from remud_gen.registry import load
from remud_gen.stages.base import AsyncStage, Failure, Rejection, StageContext

PROMPTS = ("vqa", "qa", "bank", "reask")
TEMPLATED_CLIENTS = {"extractive"}  # their thinking is a fixed form, no thought of a model
Outcome = Quadruplet | Failure | Rejection[Quadruplet]


class GenerateStage(AsyncStage[GenerateInput, Quadruplet]):
    """Ask for questions, thinking and answers, each fact with the words it rests on."""

    name, version = "generate", 1

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._options = config.generate
        self._prompts: dict[tuple[str, Language], Prompt] = {
            (name, language): load_prompt(name, language, self._options.prompts)
            for name in PROMPTS
            for language in get_args(Language)
        }
        self._schema = strict_schema()
        self._shield = Shield(config)

    def setup(self, context: StageContext) -> None:
        """Remember where pictures lie, for masked ones."""
        self._shield = Shield(self.config, context.images, make_reader(self.config, context.images))

    def settings(self) -> Mapping[str, object]:
        """All that shapes a reply or what is made of it; where the endpoint is and how fast it is asked does not."""
        options = self._options
        client: str | None = options.client or ("openai" if options.model else None)
        shaping = ["items_per_pair", "items_per_passage", "reasoning_share", "thinking", "language", "seed"]
        if client not in TEMPLATED_CLIENTS:
            shaping += ["temperature", "max_output_tokens", "max_image_side_px"]
        return {
            "client": client,
            # The model of a client that needs none names the version of its rules.
            "model": load("llm", client).model if client in TEMPLATED_CLIENTS else options.model,
            "min_confidence": options.min_confidence,
            **{name: getattr(options, name) for name in shaping},
            "prompts": {prompt.label: prompt.sha256 for prompt in self._prompts.values()},
            "privacy": self.config.privacy.model_dump(include={"clinical", "books"}),
        }

    def libraries(self) -> Sequence[str]:
        """json-repair decides what is read out of a broken reply, rapidfuzz what the model-free client composes."""
        return ("json-repair", "rapidfuzz")

    def check(self) -> None:
        """Refuse to start without a model, or with an address that is none. A key is needed only once there is
        something to ask: what was asked before can be filtered and exported without one.
        """
        choose_client(self._options)
        if self._options.base_url is not None:
            check_url(self._options.base_url)
        check_outbound(self.config, self._options)

    async def process(self, item: GenerateInput, gateway: Asker) -> AsyncIterator[Outcome]:
        """Every quadruplet of one input; items that could not be read follow as failures."""
        try:
            item = await self._shield.apply(item)
        except IdentifiersFound as found:
            yield Rejection(found.code, f"{found.message}; {found.hint}")
            return
        if isinstance(item, QuestionItem):
            yield await self._take_given(item, gateway)
            return
        spans = build_spans(item)
        rejection = self._judge(item, spans)
        if rejection is not None:
            yield rejection
            return
        wanted = choose_mix(item.id, spans, self._options, is_visual=isinstance(item, ImageTextPair))
        first_number = 0
        for lines in self._split(wanted):
            request = self._build_request(item, spans, lines)
            answer = await ask_for_items(gateway, request, self._prompts["reask", self._language(item)])
            for outcome in self._read(item, request, answer, first_number):
                yield outcome
            if answer.parsed.unusable_reason is not None:
                return
            first_number += len(lines)

    async def _take_given(self, item: QuestionItem, gateway: Asker) -> Outcome:
        """A bank's question with the bank's answer; a model adds no more than the thinking, and only where wanted."""
        unfit, options = explain_unfit(item), self._options
        if unfit is not None:
            return Rejection("UNUSABLE", unfit)
        client = options.client or ("openai" if options.model else None)
        is_asked = client not in TEMPLATED_CLIENTS and options.thinking != "none"
        if not is_asked or not wants_thinking(item, options.reasoning_share, options.seed):
            return build_given(item)
        request = self._ask_to_think(item)
        answer = await ask_for_items(gateway, request, self._prompts["reask", item.language])
        if answer.parsed.unusable_reason is not None:
            return Rejection("UNUSABLE", answer.parsed.unusable_reason)
        for _, entry in answer.parsed.items[:1]:
            reasoned = entry.model_copy(update={"style": "reasoning"})
            thinking, source = self._take_thinking(reasoned, answer.reply)
            if thinking:
                return build_given(item, _describe(request, answer, source), thinking)
        told = "the reply holds no thinking"
        return Failure(
            "NO_THINKING", told, "--retry-errors asks again; if it stays so, use a stronger model", answer.replies
        )

    def _ask_to_think(self, item: QuestionItem) -> ModelRequest:
        prompt = self._prompts["bank", item.language]
        values = {
            "question": describe_question(item),
            "answer": settle_answer(item),
            "spans": render_spans(item.evidence),
        }
        return ModelRequest(
            purpose="bank",
            prompt=prompt.label,
            prompt_sha256=prompt.sha256,
            system=prompt.system,
            user=prompt.render(values),
            images=(item.image,) if item.image is not None else (),
            spans=item.evidence,
            schema=self._schema,
            language=item.language,
            params=self._list_params(is_visual=item.image is not None),
            payload=item,
        )

    def _judge(self, item: ImageTextPair | Passage, spans: tuple[Evidence, ...]) -> Rejection[Quadruplet] | None:
        """Inputs that are not worth a question."""
        if not spans:
            return Rejection("NO_EVIDENCE", "no words belong to it that an answer could rest on")
        if isinstance(item, Passage):
            return None if self._options.items_per_passage else Rejection("NOT_WANTED", "items_per_passage is 0")
        if item.confidence < self._options.min_confidence:
            told = f"pairing confidence {item.confidence:.2f} is below {self._options.min_confidence:.2f}"
            return Rejection("LOW_CONFIDENCE", f"{told} ({', '.join(item.flags) or 'no flags'})")
        return None

    def _split(self, wanted: tuple[WantedItem, ...]) -> list[tuple[WantedItem, ...]]:
        """One request for all items; one each where the model's own trace is wanted, which is one per request."""
        return [(line,) for line in wanted] if self._options.thinking == "native" else [wanted]

    def _language(self, item: GenerateInput) -> Language:
        return item.language if self._options.language == "source" else self._options.language

    def _build_request(
        self, item: ImageTextPair | Passage, spans: tuple[Evidence, ...], wanted: tuple[WantedItem, ...]
    ) -> ModelRequest:
        is_visual = isinstance(item, ImageTextPair)
        purpose, language = "vqa" if is_visual else "qa", self._language(item)
        prompt = self._prompts[purpose, language]
        return ModelRequest(
            purpose=purpose,
            prompt=prompt.label,
            prompt_sha256=prompt.sha256,
            system=prompt.system,
            user=prompt.render({"count": len(wanted), "mix": render_mix(wanted), "spans": render_spans(spans)}),
            images=(item.image,) if isinstance(item, ImageTextPair) else (),
            spans=spans,
            schema=self._schema,
            language=language,
            params=self._list_params(is_visual=is_visual),
            wanted=wanted,
            payload=item,
        )

    def _list_params(self, *, is_visual: bool) -> dict[str, object]:
        options = self._options
        params: dict[str, object] = {
            "temperature": options.temperature,
            "max_output_tokens": options.max_output_tokens,
            "seed": options.seed,
        }
        return {**params, "max_image_side_px": options.max_image_side_px} if is_visual else params

    def _read(
        self, item: ImageTextPair | Passage, request: ModelRequest, answer: Answer, first_number: int
    ) -> list[Outcome]:
        parsed = answer.parsed
        if parsed.unusable_reason is not None:
            return [Rejection("UNUSABLE", parsed.unusable_reason)]
        outcomes: list[Outcome] = []
        for number, entry in parsed.items:
            thinking, source = self._take_thinking(entry, answer.reply)
            generation = _describe(request, answer, source)
            origin = Origin(item, request.spans, self._language(item), generation)
            outcomes.append(build_quadruplet(origin, first_number + number, entry, thinking))
        outcomes.extend(
            Failure(problem.code, problem.message, problem.hint, answer.replies) for problem in parsed.problems
        )
        return outcomes

    def _take_thinking(self, entry: ReplyItem, reply: ModelReply) -> tuple[str | None, ThinkingSource]:
        """The model's own trace if that is wanted and there is one, else the reply's field."""
        wish = self._options.thinking
        if wish == "none" or (wish == "native" and entry.style == "direct"):
            return None, "none"
        if wish == "native" and reply.reasoning and reply.text:
            return reply.reasoning, "native"
        if entry.thinking is None:
            return None, "none"
        return entry.thinking, "templated" if reply.client in TEMPLATED_CLIENTS else "field"


def _describe(request: ModelRequest, answer: Answer, source: ThinkingSource) -> Generation:
    reply = answer.reply
    return Generation(
        client=reply.client,
        model=reply.model,
        prompt=request.prompt,
        prompt_sha256=request.prompt_sha256,
        request_sha256=reply.request_sha256,
        thinking_source=source,
        finish_reason=reply.finish_reason,
        repair_steps=answer.parsed.steps,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        cost_usd=reply.cost_usd,
    )
