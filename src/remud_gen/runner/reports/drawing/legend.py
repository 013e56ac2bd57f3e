"""The strip below a drawing that explains its colours and lines."""

from __future__ import annotations

from collections.abc import Iterator

from remud_gen.records import TextRole
from remud_gen.runner.reports.drawing.ink import FAINT, FIGURES, ROLES, UNPAIRED, Pen, grade_confidence, measure_text

SIZE = 15
ROW = 26
MARK = 32  # from a mark to its words
SPACE = 16
EDGE = 14
LEGEND_ROLES: tuple[TextRole, ...] = ("title", "section", "body", "caption", "note", "table", "header")
GRADES = {"sure": 1.0, "doubtful": 0.6, "unsure": 0.0}
LINES = {"number": "reading order", "line": "figure and its words", "dash": "cited"}


class Legend:
    """What the marks mean, in as many rows as a width in pixels asks for; small pages have no lines to explain."""

    def __init__(self, width: float, *, is_small: bool = False) -> None:
        self.rows: list[list[tuple[str, str]]] = [[]]
        used = 0.0
        for mark, told in _list_marks(is_small=is_small):
            wide = MARK + measure_text(told, SIZE)
            if self.rows[-1] and used + wide > width:
                self.rows.append([])
                used = 0.0
            self.rows[-1].append((mark, told))
            used += wide + SPACE

    @property
    def height(self) -> int:
        """In pixels."""
        return len(self.rows) * ROW + EDGE

    def draw(self, pen: Pen, left: float, top: float) -> None:
        """Draw it, its top left corner at a place."""
        for number, row in enumerate(self.rows):
            x, y = left, top + number * ROW
            for mark, told in row:
                _draw_mark(pen, mark, x, y)
                pen.text((x + MARK, y), told, SIZE, FAINT)
                x += MARK + measure_text(told, SIZE) + SPACE


def _list_marks(*, is_small: bool) -> Iterator[tuple[str, str]]:
    yield from ((role, "header, footer" if role == "header" else role) for role in LEGEND_ROLES)
    yield from () if is_small else LINES.items()
    yield "none", "no pair"
    yield from ((grade, grade) for grade in GRADES)


def _draw_mark(pen: Pen, mark: str, x: float, y: float) -> None:
    middle = y + SIZE / 2 + 2
    if mark == "number":
        pen.number((x + 12, middle), 1, 13, ROLES["body"])
    elif mark in LINES:
        pen.line(((x, middle), (x + 26, middle)), FIGURES[0], dash=5 if mark == "dash" else 0)
    elif mark == "none":
        pen.dashed_box((x, y + 2, x + 24, y + 18), UNPAIRED, dash=5)
    elif mark in GRADES:
        pen.dot((x + 12, middle), 7, grade_confidence(GRADES[mark]))
    else:
        role = next(role for role in LEGEND_ROLES if role == mark)
        pen.box((x + 4, y + 2, x + 22, y + 18), ROLES[role], fill=200, radius=3)
