"""Opposite words (left and right, increased and decreased, 高回声 and 低回声) swapped between text and source.

A word is compared where it stands: `right lobe cannot` against `left lobe cannot` is a swap even when the source also
has a right lobe elsewhere, because the opposite word matches its neighbours better than the same word does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import HAN, fold
from remud_gen.rules.words import stem

SIDE = "side"
_CONTEXT_TOKENS = 6
# No answer that is short enough holds so many such words, and no passage.
_MOST_WORDS, _MOST_OTHERS = 200, 600
_TOKEN = compile_late(rf"[a-z]+|\d+(?:\.\d+)?|[{HAN}]")
_DROPPED = frozenset(
    ["the", "a", "an", "of", "is", "are", "was", "were", "and", "with", "to", "be", "been", "being", "s", "的"]
)
_COMPOUND = compile_late(
    r"\b(well|ill|poorly|non|long|short|full|partial)[- ]+"
    r"(?=defin|circumscrib|demarcat|marginat|compress|axis|thickness)"
)
_COMPOUND_PREFIX = {"poorly": "ill"}

# family -> poles -> the beginnings of the English words that name them (`=` marks a whole word)
_ENGLISH: dict[str, tuple[str, ...]] = {
    SIDE: ("=left =lt =lk leftsided leftward", "=right =rt =rk rightsided rightward"),
    "change": ("increas elevat rais", "decreas reduc lower diminish"),
    "size": ("enlarg =large =larger =big =bulky", "=small =smaller shrunk shrink atroph"),
    "calibre": ("dilat distend wid ectatic", "narrow constrict stenos stenot collaps"),
    "thickness": ("thick", "=thin thinn"),
    "level": ("=high =higher", "=low =lower"),
    "margin": (
        "welldefin wellcircumscrib welldemarcat wellmarginat",
        "illdefin illcircumscrib illdemarcat illmarginat",
    ),
    "outline": ("=regular =regularly smooth", "irregular"),
    "texture": ("homogen", "heterogen inhomogen nonhomogen"),
    "content": ("=solid", "=cystic"),
    "nature": ("benign", "malignan"),
    "course": ("=acute =acutely", "=chronic =chronically"),
    "phase": ("systol", "diastol"),
    "depth": ("=anterior anteriorly", "=posterior posteriorly"),
    "height": ("=superior superiorly =upper", "=inferior inferiorly =lower"),
    "distance": ("proximal", "distal"),
    "midline": ("=medial medially", "=lateral laterally"),
    "plane": ("transvers axial shortaxis", "longitudinal sagittal longaxis"),
    "finding": ("=positive", "=negative"),
    "presence": ("=present =presence", "=absent =absence"),
    "norm": ("=normal =normally", "=abnormal abnormalit"),
    "perfusion": ("=vascular =vascularity =vascularized hypervascular", "avascular hypovascular"),
    "symmetry": ("symmetr", "asymmetr"),
    "compression": ("compressib", "noncompressib incompressib"),
    "vessel": ("=artery =arteries =arterial", "=vein =veins =venous"),
    "order": ("=before", "=after"),
    "inside": ("=internal internally", "=external externally"),
    "strength": ("strong intens", "weak faint"),
    "severity": ("=mild mildly", "=severe severely"),
    "flow": ("hepatopetal", "hepatofugal"),
    "extent": ("fullthick =complete =completely", "partialthick =partial =partially =incomplete =incompletely"),
}
_CHINESE: dict[str, tuple[str, ...]] = {
    SIDE: ("左", "右"),
    "change": ("升高 增高 增加 增多 增快 增强 上升 加快", "降低 减低 减少 减慢 减弱 下降"),
    "size": ("增大 肿大", "缩小 萎缩 变小"),
    "calibre": ("增宽 扩张 变宽 饱满", "变窄 狭窄 变细 塌陷"),
    "thickness": ("增厚 变厚", "变薄 菲薄"),
    "echo": ("高回声 强回声", "低回声 弱回声", "无回声", "等回声"),
    "margin": ("边界清 界限清 边界尚清", "边界不清 界限不清 边界欠清 边界模糊"),
    "outline": ("形态规则 边缘规则 规则", "形态不规则 边缘不规则 不规则 欠规则"),
    "texture": ("回声均匀 分布均匀 均匀", "回声不均 分布不均 不均匀 欠均匀"),
    "surface": ("光滑 光整", "粗糙 不光滑 不光整 毛糙"),
    "content": ("实性", "囊性"),
    "nature": ("良性", "恶性"),
    "course": ("急性", "慢性"),
    "phase": ("收缩期", "舒张期"),
    "wall": ("前壁 前方", "后壁 后方"),
    "pole": ("上极 上段 上方 上叶", "下极 下段 下方 下叶"),
    "distance": ("近端 近段 近心", "远端 远段 远心"),
    "midline": ("内侧", "外侧"),
    "plane": ("横切", "纵切 矢状"),
    "finding": ("阳性", "阴性"),
    "norm": ("正常", "异常"),
    "perfusion": ("血流丰富 丰富", "稀疏 稀少 不丰富 乏血"),
    "symmetry": ("对称", "不对称"),
    "shape": ("完整 连续", "不完整 中断 不连续"),
    "vessel": ("动脉", "静脉"),
    "compression": ("可压瘪 能压瘪 可被压瘪", "不可压瘪 不能压瘪 不能被压瘪"),
    "vessel_flow": ("通畅", "阻塞 闭塞 梗阻"),
    "growth": ("平行", "垂直"),
    "flow": ("向肝", "离肝"),
    "extent": ("全层 完全性", "部分性 部分撕裂 不完全"),
    "enhancement": ("高增强", "低增强", "等增强", "无增强"),
}
_ROOT = compile_late(r"^(hyper|hypo|iso|intra|extra|an)(echo|[a-z]{5,})")
# Of these a thing has one at a time, while it has an anterior and a posterior wall.
_EXCLUSIVE = frozenset({
    "change", "size", "calibre", "thickness", "margin", "outline", "texture", "content", "nature", "course", "norm",
    "symmetry", "compression", "echo", "surface", "shape", "growth", "perfusion", "presence", "finding", "vessel_flow",
    "severity", "phase", "flow", "extent",
})  # fmt: skip
_EXTENTS = frozenset({"thick", "wide", "large", "high"})
_IGNORED = ("左右",)  # "about", or a diameter: no side


@dataclass(frozen=True, slots=True)
class _Word:
    family: str
    pole: str
    text: str
    start: int  # of its tokens
    end: int


@dataclass(frozen=True, slots=True)
class _Scan:
    tokens: tuple[str, ...]
    words: tuple[_Word, ...]


def find_swap(
    text: str, source: str, *, sides_only: bool = False, min_context: int = 1, counts_lone: bool = False
) -> str | None:
    """The word of a text whose opposite stands in the same place of the source, as `right (source: left)`.

    `min_context` is how many neighbouring words must agree before an opposite counts. `counts_lone` is for a source as
    narrow as a quote: an opposite that excludes the word then counts by itself.
    """
    mine, theirs = _scan(text), _scan(source)
    for word in mine.words[:_MOST_WORDS]:
        if sides_only and word.family != SIDE:
            continue
        same, opposite, name = -1, -1, ""
        for other in theirs.words[:_MOST_OTHERS]:
            if other.family != word.family:
                continue
            score = _score_context(mine, word, theirs, other)
            if other.pole == word.pole:
                same = max(same, score)
            elif score > opposite:
                opposite, name = score, other.text
        is_both = any(other.family == word.family and other.pole != word.pole for other in mine.words[:_MOST_WORDS])
        needed = 0 if counts_lone and word.family in _EXCLUSIVE and not is_both else min_context
        # A text with both of two opposites names each of two things: one neighbouring word more is chance.
        margin = 2 if is_both and same >= 0 and word.family != SIDE else 1
        if opposite >= needed and opposite >= same + margin:
            return f"{word.text} (source: {name})"
    return None


@lru_cache(maxsize=4096)
def list_sides(text: str) -> frozenset[str]:
    """Which of `left`, `right` and `both` a text names."""
    found = {"left" if word.pole == "0" else "right" for word in _scan(text).words if word.family == SIDE}
    return frozenset(found | {"both"}) if _BOTH.search(fold(text)) else frozenset(found)


_BOTH = compile_late(r"双侧|两侧|双肾|双叶|左右两|\bbilateral|\bboth\b|\beither side")


def _score_context(mine: _Scan, word: _Word, theirs: _Scan, other: _Word) -> int:
    left = 0
    while left < _CONTEXT_TOKENS and left < word.start and left < other.start:
        if mine.tokens[word.start - 1 - left] != theirs.tokens[other.start - 1 - left]:
            break
        left += 1
    right = 0
    while right < _CONTEXT_TOKENS and word.end + right < len(mine.tokens) and other.end + right < len(theirs.tokens):
        if mine.tokens[word.end + right] != theirs.tokens[other.end + right]:
            break
        right += 1
    return left + right


@lru_cache(maxsize=4096)
def _scan(text: str) -> _Scan:
    folded = _COMPOUND.sub(lambda m: _COMPOUND_PREFIX.get(m.group(1), m.group(1)), fold(text))
    raw = [token for token in _TOKEN.findall(folded) if token not in _DROPPED]
    words = []
    position = 0
    while position < len(raw):
        token = raw[position]
        if token.isascii():
            found = _classify_english(token)
            length = 1
            if found and token in _EXTENTS and position and raw[position - 1] in ("mm", "cm"):
                found = None  # `11 mm thick` says how thick, not that it is
        else:
            found, length = _match_chinese(raw, position)
        if found:
            words.append(
                _Word(found[0], found[1], "".join(raw[position : position + length]), position, position + length)
            )
        position += length
    return _Scan(tuple(stem(token) if token.isascii() else token for token in raw), tuple(words))


@lru_cache(maxsize=8192)
def _classify_english(word: str) -> tuple[str, str] | None:
    for start, family, pole in _ENGLISH_BY_LETTER.get(word[0], ()):
        if word == start[1:] if start[0] == "=" else word.startswith(start):
            return family, pole
    root = _ROOT.match(word)
    if root is None or (root.group(1) == "an" and root.group(2) != "echo"):
        return None
    return root.group(2)[:5], root.group(1)


def _match_chinese(tokens: list[str], position: int) -> tuple[tuple[str, str] | None, int]:
    for entry, found in _CHINESE_BY_LETTER.get(tokens[position], ()):
        if tokens[position : position + len(entry)] == entry:
            return found, len(entry)
    return None, 1


def _index_english() -> dict[str, list[tuple[str, str, str]]]:
    index: dict[str, list[tuple[str, str, str]]] = {}
    for family, poles in _ENGLISH.items():
        for pole, starts in enumerate(poles):
            for start in starts.split():
                index.setdefault(start.lstrip("=")[0], []).append((start, family, str(pole)))
    return index


def _index_chinese() -> dict[str, list[tuple[list[str], tuple[str, str] | None]]]:
    index: dict[str, list[tuple[list[str], tuple[str, str] | None]]] = {}
    for entry in _IGNORED:
        index.setdefault(entry[0], []).append((list(entry), None))
    for family, poles in _CHINESE.items():
        for pole, entries in enumerate(poles):
            for entry in entries.split():
                index.setdefault(entry[0], []).append((list(entry), (family, str(pole))))
    for rows in index.values():
        rows.sort(key=lambda row: -len(row[0]))
    return index


_ENGLISH_BY_LETTER = _index_english()
_CHINESE_BY_LETTER = _index_chinese()
