"""Which ultrasound mode a picture shows, or that it is none: pixels and words heard apart, then weighed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from remud_gen.records import BurnedIn, Modality, ModalityEvidence
from remud_gen.rules import modality_words as words
from remud_gen.rules.colour_maps import Colours, read_colours
from remud_gen.rules.dual_screen import PartBox, find_screens, split_at_paper
from remud_gen.rules.pixels import Look, Thumb, look_at, make_thumb, shrink
from remud_gen.rules.traces import score_spectral, score_streaks

if TYPE_CHECKING:
    from PIL.Image import Image

GRAIN = ((0.02, 0.1), (0.034, 0.5), (0.05, 0.85), (0.07, 0.95))  # grain -> how likely ultrasound
LIKELY, SURE = 0.5, 0.95
FLAGS = frozenset({"modality_conflict", "mixed_modalities"})
LEAST_GREY = 0.08  # share of lit grey pixels under a colour map
WORD, FEW_WORDS = 0.8, 0.6  # what a caption's word counts for a mode; for the plain mode
SURE_SHARE = 0.4  # what is left of the doubt when words agree
CONTRADICTED = 0.25  # what is left of the pixels' say when words name another method only


@dataclass(frozen=True, slots=True)
class Guess:
    """A mode with its score, whether it is ultrasound at all, and all that spoke."""

    modality: Modality | None
    score: float
    ultrasound: float
    evidence: tuple[ModalityEvidence, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the pixels say, and the halves of a dual screen in pixels of the picture."""

    evidence: tuple[ModalityEvidence, ...]
    screens: tuple[tuple[float, float, float, float], ...] = ()


def see(image: Image) -> Seen:
    """Judge a picture, each part between white gaps by itself; nothing for a picture of a few pixels."""
    thumb = shrink(image)
    if thumb is None:
        return Seen(())
    parts = [_cut(thumb, box) for box in split_at_paper(thumb.grey)]
    found: dict[Modality, ModalityEvidence] = {}
    for part in parts:
        for evidence in _judge(part):
            known = found.get(evidence.modality)
            if known is None or known.score < evidence.score:
                found[evidence.modality] = evidence
    is_likely = _measure_ultrasound({mode: evidence.score for mode, evidence in found.items()}) >= LIKELY
    screens = find_screens(thumb.grey) if is_likely else None
    tinted = _see_contrast(thumb, screens) if screens else None
    if tinted is not None:
        found["contrast"] = tinted
    scale = image.width / thumb.grey.shape[1]
    boxes = tuple((x0 * scale, y0 * scale, x1 * scale, y1 * scale) for x0, y0, x1, y1 in screens or ())
    return Seen(tuple(sorted(found.values(), key=lambda e: (-e.score, e.modality))), boxes)


def hear(texts: Sequence[str], annotations: Iterable[BurnedIn]) -> tuple[ModalityEvidence, ...]:
    """What captions and burned-in words say; `texts` are a picture's own words, the closest first."""
    text = "\n".join(text for text in texts if text)
    modes = words.find_modes(text)
    other, own = words.find_other(text), words.find_ultrasound(text)
    evidence = []
    for mode, word in modes.items():
        score = (FEW_WORDS if mode == "b_mode" else WORD) / len(modes)
        score *= 0.5 if own is None and mode == "3d" else 1.0
        evidence.append(_make("caption", mode, score, word))
    if own is not None and not modes:
        evidence.append(_make("caption", "b_mode", 0.3, own))
    if other is not None:
        score = 0.85 if own is None else 0.6 if words.begins_with_other(text) else 0.3
        evidence.append(_make("caption", "not_ultrasound", score, other))
    screen, scanner, machine = words.read_screen(annotations)
    evidence += [_make("burned_in", mode, 0.7, word) for mode, word in screen.items()]
    if scanner is not None and not screen:
        evidence.append(_make("burned_in", "b_mode", 0.3, scanner))
    if machine is not None and scanner is None:
        evidence.append(_make("burned_in", "not_ultrasound", 0.5, machine))
    return tuple(evidence)


def weigh(seen: Sequence[ModalityEvidence], heard: Sequence[ModalityEvidence], unseen_ultrasound: float = 0.5) -> Guess:
    """One guess from all evidence; flagged where pixels and words contradict each other.

    `unseen_ultrasound` is how likely ultrasound is where no pixels were judged.
    """
    pixels = {e.modality: e.score for e in seen}
    by_eye = _measure_ultrasound(pixels) if pixels else unseen_ultrasound
    against = max((e.score for e in heard if e.modality == "not_ultrasound"), default=0.0)
    voices = [e for e in heard if e.modality != "not_ultrasound"]
    ultrasound, flags = by_eye, set[str]()
    if against >= 0.5:
        ultrasound *= CONTRADICTED if not voices else 0.6
        flags |= {"modality_conflict"} if by_eye >= 0.75 and against > 0.5 else set()
    elif voices and not against:
        ultrasound = 1 - (1 - ultrasound) * SURE_SHARE
        flags |= {"modality_conflict"} if by_eye < 0.25 else set()
    modes: dict[Modality, float] = {mode: score for mode, score in pixels.items() if mode != "not_ultrasound"}
    for voice in voices:
        modes[voice.modality] = 1 - (1 - modes.get(voice.modality, 0.0)) * (1 - voice.score)
    if _contradicts(pixels, [e for e in voices if e.source == "caption" and e.score >= FEW_WORDS]):
        flags.add("modality_conflict")
    if {"not_ultrasound"} < pixels.keys() and pixels["not_ultrasound"] >= 0.6 and by_eye >= 0.6:
        flags.add("mixed_modalities")
    ultrasound = round(ultrasound, 3)
    if not seen and not heard:
        return Guess(None, 0.0, ultrasound)
    if ultrasound < LIKELY or not modes:
        return Guess("not_ultrasound", round(1 - ultrasound, 3), ultrasound, (*seen, *heard), tuple(sorted(flags)))
    best = max(modes, key=lambda mode: (modes[mode], mode != "b_mode"))
    return Guess(best, round(modes[best] * ultrasound, 3), ultrasound, (*seen, *heard), tuple(sorted(flags)))


def _measure_ultrasound(pixels: dict[Modality, float]) -> float:
    """One part that is ultrasound is enough."""
    if not pixels:
        return 0.5
    modes = [score for mode, score in pixels.items() if mode != "not_ultrasound"]
    if "not_ultrasound" not in pixels:
        return max(SURE, *modes)
    return max(modes, default=1 - pixels["not_ultrasound"])


def _contradicts(pixels: dict[Modality, float], named: list[ModalityEvidence]) -> bool:
    """Words name one mode alone, and the pixels surely show another of those that pixels can tell."""
    told = {"colour_doppler", "power_doppler", "elastography", "spectral_doppler", "m_mode"}
    sure = {mode for mode, score in pixels.items() if mode in told and score >= 0.7}
    return len(named) == 1 and bool(sure) and named[0].modality not in sure and named[0].modality in told | {"b_mode"}


def _judge(thumb: Thumb) -> list[ModalityEvidence]:
    """The modes of one part with their scores, or that it is none."""
    look = look_at(thumb)
    other = _find_other(look)
    if other is not None and not _is_map(look, thumb):
        return [other]
    colours = read_colours(thumb)
    grain = float(np.interp(look.speckle, [point[0] for point in GRAIN], [point[1] for point in GRAIN]))
    if look.is_one_hue and look.tint > 0.3 and 8 <= look.hue_deg <= 50 and look.speckle < 0.045:
        return [_make("pixels", "3d", 0.75, "smooth and sepia")]
    modes = _find_overlays(look, colours)
    if look.speckle > 0.02 and look.flat < 0.5:
        modes += _find_traces(thumb)
    ultrasound = max([grain, *(score for _, score, _ in modes)])
    found = [_make("pixels", mode, score, reason) for mode, score, reason in modes]
    plain = ultrasound * (1 - max((score for _, score, _ in modes), default=0.0) * 0.6)
    found.append(_make("pixels", "b_mode", plain, "grain of echoes"))
    if ultrasound < 0.9:
        found.append(_make("pixels", "not_ultrasound", 1 - ultrasound, "smooth as CT, MRI or a photograph"))
    return found


def _find_other(look: Look) -> ModalityEvidence | None:
    """What rules ultrasound out: paper, photographs, stained tissue."""
    if look.white > 0.45:
        return _make("pixels", "not_ultrasound", 0.9, "white background")
    if look.dark > 0.985:
        return _make("pixels", "not_ultrasound", 0.6, "nothing but black")
    is_screen_tint = look.is_one_hue and look.dark >= 0.1 and (8 <= look.hue_deg <= 50 or abs(look.hue_deg) > 90)
    if (
        look.colour_spread > 12
        and look.tint > 0.1
        and look.speckle < 0.08
        and not (is_screen_tint and look.colour_spread < 13)
    ):
        return _make("pixels", "not_ultrasound", 0.85, "colours of a photograph")
    if look.tint > 0.12 and look.speckle < 0.06 and not is_screen_tint:
        return _make("pixels", "not_ultrasound", 0.8, "coloured throughout")
    if look.dark < 0.05 and look.speckle < 0.05:
        return _make("pixels", "not_ultrasound", 0.75, "light background")
    return None


def _is_map(look: Look, thumb: Thumb) -> bool:
    """Colours over a part of a grey picture, not throughout it: flow or stiffness after all."""
    rest = thumb.chroma[~thumb.coloured & (thumb.brightest > 60)]
    least = max(LEAST_GREY * thumb.grey.size, float(thumb.coloured.sum()))
    is_grey = rest.size > least and float(np.median(rest)) < 12
    return look.white < 0.3 and look.coloured < 0.6 and is_grey and look.dark > 0.1


def _find_overlays(look: Look, colours: Colours) -> list[tuple[Modality, float, str]]:
    is_tinted = look.is_one_hue and look.tint > 0.15
    total = colours.warm + colours.cold + colours.green
    shares = [colours.warm, colours.cold, colours.green]
    if total > 0.04 and min(shares) > 0.1 * total and colours.rest_chroma < 15:
        return [("elastography", 0.85 if colours.bar == "rainbow" else 0.7, "a map of all colours over grey")]
    if colours.rest_chroma >= 15 and colours.bar != "two":
        return []
    if colours.bar == "two":
        return [("colour_doppler", 0.9 if total > 0.001 else 0.8, "a colour bar with two directions")]
    if colours.bar == "one" and colours.warm > 0.002 and colours.cold < 0.0005:
        return [("power_doppler", 0.75, "a colour bar of one hue")]
    if not is_tinted and min(colours.warm, colours.cold) > 0.001:
        return [("colour_doppler", 0.75, "red and blue flow")]
    if not is_tinted and colours.warm > 0.004:
        return [("colour_doppler", 0.5, "red flow"), ("power_doppler", 0.45, "flow of one hue")]
    return []


def _find_traces(thumb: Thumb) -> list[tuple[Modality, float, str]]:
    found: list[tuple[Modality, float, str]] = []
    waves, streaks = score_spectral(thumb.grey), score_streaks(thumb.grey)
    if waves > 0.5:
        found.append(("spectral_doppler", min(0.9, 0.45 + 0.6 * waves), "waves on a baseline"))
    if streaks > 0.5:
        found.append(("m_mode", min(0.85, 0.4 + 0.5 * streaks), "streaks along a time axis"))
    return found


def _see_contrast(thumb: Thumb, screens: tuple[PartBox, PartBox]) -> ModalityEvidence | None:
    """A golden half beside a grey one."""
    looks = [look_at(_cut(thumb, box)) for box in screens]
    golden = [
        look.is_one_hue and look.tint > 0.3 and 15 <= look.hue_deg <= 60 and look.speckle > 0.03 for look in looks
    ]
    if golden.count(True) == 1 and looks[golden.index(False)].tint < 0.12:
        return _make("pixels", "contrast", 0.75, "a golden half beside a grey one")
    return None


def _cut(thumb: Thumb, box: PartBox) -> Thumb:
    x0, y0, x1, y1 = box
    return thumb if (x0, y0, y1, x1) == (0, 0, *thumb.grey.shape) else make_thumb(thumb.rgb[y0:y1, x0:x1])


def _make(source: str, modality: Modality, score: float, reason: str) -> ModalityEvidence:
    facts = {"source": source, "modality": modality, "score": round(score, 3), "reason": reason}
    return ModalityEvidence.model_validate(facts)
