"""Identifiers in a text -> typed placeholders such as [NAME] or [姓名], so that nobody can be found by what remains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from remud_gen.records import Language
from remud_gen.rules.identifiers import Identifier, IdentifierKind, list_identifiers
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import unify

HiddenKind = IdentifierKind | Literal["DATE", "PLACE", "BANNER"]
PLACEHOLDERS: Mapping[HiddenKind, Mapping[Language, str]] = {
    "NAME": {"en": "[NAME]", "zh": "[姓名]"},
    "NAME_SEX_AGE": {"en": "[PATIENT]", "zh": "[患者信息]"},
    "RECORD_NUMBER": {"en": "[RECORD NUMBER]", "zh": "[编号]"},
    "RESIDENT_ID": {"en": "[ID NUMBER]", "zh": "[证件号]"},
    "PHONE": {"en": "[PHONE]", "zh": "[电话]"},
    "EMAIL": {"en": "[EMAIL]", "zh": "[邮箱]"},
    "BIRTH_DATE": {"en": "[BIRTH DATE]", "zh": "[出生日期]"},
    "EXAM_TIME": {"en": "[EXAM TIME]", "zh": "[检查时间]"},
    "ADDRESS": {"en": "[ADDRESS]", "zh": "[地址]"},
    "SOCIAL_SECURITY": {"en": "[ID NUMBER]", "zh": "[证件号]"},
    "AGE_OVER_89": {"en": "[AGE]", "zh": "[年龄]"},
    "DATE": {"en": "[DATE]", "zh": "[日期]"},
    "PLACE": {"en": "[PLACE]", "zh": "[机构]"},
    "BANNER": {"en": "[BANNER]", "zh": "[横幅]"},
}
PLACEHOLDER = compile_late("|".join(sorted({re.escape(p) for forms in PLACEHOLDERS.values() for p in forms.values()})))
_KINDS: dict[str, HiddenKind] = {}
for _kind, _forms in PLACEHOLDERS.items():
    for _form in _forms.values():
        _KINDS.setdefault(_form, _kind)
_MOST_PASSES = 4  # what stood beside an identifier can be one of its own once that is gone
# A rule needs only the first word of a name to be sure of it; to hide it, the rest must go with it.
_WORD = r"(?:[A-Z][\w'’.-]*|[a-z]{1,3}(?=\s+[A-Z]))"
_NOT_NAME = r"(?!(?:ID|MRN|DOB|Age|AGE|Sex|SEX|Male|MALE|Female|FEMALE|Date|DATE|The|A|An|She|He|This|Ultrasound)\b)"
_REST: Mapping[IdentifierKind, re.Pattern[str]] = {
    "NAME": compile_late(
        rf"(?:\^[\w'.-]*)+|(?:,?[ \t]+{_NOT_NAME}{_WORD}){{1,4}}|[A-Za-z'’-]+"
        r"|[\u4e00-\u9fff]{0,6}·[\u4e00-\u9fff]{1,8}"
    ),
    "NAME_SEX_AGE": compile_late(r"性?"),
    "RECORD_NUMBER": compile_late(r"[A-Za-z0-9/-]+"),
    "PHONE": compile_late(r"(?:[ \t.-]?\d+)+|\s*(?:ext|转)\.?\s*\d+"),
    "EMAIL": compile_late(r"[A-Za-z0-9_.-]+"),
    "BIRTH_DATE": compile_late(r"[\d/.-]+"),
    "EXAM_TIME": compile_late(r"[\d:/.-]+|[ \t]+\d{1,2}:\d{2}(?::\d{2})?"),
    "ADDRESS": compile_late(r"[\u4e00-\u9fff\d#()-]+|(?:[ ,]+[A-Z0-9][\w.'-]*)+"),
}  # fmt: skip


def mask_identifiers(text: str, language: Language) -> str:
    """The text with a placeholder for every identifier; one without identifiers comes back as it is, and one with
    them in NFKC form.
    """
    masked = text
    for _ in range(_MOST_PASSES):
        plain = unify(masked)
        found = list_identifiers(plain)
        if not found:
            return masked
        masked = _replace(plain, found, language)
    return masked


def mask_lines(text: str, language: Language) -> str:
    """The same line by line, which is quick where most lines were seen before, as those of a prompt are."""
    lines = text.split("\n")
    masked = [mask_identifiers(line, language) if line else line for line in lines]
    return text if masked == lines else "\n".join(masked)


def list_line_identifiers(text: str) -> list[Identifier]:
    """Identifiers of a text that was masked line by line, with their places in their own lines."""
    return [found for line in text.split("\n") if line for found in list_identifiers(unify(line))]


def count_placeholders(text: str) -> Counter[HiddenKind]:
    """How many placeholders of each kind a text holds."""
    return Counter(_KINDS[match.group()] for match in PLACEHOLDER.finditer(text))


def is_placeholder(text: str) -> bool:
    """Whether a line is nothing but placeholders."""
    return bool(text.strip()) and not PLACEHOLDER.sub("", text).strip(" ,;/|")


@lru_cache(maxsize=64)
def choose_placeholder(kind: HiddenKind, language: Language) -> str:
    """What stands in an identifier's stead."""
    return PLACEHOLDERS[kind][language]


def _replace(text: str, found: Sequence[Identifier], language: Language) -> str:
    spans = sorted((each.start, _find_end(text, each), each.kind) for each in found)
    merged: list[tuple[int, int, IdentifierKind]] = []
    for start, end, kind in spans:
        if merged and start < merged[-1][1]:
            first, last, kept = merged[-1]
            merged[-1] = (first, max(last, end), kept)
        else:
            merged.append((start, end, kind))
    for start, end, kind in reversed(merged):
        text = text[:start] + choose_placeholder(kind, language) + text[end:]
    return text


def _find_end(text: str, found: Identifier) -> int:
    pattern = _REST.get(found.kind)
    end = found.end
    while pattern is not None and (more := pattern.match(text, end)) is not None and more.end() > end:
        end = more.end()
    return end
