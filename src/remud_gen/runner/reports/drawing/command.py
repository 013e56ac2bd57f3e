"""`remud inspect DOC --out PICTURE`: which pictures are drawn, and where they go."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from remud_gen.errors import ConfigError
from remud_gen.runner.files import write_atomically
from remud_gen.runner.reports.drawing.contact_sheet import draw_contact_sheets
from remud_gen.runner.reports.drawing.page_picture import draw_page
from remud_gen.runner.reports.drawing.subject import find_subject

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def draw(run: Path, name: str, number: int | None, out: Path) -> list[Path]:
    """Draw one page, or contact sheets of the whole document; returns the files that were written.

    Raises:
        ConfigError: for a file name that is no picture's, or a page that was not extracted.
        InputError: when the document is unknown, gone, or cannot be written about there.
    """
    if out.suffix.lower() not in FORMATS:
        raise ConfigError(f"{out.name} is no name of a picture", f"end it in {', '.join(FORMATS)}")
    subject = find_subject(run, name)
    if number is not None:
        _save(draw_page(subject, number), out)
        return [out]
    written = []
    for i, sheet in enumerate(draw_contact_sheets(subject), 1):
        path = out if i == 1 else out.with_name(f"{out.stem}-{i}{out.suffix}")
        _save(sheet, path)
        written.append(path)
    return written


def _save(image: Image.Image, path: Path) -> None:
    buffer = io.BytesIO()
    image.save(buffer, FORMATS[path.suffix.lower()])
    write_atomically(path, buffer.getvalue())
