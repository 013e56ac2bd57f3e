"""English captions and notes -> facts: what is shown, from where, how large, and what markers point at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remud_gen.llm.extractive.facts import Fact, quote_of
from remud_gen.llm.extractive.labels import list_wrong
from remud_gen.llm.extractive.pieces import MARKERS_EN, Piece, clean, cut_key, is_presentable, lower_first, lower_words
from remud_gen.rules.late import compile_late
from remud_gen.rules.measurements import MEASURED, Quantity, find_quantities
from remud_gen.rules.terms import find_terms

MAX_WORDS = 45
SHOWS = compile_late(
    r"(?<!\bis\s)(?<!\bare\s)(?<!\bwas\s)(?<!\bwere\s)(?<!\bbeen\s)(?<!\bas\s)\b(?:shows?|showed|showing|"
    r"demonstrat(?:es?|ed|ing)|reveal(?:s|ed|ing)?|depict(?:s|ed|ing)?|illustrat(?:es?|ing)|display(?:s|ed|ing)?|disclos(?:es?|ed|ing))\b"
    r"(?!\s+(?:by|in|with|here|as|at|on)\b)",
    re.IGNORECASE,
)
IMAGE_NOUN = (
    r"(?:images?|views?|sections?|scans?|sonograms?|ultrasonograms?|ultrasound|ultrasonography|sonography|"
    r"echocardiograms?|echocardiography|echo|appearance|imaging|photograph)"
)
IMAGE_OF = compile_late(
    rf"\b(?:{IMAGE_NOUN}|aspect|examination|planes?)\s+(?:image\s+|scan\s+)?(?:of|at|through|on|over)\s+(?:the\s+|an?\s+)?",
    re.IGNORECASE,
)
IMAGE_WITH = compile_late(rf"\b{IMAGE_NOUN}\b(?:\s+(?!with\b)[\w\-’']+){{0,8}}?\s+with\s+", re.IGNORECASE)
IMAGE_LIKE = compile_late(
    r"\b(?:examination|evaluation|angiogram|angiography|interrogation|film|clip|video|study|mode)\b", re.IGNORECASE
)
STARTS_AS_IMAGE = compile_late(rf"^(?:[\w\-’']+\s+){{0,6}}{IMAGE_NOUN}\b", re.IGNORECASE)
VERB = compile_late(
    r"\b(?:is|are|was|were|has|have|had|shows?|measures|measured|appears?|represents?|indicates?|contains?|lies|occurs?|"
    r"suggests?|moves?|note|arises?|extends?|compresses|causes?|exhibits?|confirms?|identif(?:y|ies)|displays?|shows|showed|demonstrates?|reveals?|revealed|discloses?)\b",
    re.IGNORECASE,
)
# Words of the patient's story and of treatment: true, but not to be seen on the image.
STORY = compile_late(
    r"\b(?:surg\w+|excis\w+|resect\w+|treat\w+|patients?\s+(?:was|were|had|has|with|is)|underwent|admitted|history|therapy|"
    r"follow-?up|biops\w+|complain\w*|presented|year-old|years?\s+old|samples?|examples?|correlation|parameters?|"
    r"software|transducer|probe|system|method|study|postoperative|died|discharged|symptoms?)\b",
    re.IGNORECASE,
)
# What was found out later or how it was found: not to be seen.
OUTCOME = compile_late(
    r"[,;]?\s+(?:(?:which|and)\s+(?:was|were)\s+|(?:later|histologically|pathologically|surgically|subsequently)\s+)*"
    r"(?:confirmed|proven|proved|diagnosed|assessed|treated|obtained|performed|acquired)\b",
    re.IGNORECASE,
)
CUT_OFF = compile_late(
    r"^(?:of|the|an?|in|on|at|by|to|from|for|which|that|is|are|was|as|its|their|between|through|into|than)$|"
    r"(?:ward|ing|ous|[^i]al|ic|ary|lying|shaped)$",
    re.IGNORECASE,
)
MARKER_VERB = compile_late(
    rf"^(?:the\s+|an?\s+)?(?P<marker>{MARKERS_EN})\s*(?:(?:shows?|indicates?|indicate|points?\s+(?:to|at)|pointing\s+(?:to|at)|"
    rf"marks?|denotes?|represents?|depicts?|identif(?:y|ies))\s+|[:=]\s*)",
    re.IGNORECASE,
)
MARKER_BRACKET = compile_late(
    rf"[(\[]\s*(?:(?:marked|indicated|shown|pointed)\s+(?:by|with)\s+)?(?:the\s+|an?\s+)?(?P<marker>{MARKERS_EN})\s*[)\]]",
    re.IGNORECASE,
)
# A noun phrase before a bracket or a value begins after one of these.
BOUNDARY = compile_late(
    r"(?:.*(?:[,;:()\[\]]|\b(?:shows?|showed|showing|shown|demonstrat\w+|reveal\w*|depict\w*|with|and|by|which|that|where|"
    r"are|is|was|were|from|adjacent\s+to|between|measuring|measures|against|into|via|to)\b))",
    re.IGNORECASE | re.DOTALL,
)
DIAGNOSIS = compile_late(
    r"\b(?:(?:confirmed|diagnosed|proven|proved|established)(?:\s+\w+){0,4}?\s+(?:as|to\s+be)|diagnosis\s*(?:of|was|is|:)|"
    r"(?:consistent|compatible)\s+with|diagnostic\s+of|pathognomonic\s+(?:of|for))\s+(?:an?\s+|the\s+)?",
    re.IGNORECASE,
)
DOUBT = compile_late(
    r"\b(?:not|no|without|exclude\w*|rul(?:e|ed|ing)\s+out|versus|vs|possibl[ey]|suspect\w*|differential|unlikely|may|might|"
    r"or|either|question\w*|normal)\b|\?",
    re.IGNORECASE,
)
QUANTITY_NOUN = compile_late(
    r"\b(?:size|diameter|thickness|length|width|height|depth|volume|area|gradient|velocity|pressure|distance|fraction|"
    r"index|ratio|circumference|rate|angle|dimensions?|calib(?:er|re))$",
    re.IGNORECASE,
)
LINK = compile_late(r"\s*(?:measur(?:es|ed|ing)|was|is|were|are|of|:|=)(?:\s+(?:up\s+to|at))?\s*$", re.IGNORECASE)
ATTRIBUTE_AFTER = compile_late(r"^\s*(?:in\s+)?(?P<noun>size|diameter|thickness|length|width)\b", re.IGNORECASE)
ATTRIBUTE_BEFORE = compile_late(
    r"\s+(?:of|with|in)\s+(?:an?\s+|the\s+)?(?P<noun>(?:[a-z]+\s+)?(?:size|diameter|thickness|length|width|depth|volume|area))$",
    re.IGNORECASE,
)
NOUN_OF = {
    "length": "size",
    "area": "area",
    "volume": "volume",
    "velocity": "velocity",
    "pressure": "pressure",
    "angle": "angle",
}
THING = compile_late(
    r"\b(?:wall|lumen|layer|lesion|structure|area|region|tissue|lump|swelling|sac|duct|vessel|root|orifice)s?\b", re.I
)


def read_piece(piece: Piece) -> Iterator[Fact]:
    """All facts of one sentence of a caption, title or note."""
    yield from _read_markers(piece)
    yield from _read_structure(piece)
    yield from _read_sizes(piece)
    yield from _read_diagnosis(piece)
    if MARKER_VERB.match(piece.raw) is None:
        yield from _read_finding(piece)


def add_article(phrase: str) -> str:
    """`a` or `an` before a phrase whose head is one countable thing: captions leave it out."""
    head = re.split(
        r"\s+(?:of|in|with|on|at|to|near|within|and|from|for|by|that|which|measuring|situated|located|identified|surrounded|filled|seen|adherent|\w+ing)\b|[,(;:]",
        phrase,
        maxsplit=1,
    )[0]
    words = head.split()
    is_bare = words and not re.match(
        r"(?:the|an?|no|this|some|several|multiple|many|both|two|three|its|\d)\b", head, re.IGNORECASE
    )
    if is_bare and words[-1].lower() in COUNTABLE:
        return ("an " if words[0][0].lower() in "aeiou" else "a ") + phrase
    return phrase


COUNTABLE = frozenset((
    "mass", "nodule", "cyst", "lesion", "defect", "tumor", "tumour", "thrombus", "plaque", "polyp", "abscess",
    "hematoma", "haematoma", "stone", "calculus", "effusion", "collection", "hernia", "structure", "area", "focus",
    "region", "tear", "clot", "aneurysm", "shadow", "septum", "membrane", "flap", "jet", "leak", "shunt",
    "fracture", "fistula", "vegetation", "fibroid", "gallstone", "halo", "rim", "appearance", "artefact",
    "artifact", "pseudocyst", "sac",
))  # fmt: skip


def _read_finding(piece: Piece) -> Iterator[Fact]:
    piece = cut_key(piece) if "(" not in piece.raw else piece
    raw = piece.raw
    if STORY.search(raw):
        return
    shows = _find_show(raw)
    if shows:
        part, is_sentence = piece.cut(shows.end(), len(raw)), False
    elif VERB.search(raw):
        part, is_sentence = piece, True
    else:
        part, is_sentence = _cut_fragment(piece), False
    outcome = OUTCOME.search(part.raw)
    if outcome and outcome.start() > 12:
        part = part.cut(0, outcome.start())
    value = clean(part.raw)
    if _is_cut_off(part) or len(value.split()) < 2 or len(value.split()) > MAX_WORDS or not is_presentable(value, "en"):
        return
    wanted = ("finding", "diagnosis", "anatomy") if shows else ("finding", "diagnosis")
    if not find_terms(value, "en", *wanted):
        return
    if is_sentence and (
        re.match(r"(?:it|this|these|they|he|she|there(?!\s+(?:is|are))|which)\b", value, re.IGNORECASE)
    ):
        return
    value = value[0].upper() + value[1:] if is_sentence else add_article(lower_first(value))
    yield Fact("finding", "finding", value, (quote_of(part),), sentence=value if is_sentence else "")


def _is_cut_off(part: Piece) -> bool:
    """Whether a sentence breaks off at the end of its span: no full stop, and a last word that wants another."""
    is_last = part.end >= len(part.span.text.rstrip())
    last = re.search(r"([A-Za-z\-]+)[\s,]*$", part.raw)
    return is_last and last is not None and CUT_OFF.search(last.group(1)) is not None


def _find_show(raw: str) -> re.Match[str] | None:
    """The verb that says what an image shows; None where it is a structure that "shows" something."""
    shows = SHOWS.search(raw)
    if shows is None:
        return None
    head = raw[: shows.start()]
    subject = head.rpartition(",")[2] if re.match(r"(?:on|in|at)\b", head, re.IGNORECASE) else head
    is_image = (
        STARTS_AS_IMAGE.search(subject) or find_terms(subject, "en", "modality", "plane") or IMAGE_LIKE.search(subject)
    )
    return shows if is_image or not subject.strip() or shows.group(0).lower().endswith("ing") else None


def _cut_fragment(piece: Piece) -> Piece:
    """The part of a sentence without verb that says what is seen: after `with`, after `image of`, or all of it."""
    colon = piece.raw.find(": ")
    if colon > 0 and find_terms(piece.raw[colon:], "en", "finding", "diagnosis"):
        piece = piece.cut(colon + 2, len(piece.raw))
    raw = piece.raw
    has_image_noun = STARTS_AS_IMAGE.match(raw) is not None
    after_with = IMAGE_WITH.search(raw)
    if after_with and find_terms(raw[after_with.end() :], "en", "finding", "diagnosis"):
        return piece.cut(after_with.end(), len(raw))
    after_of = IMAGE_OF.search(raw)
    if after_of and has_image_noun:
        return piece.cut(after_of.end(), len(raw))
    return piece.cut(0, 0) if has_image_noun else piece


def _read_structure(piece: Piece) -> Iterator[Fact]:
    shows = _find_show(piece.raw)
    head = piece.raw[: shows.start()] if shows else piece.raw
    for match in IMAGE_OF.finditer(head):
        rest = head[match.end() :]
        stop = re.search(
            r"[,.;:()]|\b(?:with|in|during|after|before|and|superior|inferior|obtained|acquired|taken|from)\b", rest
        )
        phrase = rest[: stop.start()] if stop else rest
        hits = [hit for hit in find_terms(phrase, "en", "anatomy") if len(phrase[: hit.start].split()) <= 4]
        if not hits or find_terms(phrase[: hits[-1].end], "en", "finding", "diagnosis"):
            continue
        part = piece.cut(match.end(), match.end() + max(hit.end for hit in hits))
        value = re.sub(r"^(?:an?|the)\s+", "", lower_words(clean(part.raw)))
        if is_presentable(value, "en"):
            yield Fact("structure", "anatomy", value, (quote_of(part),), term=hits[-1].term,
                       wrong=tuple(list_wrong(value, "en")))  # fmt: skip


def _read_markers(piece: Piece) -> Iterator[Fact]:
    verb = MARKER_VERB.match(piece.raw)
    if verb:
        yield from _marker(verb.group("marker"), piece.cut(verb.end(), len(piece.raw)))
    for match in MARKER_BRACKET.finditer(piece.raw):
        before = piece.raw[: match.start()].rstrip()
        boundary = BOUNDARY.match(before)
        start = boundary.end() if boundary else 0
        yield from _marker(match.group("marker"), piece.cut(start, len(before)))


def _marker(marker: str, part: Piece) -> Iterator[Fact]:
    value = add_article(lower_first(clean(part.raw)))
    is_phrase = 1 <= len(value.split()) <= 25 and not re.match(r"(?:of|in|at|as|for)\b", value)
    if not is_phrase or STORY.search(value) or not is_presentable(value, "en"):
        return
    hits = find_terms(value, "en", "anatomy", "finding", "diagnosis")
    if not hits:
        return
    whole = [
        hit for hit in hits if hit.end == len(value) and len(value.split()) <= 4 and hit.start <= len(value) // 2 + 4
    ]
    name = re.sub(r"\s+", " ", marker.lower())
    is_structure = all(hit.term.kind == "anatomy" for hit in hits)
    if is_structure and whole and not re.match(r"(?:the|an?)\s", value):
        value = f"the {value}"
    yield Fact("marker", "anatomy" if is_structure else "finding", value, (quote_of(part),),
               subject=name, term=whole[0].term if whole else None)  # fmt: skip


def _read_sizes(piece: Piece) -> Iterator[Fact]:
    raw = piece.raw
    for quantity in find_quantities(raw):
        if quantity.dimension not in MEASURED or STORY.search(raw):
            continue
        found = _name_measured(raw, quantity)
        if found is None:
            continue
        start, name, noun = found
        end = quantity.end
        after = ATTRIBUTE_AFTER.match(raw[quantity.end :])
        if after and not noun:
            noun, end = after.group("noun").lower(), quantity.end + after.end()
        if not noun and not QUANTITY_NOUN.search(name):
            if quantity.dimension not in NOUN_OF:
                continue
            noun = NOUN_OF[quantity.dimension]
        subject = f"{noun} of the {name}" if noun else name
        value = re.sub(r"\s+", " ", quantity.text)
        if is_presentable(f"{subject} {value}", "en"):
            yield Fact("size", "measurement", value, (quote_of(piece.cut(start, end)),), subject=subject)


def _name_measured(raw: str, quantity: Quantity) -> tuple[int, str, str] | None:
    """Where the phrase begins, what was measured, and which property (may be ""); None where it cannot be told."""
    before = raw[: quantity.start].rstrip()
    if before.endswith("("):
        before = before[:-1].rstrip()
    else:
        link = LINK.search(before)
        attribute = ATTRIBUTE_BEFORE.search(before)
        if link is None and attribute is None:
            return None
        before = before[: link.start()] if link else before
    attribute = ATTRIBUTE_BEFORE.search(before)
    noun = attribute.group("noun").lower() if attribute else ""
    phrase = before[: attribute.start()] if attribute else before
    boundary = BOUNDARY.match(phrase)
    start = boundary.end() if boundary else 0
    name = re.sub(r"^(?:an?|the|its|their)\s+", "", clean(phrase[start:]), flags=re.IGNORECASE)
    known = (
        find_terms(name, "en", "anatomy", "finding", "diagnosis") or THING.search(name) or QUANTITY_NOUN.search(name)
    )
    if not name or len(name.split()) > 9 or not known or re.match(r"(?:in|of|at|size|it|this)\b", name):
        return None
    return start, lower_first(name), noun


def _read_diagnosis(piece: Piece) -> Iterator[Fact]:
    for match in DIAGNOSIS.finditer(piece.raw):
        rest = piece.raw[match.end() :]
        stop = re.search(r"[,.;:()]|\b(?:with|in|by|on|and|at|after|which|that|as)\b", rest)
        part = piece.cut(match.end(), match.end() + (stop.start() if stop else len(rest)))
        value = lower_first(clean(part.raw))
        hits = find_terms(value, "en", "diagnosis")
        doubtful = DOUBT.search(piece.raw[max(0, match.start() - 30) :])
        if not hits or doubtful or len(value.split()) > 8 or not is_presentable(value, "en"):
            continue
        whole = piece.cut(match.start(), match.end() + (stop.start() if stop else len(rest)))
        yield Fact("diagnosis", "diagnosis", value, (quote_of(whole),), term=hits[0].term)
