"""Letters of options in running text of both languages: which are meant, and how they read after options change places.

A letter is rewritten only where the words around it say that it names an option, and left alone only where they say
that it does not (B-mode, A型超声, hepatitis B, an article). Anything else is a doubt, and a text with a doubt is not
rewritten at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import squash

LETTERS = "ABCDEFGH"

Meaning = Literal["option", "other", "doubt"]


class LetterDoubtError(ValueError):
    """A letter that may or may not name an option; the message quotes it."""


_LETTER = compile_late(r"(?<![A-Za-z0-9])[A-H](?![A-Za-z0-9])")
# 排除ACD, A/C, A-C: several options in one word, or an abbreviation.
_JOINED = compile_late(r"(?<![A-Za-z0-9])[A-H](?:(?:\s?[-/~–—]\s?)?[A-H])+(?![A-Za-z0-9])")
_ODD_LETTER = compile_late(r"[Ａ-Ｈａ-ｈⒶ-Ⓗⓐ-ⓗ🄰-🄷]")
_SMALL = compile_late(
    r"(?:\b(?:options?|choices?|answers?(?:\s+(?:is|are|:))?|(?:choose|select|pick)s?)\s*[(（]?\s*"
    r"|(?:选项?|答案[是为]?)\s*[(（]?\s*)"
    r"(?:[b-h](?![A-Za-z'’])|a(?![A-Za-z'’]|\s+[a-z]))",
)
_BY_PLACE = compile_late(
    r"\b(?:first|second|third|fourth|fifth|sixth|last|former|latter|top|bottom|preceding|previous|next|following)\s+"
    r"(?:\w+\s+)?(?:options?|choices?|answers?|alternatives?|one|two|three|statements?)\b|\b(?:the\s+)?(?:former|latter)\b"
    r"|\b(?:option|choice|answer)s?\s+(?:number\s+)?\d\b|\b(?:options?|choices?|answers?)\s+(?:above|below)\b"
    r"|\bof the above\b"
    r"|第\s*[一二三四五六1-6]\s*[个项]|[前后][一二两三四]\s*[个项]|(?:最后|最前|首)[一]?[个项]|前者|后者|(?:上述|以上)(?:选项|各项|答案|都|均|皆)|[上下]一?项",
    re.IGNORECASE,
)
# What stands right before or after a letter that names an option.
_BEFORE = compile_late(
    r"(?:\b(?:options?|choices?|alternatives?|answers?|key|choose|chooses|select|selects|pick|picks)\s*"
    r"(?:(?:is|are|was|would be|must be|should be|therefore|thus|clearly)\s*)*(?:option|choice|letter)?\s*[:=]?"
    r"|\b(?:rul(?:es?|ed|ing)\s+out|exclud(?:es?|ed|ing)|eliminat(?:es?|ed|ing))\s+(?:options?|choices?)"
    r"|选项|选择|[应故可]选|答案(?:应)?[是为选]?|正确的[是为]|选|排除(?:选项)?|剔除)\s*[::]?\s*[\"“'‘(\[（【]?\s*$",
    re.IGNORECASE,
)
_AFTER = compile_late(
    r"^\s*[)\]）】\"”'’]?\s*(?:选项|项(?!目)|选|(?:均|都|也|更)?(?:正确|错误|不正确|不对|不符|符合|不成立|成立|可排除|被排除)"
    r"|(?:is|are|was)\s+(?:(?:therefore|thus|clearly|also|not)\s+)*(?:the\s+)?(?:best\s+)?(?:correct|incorrect|right|wrong"
    r"|true|false|excluded|ruled\s+out|eliminated|answer|best)\b)",
    re.IGNORECASE,
)
_OTHER_BEFORE = compile_late(
    r"(?:\b(?:hepatitis|vitamins?|types?|grades?|stages?|class|groups?|levels?|points?|regions?|zones?|segments?|factor|"
    r"influenza|group|streptococcus|protein|apolipoprotein|child(?:-pugh)?(?:\s+class)?|stanford|bosniak|score)\s+"
    r"|[A-Za-z0-9]\s?[-/'’]|[分型级类组区段期]|蛋白|维生素)$",
    re.IGNORECASE,
)
_OTHER_AFTER = compile_late(
    r"^(?:[-/'’][A-Za-z0-9]|\s?(?:超(?!出|过)|型|线|波|峰|段|点|级|类|区|孔|组|期|族|细胞|淋巴|mode\b|modes\b|scans?\b|lines?\b"
    r"|waves?\b|peaks?\b|cells?\b)|\s?[°%])",
)
_ARTICLE = compile_late(r"(?:^|[.!?:;。！？：；\n]\s*|[\"“(（]\s*)$")
_ARTICLE_NEXT = compile_late(r"^\s+([a-z][a-z-]+)")
_NO_NOUN = compile_late(
    r"(?:is|are|was|were|has|have|had|can|cannot|could|may|might|must|would|should|will|does|did|and|or|nor|but|not|best|also"
    r"|because|since|as|with|while|whereas|correctly|fit|match|show|describe|represent|refer|seem|appear|in|on|for)$"
    r"|[a-z-]*(?<![sui])s$"
)
_MARK = compile_late(r"^\s*[.)）、:：．]\s*")
_LINK = compile_late(
    r"^\s*(?:、|,|，|/|和|与|及|或|and|or|nor|&|,\s*(?:and|or)|、?以及)\s*(?:选项|options?\s)?\s*$", re.IGNORECASE
)


def refers_by_place(text: str) -> bool:
    """Whether a text speaks of options by where they stand: the last option, 第二项, the latter."""
    return bool(_BY_PLACE.search(text))


def find_letters(text: str, options: Mapping[str, str]) -> list[tuple[int, Meaning]]:
    """Place and meaning of every letter in a text that is one of the options' letters.

    Args:
        text: as written.
        options: letter -> text of the option.
    """
    found: list[tuple[int, Meaning]] = []
    for match in _LETTER.finditer(text):
        place, letter = match.start(), match.group()
        if letter not in options:
            continue
        meaning = _classify(text, place, options[letter])
        if meaning != "other" and found and _is_listed(text, found[-1], place):
            meaning = "option"
        found.append((place, meaning))
    return _spread_back(text, found)


def rewrite_letters(text: str, moves: Mapping[str, str], options: Mapping[str, str]) -> str:
    """A text after options have changed places.

    Args:
        text: as written.
        moves: letter -> the letter that the same option has now, for those that change.
        options: letter -> text of the option, as they stood.

    Raises:
        LetterDoubtError: a letter that changes may or may not name an option, or options are named in other ways.
    """
    if (odd := _ODD_LETTER.search(text) or _SMALL.search(text)) is not None:
        raise LetterDoubtError(odd.group())
    if (placed := _BY_PLACE.search(text)) is not None:
        raise LetterDoubtError(placed.group())
    for joined in _JOINED.finditer(text):
        named = re.findall("[A-H]", joined.group())
        if len(set(named)) == len(named) and options.keys() >= set(named) and moves.keys() & set(named):
            raise LetterDoubtError(joined.group())
    letters = list(text)
    for place, meaning in find_letters(text, options):
        if text[place] not in moves or meaning == "other":
            continue
        if meaning == "doubt":
            raise LetterDoubtError(text[max(0, place - 12) : place + 13])
        letters[place] = moves[text[place]]
    return "".join(letters)


def _classify(text: str, place: int, option: str) -> Meaning:
    before, after = text[:place], text[place + 1 :]
    if _OTHER_AFTER.match(after) or _OTHER_BEFORE.search(before[-24:]):
        return "other"
    if _BEFORE.search(before[-48:]) or _AFTER.match(after) or not squash(before + after):
        return "option"
    if _names_its_text(before, after, option):
        return "option"
    word = _ARTICLE_NEXT.match(after)
    is_article = text[place] == "A" and word is not None and _ARTICLE.search(before) and not _NO_NOUN.match(word[1])
    return "other" if is_article else "doubt"


def _names_its_text(before: str, after: str, option: str) -> bool:
    """`B. Inflammation`, `Inflammation (B)`: the letter stands beside its option's own words."""
    words = squash(option)
    mark = _MARK.match(after)
    if not words:
        return False
    if mark is not None and squash(after[mark.end() : mark.end() + 2 * len(option) + 8]).startswith(words):
        return True
    if re.match(r"\s*[(（]", after) and squash(after[: 2 * len(option) + 8]).startswith(words):
        return True
    is_bracketed = before.rstrip().endswith(("(", "（")) and after.lstrip().startswith((")", "）"))
    return is_bracketed and squash(before[-2 * len(option) - 8 :]).endswith(words)


def _is_listed(text: str, former: tuple[int, Meaning], place: int) -> bool:
    return former[1] == "option" and bool(_LINK.match(text[former[0] + 1 : place]))


def _spread_back(text: str, found: list[tuple[int, Meaning]]) -> list[tuple[int, Meaning]]:
    """`A、C 不符合`: what the last letter of a list is, the ones before it are."""
    for number in range(len(found) - 2, -1, -1):
        place, meaning = found[number]
        later, later_meaning = found[number + 1]
        if meaning == "doubt" and later_meaning == "option" and _LINK.match(text[place + 1 : later]):
            found[number] = (place, "option")
    return found
