"""Open licences as documents state them: "distributed under the Creative Commons Attribution License", CC BY-NC 4.0."""

from __future__ import annotations

import re

_GRANT = re.compile(
    r"(?:open[- ]access|distributed under|licen[cs]ed under|under the terms|under a|遵循|采用|使用)"
    r"[^.。]{0,160}?(?P<words>(?:creative commons|知识共享)[^.。)]{0,80}|\bCC[ -]?(?:BY|0)[-A-Z0-9. ]{0,16})",
    re.IGNORECASE,
)
_TERMS = (
    ("NC", "noncommercial|non-commercial|非商业|-nc"),
    ("SA", "share ?-?alike|相同方式|-sa"),
    ("ND", "noderiv|no[- ]deriv|禁止演绎|-nd"),
)
_VERSION = re.compile(r"(?<![0-9.])([1-4]\.0)(?![0-9])")


def find_licence(text: str) -> str | None:
    """The short name (CC-BY-NC-4.0) of the Creative Commons licence under which a text says it is given; else None."""
    plain = " ".join(text.split())
    grant = _GRANT.search(plain)
    if grant is None:
        return None
    words = grant["words"].lower()
    if re.search(r"\bcc ?-?0\b|public domain|\bzero\b", words):
        return "CC0-1.0"
    if not re.search(r"attribution|署名|\bcc[ -]?by", words):
        return None
    terms = [name for name, pattern in _TERMS if re.search(pattern, words)]
    version = _VERSION.search(plain, grant.start())
    near = version is not None and version.start() - grant.end() < 60
    return "-".join(["CC-BY", *terms, *([version[1]] if version is not None and near else [])])
