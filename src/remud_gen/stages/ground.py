"""Renditions of pages -> the same with the figures that a vision-language model sees on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from PIL import Image

from remud_gen.config import Config, VisionConfig
from remud_gen.errors import ConfigError, RecordError
from remud_gen.llm.allow_list import check_outbound
from remud_gen.llm.endpoint import check_url
from remud_gen.llm.grounding import HINTS, Reading, ReplyBox, boxes_schema, place_boxes, read_boxes
from remud_gen.llm.opening import name_asked
from remud_gen.llm.structured import ask_and_read
from remud_gen.prompts import Prompt, load_prompt
from remud_gen.protocols import Asker, ModelRequest
from remud_gen.records import BBox, GroundedBox, ImageRef, Language, PageRendition
from remud_gen.rules.banners import is_clinical
from remud_gen.rules.box_fit import PageInk
from remud_gen.rules.coordinates import CONVENTIONS, CoordsName, choose_convention
from remud_gen.stages.base import AsyncStage, Failure, Rejection, StageContext

Outcome = PageRendition | Failure | Rejection[PageRendition]
MANY_WRONG, MANY_PAGES = 5, 6  # pages with boxes, before the whole run is judged by them
MEAN_FIT, MEAN_GAIN = 0.4, 0.25
STYLES: Mapping[Language, Mapping[CoordsName, str]] = {
    "en": {
        "qwen2.5-vl": "absolute pixels of this picture",
        "qwen3-vl": "relative numbers from 0 to 1000 on both axes",
        "gemini": "relative numbers from 0 to 1000 on both axes, y before x: [y1, x1, y2, x2]",
        "fraction": "fractions from 0 to 1 of the width and the height",
        "pixels": "absolute pixels of this picture",
    },
    "zh": {
        "qwen2.5-vl": "本图像的绝对像素",
        "qwen3-vl": "两个方向上 0 至 1000 的相对值",
        "gemini": "两个方向上 0 至 1000 的相对值，先 y 后 x：[y1, x1, y2, x2]",
        "fraction": "相对于宽和高的 0 至 1 的小数",
        "pixels": "本图像的绝对像素",
    },
}


@dataclass
class _Evidence:
    """What the pages of a run say together about how the model writes boxes; each page counts once."""

    fits: dict[str, Reading] = field(default_factory=dict)
    wrong: dict[str, RecordError] = field(default_factory=dict)

    def weigh(self, model: str, coords: str) -> None:
        """Raise a ConfigError as soon as the pages agree that they are read in the wrong way."""
        if len(self.wrong) >= MANY_WRONG and len(self.wrong) > len(self.fits):
            error = next(reversed(self.wrong.values()))
            raise ConfigError(f"on {len(self.wrong)} pages: {error.message}", error.hint)
        readings = list(self.fits.values())
        if len(readings) < MANY_PAGES:
            return
        fit = sum(reading.fit for reading in readings) / len(readings)
        for name in {reading.other for reading in readings}:
            other = sum(reading.other_fit for reading in readings if reading.other == name) / len(readings)
            if other - fit >= MEAN_GAIN:
                told = f"the boxes of {len(readings)} pages fit {fit:.2f} as {coords} and {other:.2f} as {name}"
                raise ConfigError(told, f"set vision.coords: {name}")
        if fit < MEAN_FIT:
            told = f"the boxes that {model} gives end nowhere near pictures (fit {fit:.2f} over {len(readings)} pages)"
            hint = "does its server shrink pictures? Lower vision.max_image_pixels, or use another model"
            raise ConfigError(told, hint)


class GroundStage(AsyncStage[PageRendition, PageRendition]):
    """Ask where the figures of a page are; a reply in another convention than the configured one is an error."""

    name, version = "ground", 1

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._vision = config.resolve_vision()
        self._convention = choose_convention(self._vision.coords, self._vision.model)
        self._evidence = _Evidence()
        self._prompts: dict[tuple[str, Language], Prompt] = {
            (name, language): load_prompt(name, language, config.generate.prompts)
            for name in ("ground", "reask")
            for language in get_args(Language)
        }

    @property
    def model(self) -> VisionConfig:
        """The model that looks at pages."""
        return self._vision

    def settings(self) -> Mapping[str, object]:
        """All that shapes a reply or what is read out of it."""
        names = ("model", "temperature", "max_output_tokens")
        return {
            "client": name_asked(self._vision),
            **{name: getattr(self._vision, name) for name in names},
            "coords": self._convention.name if self._convention else None,
            "prompts": {prompt.label: prompt.sha256 for prompt in self._prompts.values()},
            "privacy": self.config.privacy.model_dump(include={"clinical", "books"}),
        }

    def libraries(self) -> Sequence[str]:
        """json-repair decides what is read out of a broken reply."""
        return ("json-repair",)

    def check(self) -> None:
        """Refuse to start without a model that can look, or without knowing how it writes boxes."""
        check_vision(self._vision, "extract.layout: vlm")
        check_outbound(self.config, self._vision)
        if self._convention is None:
            known = "; ".join(f"{one.name} ({one.told})" for one in CONVENTIONS.values())
            told = f"vision.coords is not set, and the name {self._vision.model} does not tell how it writes boxes"
            raise ConfigError(told, f"look at the model's own page and set one: {known}")

    def setup(self, context: StageContext) -> None:
        """Remember where pictures lie."""
        self._images = context.images

    async def process(self, item: PageRendition, gateway: Asker) -> AsyncIterator[Outcome]:
        """The rendition with its boxes in the page's coordinates; what has no picture is not asked about."""
        if item.image is None or item.source.page_size is None:
            yield item.model_copy(update={"boxes": ()})
            return
        request = replace(self._build_request(item.image, item.language), is_private=is_clinical(item.source))
        try:
            _, boxes, replies = await ask_and_read(gateway, request, self._prompts["reask", item.language], read_boxes)
        except RecordError as error:
            error.hint = HINTS.get(error.code, error.hint)
            raise
        try:
            reading = await asyncio.to_thread(self._place, item.image, boxes)
        except RecordError as error:
            error.replies = replies
            if error.code == "COORDS_WRONG":
                self._judge(item.id, error)
            raise
        if boxes:
            self._judge(item.id, reading)
        size = (item.image.width_px, item.image.height_px)
        yield item.model_copy(update={"boxes": tuple(_record_boxes(reading, size, item.source.page_size))})

    def _build_request(self, image: ImageRef, language: Language) -> ModelRequest:
        assert self._convention is not None
        prompt, size = self._prompts["ground", language], (image.width_px, image.height_px)
        values = {"width": size[0], "height": size[1], "style": STYLES[language][self._convention.name]}
        return ModelRequest(
            purpose="ground",
            prompt=prompt.label,
            prompt_sha256=prompt.sha256,
            system=prompt.system,
            user=prompt.render(values),
            images=(image,),
            schema=boxes_schema(),
            language=language,
            # The picture has its size already: it must reach the model pixel by pixel.
            params={
                "temperature": self._vision.temperature,
                "max_output_tokens": self._vision.max_output_tokens,
                "max_image_side_px": max(size),
            },
        )

    def _place(self, image: ImageRef, boxes: Sequence[ReplyBox]) -> Reading:
        assert self._convention is not None
        with Image.open(self._images.path(image)) as picture:
            return place_boxes(boxes, self._convention, (image.width_px, image.height_px), PageInk(picture))

    def _judge(self, identity: str, found: Reading | RecordError) -> None:
        if isinstance(found, RecordError):
            self._evidence.wrong[identity] = found
        else:
            self._evidence.fits[identity] = found
        assert self._convention is not None
        self._evidence.weigh(str(self._vision.model), self._convention.name)


def check_vision(vision: VisionConfig, wanted_by: str) -> None:
    """Refuse a section `vision` that names no model which can look at a picture.

    Raises:
        ConfigError: naming what wants one and how to set it.
    """
    if vision.client == "extractive" or vision.model is None:
        told = f"{wanted_by} needs a model that looks at pictures, and none is set"
        hint = "set vision.model and vision.base_url (or generate.model, if that one can); its key in REMUD_API_KEY"
        raise ConfigError(told, hint)
    if vision.base_url is not None:
        check_url(vision.base_url)


def _record_boxes(reading: Reading, size: tuple[int, int], page: tuple[float, float]) -> list[GroundedBox]:
    across, down = page[0] / size[0], page[1] / size[1]
    boxes = []
    for found in reading.found:
        x0, y0, x1, y1 = found.box
        bbox: BBox = (x0 * across, y0 * down, x1 * across, y1 * down)
        # A model gives no score of its own: how well its box fits the page stands for it.
        boxes.append(GroundedBox(bbox=bbox, label=found.label[:80], score=round(0.5 + 0.45 * found.fit, 3)))
    return boxes
