"""The reference of the export formats is that of the exporters as they are."""

from __future__ import annotations

from scripts.document_formats import FILE, render_page


def test_the_page_is_current() -> None:
    assert FILE.read_text("utf-8") == render_page(), "run python -m scripts.document_formats"
