"""Pictures that a text file names: beside it or below its own folder, or written into it; never on the network."""

from __future__ import annotations

import base64
import binascii
import html
import os
import re
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from remud_gen.errors import RecordError
from remud_gen.rules.late import compile_late

MAX_PICTURE_BYTES = 200_000_000
MAX_DATA_URI_CHARS = 40_000_000
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".jp2"})
_SCHEME = compile_late(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_DATA = compile_late(r"data:(?P<type>[\w/+.-]*)(?P<rest>(?:;[^,]*)?),", re.IGNORECASE)
_SRC = compile_late(
    r"""<(?:img|image)\b[^>]{0,2000}?\b(?:data-)?(?:src|href)\s*=\s*(?:"([^"]{1,2000})"|'([^']{1,2000})')""", re.I
)
_MARKDOWN = compile_late(r"!\[[^\]\n]{0,2000}\]\(\s*(?:<([^>\n]{1,1000})>|([^\s)]{1,1000}))")
_REFERENCE = compile_late(r"^ {0,3}\[[^\]\n]{1,200}\]:\s*(?:<([^>\n]{1,1000})>|(\S{1,1000}))", re.M)


def resolve_linked(folder: Path, link: str) -> Path:
    """The file that a link in a document of this folder means.

    Raises:
        RecordError: PICTURE_REMOTE for anything on the network, PICTURE_OUTSIDE for anything not below the folder
            (also behind symbolic links), PICTURE_MISSING for what is not there.
    """
    plain = link.strip()
    if _SCHEME.match(plain) or plain.startswith(("//", "\\\\")):
        raise RecordError("PICTURE_REMOTE", f"a picture lies elsewhere and is never fetched: {plain[:80]!r}")
    names = unquote(plain.split("#", 1)[0].split("?", 1)[0]).replace("\\", "/")
    if not names or "\x00" in names:
        raise RecordError("PICTURE_MISSING", "a picture is named by nothing", "name its file in the document")
    home = folder.resolve()
    try:
        path = (home / names).resolve()
        is_inside = path.is_relative_to(home) and not names.startswith("/")
        is_file = is_inside and path.is_file()
    except (OSError, ValueError, RuntimeError):
        raise RecordError("PICTURE_OUTSIDE", f"a picture has an impossible name: {names[:80]!r}") from None
    if not is_inside:
        raise RecordError("PICTURE_OUTSIDE", f"a picture is named outside of the document's folder: {names[:80]!r}")
    if not is_file:
        raise RecordError("PICTURE_MISSING", f"the picture {names[:80]!r} is not there", "put it beside the document")
    return path


def read_linked(folder: Path, link: str) -> bytes:
    """The bytes of a linked or embedded picture.

    Raises:
        RecordError: as resolve_linked; PICTURE_TOO_LARGE or PICTURE_UNREADABLE.
    """
    if link[:5].lower() == "data:":
        return read_data_uri(link)
    path = resolve_linked(folder, link)
    try:
        if path.stat().st_size > MAX_PICTURE_BYTES:
            raise RecordError(
                "PICTURE_TOO_LARGE", f"{path.name} is a file of {path.stat().st_size:,} bytes", "shrink it"
            )
        return path.read_bytes()
    except OSError as error:
        told = f"the picture {path.name} cannot be opened: {error.strerror}"
        raise RecordError("PICTURE_UNREADABLE", told, "check its permissions") from None


def read_data_uri(link: str) -> bytes:
    """The bytes written into a data: address.

    Raises:
        RecordError: PICTURE_TOO_LARGE, PICTURE_NOT_RASTER or PICTURE_UNREADABLE.
    """
    if len(link) > MAX_DATA_URI_CHARS:
        raise RecordError("PICTURE_TOO_LARGE", "a picture written into the text is too large", "save it as a file")
    match = _DATA.match(link)
    if match is None or "svg" in match["type"].lower():
        raise RecordError("PICTURE_NOT_RASTER", "a drawing written into the text is not read")
    body = link[match.end() :]
    try:
        if "base64" in match["rest"].lower():
            return base64.b64decode(re.sub(r"\s", "", unquote(body)), validate=True)
        return unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        told = f"a picture written into the text is damaged: {error}"
        raise RecordError("PICTURE_UNREADABLE", told, "insert the picture again") from None


def find_linked(path: Path, text: str, *, is_markdown: bool) -> tuple[Path, ...]:
    """The picture files that a document names and that are there, each once, sorted."""
    links = [first or second for first, second in _SRC.findall(text)]
    if is_markdown:
        links += [first or second for pattern in (_MARKDOWN, _REFERENCE) for first, second in pattern.findall(text)]
    found: set[Path] = set()
    for link in dict.fromkeys(links):
        try:
            file = resolve_linked(path.parent, html.unescape(link))
        except RecordError:
            continue
        if os.fspath(file.suffix).lower() in SUFFIXES:
            found.add(file)
    return tuple(sorted(found))
