"""Identifiers of patients in text: labelled names and numbers, resident ids, birth dates, contacts, device banners.

A bare name without a label cannot be told from other words by rules; what is found here is certain enough to act on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from remud_gen.rules.late import compile_late
from remud_gen.rules.patterns import Pattern, compile_pattern

IdentifierKind = Literal[
    "NAME", "NAME_SEX_AGE", "RECORD_NUMBER", "RESIDENT_ID", "PHONE", "EMAIL", "BIRTH_DATE", "EXAM_TIME", "ADDRESS",
    "SOCIAL_SECURITY", "AGE_OVER_89",
]  # fmt: skip

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍"
    "韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单"
    "包司柏宁柯阮桂闵解强柴华车冉房边"
)
_GIVEN = r"[\u4e00-\u9fff]{1,2}"
_NOT_A_NAME = r"(?!不详|未知|略|隐去|匿名|保密|已|某|无|未|待|字段|信息|及|和|与|、|是|为|[*＊xX×○〇])"
_SPACE = r"[\s,,、;;:/|]*"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = (
    rf"(?:\d{{1,4}}\s*[/.\-年]\s*\d{{1,2}}\s*[/.\-月]\s*\d{{1,4}}日?|\d{{1,2}}\s+{_MONTH}\.?,?\s+\d{{4}}"
    rf"|{_MONTH}\.?\s+\d{{1,2}},?\s+\d{{4}}|(?:19|20)\d{{6}}"
    rf"|\d{{4}}\s*年(?:\s*\d{{1,2}}\s*月(?:\s*\d{{1,2}}\s*日)?)?|(?:19|20)\d{{2}}[-/.]\d{{1,2}})"
)
# Numbers of what is printed or registered, not of people: "Article ID 3545480".
_NOT_OF_PRINT = "".join(
    rf"(?<!{word} )(?<!{word.title()} )"
    for word in (
        "article",
        "paper",
        "pubmed",
        "project",
        "grant",
        "trial",
        "protocol",
        "dataset",
        "registration",
        "ethics",
        "clinicaltrials",
    )
)
_NOT_SURNAME = r"(?:患者|患儿|病人|成人|孕妇|产妇|男性|女性|老年|新生儿|婴儿|儿童|本例|病例|中年|青年|性别|高龄)"

_PATTERNS: tuple[tuple[IdentifierKind, Pattern], ...] = (
    (
        "NAME",
        compile_pattern(
            rf"(?:姓\s*名|名字|患者名|病人名)\s*[:=]\s*{_NOT_A_NAME}(?:[\u4e00-\u9fff·]{{2,4}}"
            rf"|[{_SURNAMES}]\s[\u4e00-\u9fff]{{1,2}}(?![\u4e00-\u9fff]))",
            "姓|名",
        ),
    ),
    (
        "NAME",
        compile_pattern(rf"(?:患者|病人|受检者|病员)姓名\s*(?:为|是)?\s*{_NOT_A_NAME}[\u4e00-\u9fff]{{2,3}}", "姓名"),
    ),
    ("NAME", compile_pattern(rf"(?:姓名)\s+{_NOT_A_NAME}[{_SURNAMES}]{_GIVEN}(?![\u4e00-\u9fff])", "姓名")),
    ("NAME", compile_pattern(r"(?:姓\s*名|名字|患者名)\s*[:=]\s*[A-Za-z]{2,}", "姓|名")),
    (
        "NAME",
        compile_pattern(
            rf"(?:患者|病人|患儿|受检者|病员)\s*[::]?\s*[{_SURNAMES}]{_GIVEN}(?=\s*[,,、(]?\s*(?:男|女"
            rf"|\d{{1,3}}\s*岁|先生|女士))",
            "患|病|受检",
        ),
    ),
    (
        "NAME",
        compile_pattern(
            rf"(?<![\u4e00-\u9fff])[{_SURNAMES}](?:{_GIVEN})?(?:先生|女士|小姐)(?![\u4e00-\u9fff]*(?:征"
            r"|法))",
            "先生|女士|小姐",
        ),
    ),
    (
        "NAME_SEX_AGE",
        compile_pattern(
            rf"(?<![\u4e00-\u9fff])(?!{_NOT_SURNAME})(?:[{_SURNAMES}]|欧阳|司马|上官|诸葛|司徒|慕容"
            rf"|皇甫){_GIVEN}{_SPACE}(?:性别{_SPACE})?(?:男"
            rf"|女)性?{_SPACE}(?:年龄{_SPACE})?\d{{1,3}}\s*(?:岁|Y\b|个?月)",
            "岁|y|月",
            "男|女",
        ),
    ),
    (
        "NAME_SEX_AGE",
        compile_pattern(
            rf"(?<![\u4e00-\u9fff])(?!{_NOT_SURNAME})(?:[{_SURNAMES}]|欧阳|司马|上官|诸葛|司徒|慕容"
            rf"|皇甫){_GIVEN}{_SPACE}\d{{1,3}}\s*岁{_SPACE}(?:男|女)",
            "岁",
        ),
    ),
    (
        "RECORD_NUMBER",
        compile_pattern(
            r"(?:住院|门诊|病历|病案|登记|检查|超声|影像|就诊|床位?|医保|诊疗卡|就诊卡|社保卡?|病理|条码"
            r"|流水|申请单?|患者|病人|卡|编|报告|体检|检验|标本|样本|放射|彩超"
            r"|B超|护照|军官证|ID|Id|id)\s*(?:编)?(?:号码|号|ID|id)\s*(?:为|是)?\s*[:#.]?\s*(?:[A-Za-z]{0,4}[-]?\d[\d-]{2,}"
            r"|[A-Za-z]{1,4}\d{3,})",
            "号|id",
        ),
    ),
    (
        "RECORD_NUMBER",
        compile_pattern(
            r"(?i)\b(?:MRN|MR\s?(?:no|number|#)|UHID|CRN|URN|HN|medical record(?: (?:no|number|#))?"
            r"|accession(?: (?:no|number|#))?|acc(?:\.|ession)?\s?(?:no|#)|patient[ _-]?(?:id|no|number"
            r"|identifier)|pat(?:ient)?\.?\s?id|pt\.?\s?id|study[ _-]?id|exam[ _-]?id|hospital (?:no|number"
            r"|id)|chart (?:no|number)|NHS (?:no|number)|record (?:no|number)|case (?:no|number)\.?\s*[:#]"
            r"|visit (?:no|number)|encounter (?:no|number)|insurance (?:no|number|id)|medicare (?:no|number)"
            r"|passport (?:no"
            r"|number))(?:\b|(?<=#))\.?\s*(?:is\s*)?[:#=]?\s*(?=[A-Z-]{0,5}\d)[A-Z]{0,4}[-\s]?\d[\dA-Z-]{2,}",
            "mrn|mr|uhid|crn|urn|hn|record|acc|pat|pt|study|exam|hospital|chart|nhs|case|visit|encounter"
            "|insurance|medicare|passport",
        ),
    ),
    (
        "RECORD_NUMBER",
        compile_pattern(
            rf"(?=I\.?D)(?<![A-Za-z-]){_NOT_OF_PRINT}I\.?D\.?\s*(?:no\.?|number)?\s*[:#]?\s*[A-Z]{{0,3}}-?\d[\d-]{{4,}}",
            "id|i.d",
        ),
    ),
    (
        "RECORD_NUMBER",
        compile_pattern(
            r"(?i)(?<![A-Za-z])(?:MRN|UHID|PID|PAT\.?\s?ID|ACC)\s*[:#.]?\s*[A-Z]{0,3}\d{4,}", "mrn|uhid|pid|pat|acc"
        ),
    ),
    (
        "NAME",
        compile_pattern(
            r"(?i:\b(?:patient(?:['’]?s)?\s*name|name of (?:the )?patient|pt\.?\s*name|pat\.?\s*name"
            r"|full name"
            r"|(?<!file )(?<!file)(?<!scientific )(?<!trade )(?<!brand )name)\s*(?:[:=]|\bis\b)\s*)(?:(?:Mr"
            r"|Mrs|Ms|Miss|Dr)\.?\s+)?[A-Z][A-Za-z'’-]+",
            "name",
        ),
    ),
    (
        "NAME",
        compile_pattern(
            r"\b(?i:patient|pt)\s*:\s*(?!Adult|Male|Female|Young|The\b|An?\b|Position|Age|Supine|Prone"
            r"|Child"
            r"|Newborn|Elderly|Group|Case|No\b|Not\b|Yes\b|ID\b|Normal"
            r"|History)[A-Z][A-Za-z'’-]+,?\s+[A-Z][A-Za-z'’.-]*",
            "patient|pt",
        ),
    ),
    (
        "NAME",
        compile_pattern(
            r"\b(?:Mr|Mrs|Ms|Miss)\.?\s+(?!Rate|Ratio|Distance)[A-Z](?:[a-z'’]+|\.)(?:\s+[A-Z][a-z'’-]+)?", "mr|ms|miss"
        ),
    ),
    (
        "NAME",
        compile_pattern(
            r"\b[A-Z][A-Z'’-]{1,40},\s*[A-Z][A-Z'’-]{1,40}(?:\s+[A-Z]\.?)?[\s,]+(?:\(?\d{1,3}\s*-?\s*(?:[YM]\b|yo\b"
            r"|yrs?\b|years?)|[MF]\b|(?:FE)?MALE\b|ID\b|DOB\b|MRN\b|\d{6,})",
            ",",
        ),
    ),
    ("NAME", compile_pattern(r"\b[A-Za-z]{2,}\^[A-Za-z]{1,}", "^")),
    (
        "BIRTH_DATE",
        compile_pattern(
            rf"(?i)(?:出生(?:日期|年月日?|时间)?|生日|生于)\s*(?:为|是)?\s*[:]?\s*{_DATE}|(?:19"
            rf"|20)\d{{2}}\s*年\s*\d{{1,2}}\s*月(?:\s*\d{{1,2}}\s*日)?(?:出生|生(?=[,,。;;)]|$))",
            "出生|生日|生于|生",
        ),
    ),
    (
        "BIRTH_DATE",
        compile_pattern(
            r"(?i)\b(?:D\.?O\.?B\.?|date of birth|birth\s?date|birthday"
            rf"|born(?: on)?)\s*(?:is\s*)?[:=.]?\s*{_DATE}",
            "dob|d.o.b|birth|born",
        ),
    ),
    (
        "EXAM_TIME",
        compile_pattern(
            r"(?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?[\sT]+\d{1,2}:\d{2}(?::\d{2})?"
            r"|\b\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d{2}\s+\d{1,2}:\d{2}(?::\d{2})?",
            ":",
        ),
    ),
    (
        "EXAM_TIME",
        compile_pattern(
            rf"(?i)(?:检查|就诊|报告|入院|出院|手术|采集|送检)(?:日期|时间)\s*[:]?\s*{_DATE}|\b(?:exam"
            r"|study|scan|admission"
            rf"|discharge)\s*(?:date|time)\s*[:=]\s*{_DATE}",
            "日期|时间|date|time",
        ),
    ),
    ("EMAIL", compile_pattern(r"\b[A-Za-z0-9][\w.+-]{0,80}@[\w-]{1,64}(?:\.[\w-]{1,64})+", "@")),
    ("PHONE", compile_pattern(r"(?<![\d./-])(?:\+?86[\s-]?)?1[3-9]\d(?:[\s-]?\d{4}){2}(?![\d.]\d|\d)", "1")),
    (
        "PHONE",
        compile_pattern(
            r"(?<![\d.])(?:\+\d{1,3}[\s.-]?)?\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?!\d)"
            r"|(?<![\d.])\+\d{1,3}[\s-]?\(?\d{1,4}\)?(?:[\s-]?\d{2,4}){2,4}(?!\d)",
            "-| |.",
        ),
    ),
    (
        "PHONE",
        compile_pattern(
            r"(?i)(?:电话|手机|联系方式|联系电话|\btel(?:ephone)?|\bphone|\bmobile|\bcell)\s*(?:号码|号"
            r"|no\.?|number)?\s*(?:为"
            r"|是|is)?\s*[:.]?\s*[+(]?\d[\d\s()-]{5,}\d",
            "电话|手机|联系|tel|phone|mobile|cell",
        ),
    ),
    ("PHONE", compile_pattern(r"(?<![\d.-])0\d{2,3}[-\s]\d{7,8}(?!\d)", "0")),
    (
        "ADDRESS",
        compile_pattern(r"(?:家庭)?(?:住址|地址|户籍地|居住地)\s*(?:为|是)?\s*[:]\s*[\u4e00-\u9fff\d]{4,}", "址|地"),
    ),
    ("ADDRESS", compile_pattern(r"\b(?i:home address|address)\s*:\s*\d+\s+[A-Z][a-z]+", "address")),
    ("SOCIAL_SECURITY", compile_pattern(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-\d{2}-\d{4}(?![\d-])", "-")),
    (
        "SOCIAL_SECURITY",
        compile_pattern(
            r"(?i)\b(?:SSN|social security(?: (?:no|number))?)\s*[:#.]?\s*\d{3}[-\s]?\d{2}[-\s]?\d{4}", "ssn|social"
        ),
    ),
    (
        "AGE_OVER_89",
        compile_pattern(
            r"(?i)(?<![\d.,–—~-])(?:9\d|1[0-2]\d)\s*-?\s*(?:year|yr)s?\s*-?\s*old\b"
            r"|\baged?\s*:?\s*(?:of\s+)?(?:9\d|1[0-2]\d)\b(?!\s*(?:[-–—~%]|to\b|and\b|days?|weeks?|months?|min"
            r"|h\b|hours?|years? (?:or|and)))|\b(?:9\d|1[0-2]\d)\s*y/?o\b",
            "year|yr|age|yo|y/o",
        ),
    ),
    (
        "AGE_OVER_89",
        compile_pattern(
            r"(?<![\d.–—~至到-])(?<!\d,)(?:9\d|1[0-2]\d)\s*岁(?!\s*(?:以[上下]|及以|或以|~|-|至|到))", "岁"
        ),
    ),
)
_RESIDENT = compile_late(
    r"(?<!\d)[1-9]\d{5}\s?(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\s?\d{3}[\dXx](?![\dXx])"
)
_RESIDENT_LABEL = compile_late(
    r"(?:身份证|公民身份)(?:件)?(?:号码|号)?\s*(?:为|是)?\s*[:]?\s*(?:\d{17}[\dXx]|\d{15})(?!\d)"
)
# Shapes of digits without which an identifier of a kind cannot be there: cheap to look for, they spare the rest.
_DIGIT = compile_late("[0-9]")
_CODE = compile_late(r"[0-9][0-9A-Za-z-]{2}")
_LONG_NUMBER = compile_late(r"[0-9][0-9 ().-]{5,}[0-9]")
_HIGH_AGE = compile_late(r"9[0-9]|1[0-2][0-9]")
_NEEDED_SHAPE: dict[IdentifierKind, re.Pattern[str]] = {
    "NAME_SEX_AGE": _DIGIT,
    "RECORD_NUMBER": _CODE,
    "BIRTH_DATE": _DIGIT,
    "EXAM_TIME": _DIGIT,
    "PHONE": _LONG_NUMBER,
    "SOCIAL_SECURITY": _LONG_NUMBER,
    "AGE_OVER_89": _HIGH_AGE,
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier with its place in the NFKC form of the text; unsure ones are for a person to look at."""

    kind: IdentifierKind
    start: int
    end: int
    text: str
    is_certain: bool = True


@lru_cache(maxsize=4096)
def list_identifiers(text: str) -> tuple[Identifier, ...]:
    """`find_identifiers` remembered: sources are shared by many records."""
    return tuple(find_identifiers(text))


def find_identifiers(text: str) -> Iterator[Identifier]:
    """Every identifier in a text, which must be in NFKC form (`rules.normalise.unify`)."""
    if not _DIGIT.search(text):
        present: frozenset[re.Pattern[str]] = frozenset()
    else:
        present = frozenset(shape for shape in (_DIGIT, _CODE, _LONG_NUMBER, _HIGH_AGE) if shape.search(text))
    folded, is_ascii = text.lower(), text.isascii()
    for kind, pattern in _PATTERNS:
        if is_ascii and not pattern.is_ascii:
            continue
        shape = _NEEDED_SHAPE.get(kind)
        if (shape is None or shape in present) and pattern.may_match(folded):
            for match in pattern.regex.finditer(text):
                yield Identifier(kind, match.start(), match.end(), match.group(0))
    if _LONG_NUMBER in present:
        yield from _find_resident_ids(text)


def has_valid_checksum(number: str) -> bool:
    """Whether the last digit of an 18-digit resident id follows from the first 17 (ISO 7064 MOD 11-2)."""
    digits = "".join(number.split())
    total = sum(int(digit) * weight for digit, weight in zip(digits[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == digits[17].upper()


def mask_identifier(text: str) -> str:
    """The first character and stars, so that a message can name a finding without repeating it."""
    return text[:1] + "*" * min(6, max(1, len(text) - 1))


def _find_resident_ids(text: str) -> Iterator[Identifier]:
    labelled = [match.span() for match in _RESIDENT_LABEL.finditer(text)]
    for start, end in labelled:
        yield Identifier("RESIDENT_ID", start, end, text[start:end])
    for match in _RESIDENT.finditer(text):
        if not any(start <= match.start() < end for start, end in labelled):
            yield Identifier(
                "RESIDENT_ID", match.start(), match.end(), match.group(0), has_valid_checksum(match.group(0))
            )
