"""The licence that a PDF states of itself: in the fields of its XMP that are made for it, or in its subject."""

from __future__ import annotations

import re
from collections.abc import Mapping

from remud_gen.rules.licences import PRIVATE, match_licence, name_licence

MAX_CHARS = 200
_MOST_XMP = 1 << 20
# Fields of XMP that hold rights, as elements or attributes; what stands in them is only believed where it names a
# licence that is known.
_FIELD = re.compile(
    r"<(?P<tag>(?:cc:license|cc:licence|xmpRights:WebStatement|xmpRights:UsageTerms|dc:rights|prism:copyright|"
    r"dcterms:license|dcterms:rights|ali:license_ref))\b(?P<head>[^>]{0,400}?)(?:/>|>(?P<body>.{0,4000}?)</(?P=tag)>)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(?:cc:license|xmpRights:WebStatement|rdf:resource)\s*=\s*[\"']([^\"']{1,400})[\"']")
_MARKUP = re.compile(r"<[^>]{0,400}>")


def read_licence(metadata: Mapping[str, str | None], xmp: str) -> str | None:
    """The licence as stated, shortened; None where no field names one that is known.

    Args:
        metadata: the document information, of which the subject and the keywords are looked at.
        xmp: the XMP packet as text, empty without one.
    """
    for text in _list_fields(xmp[:_MOST_XMP]):
        if name_licence(text) != PRIVATE:
            return text[:MAX_CHARS]
    # Subject and keywords are for other things: there only the bare name of a licence counts.
    for key in ("subject", "keywords"):
        for part in re.split(r"[;,|]", metadata.get(key) or ""):
            if match_licence(part) not in (None, PRIVATE):
                return part.strip()
    return None


def _list_fields(xmp: str) -> list[str]:
    found = [match[1] for match in _ATTRIBUTE.finditer(xmp)]
    found += [_MARKUP.sub(" ", match["body"] or "") for match in _FIELD.finditer(xmp)]
    return [" ".join(text.split()) for text in found]
