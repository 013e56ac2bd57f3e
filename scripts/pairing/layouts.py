"""Random documents of each kind of layout, with what a reader would pair."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from scripts.pairing.sheets import COLUMNS, Expected, Pen, Scene, Sheet, wrap

Box = tuple[float, float, float, float]
SMALL = 8.5


def _gap(pen: Pen) -> float:
    """Between a picture and its words: mostly narrow, sometimes wide."""
    return pen.rng.choice((4.0, 6.0, 8.0, 10.0, 14.0, 22.0))


def _caption(sheet: Sheet, x: float, y: float, width: float, text: str) -> float:
    return sheet.text(x, y, *wrap(text, width, SMALL), size=SMALL, width=width)


def _clauses(pen: Pen, count: int) -> tuple[str, str, list[str]]:
    """(shared words and clauses as printed, shared words, each panel's words)."""
    shared, own = pen.say(), [pen.say() for _ in range(count)]
    letters = "ABCDEFGH"[:count]
    style = pen.rng.randrange(4)
    if pen.is_chinese:
        marks = ("{}图：{}；", "（{}）{}；", "{}：{}；", "{}.{}；")[style]
        return f"{shared}。" + "".join(marks.format(a, b) for a, b in zip(letters, own, strict=True)), shared, own
    marks = ("({}) {}. ", "{}, {}. ", "{}: {}; ", "Panel {} shows {}. ")[style]
    return f"{shared}. " + "".join(marks.format(a, b) for a, b in zip(letters, own, strict=True)).strip(), shared, own


def below(pen: Pen) -> Scene:
    """Two figures of full width, words below or above all of them."""
    sheet, truth, is_above = Sheet(pen), [], pen.rng.random() < 0.4
    y = sheet.prose(50, 40, 500) + 20
    for i in range(2):
        words = pen.say()
        height = pen.rng.randint(130, 200)
        if is_above:
            y = _caption(sheet, 60, y, 480, pen.label(f"1-{i + 1}") + words) + _gap(pen)
        box = sheet.picture((60, y, 60 + pen.rng.randint(300, 480), y + height))
        y += height
        if not is_above:
            y = _caption(sheet, 60, y + _gap(pen), 480, pen.label(f"1-{i + 1}") + words)
        truth.append(Expected(1, box, words))
        y += pen.rng.randint(24, 60)
    sheet.prose(50, y + 10, 500)
    return Scene("above" if is_above else "below", [sheet.build()], truth)


def columns(pen: Pen) -> Scene:
    """Figures in both columns between prose, sometimes at one height."""
    sheet, truth = Sheet(pen), []
    for column, (x0, x1) in enumerate(COLUMNS):
        y = sheet.prose(x0, 40 + pen.rng.choice((0, 0, 30)), x1 - x0) + 18
        for i in range(2):
            words, height = pen.say(), pen.rng.randint(110, 170)
            box = sheet.picture((x0, y, x1, y + height))
            y = _caption(sheet, x0, y + height + _gap(pen), x1 - x0, pen.label(str(2 * column + i + 1)) + words) + 20
            truth.append(Expected(1, box, words))
    return Scene("columns", [sheet.build()], truth)


def side(pen: Pen) -> Scene:
    """Words beside the picture."""
    sheet, truth = Sheet(pen), []
    y = sheet.prose(50, 40, 500) + 24
    for i in range(2):
        words, is_left = pen.say(), pen.rng.random() < 0.5
        box = sheet.picture((250, y, 550, y + 180) if is_left else (50, y, 350, y + 180))
        x = 60 if is_left else 350 + pen.rng.randint(10, 25)
        _caption(sheet, x, y + pen.rng.randint(0, 60), 175, pen.label(f"2-{i + 1}") + words)
        truth.append(Expected(1, box, words))
        y += 180 + pen.rng.randint(20, 40)
    return Scene("side", [sheet.build()], truth)


def _grid(pen: Pen, count: int, top: float) -> list[Box]:
    per_row = count if count < 4 and pen.rng.random() < 0.7 else 2
    gap, width = pen.rng.choice((6, 12, 20)), 480 / per_row
    height = pen.rng.randint(90, 140)
    return [
        (
            60 + width * (i % per_row),
            top + (height + 26) * (i // per_row),
            60 + width * (i % per_row + 1) - gap,
            top + (height + 26) * (i // per_row) + height,
        )
        for i in range(count)
    ]


def panels(pen: Pen, *, missing: bool = False, inside: bool = False, silent: bool = False, order: str = "row") -> Scene:
    """Lettered panels with a clause each; letters below or inside, one of them lost, all of them lost."""
    sheet, count = Sheet(pen), pen.rng.randint(3 if missing else 2, 4)
    boxes = _grid(pen, count, sheet.prose(50, 40, 500) + 20)
    printed, shared, own = _clauses(pen, count)
    sequence = list(range(count))
    if order == "shuffled":
        pen.rng.shuffle(sequence)
    lost = pen.rng.randrange(count) if missing else -1
    truth = []
    for i, box in zip(sequence, boxes, strict=True):
        letter = "ABCDEFGH"[i]
        hidden = silent or i == lost
        sheet.picture(box, inside=letter if inside and not hidden else "")
        if not inside and not hidden:
            sheet.text((box[0] + box[2]) / 2 - 3, box[3] + pen.rng.randint(2, 5), letter, size=SMALL)
        truth.append(Expected(1, box, shared, letter, own[i]))
    bottom = _caption(sheet, 60, boxes[-1][3] + 22 + _gap(pen), 480, pen.label("3") + printed)
    sheet.prose(50, bottom + 24, 500)
    kind = "letter lost" if missing else "inside" if inside else "no letters" if silent else order
    return Scene(f"panels: {kind}", [sheet.build()], truth, is_hull=silent)


def atlas(pen: Pen) -> Scene:
    """A numbered title, panels over columns, a note below; the second figure follows at once."""
    sheet, truth, number = Sheet(pen), [], 0
    spots = [(COLUMNS[0], 60.0), (COLUMNS[0], 410.0), (COLUMNS[1], 60.0), (COLUMNS[1], 410.0)]
    at = 0
    while at < 4:
        number += 1
        count = min(pen.rng.randint(1, 2), 4 - at)
        title, own = pen.say(), [pen.say() for _ in range(count)]
        for i in range(count):
            (x0, x1), y = spots[at]
            if i == 0:
                sheet.text(x0 + 8, y, f"1-1-{number}  {title}", role="section", bold=True)
            box = sheet.picture((x0, y + 20, x1, y + 200))
            if count > 1:
                sheet.text((x0 + x1) / 2, y + 204, "AB"[i])
            truth.append(Expected(1, box, title, "AB"[i] if count > 1 else None, own[i]))
            at += 1
        (x0, x1), y = spots[at - 1]
        marker = "图解要点：" if pen.is_chinese else "Key points: "
        said = (
            own[0]
            if count == 1
            else (f"A图为{own[0]}；B图为{own[1]}" if pen.is_chinese else f"(A) {own[0]}; (B) {own[1]}")
        )
        sheet.text(
            x0, y + 222, *wrap(marker + said + ("。" if pen.is_chinese else "."), x1 - x0, 9), size=9, width=x1 - x0
        )
    return Scene("atlas", [sheet.build()], truth)


def pages(pen: Pen) -> Scene:
    """Panel A at the foot of a page, B and the caption on the next."""
    first, second = Sheet(pen, 1), Sheet(pen, 2)
    first.prose(50, 40, 500)
    printed, shared, own = _clauses(pen, 2)
    a = first.picture((60, 560, 300, 720))
    first.text(175, 724, "A", size=SMALL)
    b = second.picture((60, 50, 300, 210))
    second.text(175, 214, "B", size=SMALL)
    bottom = _caption(second, 60, 230 + _gap(pen), 480, pen.label("4") + printed)
    second.prose(50, bottom + 20, 500)
    truth = [Expected(1, a, shared, "A", own[0]), Expected(2, b, shared, "B", own[1])]
    return Scene("over pages", [first.build(), second.build()], truth)


def continued(pen: Pen) -> Scene:
    """A figure that goes on under "continued"."""
    first, second = Sheet(pen, 1), Sheet(pen, 2)
    printed, shared, own = _clauses(pen, 2)
    a = first.picture((60, 60, 300, 220))
    first.text(175, 224, "A", size=SMALL)
    first.prose(50, _caption(first, 60, 244, 480, pen.label("1-2") + printed) + 20, 500)
    b = second.picture((60, 60, 300, 220))
    second.text(175, 224, "B", size=SMALL)
    label = (
        pen.rng.choice(("续图1-2", "图1-2（续）"))
        if pen.is_chinese
        else pen.rng.choice(("Fig. 1-2 (continued)", "Fig. 1-2 (cont'd)"))
    )
    second.text(60, 244, label, size=SMALL)
    second.prose(50, 300, 500)
    truth = [Expected(1, a, shared, "A", own[0]), Expected(2, b, shared, "B", own[1])]
    return Scene("continued", [first.build(), second.build()], truth)


def plates(pen: Pen) -> Scene:
    """Plates with a bare label, their words listed at the end."""
    count = pen.rng.randint(2, 4)
    head = "图版" if pen.is_chinese else "Plate "
    sheets, truth, said = [], [], [pen.say() for _ in range(count)]
    for i, words in enumerate(said):
        sheet = Sheet(pen, i + 1)
        box = sheet.picture((60, 60, 540, 560))
        sheet.text(270, 572, f"{head}{i + 1}", size=SMALL)
        sheets.append(sheet)
        truth.append(Expected(i + 1, box, words))
    last = Sheet(pen, count + 1)
    last.text(50, 50, "图版说明" if pen.is_chinese else "Legends to plates", size=14, bold=True, role="section")
    for i, words in enumerate(said):
        last.text(50, 90 + 30 * i, f"{head}{i + 1}{'　' if pen.is_chinese else '. '}{words}")
    return Scene("plates", [sheet.build() for sheet in [*sheets, last]], truth)


def facing(pen: Pen) -> Scene:
    """Captions on the page before their pictures, by order; sometimes one too many."""
    first, second, truth = Sheet(pen, 1), Sheet(pen, 2), []
    count = pen.rng.randint(1, 3)
    y = first.prose(50, 40, 500) + 30
    for i in range(count):
        words = pen.say()
        y = _caption(first, 60, y, 480, pen.label(f"5-{i + 1}") + words) + 24
        box = second.picture((60, 50 + 230 * i, 540, 260 + 230 * i))
        truth.append(Expected(2, box, words))
    if count > 1 and pen.rng.random() < 0.3:
        truth[0], truth[1] = (  # the printer changed their places: nobody can tell from the page
            Expected(2, truth[0].box, truth[1].words),
            Expected(2, truth[1].box, truth[0].words),
        )
    return Scene("facing page", [first.build(), second.build()], truth)


def shared(pen: Pen) -> Scene:
    """One caption for two numbered figures."""
    sheet, words = Sheet(pen), pen.say()
    boxes = [sheet.picture((50, 60, 285, 230)), sheet.picture((315, 60, 550, 230))]
    label = (
        pen.rng.choice(("图2、图3　", "图2～3　"))
        if pen.is_chinese
        else pen.rng.choice(("Figs. 2 and 3. ", "Figures 2-3: "))
    )
    sheet.prose(50, _caption(sheet, 120, 230 + _gap(pen), 380, label + words) + 20, 500)
    return Scene("shared caption", [sheet.build()], [Expected(1, box, words) for box in boxes])


def bilingual(pen: Pen) -> Scene:
    """A Chinese caption and its translation."""
    sheet, truth, y = Sheet(pen), [], 50.0
    for i in range(2):
        chinese, english = Pen(pen.rng, True, pen.is_scanned).say(), Pen(pen.rng, False, pen.is_scanned).say()
        box = sheet.picture((60, y, 500, y + 180))
        y = sheet.text(60, y + 180 + _gap(pen), f"图1-{i + 1}　{chinese}", size=SMALL)
        y = sheet.text(60, y + 3, f"Fig. 1-{i + 1}  {english}", size=SMALL) + 30
        truth.append(Expected(1, box, f"{chinese} {english}"))
    return Scene("bilingual", [sheet.build()], truth)


def unlabelled(pen: Pen) -> Scene:
    """Small print without a label below one picture; sometimes it is the credit of a picture that has no caption."""
    sheet = Sheet(pen)
    y = sheet.prose(50, 40, 500) + 24
    words, is_credit = pen.say(), pen.rng.random() < 0.3
    box = sheet.picture((120, y, 480, y + 220))
    bottom = sheet.text(130, y + 220 + pen.rng.randint(3, 9), words, size=8)
    sheet.prose(50, bottom + 30, 500)
    return Scene("no label", [sheet.build()], [Expected(1, box, None if is_credit else words)])


def decoys(pen: Pen) -> Scene:
    """A figure among sentences that begin like captions, a table and a logo."""
    sheet, words = Sheet(pen), pen.say()
    y = sheet.prose(50, 40, 500) + 16
    box = sheet.picture((60, y, 500, y + 190))
    y = _caption(sheet, 60, y + 190 + _gap(pen), 480, pen.label("6") + words) + pen.rng.choice((10, 16, 30))
    starts = (
        ("图7所示为同一患者术后表现，", "图7、图8显示同一患者，")
        if pen.is_chinese
        else ("Fig. 7 shows the same patient and ", "Figures 7 and 8 show that ")
    )
    lines = wrap(pen.rng.choice(starts) + "".join(pen.prose), 500, 10)
    y = sheet.text(50, y, *lines, width=500) + 20
    table = (
        "表1　各组测量值比较" if pen.is_chinese else "Table 1. Measurements of all patients",
        (60.0, y + 18, 500.0, y + 130),
    )
    sheet.text(60, y, table[0], size=SMALL)
    truth = [Expected(1, box, words), Expected(1, sheet.picture(table[1], ultrasound=0.1), None)]
    truth.append(Expected(1, sheet.picture((500, 740, 560, 780), ultrasound=0.1), None))
    return Scene("decoys", [sheet.build()], truth)


def between(pen: Pen) -> Scene:
    """One caption halfway between two pictures: only the rest of the document can tell."""
    sheet, truth = Sheet(pen), []
    gap = pen.rng.randint(8, 16)
    is_above = pen.rng.random() < 0.25
    words = pen.say()
    first = sheet.picture((60, 60, 500, 230))
    bottom = _caption(sheet, 60, 230 + gap, 440, pen.label("8") + words)
    second = sheet.picture((60, bottom + gap, 500, bottom + gap + 170))
    other = pen.say()
    if is_above:
        truth = [Expected(1, first, None), Expected(1, second, words)]
    else:
        _caption(sheet, 60, bottom + gap + 170 + gap, 440, pen.label("9") + other)
        truth = [Expected(1, first, words), Expected(1, second, other)]
    return Scene("between", [sheet.build()], truth)


def lost_clause(pen: Pen) -> Scene:
    """The mark of a clause was not read: its words stand with the panel before it."""
    scene_pen = pen
    sheet = Sheet(scene_pen)
    boxes = _grid(pen, 3, 60)
    shared_words, own = pen.say(), [pen.say() for _ in range(3)]
    marks = ("A", "", "C")
    for box, letter in zip(boxes, "ABC", strict=True):
        sheet.picture(box)
        sheet.text((box[0] + box[2]) / 2 - 3, box[3] + 3, letter, size=SMALL)
    said = " ".join(f"({mark}) {text}." if mark else f"{text}." for mark, text in zip(marks, own, strict=True))
    _caption(sheet, 60, boxes[-1][3] + 30, 480, pen.label("9") + f"{shared_words}. {said}")
    truth = [Expected(1, box, shared_words, letter, text) for box, letter, text in zip(boxes, "ABC", own, strict=True)]
    return Scene("clause lost", [sheet.build()], truth)


LAYOUTS: tuple[Callable[[Pen], Scene], ...] = (
    below, below, columns, side, panels,
    lambda pen: panels(pen, inside=True),
    lambda pen: panels(pen, missing=True),
    lambda pen: panels(pen, silent=True),
    lambda pen: panels(pen, order="shuffled"),
    atlas, pages, continued, plates, facing, shared, bilingual, unlabelled, decoys, between, lost_clause,
)  # fmt: skip


def make_scenes(count: int, seed: int) -> Iterator[Scene]:
    """So many random documents, the kinds in turn; the same for the same seed."""
    rng = random.Random(seed)
    for i in range(count):
        pen = Pen(rng, is_chinese=rng.random() < 0.5, is_scanned=rng.random() < 0.4)
        yield LAYOUTS[i % len(LAYOUTS)](pen)
