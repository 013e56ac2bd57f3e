"""A font for drawing that knows Chinese as well as Latin letters, without one being installed."""

from __future__ import annotations

import pymupdf


def read_cjk_font() -> bytes:
    """The font file that MuPDF carries for documents which embed none."""
    return bytes(pymupdf.Font("china-s").buffer)
