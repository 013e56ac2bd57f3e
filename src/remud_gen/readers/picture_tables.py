"""Tables that set pictures side by side: their cells in reading order, each with what stands below."""

from __future__ import annotations

from typing import Any

MAX_TABLES = 2000
_CELLS = "./*[local-name()='td' or local-name()='th']"
_ROWS = "./*[local-name()='tr']|./*[local-name()!='td' and local-name()!='th']/*[local-name()='tr']"
MAX_SIDE_CAPTION = 400


def arrange_tables(root: Any) -> None:
    """Replace each innermost table with pictures by its cells, a picture followed by the cell below it.

    Pictures of one row keep that as `data-row`; one picture beside one cell of words is marked as a figure.
    """
    tables = root.xpath("//*[local-name()='table' and .//*[local-name()='img'] and not(.//*[local-name()='table'])]")
    number = 0
    for table in tables[:MAX_TABLES]:
        rows = [row.xpath(_CELLS) for row in table.xpath(_ROWS)]
        ordered: list[tuple[Any, int]] = []
        skipped: set[int] = set()
        for i, cells in enumerate(rows):
            if i in skipped:
                continue
            number += 1
            below = rows[i + 1] if i + 1 < len(rows) else []
            if _is_captioned_below(cells, below):
                skipped.add(i + 1)
                ordered += [(cell, number) for pair in zip(cells, below, strict=True) for cell in pair]
                continue
            _mark_side_caption(cells, number)
            ordered += [(cell, number if _has_picture(cell) else 0) for cell in cells]
        _unfold(table, ordered)


def order_cells(rows: list[list[bool]]) -> list[tuple[int, int]]:
    """(row, column) of all cells in reading order, told only which of them hold pictures."""
    ordered: list[tuple[int, int]] = []
    skipped: set[int] = set()
    for i, cells in enumerate(rows):
        if i in skipped:
            continue
        below = rows[i + 1] if i + 1 < len(rows) else []
        if len(cells) > 1 and len(below) == len(cells) and all(cells) and not any(below):
            skipped.add(i + 1)
            ordered += [place for j in range(len(cells)) for place in ((i, j), (i + 1, j))]
        else:
            ordered += [(i, j) for j in range(len(cells))]
    return ordered


def _has_picture(cell: Any) -> bool:
    return bool(cell.xpath(".//*[local-name()='img']"))


def _is_captioned_below(cells: list[Any], below: list[Any]) -> bool:
    shape = [[_has_picture(cell) for cell in row] for row in (cells, below)]
    return order_cells(shape)[1:2] == [(1, 0)]


def _mark_side_caption(cells: list[Any], number: int) -> None:
    pictures = [cell for cell in cells if _has_picture(cell)]
    words = [cell for cell in cells if not _has_picture(cell) and "".join(cell.itertext()).strip()]
    if len(pictures) == len(words) == 1 and len(cells) == 2:
        text = "".join(words[0].itertext()).strip()
        if not "".join(pictures[0].itertext()).strip() and len(text) <= MAX_SIDE_CAPTION:
            words[0].set("data-caption", "1")
            for cell in cells:
                cell.set("data-side", str(number))


def _unfold(table: Any, ordered: list[tuple[Any, int]]) -> None:
    captions = table.xpath("./*[local-name()='caption']")
    boxes: dict[str, Any] = {}
    for cell, number in ordered:
        cell.tag = "div"
        if number:
            cell.set("data-row", str(1_000_000 + number))
        side = cell.get("data-side")
        if side and side not in boxes:
            boxes[side] = table.makeelement("div")
            boxes[side].set("data-figure", side)
            table.append(boxes[side])
        (boxes[side] if side else table).append(cell)
    for child in list(table):
        if child.tag != "div" and child not in captions:
            table.remove(child)
    table.tag = "div"
    for caption in captions:
        caption.tag = "div"
        caption.set("data-caption", "1")
