"""Pairs and passages -> quadruplets, by asking a model about one image, or one passage, and its words."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from remud_gen.config import Config, GenerateConfig
from remud_gen.errors import ConfigError, RecordError
from remud_gen.examples import Example
from remud_gen.llm.allow_list import check_outbound
from remud_gen.llm.build import Origin, Thought, build_quadruplet, make_twin
from remud_gen.llm.endpoint import check_url
from remud_gen.llm.facts import Facts, ask_for_facts
from remud_gen.llm.given import build_given, explain_unfit, wants_thinking
from remud_gen.llm.mix import choose_mix, split_by_form
from remud_gen.llm.negatives import build_negative, choose_partners
from remud_gen.llm.opening import choose_client, name_asked
from remud_gen.llm.problems import state_given, state_problems
from remud_gen.llm.reply import ReplyItem
from remud_gen.llm.requests import RequestBuilder
from remud_gen.llm.screening import make_reader
from remud_gen.llm.shield import IdentifiersFound, Shield
from remud_gen.llm.solve import NO_THINKING
from remud_gen.llm.spans import build_spans
from remud_gen.llm.structured import Answer, ask_for_items
from remud_gen.llm.thinking import TEMPLATED_CLIENTS, Thinker
from remud_gen.llm.together import settle_all
from remud_gen.protocols import Asker, ModelRequest, WantedItem
from remud_gen.records import (
    Evidence,
    GenerateInput,
    Generation,
    ImageTextPair,
    Passage,
    Quadruplet,
    QuestionItem,
)
from remud_gen.registry import load
from remud_gen.stages.base import AsyncStage, Failure, Rejection, StageContext

Outcome = Quadruplet | Failure | Rejection[Quadruplet]
SHAPING = (
    "items_per_pair", "items_per_passage", "reasoning_share", "thinking", "language", "seed", "twins_share",
    "negatives_share",
)  # fmt: skip
SHAPING_OF_MODELS = (
    "temperature", "max_output_tokens", "max_image_side_px", "separate_forms", "facts", "thinking_hint", "samples",
    "rewrites_task_talk",
)  # fmt: skip


class GenerateStage(AsyncStage[GenerateInput, Quadruplet]):
    """Ask for questions, thinking and answers, each fact with the words it rests on."""

    name, version = "generate", 3

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._client = name_asked(config.generate)
        self._is_templated = self._client in TEMPLATED_CLIENTS
        self._options = _simplify(config.generate) if self._is_templated else config.generate
        self._builder = RequestBuilder(self._options, n_examples=self._options.examples)
        self._thinker = Thinker(self._options, self._builder)
        self._shield = Shield(config)
        self._partners: dict[str, ImageTextPair] = {}

    def setup(self, context: StageContext) -> None:
        """Remember where pictures lie, for masked ones."""
        self._shield = Shield(self.config, context.images, make_reader(self.config, context.images))

    def settings(self) -> Mapping[str, object]:
        """All that shapes a reply or what is made of it; where the endpoint is and how fast it is asked does not."""
        options = self._options
        shaping = SHAPING if self._is_templated else SHAPING + SHAPING_OF_MODELS
        return {
            "client": self._client,
            # The model of a client that needs none names the version of its rules.
            "model": load("llm", self._client).model if self._client and self._is_templated else options.model,
            "min_confidence": options.min_confidence,
            "mix": options.mix.model_dump(mode="json"),
            "n_examples": options.examples,
            **{name: getattr(options, name) for name in shaping},
            **self._builder.settings(),
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
        _refuse_idle_samples(self._options)
        if self._options.base_url is not None:
            check_url(self._options.base_url)
        check_outbound(self.config, self._options)

    async def process(self, item: GenerateInput, gateway: Asker) -> AsyncIterator[Outcome]:
        """Every quadruplet of one input; items that could not be read follow as failures."""
        partner = self._partners.pop(item.id, None)
        try:
            item = await self._shield.apply(item)
        except IdentifiersFound as found:
            yield Rejection(found.code, f"{found.message}; {found.hint}")
            return
        if isinstance(item, QuestionItem):
            yield await self._take_given(item, gateway)
            return
        spans = build_spans(item)
        wanted = choose_mix(item.id, spans, self._options, is_visual=isinstance(item, ImageTextPair))
        rejection = self._judge(item, spans, wanted)
        if rejection is not None:
            yield rejection
            return
        facts = await self._find_facts(item, spans, gateway) if self._options.facts else None
        if isinstance(facts, Rejection):
            yield facts
            return
        groups = self._split(wanted)
        starts = accumulate((len(lines) for lines in groups), initial=0)
        calls = [
            self._make(item, spans, lines, first, facts, gateway) for lines, first in zip(groups, starts, strict=False)
        ]
        outcomes = _join(await settle_all(calls))
        for outcome in outcomes:
            yield outcome
        if isinstance(item, ImageTextPair) and partner is not None:
            async for negative in self._make_negative(item, partner, outcomes):
                yield negative

    async def _make(
        self,
        item: ImageTextPair | Passage,
        spans: Sequence[Evidence],
        lines: Sequence[WantedItem],
        first_number: int,
        facts: Facts | None,
        gateway: Asker,
    ) -> list[Outcome]:
        """What comes of one request for questions; their numbers within the input begin at `first_number`.

        Raises:
            RecordError: as `ask_for_items` does.
        """
        is_solved = self._options.thinking == "solve"
        asked = [replace(line, style="direct") for line in lines] if is_solved else lines
        request, examples = self._builder.build_items(item, spans, asked, facts)
        answer = await ask_for_items(gateway, request, self._builder.find_reask(item))
        if answer.parsed.unusable_reason is not None:
            return [Rejection("UNUSABLE", answer.parsed.unusable_reason)]
        origin = self._describe_origin(item, request, answer, examples, facts)
        return [outcome async for outcome in self._read(origin, answer, lines, first_number, gateway)]

    def look_ahead(self, items: Sequence[GenerateInput], asked: Collection[int]) -> None:
        """See all inputs of a part before any of them is asked about: negatives show the image of another one."""
        if self._options.negatives_share:
            pairs = [item for item in items if isinstance(item, ImageTextPair) and self._is_sure(item)]
            partners = choose_partners(pairs, self._options.negatives_share, self._options.seed)
            names = {items[number].id for number in asked}  # nobody would take the others away again
            self._partners |= {name: partner for name, partner in partners.items() if name in names}

    async def _find_facts(
        self, item: ImageTextPair | Passage, spans: Sequence[Evidence], gateway: Asker
    ) -> Facts | Rejection[Quadruplet]:
        request = self._builder.build_facts(item, spans)
        facts = await ask_for_facts(gateway, request, self._builder.find_reask(item), spans)
        if facts.unusable_reason is not None:
            return Rejection("UNUSABLE", facts.unusable_reason)
        if not facts.facts:
            return Rejection("NO_FACTS", f"none of {facts.n_dropped} facts quotes its source")
        return facts

    async def _read(
        self, origin: Origin, answer: Answer, lines: Sequence[WantedItem], first_number: int, gateway: Asker
    ) -> AsyncIterator[Outcome]:
        """The records of one reply, with their thinking; what could not be read follows as failures."""
        entries = [(number, self._settle_style(number, entry, lines)) for number, entry in answer.parsed.items]
        calls = [
            self._thinker.think(
                gateway,
                state_problems(origin, entry),
                [entry.thinking, *(turn.thinking for turn in entry.turns)],
                answer.reply,
                entry.style,
            )
            for _, entry in entries
        ]
        for (number, entry), thought in zip(entries, await settle_all(calls), strict=True):
            if isinstance(thought, RecordError):
                yield Failure(thought.code, thought.message, thought.hint, thought.replies)
                continue
            entry = entry.model_copy(update={"style": "direct"}) if thought.code else entry
            record = build_quadruplet(origin, first_number + number, entry, thought)
            if thought.code:
                yield _flag(record, thought)
                continue
            for twin in make_twin(record) if self._wants_twin(record) else (record,):
                yield twin
        for problem in answer.parsed.problems:
            yield Failure(problem.code, problem.message, problem.hint, answer.replies)

    def _settle_style(self, number: int, entry: ReplyItem, lines: Sequence[WantedItem]) -> ReplyItem:
        """What is to be solved was written in direct form; which questions are reasoned the mix has said."""
        if self._options.thinking != "solve":
            return entry
        return entry.model_copy(update={"style": lines[number].style if number < len(lines) else "direct"})

    def _wants_twin(self, record: Quadruplet) -> bool:
        share = self._options.twins_share
        drawn = int(hashlib.sha256(f"{self._options.seed}/{record.id}/twin".encode()).hexdigest()[:8], 16)
        return record.thinking is not None and record.style == "reasoning" and drawn < share * 0x1_0000_0000

    async def _make_negative(
        self, item: ImageTextPair, partner: ImageTextPair, outcomes: Sequence[Outcome]
    ) -> AsyncIterator[Quadruplet]:
        """One question of this pair, asked of an image that cannot answer it."""
        records = [outcome for outcome in outcomes if isinstance(outcome, Quadruplet)]
        try:
            shown = await self._shield.apply(partner)
        except RecordError:
            return  # what names somebody, or cannot be read, is shown to nobody
        negative = build_negative(records, item, shown) if isinstance(shown, ImageTextPair) else None
        if negative is not None:
            yield negative

    async def _take_given(self, item: QuestionItem, gateway: Asker) -> Outcome:
        """A bank's question with the bank's answer; a model adds no more than the thinking, and only where wanted."""
        unfit, options = explain_unfit(item), self._options
        if unfit is not None:
            return Rejection("UNUSABLE", unfit)
        is_asked = not self._is_templated and options.thinking != "none"
        if not is_asked or not wants_thinking(item, options.reasoning_share, options.seed):
            return build_given(item)
        problem = state_given(item)
        if options.thinking == "solve":
            thought, generation = await self._thinker.solve(gateway, problem)
            return _settle_given(item, generation, thought)
        request = self._builder.build_bank(item)
        answer = await ask_for_items(gateway, request, self._builder.find_reask(item))
        if answer.parsed.unusable_reason is not None:
            return Rejection("UNUSABLE", answer.parsed.unusable_reason)
        generation = _describe(request, answer)
        for _, entry in answer.parsed.items[:1]:
            thought = await self._thinker.think(gateway, [problem], [entry.thinking], answer.reply, "reasoning")
            thought = replace(thought, is_hinted=True)  # the bank's answer stood in the request
            if thought.code or thought.thinking:
                return _settle_given(item, generation, thought)
        return Failure(*NO_THINKING, answer.replies)

    def _is_sure(self, pair: ImageTextPair) -> bool:
        return pair.confidence >= self._options.min_confidence

    def _judge(
        self, item: ImageTextPair | Passage, spans: Sequence[Evidence], wanted: Sequence[WantedItem]
    ) -> Rejection[Quadruplet] | None:
        """Inputs that are not worth a question."""
        if not spans:
            return Rejection("NO_EVIDENCE", "no words belong to it that an answer could rest on")
        if isinstance(item, Passage) and not self._options.items_per_passage:
            return Rejection("NOT_WANTED", "items_per_passage is 0")
        if isinstance(item, ImageTextPair) and not self._is_sure(item):
            told = f"pairing confidence {item.confidence:.2f} is below {self._options.min_confidence:.2f}"
            return Rejection("LOW_CONFIDENCE", f"{told} ({', '.join(item.flags) or 'no flags'})")
        return None if wanted else Rejection("NOT_WANTED", "its words bear none of the types of generate.mix")

    def _split(self, wanted: tuple[WantedItem, ...]) -> list[tuple[WantedItem, ...]]:
        """One request for all items; one each where the model's own trace is wanted, which is one per request. Several
        are asked together: a batch needs one round for them, and a pair that is unusable costs all of them.
        """
        if self._options.thinking == "native":
            return [(line,) for line in wanted]
        return split_by_form(wanted) if self._options.separate_forms else [wanted]

    def _describe_origin(
        self,
        item: ImageTextPair | Passage,
        request: ModelRequest,
        answer: Answer,
        examples: Sequence[Example],
        facts: Facts | None,
    ) -> Origin:
        steps = () if facts is None else (facts.step,)
        generation = _describe(request, answer).model_copy(
            update={
                "examples": tuple(example.label for example in examples),
                "examples_sha256": tuple(example.sha256 for example in examples),
                "steps": steps,
            }
        )
        return Origin(item, request.spans, self._builder.choose_language(item), generation)


def _join(made: Sequence[list[Outcome] | RecordError]) -> list[Outcome]:
    """What came of all requests for one input; that it is unusable is said once."""
    joined: list[Outcome] = []
    is_told = False
    for outcomes in made:
        if isinstance(outcomes, RecordError):
            joined.append(Failure(outcomes.code, outcomes.message, outcomes.hint, outcomes.replies))
            continue
        is_unusable = any(isinstance(outcome, Rejection) and outcome.record is None for outcome in outcomes)
        if not (is_unusable and is_told):
            joined += outcomes
        is_told = is_told or is_unusable
    return joined


def _refuse_idle_samples(options: GenerateConfig) -> None:
    # Not where the section is validated: a file and a flag are, each by itself, and neither need hold both keys.
    told = f"generate.samples (--samples) is {options.samples}: several traces of one question"
    hint = "or --samples 1 for one trace; a run remembers both"
    if options.samples > 1 and options.thinking != "solve":
        only = f"{told} are made by `thinking: solve` alone, and generate.thinking is {options.thinking}"
        raise ConfigError(only, f"add --set generate.thinking=solve, {hint}")
    if options.samples > 1 and options.temperature == 0:
        raise ConfigError(f"{told} would be the same at temperature 0", f"raise generate.temperature, {hint}")


def _settle_given(item: QuestionItem, generation: Generation, thought: Thought) -> Outcome:
    record = build_given(item, generation, thought)
    return _flag(record, thought) if thought.code else record


def _flag(record: Quadruplet, thought: Thought) -> Rejection[Quadruplet]:
    """The record without the thinking that it should have had; the reason is counted and stands on the record."""
    flagged = record.model_copy(update={"flags": (*record.flags, thought.code.lower())})
    return Rejection(thought.code, thought.message, flagged)


def _simplify(options: GenerateConfig) -> GenerateConfig:
    """What a client without a model cannot do it is not asked for."""
    thinking = "none" if options.thinking == "none" else "field"
    mix = options.mix.model_copy(update={"option_counts": {4: 1}})
    update = {"thinking": thinking, "facts": False, "examples": 0, "samples": 1, "separate_forms": False, "mix": mix}
    return options.model_copy(update=update)


def _describe(request: ModelRequest, answer: Answer) -> Generation:
    reply = answer.reply
    return Generation(
        client=reply.client,
        model=reply.model,
        prompt=request.prompt,
        prompt_sha256=request.prompt_sha256,
        request_sha256=reply.request_sha256,
        finish_reason=reply.finish_reason,
        repair_steps=answer.parsed.steps,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        cost_usd=reply.cost_usd,
    )
