"""Made-up pages with known truth: lines where a printer sets them, pictures as boxes, noise as a scanner adds it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from remud_gen.records import Figure, ImageRef, Page, Source, TextBlock, TextLine, TextRole, make_id
from remud_gen.rules.blocks import CAPTION

WIDTH, HEIGHT = 600.0, 800.0
COLUMNS = ((50.0, 285.0), (315.0, 550.0))
ORGANS = ("liver", "spleen", "kidney", "thyroid", "pancreas", "bladder", "uterus", "aorta", "testis", "breast")
FINDINGS = ("cyst", "stone", "nodule", "abscess", "haematoma", "lymphoma", "adenoma", "varix", "calcification", "polyp")
PLACES = ("upper", "lower", "left", "right", "anterior", "posterior", "lateral", "medial", "central", "distal")
ORGANS_ZH = ("肝脏", "脾脏", "肾脏", "甲状腺", "胰腺", "膀胱", "子宫", "主动脉", "睾丸", "乳腺")
FINDINGS_ZH = ("囊肿", "结石", "结节", "脓肿", "血肿", "淋巴瘤", "腺瘤", "静脉曲张", "钙化灶", "息肉")
PROSE = (
    "The examination was performed with a linear probe and every structure was seen in two planes before the",
    "measurement was repeated by a second examiner who had no knowledge of the first result or of the history.",
    "Blood flow was recorded afterwards with the smallest sample volume that the device allowed at this depth.",
)
PROSE_ZH = (
    "检查前患者禁食八小时以上，取仰卧位，使用凸阵探头沿肋缘下及肋间依次进行多切面扫查，",
    "测量各径线并记录彩色血流信号，所有测量均重复三次取平均值，由两名医师分别独立完成。",
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What one picture should be paired with; `words` are the figure's, `own` the panel's."""

    page: int
    box: tuple[float, float, float, float]
    words: str | None  # None: no pair may come of it
    letter: str | None = None
    own: str | None = None


@dataclass(slots=True)
class Scene:
    """A document of few pages of one kind."""

    kind: str
    pages: list[Page]
    truth: list[Expected]
    is_hull: bool = False  # the panels cannot be told apart: one pair for all of them is right, too


@dataclass(slots=True)
class Pen:
    """Random choices of one document: its language, whether it was scanned, words that no other figure has."""

    rng: random.Random
    is_chinese: bool
    is_scanned: bool
    used: set[str] = field(default_factory=set)

    def say(self) -> str:
        """A finding that this document has not had."""
        while True:
            at = self.rng.randrange
            if self.is_chinese:
                text = f"{'左右上下前后'[at(6)]}侧{ORGANS_ZH[at(10)]}{FINDINGS_ZH[at(10)]}大小约{at(9) + 1}.{at(9)}cm"
            else:
                text = f"{PLACES[at(10)]} {ORGANS[at(10)]} with a {FINDINGS[at(10)]} of {at(90) + 10} mm"
            if text not in self.used:
                self.used.add(text)
                return text

    def label(self, number: str) -> str:
        """The label before a caption, with OCR's noise where the page was scanned."""
        printed = number
        if self.is_scanned and self.rng.random() < 0.4:
            printed = printed.replace("1", self.rng.choice("lI1"), 1).replace("-", self.rng.choice("-–—"))
        if self.is_chinese:
            return f"图{printed}{self.rng.choice(('　', ' ', '：'))}"
        head = (
            self.rng.choice(("Figure ", "Fig. ", "FIGURE "))
            if not self.is_scanned
            else self.rng.choice(("Fig. ", "Flg. ", "Figure "))
        )
        return f"{head}{printed}{self.rng.choice(('. ', ': '))}"

    @property
    def prose(self) -> tuple[str, ...]:
        """A paragraph."""
        return PROSE_ZH if self.is_chinese else PROSE


class Sheet:
    """One page in the making."""

    def __init__(self, pen: Pen, number: int = 1) -> None:
        self.pen, self.number = pen, number
        self.blocks: list[TextBlock] = []
        self.figures: list[Figure] = []
        self.page_id = make_id("doc", "page", number)

    def text(
        self,
        x: float,
        y: float,
        *lines: str,
        size: float = 10.0,
        role: TextRole = "body",
        width: float = 0,
        bold: bool = False,
    ) -> float:
        """Lines of one block from y on; returns where they end."""
        rng, made = self.pen.rng, []
        for i, line in enumerate(lines):
            top = y + i * 1.2 * size
            reach = sum(size if ord(c) > 0x2E80 else 0.47 * size for c in line)
            reach = min(reach, width) if width else reach
            shake = rng.uniform(-0.6, 0.6) if self.pen.is_scanned else 0.0
            box = (x + shake, top + shake, x + reach + shake, top + size)
            score = round(rng.uniform(0.9, 1.0), 3) if self.pen.is_scanned else 1.0
            font = None if self.pen.is_scanned else size
            made.append(TextLine(bbox=box, text=line, score=score, font_size=font, is_bold=bold))
        hull = (
            min(m.bbox[0] for m in made), made[0].bbox[1], max(m.bbox[2] for m in made), made[-1].bbox[3],
        )  # fmt: skip
        role = "caption" if role == "body" and CAPTION.match(lines[0]) else role  # as extraction tells
        identity = make_id(self.page_id, "block", *hull, *lines)
        self.blocks.append(TextBlock(id=identity, bbox=hull, text=" ".join(lines), role=role, lines=tuple(made)))
        return hull[3]

    def prose(self, x: float, y: float, width: float) -> float:
        """A paragraph wrapped to a width."""
        text = "".join(self.pen.prose) if self.pen.is_chinese else " ".join(self.pen.prose)
        return self.text(x, y, *wrap(text, width, 10.0), width=width)

    def picture(
        self, box: tuple[float, float, float, float], *, ultrasound: float = 0.9, inside: str = ""
    ) -> tuple[float, float, float, float]:
        """A picture, with a letter burned into its corner where one is given."""
        x0, y0, _, _ = box
        lines = (TextLine(bbox=(x0 + 4, y0 + 4, x0 + 14, y0 + 14), text=inside, score=0.9),) if inside else ()
        sha = make_id(self.page_id, *box, self.pen.rng.random()) * 3
        self.figures.append(
            Figure(
                id=make_id(self.page_id, "figure", *box),
                bbox=box,
                image=ImageRef(path=f"images/aa/{sha}.png", sha256=sha, width_px=100, height_px=80),
                dpi=150,
                detector="made",
                score=0.9,
                is_ultrasound_score=ultrasound,
                burned_in_text=lines,
            )
        )
        return box

    def build(self) -> Page:
        """The record."""
        return Page(
            id=self.page_id,
            document_id="doc",
            source=Source(
                document_sha256="0" * 64, file="book.pdf", page_number=self.number, page_size=(WIDTH, HEIGHT)
            ),
            kind="scan" if self.pen.is_scanned else "digital",
            width_pt=WIDTH,
            height_pt=HEIGHT,
            text_blocks=tuple(self.blocks),
            figures=tuple(self.figures),
            text_origin="ocr" if self.pen.is_scanned else "layer",
        )


def wrap(text: str, width: float, size: float) -> list[str]:
    """Lines no wider than a column; Chinese breaks anywhere."""
    lines, line, reach = [], "", 0.0
    pieces = list(text) if any(ord(c) > 0x2E80 for c in text) else [f"{word} " for word in text.split()]
    for piece in pieces:
        step = sum(size if ord(c) > 0x2E80 else 0.47 * size for c in piece)
        if reach + step > width and line:
            lines.append(line.strip())
            line, reach = "", 0.0
        line, reach = line + piece, reach + step
    return [*lines, line.strip()] if line.strip() else lines
