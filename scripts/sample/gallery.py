"""Every picture of the two books, by name: what is in the body, what the screen says."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from sample import dicom_frames, organs
from sample.screens import Caliper, Label, Picture, make_screen, to_picture
from sample.simulator import Grid, Mask, Probe, Tissue, simulate

CURVED = Probe("C5-1", 14)
CURVED_DEEP = Probe("C5-1", 16)
CURVED_SHALLOW = Probe("C5-1", 11)
LINEAR = Probe("L12-3", 4, width_cm=5.2)

Place = tuple[float, float]


def show(
    probe: Probe,
    paint: Callable[[Tissue], None],
    seed: int,
    labels: tuple[Label, ...] = (),
    calipers: tuple[Caliper, ...] = (),
    flow: Callable[[Grid, Grid], Mask] | None = None,
) -> Picture:
    """Simulate one frame and put the screen around it; `flow` marks the lumen that carries colour."""
    frame = simulate(probe, paint, seed)
    lumen = (flow(*frame.places()), (-1.1, 1.3, 1.5, 2.7)) if flow else None
    screen = make_screen(frame, probe, labels, calipers, lumen)
    return to_picture(screen, (*(label.text for label in labels), *(caliper.reading for caliper in calipers)))


def along(centre: Place, half_cm: float, turn_deg: float, name: str = "Dist") -> Caliper:
    """A caliper along an axis."""
    dx, dz = half_cm * math.cos(math.radians(turn_deg)), half_cm * math.sin(math.radians(turn_deg))
    return Caliper((centre[0] - dx, centre[1] - dz), (centre[0] + dx, centre[1] + dz), name)


def show_kidney(side: str, half_axes: Place, seed: int) -> Picture:
    """A kidney cut along its length, with its length measured."""

    def paint(tissue: Tissue) -> None:
        organs.paint_wall(tissue, 1.6)
        organs.paint_kidney(tissue, (0, 6.4), half_axes)

    return show(CURVED, paint, seed, (Label(side, (0, 10.6)),), (along((0, 6.4), half_axes[0], 6),))


def show_renal_cyst(is_lengthwise: bool) -> Picture:
    """A simple cyst at the lower pole, cut along the kidney's length or across it."""
    centre, half_axes = ((3.5, 7.7), (2.26, 2.05)) if is_lengthwise else ((0.7, 7.6), (2.2, 2.0))

    def paint(tissue: Tissue) -> None:
        organs.paint_wall(tissue, 1.6)
        if is_lengthwise:
            organs.paint_kidney(tissue, (0, 6.2), (5.2, 2.5))
        else:
            organs.paint_kidney(tissue, (-0.4, 5.6), (2.9, 2.5))
        organs.paint_cyst(tissue, centre, half_axes)

    calipers = (along(centre, half_axes[0], 0),) if is_lengthwise else ()
    return show(CURVED, paint, 21 + is_lengthwise, (Label("LK", (-2.6, 9.6)), Label("C", centre)), calipers)


def show_polycystic_kidney(side: str, seed: int) -> Picture:
    """A large kidney full of cysts."""

    def paint(tissue: Tissue) -> None:
        organs.paint_wall(tissue, 1.5)
        organs.paint_kidney(tissue, (0, 7.2), (7.2, 3.8), 3)
        organs.paint_many_cysts(tissue, (0, 7.2), (6.6, 3.3), seed)

    return show(CURVED_DEEP, paint, seed, (Label(side, (0, 12.6)),))


def show_hydronephrosis() -> Picture:
    """A dilated renal pelvis, measured from front to back."""

    def paint(tissue: Tissue) -> None:
        organs.paint_wall(tissue, 1.6)
        organs.paint_kidney(tissue, (0, 6.2), (5.5, 2.9))
        organs.paint_pelvis_dilation(tissue, (0, 6.2), (5.5, 2.9))

    centre_z, half = 6.2 + 0.05 * 2.9, 0.27 * 2.9 + 0.1
    return show(CURVED, paint, 33, (Label("RK", (0, 10.4)),), (along((0, centre_z), half, 90),))


def show_gallstone(stone: Place, seed: int, has_caliper: bool) -> Picture:
    """A gallbladder with one stone lying on its lower wall."""

    def paint(tissue: Tissue) -> None:
        organs.paint_wall(tissue, 1.3)
        organs.paint_gallbladder(tissue, (0.6, 5.0), (3.4, 1.7), 18)
        organs.paint_stone(tissue, stone, 1.07)

    calipers = (along(stone, 1.07, 0),) if has_caliper else ()
    return show(CURVED_SHALLOW, paint, seed, (Label("GB", (-0.4, 4.4)),), calipers)


def show_liver(has_focus: bool, seed: int) -> Picture:
    """The right lobe below the diaphragm, with a bright round focus or with its veins."""

    def paint(tissue: Tissue) -> None:
        organs.paint_wall(tissue, 1.4)
        organs.paint_liver(tissue, with_veins=not has_focus)
        if has_focus:
            tissue.fill(tissue.ellipse((1.8, 5.2), (1.15, 1.05), 0, 0.04), -11.0)

    if has_focus:
        return show(CURVED, paint, seed, (Label("L", (-3.0, 6.6)),), (along((1.8, 5.2), 1.15, 0),))
    return show(CURVED, paint, seed, (Label("HV", (2.9, 6.9)), Label("D", (0, 11.4))))


def show_thyroid(is_right: bool, has_nodule: bool, seed: int) -> Picture:
    """A thyroid lobe across; the patient's right is at the left of the screen, so the trachea changes sides."""
    side = -1 if is_right else 1

    def paint(tissue: Tissue) -> None:
        tissue.x = side * tissue.x
        organs.paint_neck(tissue)
        if has_nodule:
            tissue.fill(tissue.ellipse((0.1, 1.7), (0.63, 0.48), 0, 0.03), -31.0, wall=0.2)

    calipers = (along((side * 0.1, 1.7), 0.63, 0),) if has_nodule else ()
    return show(LINEAR, paint, seed, (Label("CCA", (side * 1.52, 2.75)), Label("TR", (side * -2.1, 3.5))), calipers)


def show_fetal_head() -> Picture:
    """A fetal head across, its width measured from outer to outer border."""
    centre, half_axes = (0.5, 6.0), (4.35, 3.41)

    def paint(tissue: Tissue) -> None:
        organs.paint_wall(tissue, 1.0)
        organs.paint_fetal_head(tissue, centre, half_axes, 0)

    return show(CURVED, paint, 51, (Label("FH", (0.5, 4.6)),), (along(centre, half_axes[1], 90, "BPD"),))


def show_carotid(has_flow: bool) -> Picture:
    """The common carotid artery along its length, measured, or with colour Doppler."""

    def paint(tissue: Tissue) -> None:
        organs.paint_long_vessel(tissue, 2.0, 0.35)

    def lumen(x: Grid, z: Grid) -> Mask:
        return np.asarray(np.abs(z - 2.0 - 0.06 * x) < 0.33)

    label = (Label("CCA", (-2.0, 1.2)),)
    if has_flow:
        return show(LINEAR, paint, 61, label, flow=lumen)
    return show(LINEAR, paint, 62, label, (Caliper((0.0, 1.65), (0.0, 2.35)),))


def show_femoral_vein(is_pressed: bool) -> Picture:
    """Femoral artery and vein across, at rest or under pressure of the probe."""

    def paint(tissue: Tissue) -> None:
        organs.paint_vessels(tissue, 0.09 if is_pressed else 0.55)

    return show(LINEAR, paint, 71 + is_pressed, (Label("FA", (-0.55, 1.35)), Label("FV", (0.85, 1.25))))


PICTURES: dict[str, Callable[[], Picture]] = {
    "enlarged_left_kidney": partial(show_kidney, "LK", (6.6, 3.0), 11),
    "normal_right_kidney": partial(show_kidney, "RK", (5.2, 2.4), 12),
    "renal_cyst_lengthwise": partial(show_renal_cyst, True),
    "renal_cyst_across": partial(show_renal_cyst, False),
    "polycystic_right_kidney": partial(show_polycystic_kidney, "RK", 3),
    "polycystic_left_kidney": partial(show_polycystic_kidney, "LK", 8),
    "hydronephrosis": show_hydronephrosis,
    "gallstone_supine": partial(show_gallstone, (0.9, 5.75), 41, True),
    "gallstone_lateral": partial(show_gallstone, (2.3, 5.95), 42, False),
    "liver_focus": partial(show_liver, True, 81),
    "liver_veins": partial(show_liver, False, 82),
    "thyroid_nodule": partial(show_thyroid, True, True, 91),
    "thyroid_normal": partial(show_thyroid, False, False, 92),
    "fetal_head": show_fetal_head,
    "carotid": partial(show_carotid, False),
    "carotid_flow": partial(show_carotid, True),
    "femoral_vein_at_rest": partial(show_femoral_vein, False),
    "femoral_vein_pressed": partial(show_femoral_vein, True),
    "lymph_node": lambda: to_picture(dicom_frames.load_lymph_node(), ("LYMPH NODE",)),
    "probe_in_air": lambda: to_picture(dicom_frames.load_probe_in_air()),
    "heart": lambda: to_picture(dicom_frames.load_heart()),
}


def draw(name: str) -> Picture:
    """The picture of that name."""
    return PICTURES[name]()
