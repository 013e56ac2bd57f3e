"""A book written in YAML -> set pages: one function per kind of line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sample.gallery import draw
from sample.pages import Book, FigureText, Panel, Sheet

HERE = Path(__file__).parent


def make_book(name: str) -> Book:
    """Set every page of `<name>.yaml`."""
    script = yaml.safe_load((HERE / f"{name}.yaml").read_text("utf-8"))
    book = Book(script["file"], script["title"], script["header"])
    for lines in script["pages"]:
        sheet = book.sheet()
        for line in lines:
            _set_line(sheet, line, script["figures"])
    return book


def _set_line(sheet: Sheet, line: dict[str, Any], figures: dict[str, dict[str, Any]]) -> None:
    kind, value = next(iter(line.items()))
    match kind:
        case "chapter":
            sheet.heading(value, 1)
        case "section":
            sheet.heading(value, 2)
        case "text":
            sheet.paragraph(value)
        case "small":
            sheet.write(value, 8.5)
        case "display":
            sheet.write(
                value, line["size"], style="bold" if line["size"] > 12 else "regular", align="centre", after_pt=10
            )
        case "figure":
            _set_figure(sheet, value, figures[value])
        case "note":
            sheet.note(_text_of(value, figures[value]))
        case "move_to":
            sheet.y = value
        case "columns":
            sheet.set_columns(value)
        case "next_column":
            sheet.next_column()
        case _:
            raise ValueError(f"page {sheet.number}: no such line: {kind}")


def _set_figure(sheet: Sheet, number: str, figure: dict[str, Any]) -> None:
    text, panels = _text_of(number, figure), [_panel_of(panel) for panel in figure["panels"]]
    match figure["style"]:
        case "atlas":
            sheet.atlas_figure(text, panels, figure["width"], figure.get("note_page"))
        case "caption_below":
            sheet.captioned_figure(text, panels, figure["width"])
        case "caption_beside":
            sheet.side_captioned_figure(text, panels[0], figure["width"])


def _text_of(number: str, figure: dict[str, Any]) -> FigureText:
    return FigureText(number, figure.get("title"), figure.get("caption"), figure.get("note"), figure.get("label", ""))


def _panel_of(panel: dict[str, Any]) -> Panel:
    picture = draw(panel["picture"])
    return Panel(picture, panel.get("letter"), tuple(panel.get("own_words", ())))
