"""How sure a pair is: each named doubt lowers the confidence by its own factor."""

from __future__ import annotations

from collections.abc import Iterable

FACTORS = {
    "no_caption": 0.25,
    "labels_differ": 0.2,
    "label_by_name": 0.8,
    "words_from_folder": 0.7,
    "words_from_header": 0.8,
    "caption_by_order": 0.58,
    "caption_far": 0.6,
    "caption_between": 0.7,
    "caption_by_row": 0.6,
    "caption_unlabelled": 0.7,
    "caption_from_alt": 0.6,
    "caption_shared": 0.9,
    "panel_apart": 0.9,
    "caption_other_page": 0.75,
    "caption_elsewhere": 0.8,
    "caption_over_columns": 0.95,
    "number_repaired": 0.95,
    "text_between": 0.7,
    "continued": 0.95,
    "note_pending": 0.9,
    "panel_letter_inferred": 0.88,
    "panel_letters_repeat": 0.8,
    "panels_not_separable": 0.9,
    "panels_within_picture": 0.95,
    "clause_not_split": 0.85,
    "clause_missing": 0.4,
    "clause_blank": 0.4,
    "clause_lost": 0.3,
    "clause_without_panel": 0.8,
}  # fmt: skip
LOW_OCR = 0.9  # mean line score below which the words themselves are a doubt


def measure_confidence(flags: Iterable[str], ocr_score: float) -> float:
    """Product of the factors of all doubts and of a low reading score, 0 to 1, to three decimals."""
    confidence = min(1.0, ocr_score / LOW_OCR)
    for flag in sorted(set(flags)):
        confidence *= FACTORS.get(flag, 1.0)
    return round(confidence, 3)
