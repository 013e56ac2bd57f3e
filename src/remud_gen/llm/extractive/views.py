"""Captions and notes -> which plane and which technique, where all the words agree on one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from remud_gen.llm.extractive.english import SHOWS
from remud_gen.llm.extractive.facts import Asks, Fact, quote_of
from remud_gen.llm.extractive.pieces import Piece, clean, is_presentable, lower_words
from remud_gen.records import Language
from remud_gen.rules.late import compile_late
from remud_gen.rules.terms import Hit, Term, find_kin, find_terms

VIEW_NOUN = compile_late(
    r"^(?:[\s\-]+(?!of\b|in\b|with\b|and\b)[A-Za-z\-]+){0,2}?[\s\-]+(?P<noun>views?|sections?|scans?|planes?|sonograms?|images?|"
    r"ultrasounds?|echocardiograms?)\b",
    re.IGNORECASE,
)
IMAGE_NOUN = compile_late(
    r"^[\s\-]+(?:[a-z\-]+\s+)?(?:images?|imaging|scans?|views?|sonograms?|study|examination)\b", re.IGNORECASE
)
AFTER_TECHNIQUE_ZH = compile_late(
    r"^(?:超声|检查|成像)?(?:声像图|图像|图|像)?(?:显示|示(?!意)|可见|所见|见|表现|：|:|，|,|）|\)|\s|$|声像图|图像)"
)
NOT_TECHNIQUE_ZH = compile_late(r"^(?:引导|下|介导|检查(?:后|前)|随访)")
ULTRASOUND = compile_late(r"ultraso|sonogra|echo|doppler|回声|超声|彩超|声影|探头", re.IGNORECASE)
# Written alone these say too little to be an answer.
TOO_SHORT = {"2d", "3d", "us", "ct", "二维", "三维", "灰阶", "echo", "two-dimensional", "three-dimensional"}
GROUP_ASKS: dict[str, Asks] = {
    "route": "route", "access": "route", "mode": "mode", "doppler": "mode", "echo": "method",
}  # fmt: skip
# `method` is not asked about: all pictures here are ultrasound, so the answer could be guessed.
TECHNIQUE_ORDER = ("route", "access", "mode", "doppler", "echo")
PLANE_ORDER = ("transesophageal_view", "apical", "parasternal", "head_plane", "fetal_plane", "window", "orientation")


def read_views(pieces: Sequence[Piece], language: Language) -> Iterator[Fact]:
    """At most one plane and one technique; where the words name two of a kind, none is certain for this picture."""
    planes = [found for piece in pieces for found in _find_planes(piece, language)]
    text = "\n".join(piece.raw for piece in pieces)
    yield from _choose(planes, PLANE_ORDER, "plane", find_terms(text, language, "plane"), language)
    techniques = [found for piece in pieces for found in _find_techniques(piece, language)]
    yield from _choose(techniques, TECHNIQUE_ORDER, "modality", find_terms(text, language, "modality"), language)


def find_other_method(pieces: Sequence[Piece], language: Language) -> str | None:
    """The name of the method if the words speak of one other than ultrasound only (MRI, histology, a photograph)."""
    text = " ".join(piece.raw for piece in pieces)
    hits = find_terms(text, language, "modality")
    methods = [hit.term for hit in hits if hit.term.group == "method"]
    # 3D and the like are said of other methods too.
    is_sure = all(hit.term.group == "method" or text[hit.start : hit.end].lower() in TOO_SHORT for hit in hits)
    return methods[0].forms(language)[0] if methods and is_sure and not ULTRASOUND.search(text) else None


def _choose(
    found: list[tuple[Hit, Piece, str]], order: Sequence[str], kind: str, said: list[Hit], language: Language
) -> Iterator[Fact]:
    for group in order:
        members = [entry for entry in found if entry[0].term.group == group]
        if not members:
            continue
        if len({hit.term for hit in said if hit.term.group == group}) > 1:
            return
        hit, part, noun = members[0]
        value = lower_words(clean(part.raw))
        if value.lower() in TOO_SHORT or not is_presentable(value, language):
            continue
        kin = [_name(_choose_form(other, value, language), noun) for other in find_kin(hit.term, language)]
        if kind == "plane":
            value = value[:-1] if noun and value.endswith("s") else value
            yield Fact("plane", "plane", value, (quote_of(part),), term=hit.term, wrong=tuple(kin))
        else:
            yield Fact(GROUP_ASKS[group], "modality", value, (quote_of(part),), term=hit.term, wrong=tuple(kin))
        return


def _choose_form(term: Term, beside: str, language: Language) -> str:
    """The form that stands well beside the value: digits beside digits, the same last word, hyphens where it has them,
    so that the right option is not the one that is spelled in another way.
    """

    def likeness(form: str) -> tuple[bool, bool]:
        return _has_digit(form) == _has_digit(beside), form.rsplit(maxsplit=1)[-1] == beside.rsplit(maxsplit=1)[-1]

    form = max(term.forms(language), key=likeness)  # the first of equals
    return form.replace("-chamber", " chamber") if " chamber" in beside else form


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _name(form: str, noun: str) -> str:
    return form if not noun or form.endswith((noun, "view")) else f"{form} {noun}"


def _find_planes(piece: Piece, language: Language) -> Iterator[tuple[Hit, Piece, str]]:
    raw = piece.raw
    for hit in find_terms(raw, language, "plane"):
        if language == "zh":
            if not re.match(r"[口除术]", raw[hit.end :]):
                yield hit, piece.cut(hit.start, hit.end), ""
            continue
        if raw[hit.start : hit.end].lower().endswith("view"):
            yield hit, piece.cut(hit.start, hit.end), ""
            continue
        noun = VIEW_NOUN.match(raw[hit.end :])
        if noun:
            yield hit, piece.cut(hit.start, hit.end + noun.end()), noun.group("noun").lower().rstrip("s")


def _find_techniques(piece: Piece, language: Language) -> Iterator[tuple[Hit, Piece, str]]:
    raw = piece.raw
    shows = SHOWS.search(raw) if language == "en" else None
    head_end = shows.start() if shows else min(len(raw), 80)
    hits = find_terms(raw, language, "modality")
    for hit in hits:
        if any(other.start <= hit.start and hit.end <= other.end and other != hit for other in hits):
            continue
        rest = raw[hit.end :]
        if language == "zh":
            is_own = AFTER_TECHNIQUE_ZH.match(rest) is not None and NOT_TECHNIQUE_ZH.match(rest) is None
        else:
            leads = len(raw[: hit.start].split()) <= 4 and not re.search(
                r"[.,;:]|\b(?:on|by|after|before)\b", raw[: hit.start]
            )
            is_own = hit.start < head_end and (leads or IMAGE_NOUN.match(rest) is not None)
        if is_own and not re.match(r"\s*[-–]?\s*guided\b", rest):
            yield hit, piece.cut(hit.start, hit.end), ""
