"""Unsure pairs -> the same after a vision-language model chose among the numbered words of their page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import get_args

from remud_gen.config import Config, VisionConfig
from remud_gen.errors import RecordError
from remud_gen.llm.allow_list import check_outbound
from remud_gen.llm.choosing import HINTS, choices_schema, make_reader
from remud_gen.llm.opening import name_asked
from remud_gen.llm.structured import UnreadableReply, ask_and_read
from remud_gen.pairing.verdicts import Choice, find_contradiction, flag, settle
from remud_gen.prompts import Prompt, load_prompt
from remud_gen.protocols import Asker, ModelReply, ModelRequest
from remud_gen.records import GenerateInput, ImageRef, ImageTextPair, Language, Passage, QuestionItem, Sketch
from remud_gen.stages.base import AsyncStage, Failure, Rejection
from remud_gen.stages.ground import check_vision

MOST_CHARS = 300  # of each text box as the prompt quotes it; the picture shows all of it
Checked = ImageTextPair | Passage | QuestionItem
Outcome = Checked | Failure | Rejection[Checked]


class CheckStage(AsyncStage[GenerateInput, Checked]):
    """Ask about every pair that has a sketch; what has none passes through as it is."""

    name, version = "check", 2

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._vision = config.resolve_vision()
        self._prompts: dict[tuple[str, Language], Prompt] = {
            (name, language): load_prompt(name, language, config.generate.prompts)
            for name in ("check", "reask")
            for language in get_args(Language)
        }

    @property
    def model(self) -> VisionConfig:
        """The model that looks at pages."""
        return self._vision

    def settings(self) -> Mapping[str, object]:
        """All that shapes a reply or what is made of it."""
        names = ("model", "temperature", "max_output_tokens", "max_image_side_px")
        return {
            "client": name_asked(self._vision),
            **{name: getattr(self._vision, name) for name in names},
            "min_ultrasound_score": self._least_ultrasound,
            "non_ultrasound": self.config.pair.non_ultrasound,
            "prompts": {prompt.label: prompt.sha256 for prompt in self._prompts.values()},
            "privacy": self.config.privacy.model_dump(include={"clinical", "books"}),
        }

    def libraries(self) -> Sequence[str]:
        """json-repair decides what is read out of a broken reply."""
        return ("json-repair",)

    def check(self) -> None:
        """Refuse to start without a model that can look."""
        check_vision(self._vision, "pair.rule: vlm_check")
        check_outbound(self.config, self._vision)

    async def process(self, item: GenerateInput, gateway: Asker) -> AsyncIterator[Outcome]:
        """The pair after the check; a reply that cannot be used leaves it as it was, flagged, with a failure beside it.

        Errors of the connection fail the whole input: it is asked about again, and nothing rests on it meanwhile.
        """
        if not isinstance(item, ImageTextPair) or item.sketch is None or item.sketch.image is None:
            yield item
            return
        try:
            checked = await self._ask(item, item.sketch, item.sketch.image, gateway)
        except RecordError as error:
            if error.code not in HINTS:
                raise
            yield flag(item, "check_failed")
            told = f"the pair is left as it was: {error.message}"
            yield Failure(error.code, told, HINTS[error.code], error.replies)
            return
        if self.config.pair.non_ultrasound == "reject" and "not_ultrasound" in checked.flags:
            yield Rejection("NOT_ULTRASOUND", "not an ultrasound picture, by the words that the model chose")
        else:
            yield checked

    async def _ask(self, pair: ImageTextPair, sketch: Sketch, image: ImageRef, gateway: Asker) -> ImageTextPair:
        """The pair as the model's choice leaves it; pairs of one figure ask the same, which is paid for once."""
        read_choices = make_reader(sketch)

        def read(reply: ModelReply) -> Choice | None:
            choices = read_choices(reply)
            if not choices.sure:
                return None
            chosen = {one.figure: Choice(one.caption, one.note) for one in choices.figures}
            problem = find_contradiction(sketch, chosen)
            if problem is not None:
                raise UnreadableReply("CHOICE_CONTRADICTS", problem, HINTS["CHOICE_CONTRADICTS"])
            return chosen[sketch.figures[0].number]

        request = self._build_request(pair, sketch, image)
        _, chosen, _ = await ask_and_read(gateway, request, self._prompts["reask", pair.language], read)
        return flag(pair, "check_undecided") if chosen is None else settle(pair, chosen, self._least_ultrasound)

    @property
    def _least_ultrasound(self) -> float | None:
        options = self.config.pair
        return options.min_ultrasound_score if options.non_ultrasound != "keep" else None

    def _build_request(self, pair: ImageTextPair, sketch: Sketch, image: ImageRef) -> ModelRequest:
        prompt = self._prompts["check", pair.language]
        values = {"figures": _list_figures(sketch, pair.language), "choices": _list_choices(sketch, pair.language)}
        return ModelRequest(
            purpose="check",
            prompt=prompt.label,
            prompt_sha256=prompt.sha256,
            system=prompt.system,
            user=prompt.render(values),
            images=(image,),
            schema=choices_schema(),
            language=pair.language,
            params={
                "temperature": self._vision.temperature,
                "max_output_tokens": self._vision.max_output_tokens,
                "max_image_side_px": self._vision.max_image_side_px,
            },
            payload=pair,
        )


def _list_figures(sketch: Sketch, language: Language) -> str:
    page, panel = ("第 {} 页", "，图中字母 {}") if language == "zh" else ("page {}", ", marked {}")
    return "\n".join(
        f"{one.number}: {page.format(one.page_number)}{panel.format(one.panel) if one.panel else ''}"
        for one in sketch.figures
    )


def _list_choices(sketch: Sketch, language: Language) -> str:
    page = "第 {} 页" if language == "zh" else "page {}"
    return "\n".join(f"{one.number}: {page.format(one.page_number)}: {_shorten(one.text)}" for one in sketch.choices)


def _shorten(text: str) -> str:
    """One line, so that no printed words can pass for another box."""
    flat = " ".join(text.split())
    return flat if len(flat) <= MOST_CHARS else f"{flat[:MOST_CHARS].rstrip()} …"
