"""The model server of `tests/model_server.py`, answering where the figures of a page are: it knows the true boxes of
each page by the picture it is shown, and writes them in the way it is told, right or wrong.

In a test: `with GroundingServer([truth(page image, boxes)], writes="qwen3-vl") as server: …`.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from tests.model_server import ModelServer, read_user_text

Box = tuple[float, float, float, float]
LOOK = (24, 32)  # pages are told apart by how they look at this size


def shrink(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L").resize(LOOK, Image.Resampling.BOX), dtype=np.float32)


class GroundingServer(ModelServer):
    """`pages` are (picture of an upright page, boxes as shares of its sides); `writes` is a convention or one of the
    odd forms below; `choose` may give another form for a page, by its number and how often it was asked.
    """

    def __init__(
        self,
        pages: Sequence[tuple[Image.Image, Sequence[Box]]],
        *,
        writes: str = "qwen2.5-vl",
        choose: Callable[[int, int], str | None] = lambda page, times: None,
        wrap: Callable[[list[dict]], str] = lambda boxes: json.dumps({"figures": boxes}),
        shrinks_to: float = 1.0,
        **options,
    ):
        super().__init__(**options)
        self.pages = [(shrink(image), list(boxes)) for image, boxes in pages]
        self.writes, self.choose, self.wrap, self.shrinks_to = writes, choose, wrap, shrinks_to
        self.shown: list[tuple[int, Image.Image]] = []  # which page, and the very picture that came
        self.asked: dict[int, int] = {}

    def _build_completion(self, body: dict, fault: str | None, signature: str) -> dict:
        completion = super()._build_completion(body, fault, signature)
        image = read_image(body)
        if image is None or fault:
            return completion
        number = self.recognise(image)
        self.shown.append((number, image))
        self.asked[number] = self.asked.get(number, 0) + 1
        form = self.choose(number, self.asked[number]) or self.writes
        completion["choices"][0]["message"]["content"] = self.write(number, image.size, form)
        return completion

    def recognise(self, image: Image.Image) -> int:
        look = shrink(image)
        differences = [float(np.abs(look - known).mean()) for known, _ in self.pages]
        return int(np.argmin(differences))

    def write(self, number: int, size: tuple[int, int], form: str) -> str:
        if form == "garbage":
            return "I see a very nice page with {several: pictures"
        if form == "empty":
            return self.wrap([])
        if form == "out of range":
            return self.wrap([{"bbox_2d": [10, 10, 5000, 6000], "label": "image"}])
        if form == "blank":
            return self.wrap([{"bbox_2d": [4, 4, 24, 24], "label": "image"}])
        wide, high = (side * self.shrinks_to for side in size)
        boxes = []
        for x0, y0, x1, y1 in self.pages[number][1]:
            across, down = {"qwen3-vl": (1000, 1000), "gemini": (1000, 1000), "fraction": (1, 1)}.get(
                form, (wide, high)
            )
            numbers = [x0 * across, y0 * down, x1 * across, y1 * down]
            if form == "width and height":
                numbers = [numbers[0], numbers[1], numbers[2] - numbers[0], numbers[3] - numbers[1]]
            if form == "gemini":
                numbers = [numbers[k] for k in (1, 0, 3, 2)]
            boxes.append({"bbox_2d": [round(v, 4 if form == "fraction" else 0) for v in numbers], "label": "image"})
        return self.wrap(boxes)


def read_image(body: dict) -> Image.Image | None:
    """The one picture of a request; None where it is a question in words."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str) or "figures" not in body["messages"][0]["content"] + read_user_text(body):
        return None
    url = content[0]["image_url"]["url"]
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
