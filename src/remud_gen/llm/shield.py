"""An input of a model with everybody's name taken out of it: its words, and the pixels of its picture.

What is made of it later (the request, the spans that claims quote, the picture of a record) rests on what this gives
back, so that an export holds nothing that was not sent either.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remud_gen.config import Config, Privacy, PrivacyConfig
from remud_gen.errors import ConfigError, RecordError
from remud_gen.llm.screening import PictureReader, paint_picture
from remud_gen.protocols import ImageStore
from remud_gen.records import (
    BBox,
    BurnedIn,
    Evidence,
    GenerateInput,
    ImageRef,
    ImageTextPair,
    Language,
    Passage,
    TextLine,
)
from remud_gen.rules.banners import HiddenLine, PictureKind, find_hidden_lines, is_clinical
from remud_gen.rules.geometry import to_pixels
from remud_gen.rules.placeholders import choose_placeholder, count_placeholders, mask_identifiers

FOUND = "IDENTIFIERS_FOUND"
MASKED_FLAG = "masked"
UNMASKED_FLAG = "unmasked"  # sent as it is, because the configuration allows it; the filter `privacy` looks for this
LOST_FLAG = "patient_text"  # words that a reader knew to be the patient's and told nobody where
PAIR_FIELDS = ("title", "caption", "note", "panel_caption", "panel_note")


class IdentifiersFound(RecordError):  # noqa: N818 - an outcome, not a fault
    """An input names somebody, and the configuration says that such inputs stay here."""

    def __init__(self, section: str, found: Mapping[str, int], where: str = "") -> None:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found.items()))
        hint = (
            f"privacy.{section}: mask hides them in what is sent and exported (look at the result: rules miss bare "
            f"names); privacy.{section}: allow sends them as they are"
        )
        super().__init__(FOUND, f"it names somebody ({kinds}{where}), and privacy.{section} is block", hint)


@dataclass(frozen=True, slots=True)
class Words:
    """The lines of a picture, those that give somebody away, and the picture's own box in their unit."""

    lines: tuple[TextLine, ...]
    hidden: tuple[HiddenLine, ...]
    frame: BBox | None = None

    def list_boxes(self, ref: ImageRef) -> list[BBox]:
        """Where those stand, in pixels."""
        return [to_pixels(line.bbox, self.frame, (ref.width_px, ref.height_px)) for line in self.hidden]


def choose_policy(privacy: PrivacyConfig, is_clinical: bool) -> tuple[str, Privacy]:
    """The key of the configuration that decides, and what it says."""
    return ("clinical", privacy.clinical) if is_clinical else ("books", privacy.books)


def find_words(pair: ImageTextPair) -> Words:
    """What is written into a pair's picture."""
    kind: PictureKind = "clinical" if is_clinical(pair.source) else "book"
    frame = pair.source.bbox
    whole = frame or (0.0, 0.0, float(pair.image.width_px), float(pair.image.height_px))
    return Words(pair.burned_in_text, find_hidden_lines(pair.burned_in_text, whole, kind, pair.language), frame)


class Shield:
    """Applies `privacy` to inputs before a request is built of them.

    A picture whose words nobody has kept (those of question banks, all with `extract.reads_burned_in_text: false`) is
    read first.
    """

    def __init__(self, config: Config, images: ImageStore | None = None, reader: PictureReader | None = None) -> None:
        self._privacy, self._images, self._reader = config.privacy, images, reader
        self._has_lines = config.extract.reads_burned_in_text

    async def apply(self, item: GenerateInput) -> GenerateInput:
        """The input with placeholders for identifiers and a masked picture; the same object where it holds none.

        Raises:
            IdentifiersFound: it holds some, and is to be blocked.
            RecordError: its picture cannot be read.
        """
        section, policy = choose_policy(self._privacy, is_clinical(item.source))
        if policy == "allow":
            return mark_unmasked(item) if isinstance(item, ImageTextPair) and self._has_lines else item
        words = await self._find_words(item)
        changes = mask_words(item)
        found = count_found(item, changes, words)
        if not found:
            _refuse_lost_words(item)
            return item
        if policy == "block":
            raise IdentifiersFound(section, found)
        if words is not None and words.hidden and item_image(item) is not None:
            changes |= await self._hide(item, words, changes)
        if isinstance(item, ImageTextPair):
            changes["flags"] = tuple(sorted({*item.flags, MASKED_FLAG}))
        return item.model_copy(update=changes)

    async def _find_words(self, item: GenerateInput) -> Words | None:
        if isinstance(item, ImageTextPair) and self._has_lines:
            return find_words(item)
        image = item_image(item)
        if image is None:
            return None
        if self._reader is None:
            raise ConfigError("a picture's words are not known, and nobody is there to read them")
        lines = await self._reader.read(image)
        kind: PictureKind = "clinical" if is_clinical(item.source) else "book"
        whole = (0.0, 0.0, float(image.width_px), float(image.height_px))
        return Words(lines, find_hidden_lines(lines, whole, kind, item.language))

    async def _hide(self, item: GenerateInput, words: Words, changes: Mapping[str, Any]) -> dict[str, Any]:
        image = item_image(item)
        if self._images is None or image is None:
            raise ConfigError("a picture names somebody, and there is no store for a masked one")
        masked = await asyncio.to_thread(paint_picture, self._images, image, words.list_boxes(image))
        if not isinstance(item, ImageTextPair) or not self._has_lines:
            return {"image": masked}
        return {"image": masked, **_rewrite_lines(item, words, changes.get("context", item.context))}


def mark_unmasked(pair: ImageTextPair) -> ImageTextPair:
    """The pair with a flag where its picture gives somebody away; else the same object."""
    is_lost = LOST_FLAG in pair.flags and MASKED_FLAG not in pair.flags
    if not is_lost and not find_words(pair).hidden:
        return pair
    return pair.model_copy(update={"flags": tuple(sorted({*pair.flags, UNMASKED_FLAG}))})


def item_image(item: GenerateInput) -> ImageRef | None:
    """The picture of an input, if it has one."""
    return None if isinstance(item, Passage) else item.image


def mask_words(item: GenerateInput) -> dict[str, Any]:
    """The text fields of an input that change when identifiers are replaced, with what they become."""
    language = item.language
    changes: dict[str, Any] = {}
    if isinstance(item, ImageTextPair):
        fields: tuple[str, ...] = PAIR_FIELDS
        spans, name = item.context, "context"
    elif isinstance(item, Passage):
        fields, spans, name = ("text",), item.evidence, "evidence"
        path = tuple(mask_identifiers(text, language) for text in item.heading_path)
        changes |= {"heading_path": path} if path != item.heading_path else {}
    else:
        fields, spans, name = ("question", "given_answer"), item.evidence, "evidence"
        options = tuple(o.model_copy(update={"text": mask_identifiers(o.text, language)}) for o in item.options)
        changes |= {"options": options} if options != item.options else {}
    for field in fields:
        text = getattr(item, field)
        masked = mask_identifiers(text, language) if text else text
        changes |= {field: masked} if masked != text else {}
    masked_spans = _mask_spans(spans, language)
    return {**changes, name: masked_spans} if masked_spans != spans else changes


def count_found(item: GenerateInput, changes: Mapping[str, Any], words: Words | None) -> Counter[str]:
    """What an input gives away, by kind: in its words as they would be replaced, and in its picture."""
    found: Counter[str] = Counter(line.kind for line in words.hidden) if words is not None else Counter()
    for field, value in changes.items():
        found += Counter(count_placeholders(_join(value))) - Counter(count_placeholders(_join(getattr(item, field))))
    return found


def _refuse_lost_words(item: GenerateInput) -> None:
    if isinstance(item, ImageTextPair) and {LOST_FLAG, MASKED_FLAG}.intersection(item.flags) == {LOST_FLAG}:
        told = "its picture holds words of the patient, and where is not known"
        raise RecordError(FOUND, told, "run `remud extract` again, then this command")


def _mask_spans(spans: Sequence[Evidence], language: Language) -> tuple[Evidence, ...]:
    return tuple(span.model_copy(update={"text": mask_identifiers(span.text, language)}) for span in spans)


def _rewrite_lines(pair: ImageTextPair, words: Words, context: Sequence[Evidence]) -> dict[str, Any]:
    """Lines, their types and their evidence with placeholders where something is hidden."""
    stands_for = {line.index: choose_placeholder(line.kind, pair.language) for line in words.hidden}
    lines = tuple(
        line.model_copy(update={"text": stands_for[index]}) if index in stands_for else line
        for index, line in enumerate(words.lines)
    )
    boxes = {_round(line.bbox) for line in words.hidden}
    kept = tuple(piece for piece in pair.annotations if _round(piece.bbox) not in boxes)
    marks = tuple(BurnedIn(kind="patient", text=stands_for[line.index], bbox=line.bbox) for line in words.hidden)
    spans = tuple(
        span.model_copy(update={"text": "\n".join(line.text for line in lines)}) if span.kind == "burned_in" else span
        for span in context
    )
    return {"burned_in_text": lines, "annotations": (*kept, *marks), "context": spans}


def _round(box: BBox) -> tuple[float, ...]:
    return tuple(round(value, 1) for value in box)


def _join(value: object) -> str:
    if isinstance(value, str):
        return value
    parts: Iterable[object] = value if isinstance(value, tuple) else ()
    return "\n".join(part if isinstance(part, str) else str(getattr(part, "text", "")) for part in parts)
