"""Licences: as documents state them ("under the Creative Commons Attribution License"), and what they allow.

What is not known to be open is private: a licence that nobody stated gives no rights.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from remud_gen.rules.late import compile_late

# What may be done with the pictures and words of a source, from most to least. `share_alike` and `noncommercial` may be
# passed on for research; of `no_derivatives` only the unchanged whole may, and a crop is not that.
Rights = Literal["permissive", "share_alike", "noncommercial", "no_derivatives", "private"]
# SPDX identifiers (in lower case, as the Hub writes them) of licences that sources of text and pictures bear.
SPDX: dict[str, Rights] = {
    **dict.fromkeys((
        "cc0-1.0", "cc-by-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "pddl-1.0", "odc-by-1.0", "mit",
        "mit-0", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "0bsd", "ogl-uk-3.0", "etalab-2.0",
        "cdla-permissive-1.0", "cdla-permissive-2.0", "wtfpl", "us-gov-pd", "public-domain",
    ), "permissive"),
    **dict.fromkeys((
        "cc-by-sa-1.0", "cc-by-sa-2.0", "cc-by-sa-2.5", "cc-by-sa-3.0", "cc-by-sa-4.0", "odbl-1.0", "gfdl-1.3",
        "gfdl-1.3-or-later", "gpl-3.0", "gpl-3.0-or-later", "agpl-3.0", "agpl-3.0-or-later", "cdla-sharing-1.0",
    ), "share_alike"),
    **dict.fromkeys((
        "cc-by-nc-1.0", "cc-by-nc-2.0", "cc-by-nc-2.5", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-1.0",
        "cc-by-nc-sa-2.0", "cc-by-nc-sa-2.5", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
    ), "noncommercial"),
    **dict.fromkeys((
        "cc-by-nd-1.0", "cc-by-nd-2.0", "cc-by-nd-2.5", "cc-by-nd-3.0", "cc-by-nd-4.0", "cc-by-nc-nd-1.0",
        "cc-by-nc-nd-2.0", "cc-by-nc-nd-2.5", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0",
    ), "no_derivatives"),
    "proprietary": "private",
    "private": "private",
}  # fmt: skip
PRIVATE = "private"
_SENTENCE_WORDS = 4
TABLE_NAMES = ("licences.csv", "licenses.csv")  # beside the files whose licences they tell; themselves no documents
_CC_ADDRESS = compile_late(
    r"creativecommons\.org/(?:licen[cs]es/(?P<terms>by(?:-nc)?(?:-sa|-nd)?)/(?P<version>[1-4]\.\d)|"
    r"publicdomain/(?P<domain>zero|mark))",
    re.IGNORECASE,
)
_CC_NAME = compile_late(
    r"cc[ _-]*by(?P<terms>(?:[ _-]*(?:nc|sa|nd))*)(?:[ _-]*v?(?P<version>[1-4]\.\d))?(?:[ _-]*(?:deed|licen[cs]e|"
    r"international|unported|igo))*\.?",
    re.IGNORECASE,
)
_CC_TERMS = compile_late(r"\bcc[ _-]*by(?P<terms>(?:[ _-]+(?:nc|sa|nd)\b)*)", re.IGNORECASE)
_GRANT = compile_late(
    r"(?:open[- ]access|distributed under|licen[cs]ed under|under the terms|under a|遵循|采用|使用)"
    r"[^.。]{0,160}?(?P<words>(?:creative commons|知识共享)[^.。)]{0,80}|\bCC[ -]?(?:BY|0)[-A-Z0-9. ]{0,16})",
    re.IGNORECASE,
)
_TERMS = (
    ("NC", "noncommercial|non-commercial|非商业|-nc"),
    ("SA", "share ?-?alike|相同方式|-sa"),
    ("ND", "noderiv|no[- ]deriv|禁止演绎|-nd"),
)
# A sentence that takes something back, or speaks of parts, gives the whole no rights.
_RESTRICTED = compile_late(
    r"\b(?:all rights reserved|not|no|none?|never|except(?:ing|ions?)?|exclud(?:es|ing)|unless|only|other than|but|"
    r"however|some|parts? of|figures?|images?|pictures?|third[- ]part(?:y|ies))\b|"
    r"保留.{0,4}权利|版权所有|除|不|仅|未|部分|图片|插图",
    re.IGNORECASE,
)
# Of a book's pages: the credit of a single picture is no licence of the book, and neither is a denial.
_NARROW = compile_late(
    r"\b(?:not|never|without|fig(?:ure)?s?|images?|photo(?:graph)?s?|pictures?|illustrations?|cover|tables?|videos?|chapters?|"
    r"software|code|fonts?|icons?|adapted|reproduced|modified|wikimedia)\b|不|未|图|照片|封面|插画",
    re.IGNORECASE,
)
_SENTENCE_CHARS = 300
_SENTENCE_END = compile_late(r"(?<!\b[A-Z])[.!?](?=\s+[A-Z©(])|[。！？；;]")
_VERSION = compile_late(r"(?<![0-9.])([1-4]\.0)(?![0-9])")


def find_licence(text: str) -> str | None:
    """The short name (CC-BY-NC-4.0) of the Creative Commons licence under which a text says it is given; else None."""
    plain = " ".join(text.split())
    grant = next((found for found in _GRANT.finditer(plain) if not _is_narrow(plain, found.start())), None)
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


def _is_narrow(text: str, start: int) -> bool:
    """Whether the words before a grant, in its sentence, deny it or make it one of a figure or the like."""
    before = text[max(0, start - _SENTENCE_CHARS) : start]
    return _NARROW.search(_SENTENCE_END.split(before)[-1]) is not None


@lru_cache(maxsize=1024)
def name_licence(stated: str | None) -> str:
    """The SPDX identifier, in lower case, of a licence as people write it; `private` where it is none that is known.

    Without a version a Creative Commons licence counts as 4.0: what it allows is the same in all.
    """
    text = " ".join((stated or "").split())
    if _is_mixed(text):
        return PRIVATE
    named = match_licence(text)
    if named is not None:
        return named
    if len(text.split()) < _SENTENCE_WORDS:  # a name that is not known, or mistyped: nothing is guessed
        return PRIVATE
    found = find_licence(f"distributed under {text}")
    return (match_licence(found) if found is not None else None) or PRIVATE


def _is_mixed(text: str) -> bool:
    """Whether a statement takes something back, holds for parts only, or names licences of different terms."""
    around = _CC_ADDRESS.sub(" ", text)
    addresses = {found.group().lower() for found in _CC_ADDRESS.finditer(text)}
    terms = {re.sub(r"[ _-]+", "-", found["terms"].lower()) for found in _CC_TERMS.finditer(around)}
    names_terms = len({address.split("/")[-2] for address in addresses}) > 1 or len(terms) > 1
    return names_terms or _RESTRICTED.search(around) is not None


def match_licence(text: str) -> str | None:
    """The SPDX identifier of a text that is nothing but the name, or holds the address, of a licence that is known."""
    address = _CC_ADDRESS.search(text)
    if address is not None:
        if address["domain"]:
            return "cc0-1.0" if address["domain"].lower() == "zero" else "public-domain"
        return f"cc-{address['terms'].lower()}-{address['version']}"
    plain = re.sub(r"[\s_]+", "-", text.strip().lower())
    if plain in SPDX:
        return plain
    if re.fullmatch(r"cc-?0(?:-?1\.0)?(?:-universal)?|cc-zero", plain):
        return "cc0-1.0"
    name = _CC_NAME.fullmatch(text.strip())
    if name is None:
        return None
    parts = re.findall("nc|sa|nd", name["terms"].lower())
    wanted = "-".join(["cc-by", *(part for part in ("nc", "sa", "nd") if part in parts), name["version"] or "4.0"])
    return wanted if wanted in SPDX else None


def find_rights(stated: str | None) -> Rights:
    """What a licence as people write it allows; unknown is private."""
    return SPDX.get(name_licence(stated), "private")
