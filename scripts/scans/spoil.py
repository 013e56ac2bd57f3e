"""Ways to spoil a page image; each returns the image and the 3x3 matrix from the clean page's pixels to its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from PIL import Image

Spoiled = tuple[Image.Image, Any]
SEED = 7
PAPER = (246, 244, 240)


def _keep(image: Image.Image) -> Spoiled:
    return image, np.eye(3)


def _levels(change: Callable[[Any], Any], image: Image.Image) -> Spoiled:
    pixels = change(np.asarray(image.convert("RGB")).astype(np.float32))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), np.eye(3)


def _gamma(exponent: float, pixels: Any) -> Any:
    return 255 * (pixels / 255) ** exponent


def _shade(pixels: Any) -> Any:
    height, width = pixels.shape[:2]
    across, down = np.linspace(1.0, 0.72, width)[None, :, None], np.linspace(0.9, 1.0, height)[:, None, None]
    return pixels * across * down


def _blur_and_noise(pixels: Any) -> Any:
    blurred = cv2.GaussianBlur(pixels, (0, 0), 1.3)
    return blurred + np.random.default_rng(SEED).normal(0, 12, pixels.shape)


def _dither(image: Image.Image) -> Spoiled:
    return image.convert("1").convert("RGB"), np.eye(3)


def _threshold(image: Image.Image) -> Spoiled:
    return image.convert("L").point(lambda v: 255 if v > 140 else 0).convert("RGB"), np.eye(3)


def _jpeg(quality: int, image: Image.Image) -> Spoiled:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB"), np.eye(3)


def _border(image: Image.Image) -> Spoiled:
    pad = round(0.03 * image.width)
    sheet = Image.new("RGB", (image.width + 2 * pad, image.height + pad), (18, 18, 20))
    sheet.paste(image, (pad, pad))
    return sheet, np.array([[1, 0, pad], [0, 1, pad], [0, 0, 1.0]])


def _skew(degrees: float, image: Image.Image) -> Spoiled:
    """Turned clockwise about the middle; the sheet keeps its size."""
    angle, x, y = np.deg2rad(degrees), image.width / 2, image.height / 2
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    matrix = np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1.0]])
    pixels = cv2.warpAffine(
        np.asarray(image.convert("RGB")), matrix[:2], image.size, flags=cv2.INTER_CUBIC, borderValue=PAPER
    )
    return Image.fromarray(pixels), matrix


def _turn(quarters: int, image: Image.Image) -> Spoiled:
    """Clockwise quarter turns."""
    matrix, width, height = np.eye(3), image.width, image.height
    for _ in range(quarters):
        matrix = np.array([[0, -1, height], [1, 0, 0], [0, 0, 1.0]]) @ matrix
        width, height = height, width
    return image.rotate(-90 * quarters, expand=True), matrix


def _chain(steps: list[Callable[[Image.Image], Spoiled]], image: Image.Image) -> Spoiled:
    matrix = np.eye(3)
    for step in steps:
        image, own = step(image)
        matrix = own @ matrix
    return image, matrix


def _scale(factor: float, image: Image.Image) -> Spoiled:
    size = (round(image.width * factor), round(image.height * factor))
    kind = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    return image.resize(size, kind), np.diag([size[0] / image.width, size[1] / image.height, 1.0])


def join_spread(left: Image.Image, right: Image.Image, with_fold: bool = False) -> tuple[Image.Image, list[Any]]:
    """Two pages on one sheet, perhaps with the shadow of the fold, and the matrix of each."""
    height = max(left.height, right.height)
    sheet = Image.new("RGB", (left.width + right.width, height), PAPER)
    sheet.paste(left, (0, 0))
    sheet.paste(right, (left.width, 0))
    if with_fold:
        pixels = np.asarray(sheet).astype(np.float32)
        distance = np.abs(np.arange(sheet.width) - left.width) / sheet.width
        pixels *= (1 - 0.55 * np.exp(-((distance / 0.008) ** 2)))[None, :, None]
        sheet = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return sheet, [np.eye(3), np.array([[1, 0, left.width], [0, 1, 0], [0, 0, 1.0]])]


WAYS: dict[str, Callable[[Image.Image], Spoiled]] = {
    "clean": _keep,
    "washed": partial(_levels, lambda pixels: 80 + pixels * (175 / 255)),
    "grey-paper": partial(_levels, lambda pixels: pixels * 0.78),
    "shading": partial(_levels, _shade),
    "gamma0.5": partial(_levels, partial(_gamma, 0.5)),
    "gamma1.8": partial(_levels, partial(_gamma, 1.8)),
    "blur-noise": partial(_levels, _blur_and_noise),
    "dither": _dither,
    "1-bit": _threshold,
    "jpeg20": partial(_jpeg, 20),
    "border": _border,
    "100dpi": partial(_scale, 100 / 150),
    "300dpi": partial(_scale, 2.0),
    "skew+1": partial(_skew, 1.0),
    "skew-2": partial(_skew, -2.0),
    "skew+4": partial(_skew, 4.0),
    "rotate90": partial(_turn, 1),
    "rotate180": partial(_turn, 2),
    "rotate270": partial(_turn, 3),
    "rotate90-skew2": partial(_chain, [partial(_skew, 2.0), partial(_turn, 1)]),
    "shading-border-skew-2": partial(_chain, [partial(_levels, _shade), _border, partial(_skew, -2.0)]),
}
