"""Running text -> definitions, appearances, normal values and other statements that stand on their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remud_gen.llm.extractive.facts import Asks, Fact, quote_of
from remud_gen.llm.extractive.pieces import HAN, Piece, clean, is_presentable, lower_first
from remud_gen.records import Language
from remud_gen.rules.late import compile_late
from remud_gen.rules.measurements import find_quantities
from remud_gen.rules.terms import find_terms, swap_opposites

MIN_CHARS = {"en": 40, "zh": 14}
MAX_CHARS = {"en": 360, "zh": 140}
# A sentence that leans on the one before it, tells of one case, or reports a study does not stand alone.
LEANING_EN = compile_late(
    r"^(?:it|its|this|these|that|those|they|their|he|she|his|her|such|here|there|then|thus|therefore|hence|however|moreover|"
    r"furthermore|also|additionally|but|and|or|so|for example|in contrast|similarly|both|another|finally|first|second|"
    r"meanwhile|nevertheless|consequently|as a result|in this|in these|in our|as (?:shown|mentioned|described)|if so|"
    r"one of (?:these|them)|among (?:these|them)|what|how|why|note|table|the (?:latter|former|above|following|same|"
    r"present|"
    r"first|second|third|other|aim|purpose|main|most|results?|findings?|proposed|patient|case|lesion was|mass was))\b",
    re.IGNORECASE,
)
STUDY_EN = compile_late(
    r"\b(?:was|were|had|been|stud(?:y|ies)|patients? (?:was|were|with a)|cohort|p\s*[<=]|mean age|group|"
    r"participants?|images? (?:of|from)|"
    r"training|data|classif\w+|accuracy|sensitivity|specificity|performance|learning|report(?:ed|s)?|literature|approved|"
    r"consent|funding|conflict|email|university|hospital|department|journal|vol|article|license[ds]?|commons|recently|"
    r"researchers?|table|figure|in summary|conclusion|recent|covid|pandemic|incidence|prevalence|arrows?|"
    r"asterisks?|surgery|surgical|tomography|MSCT|CT scans?|MRI)\b",
    re.IGNORECASE,
)
LEANING_ZH = compile_late(
    r"^(?:此|该|本|其|这|那|上述|以上|以下|同时|另外|此外|因此|所以|故|但|而|并|且|也|又|如|例如|若|当|对于|由于|首先|其次|再|最后|它|他|她|即|声像图上|超声上|超声表现|可见|典型表现|典型者)"
)
STUDY_ZH = compile_late(
    r"患者|病人|本组|研究|入院|本例|病例|主诉|统计|结果显示|如图|见图像|图像所示|图像，|作者|"
    r"医院|大学|出版|编著|主编|岁|文献"
)
DEFINITION_EN = compile_late(
    r"^(?P<subject>[A-Za-z][A-Za-z’'\- ]{2,60}?)(?:\s*\([^)]{1,20}\))?\s+(?:is|are)\s+(?P<value>(?:an?|the|"
    r"one\s+of|defined\s+as|"
    r"characteri[sz]ed\s+by|located|composed\s+of|called)\s+.{15,})$",
    re.IGNORECASE,
)
# What tells how often or how useful a thing is does not say what it is.
RANKS = compile_late(
    r"\b(?:common\w*|uncommon|rare|unusual|important|frequent\w*|prevalent|useful|reliable|best|gold|method of "
    r"choice|leading|cause of|major|main)\b",
    re.IGNORECASE,
)
DEFINES = compile_late(
    r"\b(?:that|which|in which|where|characteri[sz]ed|consist\w*|caused|due to|composed|located|defined|formed|"
    r"lined|of the|between|containing)\b",
    re.IGNORECASE,
)
APPEARANCE_EN = compile_late(
    r"^(?P<subject>[A-Za-z][A-Za-z’'\- ]{2,60}?)\s+(?:(?:typically|usually|often|commonly|generally|normally)\s+)?"
    r"(?:appears?|presents?|is\s+seen|are\s+seen|is\s+visuali[sz]ed|are\s+visuali[sz]ed)\s+(?:as\s+)?(?P<value>.{10,})$",
    re.IGNORECASE,
)
# "The thyroid gland appears in the third week of life": when or where a thing comes up is not how it looks.
OCCURS_EN = compile_late(
    r"^(?:early|late|first|in|at|by|during|after|before|between|around|within|from)\b", re.IGNORECASE
)
LOCATED_EN = compile_late(
    r"^(?P<subject>the\s+[A-Za-z][A-Za-z’'\- ]{2,60}?)\s+(?:lies|is\s+(?:located|situated|found)|runs|courses)\s+"
    r"(?P<value>(?:in|at|on|between|behind|below|above|beneath|under|along|lateral|medial|anterior|posterior)\b.{8,})$",
    re.IGNORECASE,
)
# "Hydronephrosis is dilatation of the renal pelvis": a definition by a change of a structure.
GENUS_EN = compile_late(
    r"^(?P<subject>[A-Za-z][A-Za-z’'\- ]{2,60}?)\s+is\s+(?P<value>(?:[a-z\-]+\s+)?(?:dilatation|dilation|inflammation|"
    r"enlargement|accumulation|narrowing|thickening|infection|herniation|protrusion|obstruction|absence|collection|"
    r"thrombosis|rupture|torsion|invagination)\s+of\s+.{10,})$",
    re.IGNORECASE,
)
GLOSSARY_EN = compile_late(r"^(?P<subject>[A-Za-z][A-Za-z\- ]{3,40}): (?P<value>(?!.*:)[a-z].{8,})$")
SHAPES_EN: tuple[tuple[Asks, re.Pattern[str]], ...] = (
    ("appearance", APPEARANCE_EN), ("located", LOCATED_EN), ("definition", DEFINITION_EN), ("definition", GENUS_EN),
    ("term", GLOSSARY_EN),
)  # fmt: skip
NORM_EN = compile_late(
    r"^the\s+(?P<subject>(?:normal|upper\s+limit\s+of|usual)\s+[A-Za-z’'\- ]{3,70}?)\s+(?:is|are|measures?|ranges?|"
    r"should\s+be|(?=(?:does|should)\s+not\s+exceed))"
    r"\s*(?P<value>.+)$",
    re.IGNORECASE,
)
SHAPES_ZH: tuple[tuple[Asks, re.Pattern[str]], ...] = (
    ("classified", compile_late(rf"^(?P<subject>[{HAN}]{{2,12}}?)(?:可分为|分为|按.{{2,10}}分为)(?P<value>.{{3,}})$")),
    ("norm", compile_late(rf"^(?P<subject>[{HAN}]{{2,8}}正常[{HAN}]{{1,8}}?)(?:一般|通常)?(?:约为|约|为|"
                        rf"是)?(?P<value>(?:不超过|小于|大于|在|≤|<|≥|>)?\s*\d.*)$")),
    ("appearance", compile_late(rf"^(?P<subject>[{HAN}A-Za-z]{{2,16}}?)的?(?:典型)?(?:二维)?(?:超声|声像图)"
                              rf"(?:图像)?(?:表现|特征|特点|改变)(?:主要)?(?:为|是|有|包括|：|:)(?P<value>.{{6,}})$")),
    ("appearance", compile_late(rf"^(?P<subject>[{HAN}A-Za-z]{{2,16}}?)(?:常|多|通常|典型者|一般)?(?:表现为|呈现为|"
                              rf"显示为)(?P<value>.{{5,}})$")),
    ("norm", compile_late(rf"^(?P<subject>正常(?:成人|人)?[{HAN}A-Za-z]{{2,16}}?)(?:一般|通常)?(?:约为|约|为|"
                        rf"是)?(?P<value>(?:不超过|小于|大于|在|≤|<|≥|>)?\s*\d.*)$")),
    ("definition", compile_late(rf"^(?:所谓)?(?P<subject>[{HAN}A-Za-z\-]{{2,16}}?)(?:（[^）]{{1,30}}）)?(?:是指|系指|"
                              rf"指的是|是一种|是由|是一类|是因|是最常见的|系|即)(?P<value>.{{6,}})$")),
    ("definition", compile_late(rf"^(?P<subject>[{HAN}A-Za-z\-]{{2,10}}?)(?:为|是)(?P<value>(?:一种|一类|人体|腹膜|"
                              rf"成对|常见|.{{0,8}}(?:器官|疾病|病变|肿瘤|畸形|腺体|结构|血管|肌肉)).{{4,}})$")),
    (
        "definition",
        compile_late(rf"^(?P<value>.{{6,}}?)，(?:也)?(?:称为|称作|叫做|称)(?P<subject>[{HAN}A-Za-z]{{2,10}})$"),
    ),
    ("located", compile_late(rf"^(?P<subject>[{HAN}]{{2,10}}?)(?:位于|居于|走行于)(?P<value>.{{3,}})$")),
    ("composed", compile_late(rf"^(?P<subject>[{HAN}]{{2,10}}?)(?:由|包括|包含)(?P<value>.{{3,}}?(?:组成|构成|"
                            rf".{{0,2}}))$")),
)  # fmt: skip


def read_passage(piece: Piece, language: Language) -> Iterator[Fact]:
    """The facts of one sentence of running text."""
    sentence = clean(piece.raw)
    if not MIN_CHARS[language] <= len(sentence) <= MAX_CHARS[language] or not is_presentable(sentence, language):
        return
    leaning, study = (LEANING_EN, STUDY_EN) if language == "en" else (LEANING_ZH, STUDY_ZH)
    if leaning.match(sentence) or study.search(sentence) or not find_terms(sentence, language):
        return
    if sentence.count("“") != sentence.count("”") or sentence.endswith(("?", "？")):
        return
    shaped = _read_shape(sentence, language)
    if shaped is not None:
        asks, subject, value = shaped
        name = re.sub(r"^(?:the|an?)\s+", "", subject)
        hits = [hit for hit in find_terms(name, language) if hit.start == 0 and hit.end == len(name)]
        sentence = f"{subject[0].upper()}{subject[1:]} means {value}" if asks == "term" else sentence
        yield Fact(asks, "knowledge", value, (quote_of(piece),), subject=subject, sentence=sentence,
                   term=hits[0].term if hits else None, support="context")  # fmt: skip
    elif (
        not re.search(r"或|\bor\b", sentence)
        and swap_opposites(sentence, language, is_general=True)
        and (language == "zh" or re.search(r"\b(?:is|are|appears?|shows?|lies|measures?|causes?|has|have)\b", sentence))
    ):
        yield Fact("statement", "knowledge", sentence, (quote_of(piece),), sentence=sentence, support="context")


def _read_shape(sentence: str, language: Language) -> tuple[Asks, str, str] | None:
    """(what it answers, subject, the rest), or None for a sentence of no known shape."""
    if language == "zh":
        for asks, pattern in SHAPES_ZH:
            match = pattern.match(sentence)
            if match and find_terms(match.group("subject"), "zh"):
                return asks, match.group("subject").removesuffix("的"), match.group("value")
        return None
    norm = NORM_EN.match(sentence)
    if norm and find_quantities(norm.group("value")):
        return "norm", lower_first(norm.group("subject")), norm.group("value")
    for asks_en, pattern in SHAPES_EN:
        match = pattern.match(sentence)
        subject = match.group("subject").strip() if match else ""
        value = match.group("value") if match else ""
        if asks_en == "appearance" and (OCCURS_EN.match(value) or not find_terms(value, "en", "finding")):
            continue
        if pattern is DEFINITION_EN and (not DEFINES.search(value) or RANKS.search(value)):
            continue
        if match and len(subject.split()) <= 7 and find_terms(subject, "en") and not _is_odd(subject):
            return asks_en, lower_first(subject), value
    return None


def _is_odd(subject: str) -> bool:
    return re.search(r"\b(?:in|which|that|when|if|as|with|for|by|and|or|on|at|from|not|who)\b", subject) is not None
