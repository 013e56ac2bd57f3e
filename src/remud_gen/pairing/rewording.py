"""A pair with other words of its page: everything that rests on words is made anew, everything else stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from remud_gen.pairing.clauses import find_panel_keys, split_clauses
from remud_gen.pairing.families import choose_clause
from remud_gen.records import Evidence, EvidenceKind, ImageTextPair, Sketch, SketchChoice
from remud_gen.rules import modality
from remud_gen.rules.burned_in import annotate, collect_legend
from remud_gen.rules.language import detect_language
from remud_gen.rules.notes import strip_note_marker
from remud_gen.rules.panel_marks import PLACES

CLAUSE_DOUBTS = frozenset({"clause_not_split", "clause_missing", "clause_blank", "clause_lost", "clause_without_panel"})


@dataclass(frozen=True, slots=True)
class Words:
    """What a figure is to be called by; `caption` is None where its caption and title stay as they are."""

    caption: SketchChoice | None
    note: SketchChoice | None


def reword(
    pair: ImageTextPair, sketch: Sketch, words: Words, flags: set[str], min_ultrasound_score: float | None
) -> ImageTextPair:
    """The pair with these words, its panel's clauses cut from them, and the doubts that they raise beside `flags`."""
    title, caption, number = pair.title, pair.caption, pair.figure_number
    if words.caption is not None:
        is_title = words.caption.kind == "title"
        title, caption = (words.caption.words, None) if is_title else (None, words.caption.words)
        number = words.caption.label
    note = words.note.words if words.note is not None else None
    bare = strip_note_marker(note) if note else None
    named = frozenset(key for text in _split(caption, bare) for key in find_panel_keys(text))
    own_caption = pair.panel_caption
    if words.caption is not None:
        flags = flags - CLAUSE_DOUBTS | _doubt_panels(pair, sketch, _split(caption, bare), named)
        own_caption = choose_clause(caption, pair.panel, named, flags)
    update = {
        "figure_number": number,
        "title": title,
        "caption": caption or None,
        "note": note,
        "panel_caption": own_caption,
        "panel_note": choose_clause(bare, pair.panel, named, flags),
    }
    made = pair.model_copy(update=update)
    context = tuple(_make_context(made, pair, words))
    return _hear_again(made.model_copy(update={"context": context}), flags, min_ultrasound_score)


def _split(caption: str | None, note: str | None) -> list[str]:
    return [text for text in (*(caption or "").split("\n"), note) if text]


def _doubt_panels(pair: ImageTextPair, sketch: Sketch, texts: list[str], named: frozenset[str]) -> set[str]:
    """Doubts of words that speak of panels which the pictures cannot be told to be."""
    if pair.panel is None and len(named) > 1 and len(sketch.figures) == 1:
        return {"panels_not_separable"}
    tells_places = any((found := split_clauses(text)) is not None and found.keys & PLACES for text in texts)
    return {"clause_not_split"} if tells_places and len(sketch.figures) > 1 else set()


def _make_context(made: ImageTextPair, pair: ImageTextPair, words: Words) -> Iterator[Evidence]:
    """The evidence in the order in which pairing lists it, with the chosen words in place of the old ones."""
    old, chosen = {span.id: span for span in pair.context}, words.caption
    if chosen is None:
        yield from (old[name] for name in ("title", "cap") if name in old)
    elif chosen.kind == "title":
        yield _quote("title", "title", chosen.words, chosen)
    elif made.panel_caption:
        yield _quote("cap", "caption", made.panel_caption, chosen)
    if words.note is not None and made.panel_note:
        yield _quote("note", "note", made.panel_note, words.note)
    yield from _list_spans(pair, "burned_in")
    yield from _list_spans(pair, "heading") if chosen is None else chosen.headings
    keeps_mentions = chosen is None or chosen.label == pair.figure_number
    yield from _list_spans(pair, "mention") if chosen is None or keeps_mentions else chosen.mentions
    yield from _list_spans(pair, "body")


def _list_spans(pair: ImageTextPair, kind: EvidenceKind) -> list[Evidence]:
    return [span for span in pair.context if span.kind == kind]


def _quote(identity: str, kind: EvidenceKind, text: str, choice: SketchChoice) -> Evidence:
    return Evidence(
        id=identity, kind=kind, text=text, page_number=choice.page_number, bbox=choice.bbox, origin=choice.origin
    )


def _hear_again(pair: ImageTextPair, flags: set[str], min_ultrasound_score: float | None) -> ImageTextPair:
    """Language, meanings of burned-in labels and kind of picture, as the new words tell them."""
    words = [text for text in (pair.title, pair.caption, pair.note) if text]
    language = detect_language(" ".join(words), pair.language)
    legend = collect_legend([pair.caption, pair.note, pair.title, *(span.text for span in pair.context)], language)
    annotations = annotate(pair.burned_in_text, legend, language)
    own = [pair.panel_caption or "", pair.panel_note or ""]
    texts = own if any(own) else [pair.caption or "", pair.note or ""]
    seen = [evidence for evidence in pair.modality_evidence if evidence.source == "pixels"]
    heard = modality.hear([*texts, pair.title or ""], annotations)
    guess = modality.weigh(seen, heard, pair.is_ultrasound_score)
    flags = flags - modality.FLAGS - {"not_ultrasound"} | set(guess.flags)
    if min_ultrasound_score is not None and guess.ultrasound < min_ultrasound_score:
        flags.add("not_ultrasound")
    return pair.model_copy(
        update={
            "language": language,
            "annotations": annotations,
            "modality": guess.modality,
            "modality_score": guess.score,
            "modality_evidence": guess.evidence,
            "is_ultrasound_score": guess.ultrasound,
            "flags": tuple(sorted(flags)),
        }
    )
