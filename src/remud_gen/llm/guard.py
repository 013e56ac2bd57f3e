"""The guard at the one door: looks at every request once more before it leaves, whoever built it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.llm.screening import PictureReader, is_hidden, paint_picture, remember
from remud_gen.llm.shield import FOUND, IdentifiersFound, choose_policy, find_words
from remud_gen.protocols import ImageStore, ModelRequest
from remud_gen.records import BBox, ImageRef, ImageTextPair, Language, Quadruplet, QuestionItem
from remud_gen.rules.banners import PictureKind, find_hidden_lines, is_clinical
from remud_gen.rules.placeholders import count_placeholders, mask_lines


def comes_from_clinic(request: ModelRequest) -> bool:
    """Whether a request is about a clinical picture."""
    return request.is_private or (request.payload is not None and is_clinical(request.payload.source))


class PrivacyGuard:
    """Masks what may be masked on the way, refuses what may not leave.

    Words are masked here, too. A picture that a record will hold must have been masked before, or the record would
    hold what was not sent: one that still names somebody is refused. Any other picture (a page, a sketch) is read,
    and a masked copy is sent in its stead.
    """

    def __init__(self, config: Config, images: ImageStore, reader: PictureReader) -> None:
        self._privacy, self._images, self._reader = config.privacy, images, reader
        self._has_lines = config.extract.reads_burned_in_text
        self._screened: dict[tuple[str, PictureKind], ImageRef] = {}

    async def admit(self, request: ModelRequest) -> ModelRequest:
        """The request as it may be sent.

        Raises:
            RecordError: IDENTIFIERS_FOUND, or a picture that cannot be read.
        """
        is_private = comes_from_clinic(request)
        section, policy = choose_policy(self._privacy, is_private)
        if policy == "allow":
            return request
        language: Language = "zh" if request.language == "zh" else "en"
        user = mask_lines(request.user, language)
        if user != request.user and policy == "block":
            raise IdentifiersFound(section, Counter(count_placeholders(user)))
        images = [await self._admit_picture(request, image, section, is_private) for image in request.images]
        if user == request.user and tuple(images) == request.images:
            return request
        return replace(request, user=user, images=tuple(images))

    async def _admit_picture(self, request: ModelRequest, image: ImageRef, section: str, is_private: bool) -> ImageRef:
        payload = request.payload
        is_own = isinstance(payload, ImageTextPair) and payload.image.sha256 == image.sha256
        if isinstance(payload, ImageTextPair) and is_own and self._has_lines:
            words = find_words(payload)
            if words.hidden and not await asyncio.to_thread(is_hidden, self._images, image, words.list_boxes(image)):
                raise RecordError(FOUND, "its picture names somebody and was not masked", "please report this")
            return image
        is_sheet = not is_own and not isinstance(payload, QuestionItem | Quadruplet)
        kind: PictureKind = "clinical" if is_private else "page" if is_sheet else "book"
        return await self._screen(image, kind, section)

    async def _screen(self, image: ImageRef, kind: PictureKind, section: str) -> ImageRef:
        known = self._screened.get((image.sha256, kind))
        if known is not None:
            return known
        lines = await self._reader.read(image)
        whole = (0.0, 0.0, float(image.width_px), float(image.height_px))
        hidden = find_hidden_lines(lines, whole, kind, "en")
        screened = image
        if hidden:
            if choose_policy(self._privacy, section == "clinical")[1] == "block":
                raise IdentifiersFound(section, Counter(line.kind for line in hidden), " in a picture of its page")
            boxes: Sequence[BBox] = [line.bbox for line in hidden]
            screened = await asyncio.to_thread(paint_picture, self._images, image, boxes)
        remember(self._screened, (image.sha256, kind), screened)
        return screened
