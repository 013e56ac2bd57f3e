"""What a scanner's screen says and shows: typed words, and the evidence for an ultrasound mode."""

from __future__ import annotations

from typing import Literal

from remud_gen.record_base import BBox, Record

BurnedInKind = Literal[
    "label", "caliper", "depth", "frequency", "probe", "setting", "date", "time", "patient", "institution", "scale",
    "orientation", "other",
]  # fmt: skip


class BurnedIn(Record):
    """What one piece of a burned-in line says; `text` is as read (NFKC), a number in doubt has no `value`."""

    kind: BurnedInKind
    text: str
    bbox: BBox  # of the line it stands in
    score: float = 1.0  # how surely it was read and typed
    name: str | None = None  # Dist, LK, MI, …
    meaning: str | None = None
    meaning_from: Literal["legend", "vocabulary"] | None = None  # the figure's own words, or the shipped list
    value: float | None = None
    unit: str | None = None
    flags: tuple[str, ...] = ()


Modality = Literal[
    "b_mode", "colour_doppler", "power_doppler", "spectral_doppler", "m_mode", "elastography", "3d", "contrast",
    "not_ultrasound",
]  # fmt: skip


class ModalityEvidence(Record):
    """One reason for a modality: what spoke, how loudly (0 to 1), and what it saw or read."""

    source: Literal["pixels", "burned_in", "caption"]
    modality: Modality
    score: float
    reason: str
