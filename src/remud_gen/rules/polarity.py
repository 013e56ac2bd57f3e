"""Negation in both languages: what a text denies, and whether another text affirms just that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import HAN, fold
from remud_gen.rules.words import list_content_words

_ENGLISH_CUE = (
    r"\b(?:no|not|without|absent|absence|cannot|never|neither|nor|none|lacks?|lacking|fail(?:s|ed)? to"
    r"|(?:free|empty|devoid|clear) of|free from)\b|n't\b"
)
# 无回声, 不规则, 不均匀 and their like are findings of their own, not denials of one.
_CHINESE_CUE = (
    r"未(?!来|必)|无(?!回声|创|菌|水酒精)|没有|没(?=[见能])|缺失|缺如|消失|非(?!常|典型|均|特异|霍奇金|手术)"
    r"|不(?!同|规则|规整|均|清|大于|高于|等|低于|超过|光滑|光整|断|全|典型|明原因|足|良|少于|小于"
    r"|仅|但|过|宜|孕|稳|完全|连续|对称|一致|一$|一[,。])"
)
_STRONG = compile_late(f"{_ENGLISH_CUE}|{_CHINESE_CUE}")
_SOFT = compile_late(
    r"\b(?:non|a(?:vascular|kine|symptom|nechoic|plasia|genesis|trophy)|resol|disappear|missing"
    r"|negative|exclud|rul(?:e|es|ed|ing) out|mimic|simulat|un|in(?=com|sig))\w*"
    r"|\bloss\b|\w{1,40}less\b|排除|除外|酷似|误[认诊]|阴性|否认|缺|失|欠|乏|消退|吸收|无回声|不"
)
# What comes after these is set aside, and so is what comes before them where nothing follows: `stones are excluded`.
_SETS_ASIDE = compile_late(
    r"\b(?:rul(?:es?|ed|ing) out|exclud(?:es?|ed|ing)|(?:argu|speak)(?:es?|s|ing)? against|unlikely|rather than"
    r"|instead of|mimick?(?:s|ed|ing)?|simulat(?:es?|ed|ing))\b|排除|除外|而不是|而非|不支持|酷似|误[认诊]为"
)
_BARE_DENIAL = compile_late(r"\b(?:do|does|did|is|are|was|were|has|have) not\s*$|(?:则|并)(?:无|未见|没有)\s*$")
_SOUND = compile_late(r"\b(?:normal|unremarkable|intact|spared|preserved)\b|正常|完好")
_CLAUSE = compile_late(r"[,;:.!?。;:!?，、；：！？]\s*|\s(?:but|while|whereas|although|however)\s|但|而(?=[未无不没])")
_HEAD_EN = compile_late(r"[a-z]{3,}")
_STOP_EN = frozenset(
    [
        "any",
        "the",
        "evidence",
        "sign",
        "signs",
        "obvious",
        "significant",
        "definite",
        "clear",
        "seen",
        "visible",
        "been",
        "have",
        "has",
        "was",
        "were",
        "are",
        "is",
        "can",
        "being",
    ]
)
_PREPOSITION = compile_late(r"\b(?:in|within|of|at|on|to|from|for|by|after|before|than)\b")
_SKIP_ZH = compile_late(
    r"^(?:能|可)?(?:被)?(?:见|发现|探及|显示|测及|引出|检出)?(?:到|有)?(?:明显|明确|确切|任何|异常的)?(?:的)?"
)
_HEAD_ZH = compile_late(rf"[{HAN}]{{2,4}}")


@dataclass(frozen=True, slots=True)
class Clauses:
    """A text's denials: the words right behind each cue, and the clauses with and without a cue."""

    heads: tuple[str, ...]
    denied: str
    affirmed: str


@lru_cache(maxsize=8192)
def has_negation(text: str) -> bool:
    """Whether a text denies anything in so many words."""
    return bool(_STRONG.search(fold(text)))


def find_flip(text: str, source: str) -> str | None:
    """Words that a text denies and the source affirms, or the other way round."""
    mine, theirs = read_clauses(text), read_clauses(source)
    for head in mine.heads:
        # A single word that the text also affirms may be about something else; two words are specific enough.
        is_specific = " " in head or not _mentions(mine.affirmed, head)
        if is_specific and _mentions(theirs.affirmed, head) and not _mentions(theirs.denied, head):
            return f"denied: {head}"
    for head in theirs.heads:
        if _mentions(mine.affirmed, head) and not _mentions(mine.denied, head) and not _mentions(theirs.affirmed, head):
            return f"affirmed: {head}"
    return None


def is_denial_unfounded(text: str, support: str) -> bool:
    """Whether a text denies something while nothing in its support does, not even softly (resolved, avascular, 排除).

    A soft cue that is itself denied (`not resolved` against `resolution`) founds nothing.
    """
    if not has_negation(text) or has_negation(support):
        return False
    denied = read_clauses(text).denied
    if all(_BARE_DENIAL.search(clause) for clause in denied.split("\n")) and _SOUND.search(fold(support)):
        return False  # `the posterior one does not` says no more than that the source's `normal` holds
    return all(cue.group(0)[:5] in denied for cue in _SOFT.finditer(fold(support)))


@lru_cache(maxsize=4096)
def read_clauses(text: str) -> Clauses:
    """Split a text into clauses and find the head words of its denials."""
    heads, denied, affirmed = [], [], []
    for clause in _CLAUSE.split(fold(text)):
        cue = _STRONG.search(clause)
        if cue is None:
            affirmed.append(_cut_aside(clause))
            continue
        denied.append(clause)
        head = _read_head(clause[cue.end() :])
        if head:
            heads.append(head)
    return Clauses(tuple(heads), "\n".join(denied), "\n".join(affirmed))


def _cut_aside(clause: str) -> str:
    """A clause without what it sets aside: `a stone rather than a polyp` affirms a stone."""
    aside = _SETS_ASIDE.search(clause)
    if aside is None:
        return clause
    rest = clause[aside.end() :]
    return clause[: aside.start()] if _HEAD_EN.search(rest) or _HEAD_ZH.search(rest) else ""


def _read_head(rest: str) -> str:
    chinese = _HEAD_ZH.match(_SKIP_ZH.sub("", rest.strip()))
    if chinese:
        return chinese.group(0)[:2]
    scope = _PREPOSITION.split(rest, maxsplit=1)[0]
    words = [word for word in _HEAD_EN.findall(scope) if word not in _STOP_EN]
    return " ".join(words[:2])


def _mentions(text: str, head: str) -> bool:
    if not head.isascii():
        return head in text
    return list_content_words(head) <= list_content_words(text) and bool(list_content_words(head))
