"""Questions asked of an image that cannot answer them: the question of one pair, the image of another.

The image is one of the same document, so that no document lies on both sides of a split; of another figure; and of a
region of the body that shares nothing with the question's. Where no such image is, there is no negative.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from remud_gen.llm.spans import build_spans
from remud_gen.records import Claim, Evidence, Generation, ImageTextPair, Language, Quadruplet, Quote, make_id
from remud_gen.rules.regions import find_regions
from remud_gen.rules.terms import find_terms

FLAGS = ("negative", "swapped_image")
GENERATION = Generation(client="swap", model="none", prompt="none", prompt_sha256="", request_sha256="")
FORMS = ("open", "dialogue")  # a choice or a yes would have to be given the lie
# Phrases are chosen by the record's id, so that the answer is not the same sentence every time.
ANSWERS: dict[Language, tuple[str, ...]] = {
    "en": (
        "Only {shown} is imaged here; {asked} lies outside the view, which leaves the question open.",
        "Nothing can be said about {asked} here: what is imaged is {shown}.",
        "The view is of {shown}: what is asked about {asked} lies outside it.",
        "That cannot be answered here, as the image shows {shown} and {asked} does not appear.",
    ),
    "zh": (
        "这幅图像回答不了这个问题：所示为{shown}，{asked}不在视野内。",
        "此图显示的是{shown}，看不到{asked}，因此无从回答。",
        "图中成像的部位是{shown}，没有扫查到{asked}，此问题在这里没有答案。",
        "所示结构为{shown}，{asked}未包括在内，故此图不能说明。",
    ),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What an image shows by its own words, where that is certain."""

    name: str
    printed: str
    span: Evidence
    regions: frozenset[str]


def choose_partners(pairs: Iterable[ImageTextPair], share: float, seed: int) -> dict[str, ImageTextPair]:
    """For a share of the pairs of one part, drawn by id, the pair whose image is shown instead of its own."""
    known = [(pair, shown) for pair in pairs if (shown := read_shown(pair)) is not None]
    partners: dict[str, ImageTextPair] = {}
    for pair, shown in known:
        if _draw(f"{seed}/{pair.id}/negative") >= share:
            continue
        fit = [
            other
            for other, theirs in known
            if other.document_id == pair.document_id
            and other.figure_id != pair.figure_id
            and other.image.sha256 != pair.image.sha256
            and other.language == pair.language
            and not theirs.regions & shown.regions
        ]
        if fit:
            partners[pair.id] = min(fit, key=lambda other: _draw(f"{seed}/{pair.id}/{other.id}"))
    return partners


def build_negative(records: Sequence[Quadruplet], pair: ImageTextPair, partner: ImageTextPair) -> Quadruplet | None:
    """The first fit question of a pair, asked of the partner's image; None where it has no such question."""
    shown, own = read_shown(partner), read_shown(pair)
    fit = [record for record in records if record.form in FORMS and record.images and record.language == pair.language]
    if shown is None or own is None:
        return None
    for record in fit:
        asked = find_organ(record.question, record.language)
        if asked is None or find_regions(record.question, record.language) & shown.regions:
            continue
        return _build(record, asked[0], partner, shown)
    return None


def read_shown(pair: ImageTextPair) -> Shown | None:
    """What the words of a pair say it shows; None where they name no organ of a known region."""
    spans = [span for span in build_spans(pair) if span.kind in ("caption", "title", "note")]
    regions = find_regions(" ".join(span.text for span in spans), pair.language)
    # Headings and running text speak of neighbours and of other pictures: they may forbid, but not tell.
    around = " ".join(evidence.text for evidence in pair.context)
    for span in spans:
        organ = find_organ(span.text, pair.language)
        if organ is not None and regions:
            return Shown(*organ, span, regions | find_regions(around, pair.language))
    return None


def find_organ(text: str, language: Language) -> tuple[str, str] | None:
    """The first organ of a text: as it is called within a sentence, and as it stands there."""
    for hit in find_terms(text, language, "anatomy"):
        forms = hit.term.forms(language)
        if find_regions(forms[0], language):
            printed = text[hit.start : hit.end]
            plain = printed[:1].lower() + printed[1:]
            begins = hit.start == 0 and plain in forms
            return (plain if begins else printed), printed
    return None


def _build(record: Quadruplet, asked: str, partner: ImageTextPair, shown: Shown) -> Quadruplet:
    language = record.language
    name, other = (f"the {shown.name}", f"the {asked}") if language == "en" else (shown.name, asked)
    identity = make_id(partner.id, "negative", record.question)
    phrases = ANSWERS[language]
    answer = phrases[int(_draw(identity) * len(phrases))].format(shown=name, asked=other)
    # The claim is the answer itself; what it rests on is that the partner's own words name another organ.
    quote = Quote(span_id=shown.span.id, quote=shown.printed)
    claim = Claim(id="c1", kind="anatomy", text=answer, evidence=(quote,))
    return Quadruplet(
        id=identity,
        document_id=partner.document_id,
        parent_id=partner.id,
        group_id=partner.figure_id,
        source=partner.source,
        images=(partner.image,),
        kind="vqa",
        qtype=record.qtype,
        form="open",
        style="direct",
        language=language,
        question=record.question,
        answer=answer,
        claims=(claim,),
        evidence=build_spans(partner),
        generation=GENERATION.model_copy(update={"request_sha256": record.generation.request_sha256}),
        flags=(*partner.flags, *FLAGS),
        licence=partner.licence,
        question_from=record.parent_id,
    )


def _draw(text: str) -> float:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 0x1_0000_0000
