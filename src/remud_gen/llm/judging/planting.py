"""Good records -> bad ones, by one change each, to see whether a judge that is shown both tells them apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from remud_gen.llm.build import FIRST_WORD, NO, YES
from remud_gen.llm.conclusions import read_yes_no
from remud_gen.llm.judging.case import WORDS, Case, draw
from remud_gen.records import Language, Quadruplet
from remud_gen.rules.mutations import Mutation, list_mutations
from remud_gen.rules.normalise import shorten
from remud_gen.rules.regions import find_regions

SAID: Mapping[Language, Mapping[str, str]] = {"en": {"yes": "Yes", "no": "No"}, "zh": {"yes": "是", "no": "否"}}
WORDS_ONLY = ("mismatch",)  # probes that see nothing of the answer: only other words make a record bad for them


@dataclass(frozen=True, slots=True)
class Planted:
    """A record that is bad in one known way."""

    kind: str
    changed: str
    record: Quadruplet


def choose_originals(records: Sequence[Quadruplet], share: float, seed: int) -> frozenset[str]:
    """Ids of the records of a part that a bad one is made of: a share of them, at least one, the same each time."""
    if not share or not records:
        return frozenset()
    drawn = sorted(records, key=lambda record: (draw(f"{seed}/{record.id}/planted"), record.id))
    return frozenset(record.id for record in drawn[: ceil(share * len(drawn))])


def choose_partners(records: Iterable[Quadruplet]) -> dict[str, Quadruplet]:
    """For each record of a part with an image, one of another image whose place it could take.

    One that shows another region of the body, by the words printed with it, comes before one that may show the same.
    """
    visual = [record for record in records if record.images and record.question_from is None]
    images: dict[str, Quadruplet] = {}
    for record in visual:
        images.setdefault(record.group_id, record)  # one record speaks for all that are about its image
    regions = {group: _find_regions(record) for group, record in images.items()}
    partners: dict[str, Quadruplet] = {}
    for record in visual:
        own = {image.sha256 for image in record.images}
        ranked = [
            (_may_meet(regions[record.group_id], regions[group]), draw(f"{record.id}/{other.id}/partner"), group)
            for group, other in images.items()
            if group != record.group_id
            and (other.document_id, other.language) == (record.document_id, record.language)
            and own.isdisjoint(image.sha256 for image in other.images)
        ]
        if ranked:
            partners[record.id] = images[min(ranked)[2]]
    return partners


def _may_meet(one: frozenset[str], other: frozenset[str]) -> bool:
    return not one or not other or bool(one & other)


def plant(case: Case, probe: str, seed: int) -> Planted | None:
    """The record made bad for one probe, by a change that is drawn among those it allows; None where it allows none."""
    choices = list(_list_words(case)) if probe in WORDS_ONLY else [*_list_changes(case), *_list_words(case)]
    kinds = sorted({one.kind for one in choices}, key=lambda kind: draw(f"{seed}/{case.record.id}/{probe}/{kind}"))
    if not kinds:
        return None
    fit = [one for one in choices if one.kind == kinds[0]]
    return min(fit, key=lambda one: (draw(f"{seed}/{case.record.id}/{one.changed}"), one.changed))


def _find_regions(record: Quadruplet) -> frozenset[str]:
    return find_regions(" ".join(span.text for span in record.evidence if span.kind in WORDS), record.language)


def _list_changes(case: Case) -> Iterator[Planted]:
    record = case.record
    if record.form == "mcq":
        yield from _change_choice(record)
        return
    if record.form == "yesno":
        yield from _change_yes_no(record)
    for mutation in list_mutations(record.answer, record.language):
        thinking = _follow(record.thinking, mutation)
        bad = record.model_copy(update={"answer": mutation.text, "thinking": thinking})
        yield Planted(mutation.kind, f"{mutation.old or '(nothing)'} -> {mutation.new or '(nothing)'}", bad)


def _follow(thinking: str | None, mutation: Mutation) -> str | None:
    """The same number, side or opposite in the line of thought, so that the answer alone does not give it away."""
    if thinking is None or mutation.kind == "negation" or not mutation.old:
        return thinking
    return thinking.replace(mutation.old, mutation.new)


def _change_choice(record: Quadruplet) -> Iterator[Planted]:
    for option in record.options:
        if option.key != record.answer_key:
            bad = {"answer_key": option.key, "answer": f"{option.key}. {option.text}"}
            yield Planted("key", f"{record.answer_key} -> {option.key}", record.model_copy(update=bad))


def _change_yes_no(record: Quadruplet) -> Iterator[Planted]:
    said = record.answer_key or read_yes_no(record.answer)
    if said not in ("yes", "no"):
        return
    other = "no" if said == "yes" else "yes"
    word = FIRST_WORD.split(record.answer.strip().lower(), maxsplit=1)[0]
    rest = record.answer.strip()[len(word) :] if word in YES | NO else ""
    bad = {"answer_key": other, "answer": f"{SAID[record.language][other]}{rest}"}
    yield Planted("key", f"{said} -> {other}", record.model_copy(update=bad))


def _list_words(case: Case) -> Iterator[Planted]:
    """The words of another image in the place of its own: nothing that the answer says stands there."""
    if case.partner is None or not case.words or not case.is_visual:
        return
    theirs = Case(case.partner).words
    if not theirs or {span.text for span in theirs} & {span.text for span in case.words}:
        return
    bad = case.record.model_copy(update={"evidence": theirs})
    yield Planted("caption", f"{shorten(case.words[0].text, 30)} -> {shorten(theirs[0].text, 30)}", bad)
