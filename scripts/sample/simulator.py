"""Tissue map -> B-mode frame: scatterers, point spread, attenuation, log compression, scan conversion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Grid = NDArray[np.float64]
Mask = NDArray[np.bool_]

FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 640, 480
TOP_PX, BOTTOM_PX = 34, 448  # rows of the first and the last sample; the rest of the screen is for text
DYNAMIC_RANGE_DB = 62.0
SAMPLES, BEAMS = 720, 320


@dataclass(frozen=True, slots=True)
class Probe:
    """A transducer: a sector from a virtual apex `radius_cm` above the skin, or a rectangle when `width_cm` is set."""

    name: str
    depth_cm: float
    half_angle_deg: float = 36.0
    radius_cm: float = 4.5
    width_cm: float = 0.0

    @property
    def beam_axis(self) -> Grid:
        """Beam directions in radians, or lateral places in centimetres for a linear probe."""
        end = self.width_cm / 2 if self.width_cm else np.deg2rad(self.half_angle_deg)
        return np.linspace(-end, end, BEAMS)

    def grid(self) -> tuple[Grid, Grid]:
        """Place (x, z) in centimetres of every sample of every beam; z = 0 is the skin."""
        depth, beam = np.meshgrid(np.linspace(0, self.depth_cm, SAMPLES), self.beam_axis, indexing="ij")
        if self.width_cm:
            return beam, depth
        reach = depth + self.radius_cm
        return reach * np.sin(beam), reach * np.cos(beam) - self.radius_cm


@dataclass(slots=True)
class Tissue:
    """Echo level (dB, 0 is the brightest), extra loss (dB/cm, below 0 enhances what is behind), mirror-like echoes."""

    x: Grid
    z: Grid
    echo_db: Grid = field(init=False)
    loss_db_per_cm: Grid = field(init=False)
    mirror: Grid = field(init=False)

    def __post_init__(self) -> None:
        self.echo_db = np.full(self.x.shape, -24.0)
        self.loss_db_per_cm = np.zeros(self.x.shape)
        self.mirror = np.zeros(self.x.shape)

    def fill(self, mask: Mask, echo_db: float, loss_db_per_cm: float = 0.0, wall: float = 0.0) -> None:
        """Set the echo level inside a mask; `wall` draws its border where it faces the beam."""
        self.echo_db[mask] = echo_db
        self.loss_db_per_cm[mask] = loss_db_per_cm
        self.mirror[mask] = 0  # what is painted later lies in front
        if wall:
            soft = gaussian_filter(mask.astype(float), (2.5, 1.2))
            along, across = np.gradient(soft)
            self.mirror += wall * (np.abs(along) + 0.06 * np.abs(across)) / 0.16

    def ellipse(
        self, centre: tuple[float, float], half_axes: tuple[float, float], turn_deg: float = 0.0, wobble: float = 0.0
    ) -> Mask:
        """Everything inside an ellipse (centimetres); `wobble` bends its border smoothly and always the same way."""
        turn = np.deg2rad(turn_deg)
        dx, dz = self.x - centre[0], self.z - centre[1]
        u = (dx * np.cos(turn) + dz * np.sin(turn)) / half_axes[0]
        v = (-dx * np.sin(turn) + dz * np.cos(turn)) / half_axes[1]
        angle = np.arctan2(v, u)
        edge = 1 + wobble * (
            np.sin(3 * angle + centre[0]) + 0.6 * np.sin(5 * angle + 2 * centre[1]) + 0.4 * np.sin(9 * angle)
        )
        return np.asarray(np.hypot(u, v) < edge)


@dataclass(frozen=True, slots=True)
class Frame:
    """A scan-converted picture (0..255) and where its centimetres lie."""

    pixels: NDArray[np.uint8]
    px_per_cm: float

    def to_px(self, x_cm: float, z_cm: float) -> tuple[float, float]:
        """Pixel of a place in the body."""
        return FRAME_WIDTH_PX / 2 + x_cm * self.px_per_cm, TOP_PX + z_cm * self.px_per_cm

    def places(self) -> tuple[Grid, Grid]:
        """Place in the body (x, z) of every pixel."""
        rows, columns = np.mgrid[0:FRAME_HEIGHT_PX, 0:FRAME_WIDTH_PX].astype(float)
        return (columns - FRAME_WIDTH_PX / 2) / self.px_per_cm, (rows - TOP_PX) / self.px_per_cm


def simulate(probe: Probe, paint: Callable[[Tissue], None], seed: int) -> Frame:
    """Picture what `paint` puts into the body."""
    x, z = probe.grid()
    tissue = Tissue(x, z)
    paint(tissue)
    level = _compress(_echoes(probe, tissue, np.random.default_rng(seed)))
    return _convert(probe, level)


def _echoes(probe: Probe, tissue: Tissue, rng: np.random.Generator) -> Grid:
    """Envelope of random scatterers seen through a point spread that widens with depth."""
    patches = gaussian_filter(rng.standard_normal(tissue.echo_db.shape), (22, 10))  # no tissue is even
    patches += 0.8 * gaussian_filter(rng.standard_normal(tissue.echo_db.shape), (70, 32)) * 3
    amplitude = 10 ** ((tissue.echo_db + 1.7 * patches / patches.std()) / 20)
    fields = []
    for _ in range(2):  # in-phase and quadrature: their length is the speckle's Rayleigh envelope
        scatterers = rng.standard_normal(amplitude.shape) * amplitude
        near, far = gaussian_filter(scatterers, (1.5, 1.3)), gaussian_filter(scatterers, (1.9, 2.8))
        share = np.linspace(0, 1, SAMPLES)[:, None]
        fields.append((1 - share) * near * 4.9 + share * far * 8.1)
    envelope = np.hypot(fields[0], fields[1])
    envelope = (
        envelope
        + 0.5 * gaussian_filter(tissue.mirror, (1.0, 1.6)) * gaussian_filter(rng.random(amplitude.shape), (1, 5)) * 2.2
    )
    step_cm = probe.depth_cm / SAMPLES
    envelope *= 10 ** (-np.cumsum(tissue.loss_db_per_cm, axis=0) * step_cm / 20)
    skin = np.exp(-np.linspace(0, probe.depth_cm, SAMPLES) / (0.035 * probe.depth_cm))[:, None]
    electronic = np.hypot(*rng.standard_normal((2, *amplitude.shape))) * 10 ** (-58 / 20)
    return np.asarray(envelope + 0.5 * skin * rng.random(amplitude.shape) + electronic)


def _compress(envelope: Grid) -> Grid:
    level = 1 + (20 * np.log10(np.maximum(envelope, 1e-6)) - 6) / DYNAMIC_RANGE_DB
    return np.asarray(255 * np.clip(level, 0, 1) ** 1.45)


def _convert(probe: Probe, level: Grid) -> Frame:
    """Beams -> pixels; outside the sector the screen stays black."""
    px_per_cm = (BOTTOM_PX - TOP_PX) / probe.depth_cm
    blank = Frame(np.zeros((FRAME_HEIGHT_PX, FRAME_WIDTH_PX), np.uint8), px_per_cm)
    x, z = blank.places()
    if probe.width_cm:
        sample, beam = z / probe.depth_cm, x / probe.width_cm + 0.5
    else:
        reach = np.hypot(x, z + probe.radius_cm)
        angle = np.arctan2(x, z + probe.radius_cm)
        sample = (reach - probe.radius_cm) / probe.depth_cm
        beam = angle / (2 * np.deg2rad(probe.half_angle_deg)) + 0.5
    pixels = map_coordinates(level, [sample * (SAMPLES - 1), beam * (BEAMS - 1)], order=1, cval=0.0)
    return Frame(np.rint(pixels).astype(np.uint8), px_per_cm)
