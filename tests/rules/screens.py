"""Pictures of every mode, drawn from noise and geometry; seeded, nothing copied from a machine."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 480, 360


def _blur(field, times=2):
    for _ in range(times):
        field = (
            field + np.roll(field, 1, 0) + np.roll(field, -1, 0) + np.roll(field, 1, 1) + np.roll(field, -1, 1)
        ) / 5
    return field


def make_speckle(seed, height=HEIGHT, width=WIDTH, level=95.0):
    """Log-compressed Rayleigh speckle with a slowly changing level."""
    rng = np.random.default_rng(seed)
    envelope = np.hypot(_blur(rng.standard_normal((height, width))), _blur(rng.standard_normal((height, width))))
    y, x = np.mgrid[0:height, 0:width]
    slow = 18 * np.sin(x / 61 + seed) * np.cos(y / 47 + seed)
    return np.clip(level + 34 * np.log(envelope / envelope.mean() + 0.05) + slow, 0, 235)


def make_sector(seed, height=HEIGHT, width=WIDTH):
    """A fan on black."""
    y, x = np.mgrid[0:height, 0:width]
    angle, reach = np.arctan2(x - width / 2, y + 20), np.hypot(x - width / 2, y + 20)
    inside = (np.abs(angle) < 0.65) & (reach > 45) & (reach < height)
    return np.where(inside, make_speckle(seed, height, width), 4.0)


def make_linear(seed, height=HEIGHT, width=WIDTH):
    """A rectangle on black, with layers."""
    pixels = np.full((height, width), 4.0)
    part = make_speckle(seed, height - 60, width - 120)
    part += 30 * (np.sin(np.arange(height - 60) / 11) > 0.8)[:, None]
    pixels[30:-30, 60:-60] = np.clip(part, 0, 240)
    return pixels


def to_image(grey, tint=(1.0, 1.0, 1.0)):
    return Image.fromarray(np.clip(np.asarray(grey)[..., None] * np.array(tint), 0, 255).astype(np.uint8), "RGB")


def add_bar(image, kind="two", x=12):
    draw = ImageDraw.Draw(image)
    for row in range(110):
        share = 1 - row / 109
        if kind == "one":
            shade = (int(90 + 165 * share), int(200 * share**2), 10)
        elif kind == "rainbow":
            shade = tuple(int(v) for v in np.asarray(_rainbow(share)))
        else:
            shade = (255, int(210 * share), 0) if share > 0.55 else (0, int(180 * (0.45 - share) / 0.45), 255) if share < 0.45 else (0, 0, 0)  # fmt: skip  # noqa: E501
        draw.line((x, 60 + row, x + 12, 60 + row), shade)
    return image


def _rainbow(share):
    return np.stack([np.clip(1.5 - np.abs(4 * share - k), 0, 1) * 255 for k in (3, 2, 1)], axis=-1)


def add_flow(image, seed, hues=("red", "blue")):
    """Ellipses of flow, faster in the middle."""
    pixels = np.asarray(image).astype(float)
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    for i, hue in enumerate(hues):
        depth = 1 - np.hypot((x - image.width * (0.44 + 0.12 * i)) / 34, (y - image.height * 0.55) / 17)
        speed = np.clip(depth, 0, 1)[..., None]
        colour = {"red": (130, 0, 0), "blue": (0, 10, 130), "orange": (150, 40, 0)}[hue] + speed * np.array(
            {"red": (125, 180, 20), "blue": (10, 170, 125), "orange": (100, 150, 30)}[hue]
        )
        pixels = np.where(depth[..., None] > 0, colour, pixels)
    return Image.fromarray(pixels.astype(np.uint8), "RGB")


def b_mode(seed):
    return to_image(make_sector(seed) if seed % 2 else make_linear(seed))


def colour_doppler(seed):
    return add_bar(add_flow(b_mode(seed), seed))


def power_doppler(seed):
    return add_bar(add_flow(b_mode(seed), seed, ("orange",)), "one")


def spectral_doppler(seed):
    """A small picture over waves that stand on a baseline."""
    grey = np.full((HEIGHT, WIDTH), 4.0)
    grey[:130] = make_sector(seed, 130, WIDTH)
    columns = np.arange(WIDTH - 40)
    period = 70 + 9 * (seed % 4)
    phase = columns % period / period
    height = 18 + 95 * np.exp(-(((phase - 0.22) / 0.12) ** 2)) + 22 * np.exp(-(((phase - 0.6) / 0.18) ** 2))
    rng = np.random.default_rng(seed)
    rows = 330 - np.arange(160)[:, None]
    inside = np.arange(160)[:, None] < height + rng.normal(0, 1.5, columns.size)
    grey[rows, 20 + columns] = np.where(inside, 120 + 45 * rng.random((160, columns.size)), 8)
    grey[331, 20:-20] = 200
    return to_image(grey)


def m_mode(seed):
    """Layers that move up and down with time."""
    rng = np.random.default_rng(seed)
    layers = _blur(rng.random((600, 1)) * 255, 6)[:, 0]
    layers = np.clip((layers - layers.mean()) * 5 + 80, 5, 230)
    columns = np.arange(WIDTH)
    shift = (9 * np.sin(columns / (21 + seed % 5))).astype(int)
    strip = layers[(np.arange(200)[:, None] + 120 + shift * (np.linspace(0.2, 1, 200)[:, None] > 0.3))]
    grey = np.full((HEIGHT, WIDTH), 4.0)
    grey[:140] = make_sector(seed, 140, WIDTH)
    grey[150:350] = np.clip(strip + rng.normal(0, 9, strip.shape), 0, 240)
    return to_image(grey)


def elastography(seed):
    """A box of soft colours over a grey picture."""
    image = to_image(make_linear(seed))
    pixels = np.asarray(image).astype(float)
    y, x = np.mgrid[0:180, 0:240]
    share = 0.5 + 0.5 * np.sin(x / 55 + seed) * np.cos(y / 40)
    pixels[80:260, 120:360] = 0.3 * pixels[80:260, 120:360] + 0.75 * _rainbow(share)
    return add_bar(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB"), "rainbow")


def three_d(seed):
    """A smooth lit surface in sepia."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    shape = np.zeros((HEIGHT, WIDTH))
    rng = np.random.default_rng(seed)
    for _ in range(9):
        cx, cy, size = rng.uniform(80, 400), rng.uniform(60, 300), rng.uniform(30, 80)
        shape = np.maximum(shape, np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * size**2)))
    light = np.clip(shape * 190 + 60 * np.gradient(shape, axis=1) * 20, 0, 230)
    return to_image(light, (1.0, 0.68, 0.38))


def contrast(seed):
    """A golden half beside a grey one."""
    left, right = make_linear(seed, HEIGHT, 236), make_linear(seed + 1, HEIGHT, 236)
    image = Image.new("RGB", (WIDTH, HEIGHT))
    image.paste(to_image(left * 0.9, (1.0, 0.72, 0.3)), (0, 0))
    image.paste(to_image(right), (244, 0))
    return image


def dual_b_mode(seed):
    """Two frames of one screen."""
    image = Image.new("RGB", (2 * WIDTH + 8, HEIGHT))
    make = make_sector if seed % 2 else make_linear
    image.paste(to_image(make(seed)), (0, 0))
    image.paste(to_image(make(seed + 2)), (WIDTH + 8, 0))
    return image


def chart(seed):
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((50, 30, 440, 310), outline="black", width=2)
    for step in range(6):
        draw.rectangle((70 + 60 * step, 300 - 30 * ((step + seed) % 7), 105 + 60 * step, 310), fill=(60, 90, 200))
    return image


def photograph(seed):
    """Soft patches of many colours."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 220, (6, 8, 3)).astype(np.uint8)
    soft = Image.fromarray(coarse, "RGB").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    noisy = np.asarray(soft).astype(float) + rng.normal(0, 2, (HEIGHT, WIDTH, 1))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8), "RGB")


def tomogram(seed):
    """A smooth body section on black, as CT and MRI show it."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rng = np.random.default_rng(seed)
    grey = np.where(np.hypot((x - 240) / 190, (y - 180) / 140) < 1, 95.0, 3.0)
    for _ in range(8):
        cx, cy, a, b = rng.uniform(120, 360), rng.uniform(90, 270), rng.uniform(15, 60), rng.uniform(12, 45)
        grey[np.hypot((x - cx) / a, (y - cy) / b) < 1] = rng.uniform(50, 190)
    return to_image(_blur(grey, 3) + rng.normal(0, 0.8, grey.shape))


def stained_tissue(seed):
    """Pink and violet, light throughout, as under a microscope."""
    rng = np.random.default_rng(seed)
    depth = _blur(rng.random((HEIGHT, WIDTH)), 5)
    depth = (depth - depth.min()) / np.ptp(depth)
    paper, dye = np.array([238.0, 205, 226]), np.array([130.0, 60, 150])
    return Image.fromarray((paper + (dye - paper) * depth[..., None] ** 1.5).astype(np.uint8), "RGB")


KINDS = {
    "b_mode": (b_mode,), "colour_doppler": (colour_doppler,), "power_doppler": (power_doppler,),
    "spectral_doppler": (spectral_doppler,), "m_mode": (m_mode,), "elastography": (elastography,), "3d": (three_d,),
    "contrast": (contrast,), "not_ultrasound": (chart, photograph, tomogram, stained_tissue),
}  # fmt: skip
