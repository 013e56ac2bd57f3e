"""Chinese captions and atlas notes -> facts: what is shown, from where, how large, and what markers point at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remud_gen.llm.extractive.facts import Fact, quote_of
from remud_gen.llm.extractive.labels import list_wrong
from remud_gen.llm.extractive.pieces import HAN, MARKERS_ZH, Piece, clean, cut_key, is_presentable
from remud_gen.records import ClaimKind
from remud_gen.rules.late import compile_late
from remud_gen.rules.measurements import MEASURED, Quantity, find_quantities
from remud_gen.rules.terms import Hit, find_terms

MAX_CHARS = 90
SIDE = r"(?:双侧|两侧|左侧|右侧|左|右)?"
SHOWS = compile_late(r"(?<![所提未表])(?:显示为|显示|示意|可见|探及|可探及|见到|示)(?![意指踪波教])[:：,，]?")
LEADING = compile_late(
    r"^(?:图像为|(?:超声|声像图|二维超声|超声心动图|图像|本图|该图|所见|图)?(?:显示为|显示|示|可见|见|提示|所见)[:：,，]?|其|并|且|亦|同时|伴|，|为)"
)
TECHNIQUE_LEAD = compile_late(
    r"^(?:CDFI|彩色多普勒(?:超声|血流成像)?|CDE|能量多普勒|PW|(?:经(?:食管|食道|胸|腹|阴道|直肠))?超声心动图|经(?:食管|食道|胸|腹|阴道|直肠)超声|频谱多普勒|二维(?:超声|声像图)?|灰阶(?:超声)?|超声造影)"
)
OCCASION_LEAD = compile_late(
    r"^[^，,。；;：:]{0,14}?(?:检查|复查|随访|切面|断面|扫查|术后|治疗后|超声|心动图|声像图|图像)[^，,。；;：:]{0,6}?(?:显示|示|可见|见)(?=[^意])[:：,，]?"
)
DEPENDENT = compile_late(r"^(?:内|其内|其|并|且|亦|伴|大小|厚|长|宽|约|后方|周边|边界|形态|余|以及|及|与|和|处)")
STORY = compile_late(
    r"手术|切除|治疗|患者|病人|患儿|入院|病史|随访方案|穿刺|活检|岁|探头|仪器|方法|术中|服用|主诉|本例|示意|样本|示例"
)
VIEW_END = compile_late(r"(?:声像图|超声图|超声图像|图像|切面|断面|超声表现)$")
PLANE_CLAUSE = compile_late(r"(?:切面|断面|纵切|横切|斜切)(?:图|声像图|图像|像|扫查)?$")
MARKER_VERB = compile_late(
    rf"(?P<marker>{MARKERS_ZH})(?:所示|所指|指示|指向|示|指|：|:)(?:的?为|处为|者为|处|为|：|:)?(?P<what>[^，。；;、,（(]+)"
)
MARKER_BRACKET = compile_late(rf"[(（]\s*(?P<marker>{MARKERS_ZH})(?:所[示指])?\s*[)）]")
BOUNDARY = compile_late(r".*(?:[，,。；;：:、（）()]|显示|示|可见|见|内有|有|伴|及|为|呈|提示|探及)", re.DOTALL)
DIAGNOSIS = compile_late(
    r"(?:(?:病理|术后病理|手术|穿刺|活检|临床)?(?:结果)?(?:证实|确诊|诊断)\s*(?:为|：|:)|术后病理(?:结果)?\s*(?:为|：|:)|病理\s*(?:为|：|:)|符合)"
    r"\s*(?P<what>[^，。；;、,（(：:\s]{2,20})"
)
DOUBT = compile_late(r"不除外|可能|疑|待|鉴别|不符合|未|非|排除|或|考虑|？")
DISEASE_END = compile_late(
    r"(?:癌|瘤|炎|疝|囊肿|结石|梗阻|积水|血栓|综合征|畸形|缺损|狭窄|脓肿|破裂|增生|硬化|病|症|积液|扭转|套叠|息肉|缺失|发育不全)$"
)
NORMAL = compile_late(r"正常|未见(?:明显)?异常|健侧|对侧|完整|示意|解剖")
ATTRIBUTES = (
    "大小|厚度|厚|长径|内径|外径|直径|前后径|上下径|左右径|长度|长|宽度|宽|径|面积|体积|容积|深度|深|流速|"
    "峰值流速|收缩期峰值流速|压差|平均压差|测值|范围|间距|最大径"
)
VALUE_NAME = compile_late(
    rf"(?P<name>[{HAN}A-Za-z]{{0,18}}?)(?P<attribute>{ATTRIBUTES})?\s*(?:测值|测得)?\s*(?:分别)?(?:约为|约|为|达|是|：|:|=)?\s*$"
)
PROPERTY_GROUPS = frozenset(("echogenicity", "texture", "margin", "artefact", "doppler_sign", "sign", "change"))
THING_END = compile_late(r"(?:区|团|影|灶|块|环|腔|管|壁|层|段|囊|缺损|破口|裂口|瓣口|间隙|暗区|斑|瘤)$")
RELATION = compile_late(r"突入|突向|累及|压迫|位于|伴|向|与|距|达|侵|紧邻|毗邻|延伸|其|后方|周围|周边|边界|形态|壁")
MAX_CLAUSES_BACK = 4
MAX_NAME_CHARS = 16
PROPERTY_OF = {
    "length": "大小",
    "area": "面积",
    "volume": "体积",
    "velocity": "流速",
    "pressure": "压差",
    "angle": "角度",
}
FULL_NAME = {"厚": "厚度", "长": "长度", "宽": "宽度", "深": "深度", "径": "径线", "测值": "测值"}


def read_piece(piece: Piece) -> Iterator[Fact]:
    """All facts of one sentence of a caption, title or note."""
    yield from _read_markers(piece)
    yield from _read_structure(piece)
    yield from _read_sizes(piece)
    yield from _read_diagnosis(piece)
    yield from _read_finding(piece)


def read_title(piece: Piece, own_words: str) -> Iterator[Fact]:
    """A title that is the name of a disease and nothing else, above words that do not speak of a normal finding."""
    if NORMAL.search(own_words):
        return
    value = clean(piece.raw)
    hits = find_terms(value, "zh", "diagnosis")
    is_whole = any(hit.end - hit.start >= len(value) - 3 and hit.end == len(value) for hit in hits)
    if is_whole and DISEASE_END.search(value) and not NORMAL.search(value) and not DOUBT.search(value):
        yield Fact("diagnosis", "diagnosis", value, (quote_of(piece),), term=hits[-1].term)


def name_anatomy(text: str, hit: Hit) -> tuple[int, str]:
    """An anatomical term with the side word that stands before it; where it begins."""
    side = re.search(r"(?:双侧|两侧|左侧|右侧|左|右)$", text[: hit.start])
    start = side.start() if side else hit.start
    return start, text[start : hit.end]


def _read_finding(piece: Piece) -> Iterator[Fact]:
    part = _strip_leads(cut_key(piece))
    value = clean(part.raw)
    if VIEW_END.search(value) or "图像为" in value:
        return
    if not 4 <= len(value) <= MAX_CHARS or STORY.search(value) or not is_presentable(value, "zh"):
        return
    if DEPENDENT.match(value) or re.match(MARKERS_ZH, value):
        return
    hits = find_terms(value, "zh", "finding", "diagnosis")
    anatomy = find_terms(value, "zh", "anatomy")
    if not hits or (len(value) - sum(hit.end - hit.start for hit in hits) < 2 and not anatomy):
        return
    topic = next((hit for hit in anatomy if name_anatomy(value, hit)[0] == 0), None)
    if topic is not None and topic.end < len(value) - 1 and not value.startswith("的", topic.end):
        yield Fact(
            "topic_finding", "finding", value, (quote_of(part),), subject=name_anatomy(value, topic)[1], term=topic.term
        )
    else:
        yield Fact("finding", "finding", value, (quote_of(part),))


def _strip_leads(piece: Piece) -> Piece:
    """Cut off what says how it was seen: a clause that only names the plane or technique, `图像显示`, `可见`."""
    while True:
        raw = piece.raw
        head = re.match(r"[^，,：:\s]+[，,：:\s]\s*", raw)
        only_view = head and (
            PLANE_CLAUSE.search(head.group(0).rstrip("，,：: \t\n"))
            or _is_technique(head.group(0).rstrip("，,：: \t\n"))
        )
        lead = LEADING.match(raw) or TECHNIQUE_LEAD.match(raw) or OCCASION_LEAD.match(raw)
        cut = head.end() if head and only_view else (lead.end() if lead else 0)
        if not cut or cut >= len(raw):
            break
        piece = piece.cut(cut, len(raw))
    piece = piece.cut(0, len(re.sub(r"[，,]\s*[^，,]{0,14}(?:所见|声像图|图像)[。；;]?$", "", piece.raw)))
    marker = re.search(rf"[，,；;]\s*(?={MARKERS_ZH}(?:所示|所指|指示|指向|示|指|：|:))", piece.raw)
    return piece.cut(0, marker.start()) if marker else piece


def _is_technique(clause: str) -> bool:
    hits = find_terms(clause, "zh", "modality", "plane")
    return bool(hits) and not find_terms(clause, "zh", "finding") and len(clause) <= 14


def _read_structure(piece: Piece) -> Iterator[Fact]:
    technique = TECHNIQUE_LEAD.match(piece.raw)
    piece = piece.cut(technique.end(), len(piece.raw)) if technique else piece
    raw = piece.raw
    clause = re.match(r"[^，,。；;：:（(\s]+", raw)
    if clause is None or (
        find_terms(clause.group(0), "zh", "modality") and not find_terms(clause.group(0), "zh", "plane")
    ):
        return
    hits = find_terms(clause.group(0), "zh", "anatomy")
    is_view = PLANE_CLAUSE.search(clause.group(0)) is not None
    hits = [hit for hit in hits if is_view or name_anatomy(raw, hit)[0] == 0]
    if not hits or (is_view and find_terms(clause.group(0)[hits[0].start : hits[0].end], "zh", "plane")):
        return
    start, value = name_anatomy(raw, hits[0])
    if is_presentable(value, "zh") and (len(value) > 1):
        yield Fact("structure", "anatomy", value, (quote_of(piece.cut(start, hits[0].end)),), term=hits[0].term,
                   wrong=tuple(list_wrong(value, "zh")))  # fmt: skip


def _read_markers(piece: Piece) -> Iterator[Fact]:
    for match in MARKER_VERB.finditer(piece.raw):
        yield from _marker(match.group("marker"), piece.cut(match.start("what"), match.end("what")))
    for match in MARKER_BRACKET.finditer(piece.raw):
        before = piece.raw[: match.start()].rstrip()
        boundary = BOUNDARY.match(before)
        yield from _marker(match.group("marker"), piece.cut(boundary.end() if boundary else 0, len(before)))


def _marker(marker: str, part: Piece) -> Iterator[Fact]:
    value = clean(part.raw)
    hits = find_terms(value, "zh", "anatomy", "finding", "diagnosis")
    if not hits or not 2 <= len(value) <= 30 or not is_presentable(value, "zh"):
        return
    whole = [hit for hit in hits if hit.end == len(value) and hit.end - hit.start >= len(value) - 2]
    kind: ClaimKind = "anatomy" if all(hit.term.kind == "anatomy" for hit in hits) else "finding"
    yield Fact("marker", kind, value, (quote_of(part),), subject=marker, term=whole[0].term if whole else None)


def _read_sizes(piece: Piece) -> Iterator[Fact]:
    raw = piece.raw
    for quantity in find_quantities(raw):
        if quantity.dimension not in MEASURED or quantity.dimension in ("age", "time"):
            continue
        found = _name_measured(raw, quantity)
        if found is None:
            continue
        start, subject = found
        value = (
            re.sub(r"\s+", "", quantity.text) if not re.search("[A-Za-z] [A-Za-z]", quantity.text) else quantity.text
        )
        if is_presentable(subject + value, "zh"):
            yield Fact("size", "measurement", value, (quote_of(piece.cut(start, quantity.end)),), subject=subject)


def _name_measured(raw: str, quantity: Quantity) -> tuple[int, str] | None:
    """Where the phrase begins and what was measured (`筋膜缺损的大小`); None where it cannot be told."""
    before = raw[: quantity.start]
    match = VALUE_NAME.search(before)
    if match is None:
        return None
    attribute = match.group("attribute") or ""
    name, start = _strip_name(match.group("name")), match.start()
    if not name:  # the owner stands in a clause before: 左心房巨大占位，边界清，大小约6.6cm
        clauses = list(re.finditer(r"[^，,：:。；;]+", before[: match.start()]))[-MAX_CLAUSES_BACK:]
        owners = ((clause.start(), _find_owner(clause.group(0))) for clause in reversed(clauses))
        start, name = next(((at, owner) for at, owner in owners if owner), (0, ""))
    if not _is_thing(name) or len(name) > MAX_NAME_CHARS:
        return None
    if not attribute and quantity.dimension not in PROPERTY_OF:
        return None
    attribute = FULL_NAME.get(attribute, attribute) or PROPERTY_OF[quantity.dimension]
    name = name.removesuffix("的")
    return start, name if name.endswith(attribute) else f"{name}的{attribute}"


def _find_owner(clause: str) -> str:
    """The thing a clause speaks of, or "" for a clause that tells a property (边界清) or a relation (突入膀胱)."""
    name = _strip_name(clause.strip())
    if RELATION.match(name):
        return ""
    if _is_thing(name):
        return name
    topics = [hit for hit in find_terms(name, "zh", "anatomy") if name_anatomy(name, hit)[0] == 0]
    return name_anatomy(name, topics[0])[1] if topics else ""


def _is_thing(name: str) -> bool:
    """Whether a phrase ends in something that has a size."""
    hits = find_terms(name, "zh", "anatomy", "finding", "diagnosis")
    ends = [hit for hit in hits if hit.end == len(name) and hit.term.group not in PROPERTY_GROUPS]
    return len(name) > 1 and (bool(ends) or (bool(hits) and THING_END.search(name) is not None))


def _strip_name(name: str) -> str:
    """The noun at the end of a clause: what follows the last verb of showing."""
    for hit in find_terms(name, "zh", "modality"):
        name = name[hit.end :].lstrip() if hit.start == 0 else name
    bare = re.sub(r".*(?:显示|可见|示|见|内见|为|呈|测得|测量)", "", name)
    return re.sub(r"^(?:同一(?:受检者|患者|病人)的|一个|一枚|一处|一|数个|多个)", "", bare)


def _read_diagnosis(piece: Piece) -> Iterator[Fact]:
    for match in DIAGNOSIS.finditer(piece.raw):
        what = re.sub(r"(?:的)?(?:超声|声像图)?(?:表现|改变|特征|诊断|声像图)+$", "", match.group("what"))
        hits = find_terms(what, "zh", "diagnosis")
        if not hits or not DISEASE_END.search(what) or DOUBT.search(piece.raw[max(0, match.start() - 6) :]):
            continue
        whole = piece.cut(match.start(), match.start("what") + len(what))
        if is_presentable(what, "zh"):
            yield Fact("diagnosis", "diagnosis", what, (quote_of(whole),), term=hits[0].term)
