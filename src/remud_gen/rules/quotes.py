"""Is a quote really in the span it cites: exactly, or as closely as the origin of the text allows."""

from __future__ import annotations

from typing import Literal

from rapidfuzz import fuzz

from remud_gen.records import Language
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import fold, squash
from remud_gen.rules.opposites import find_swap
from remud_gen.rules.polarity import find_flip

MIN_FUZZY_CHARS = 12  # shorter quotes match by chance, so they must stand there exactly
MIN_EXACT_CHARS = 2
# Similarity in percent. Measured: OCR noise of 2 % of the characters keeps all true quotes at these values, and a
# quote from another caption passes in 0.6 % of the cases.
THRESHOLDS: dict[tuple[Literal["layer", "ocr"], Language], int] = {
    ("layer", "en"): 95,
    ("layer", "zh"): 95,
    ("ocr", "en"): 90,
    ("ocr", "zh"): 85,
}
_ELLIPSIS = compile_late(r"\[?\.{3,}\]?|…+")
_NUMBER = compile_late(r"\d+(?:\.\d+)?")


def is_quoted(quote: str, span: str, threshold: int) -> bool:
    """Whether every piece of a quote (pieces are parted by an ellipsis) stands in the span, in order.

    A similar piece does not count when it changes a number, a side or a negation: those few characters are the fact.
    """
    pieces = [piece.strip() for piece in _ELLIPSIS.split(quote) if squash(piece)]
    rest = span
    for piece in pieces:
        end = _find_piece(piece, rest, threshold)
        if end is None:
            return False
        rest = rest if len(pieces) == 1 else squash(rest)[end:]
    return bool(pieces)


def _find_piece(piece: str, span: str, threshold: int) -> int | None:
    """Where the piece ends in the squashed span, None when it is not there."""
    wanted, known = squash(piece), squash(span)
    if len(wanted) < MIN_EXACT_CHARS and wanted != known:
        return None
    start = known.find(wanted)
    if start >= 0:
        return start + len(wanted)
    if len(wanted) < MIN_FUZZY_CHARS:
        return None
    match = fuzz.partial_ratio_alignment(wanted, known, score_cutoff=threshold)
    if match is None:
        return None
    window = known[match.dest_start : match.dest_end]
    if not set(_NUMBER.findall(wanted)) <= set(_NUMBER.findall(window)):
        return None
    if find_swap(fold(piece), fold(span)) or find_flip(piece, span):
        return None
    return match.dest_end
