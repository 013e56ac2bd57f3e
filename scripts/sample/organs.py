"""What lies in the body: one function per organ, painted into a Tissue in centimetres."""

from __future__ import annotations

import numpy as np

from sample.simulator import Tissue

LIVER_DB, FAT_DB, FLUID_DB, BONE_LOSS = -25.0, -16.0, -75.0, 22.0


def paint_wall(tissue: Tissue, thickness_cm: float = 1.2) -> None:
    """Skin, fat and muscle between the probe and the organs."""
    for top, echo in ((0.0, -14.0), (0.25 * thickness_cm, -21.0), (0.55 * thickness_cm, -18.0)):
        tissue.fill(tissue.z > top, echo)
    ripple = 0.05 * np.sin(2.2 * tissue.x)
    for share in (0.28, 0.55, 0.8, 1.0):
        band = np.exp(-(((tissue.z + ripple - share * thickness_cm) / 0.045) ** 2))
        tissue.mirror += 0.35 * band * (0.6 + 0.4 * np.sin(3.1 * tissue.x + 9 * share))
    tissue.fill(tissue.z > thickness_cm, LIVER_DB)


def paint_kidney(
    tissue: Tissue, centre: tuple[float, float], half_axes: tuple[float, float], turn_deg: float = 6.0
) -> None:
    """Capsule, cortex, pyramids and a bright sinus."""
    a, b = half_axes
    tissue.fill(tissue.ellipse(centre, (a + 0.45, b + 0.45), turn_deg, 0.012), FAT_DB)
    tissue.fill(tissue.ellipse(centre, half_axes, turn_deg, 0.01), -30.0, wall=0.35)
    turn = np.deg2rad(turn_deg)
    for angle in np.deg2rad([20, 62, 100, 140, 200, 238, 280, 322]):
        u, v = 0.66 * a * np.cos(angle), 0.62 * b * np.sin(angle)
        place = (centre[0] + u * np.cos(turn) - v * np.sin(turn), centre[1] + u * np.sin(turn) + v * np.cos(turn))
        tissue.fill(tissue.ellipse(place, (0.11 * a, 0.2 * b), np.rad2deg(angle) + turn_deg + 90, 0.05), -37.0)
    tissue.fill(tissue.ellipse(centre, (0.55 * a, 0.3 * b), turn_deg, 0.1), -13.0, 0.4)


def paint_cyst(
    tissue: Tissue, centre: tuple[float, float], half_axes: tuple[float, float], turn_deg: float = 0.0
) -> None:
    """Echo-free fluid with a thin wall and enhancement behind it."""
    tissue.fill(tissue.ellipse(centre, half_axes, turn_deg), FLUID_DB, -2.2, wall=0.32)


def paint_stone(tissue: Tissue, centre: tuple[float, float], radius_cm: float) -> None:
    """A bright cap with a clean shadow behind it."""
    stone = tissue.ellipse(centre, (radius_cm, 0.75 * radius_cm), 0.0, 0.03)
    cap = stone & (tissue.z < centre[1] + 0.15 * radius_cm)
    tissue.fill(stone, -20.0, BONE_LOSS / radius_cm * 1.6)
    tissue.fill(cap, -3.0, BONE_LOSS / radius_cm * 1.6, wall=0.6)


def paint_pelvis_dilation(tissue: Tissue, centre: tuple[float, float], half_axes: tuple[float, float]) -> None:
    """Fluid in the renal pelvis and in the calyces that join it."""
    a, b = half_axes
    for share_x, share_z, size in (
        (0.0, 0.05, 0.3),
        (-0.4, -0.12, 0.17),
        (0.4, 0.1, 0.17),
        (-0.2, 0.2, 0.14),
        (0.18, -0.22, 0.15),
    ):
        place = (centre[0] + share_x * a, centre[1] + share_z * b)
        tissue.fill(
            tissue.ellipse(place, (size * a, 0.9 * size * b + 0.1), 20 * share_x, 0.04), FLUID_DB, -1.2, wall=0.2
        )


def paint_many_cysts(tissue: Tissue, centre: tuple[float, float], half_axes: tuple[float, float], seed: int) -> None:
    """A kidney whose tissue has given way to cysts of many sizes."""
    rng = np.random.default_rng(seed)
    for _ in range(60):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 0.98))
        size = rng.uniform(0.35, 1.15)
        place = (centre[0] + reach * half_axes[0] * np.cos(angle), centre[1] + reach * half_axes[1] * np.sin(angle))
        paint_cyst(tissue, place, (size, 0.85 * size), rng.uniform(-30, 30))


def paint_gallbladder(
    tissue: Tissue, centre: tuple[float, float], half_axes: tuple[float, float], turn_deg: float = 28.0
) -> None:
    """A pear-shaped echo-free lumen with a bright wall, its neck towards the left of the screen."""
    turn = np.deg2rad(turn_deg)
    tail = (centre[0] - 0.75 * half_axes[0] * np.cos(turn), centre[1] - 0.75 * half_axes[0] * np.sin(turn))
    body = tissue.ellipse(centre, half_axes, turn_deg)
    neck = tissue.ellipse(tail, (0.5 * half_axes[0], 0.5 * half_axes[1]), turn_deg)
    tissue.fill(body | neck, FLUID_DB, -1.8, wall=0.5)


def paint_liver(tissue: Tissue, with_veins: bool = True) -> None:
    """Even liver tissue, its veins, and the diaphragm as a bright arc."""
    arc = np.hypot(tissue.x / 1.25, tissue.z - 2.6)
    tissue.mirror += 1.5 * np.exp(-(((arc - 9.4) / 0.11) ** 2)) * (tissue.z > 7)
    tissue.fill(arc > 9.6, -34.0, 1.2)
    if not with_veins:
        return
    for centre, length, width, turn in (
        ((-2.2, 6.4), 2.6, 0.28, 52),
        ((1.6, 6.6), 2.4, 0.24, -48),
        ((-0.4, 4.6), 1.2, 0.17, 10),
    ):
        tissue.fill(tissue.ellipse(centre, (length, width), turn, 0.05), -62.0, wall=0.16)


def paint_neck(tissue: Tissue) -> None:
    """Skin, strap muscles, a thyroid lobe, the carotid artery beside it and the tracheal wall."""
    paint_wall(tissue, 0.5)
    tissue.fill(tissue.z > 0.5, -33.0)
    tissue.fill(tissue.z > 2.9, -30.0, 1.5)
    tissue.fill(tissue.ellipse((-0.1, 1.65), (1.25, 0.85), 4, 0.02), -17.0, wall=0.4)
    tissue.fill(tissue.ellipse((1.52, 2.05), (0.36, 0.34)), FLUID_DB, -2.0, wall=0.4)
    trachea = tissue.ellipse((-2.15, 2.4), (0.75, 0.9))
    tissue.fill(trachea, -30.0, 11.0, wall=1.2)
    for echo in range(1, 5):  # air throws the sound back and forth
        ring = np.hypot((tissue.x + 2.15) / 0.75, (tissue.z - 2.4 - 0.22 * echo) / 0.9)
        tissue.mirror += 0.5 / echo * np.exp(-(((ring - 1) / 0.05) ** 2)) * (tissue.z < 2.4) * trachea


def paint_fetal_head(
    tissue: Tissue, centre: tuple[float, float], half_axes: tuple[float, float], turn_deg: float
) -> None:
    """Uterine wall, fluid, a bright skull, brain, midline echo and the cavum."""
    tissue.fill(tissue.ellipse((0.2, 5.6), (6.4, 4.6), 0, 0.02), FLUID_DB, -0.5, wall=0.25)
    tissue.fill(tissue.ellipse((-5.3, 4.4), (2.3, 2.6), 15, 0.06), -22.0)
    a, b = half_axes
    skull = tissue.ellipse(centre, half_axes, turn_deg)
    tissue.fill(skull, -7.0, 3.2, wall=1.0)
    tissue.fill(tissue.ellipse(centre, (a - 0.22, b - 0.22), turn_deg), -38.0, 0.3)
    tissue.fill(tissue.ellipse(centre, (0.86 * a, 0.035 * b), turn_deg), -12.0)
    turn = np.deg2rad(turn_deg)
    front = (centre[0] + 0.42 * a * np.cos(turn), centre[1] + 0.42 * a * np.sin(turn))
    tissue.fill(tissue.ellipse(front, (0.14 * a, 0.09 * b), turn_deg), -68.0)
    for side in (-0.34, 0.34):
        place = (centre[0] - side * b * np.sin(turn), centre[1] + side * b * np.cos(turn))
        tissue.fill(tissue.ellipse(place, (0.2 * a, 0.12 * b), turn_deg, 0.05), -50.0)


def paint_vessels(tissue: Tissue, vein_half_height_cm: float) -> None:
    """Artery and vein in cross-section under the skin; pressing the probe flattens the vein."""
    paint_wall(tissue, 0.7)
    tissue.fill(tissue.z > 0.7, -25.0)
    tissue.fill(tissue.ellipse((-0.55, 2.1), (0.42, 0.42)), FLUID_DB, -2.0, wall=0.5)
    width = 0.72 if vein_half_height_cm > 0.2 else 0.6
    tissue.fill(
        tissue.ellipse((0.75, 2.15), (width, vein_half_height_cm)),
        FLUID_DB,
        -2.0 if vein_half_height_cm > 0.2 else 0.0,
        wall=0.3,
    )


def paint_long_vessel(tissue: Tissue, centre_z_cm: float, half_height_cm: float) -> None:
    """An artery cut along its length, with the two bright lines of its wall."""
    paint_wall(tissue, 0.7)
    tissue.fill(tissue.z > 0.7, -24.0)
    course = centre_z_cm + 0.06 * tissue.x
    inside = np.abs(tissue.z - course) < half_height_cm
    tissue.fill(np.asarray(np.abs(tissue.z - course) < half_height_cm + 0.1), -32.0, wall=0.3)
    tissue.fill(np.asarray(inside), FLUID_DB, -1.5, wall=0.7)
