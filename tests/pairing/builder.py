"""Small made-up pages for pairing tests: text where a printer would set it, pictures as boxes."""

from PIL import Image

from remud_gen.records import BBox, Figure, ImageRef, Page, Source, TextBlock, TextLine, make_id

WIDTH, HEIGHT = 600.0, 800.0
SIZE = 10.0
PITCH = 12.0


class PageBuilder:
    """Builds one Page record; coordinates are points, origin top-left."""

    def __init__(self, number=1, document="doc", size=(WIDTH, HEIGHT), origin="layer"):
        self.number, self.document, self.size, self.origin = number, document, size, origin
        self.blocks, self.figures = [], []

    def text(self, x, y, *lines, width=None, size=SIZE, role="body", bold=False, score=None):
        """Lines of one block, the first with its top at y."""
        made = []
        for i, line in enumerate(lines):
            top = y + i * PITCH * size / SIZE
            reach = width or sum(size if ord(c) > 0x2E80 else 0.5 * size for c in line)
            box = (x, top, x + reach, top + size)
            made.append(
                TextLine(bbox=box, text=line, score=score or 1.0, font_size=None if score else size, is_bold=bold)
            )
        hull = (x, made[0].bbox[1], max(m.bbox[2] for m in made), made[-1].bbox[3])
        block = TextBlock(
            id=make_id(self.page_id, "block", *hull), bbox=hull, text=" ".join(lines), role=role, lines=tuple(made)
        )
        self.blocks.append(block)
        return self

    def picture(self, *bbox: float, ultrasound=0.9, inside=(), name=None):
        """A picture; `inside` are (text, x, y) burned in at shares of its sides."""
        box: BBox = tuple(map(float, bbox))
        x0, y0, x1, y1 = box
        lines = []
        for text, x, y in inside:
            cx, cy = x0 + x * (x1 - x0), y0 + y * (y1 - y0)
            lines.append(TextLine(bbox=(cx - 4, cy - 4, cx + 4, cy + 4), text=text, score=0.9))
        sha = make_id(name or self.page_id, *box) * 3
        self.figures.append(
            Figure(
                id=make_id(self.page_id, "figure", *box),
                bbox=box,
                image=ImageRef(path=f"images/aa/{sha}.png", sha256=sha, width_px=100, height_px=80),
                dpi=150,
                detector="test",
                score=0.9,
                is_ultrasound_score=ultrasound,
                burned_in_text=tuple(lines),
            )
        )
        return self

    @property
    def page_id(self):
        return make_id(self.document, "page", self.number)

    def build(self) -> Page:
        return Page(
            id=self.page_id,
            document_id=self.document,
            source=Source(
                document_sha256="0" * 64, file="book.pdf", page_number=self.number, page_size=self.size, unit="pt"
            ),
            kind="digital" if self.origin == "layer" else "scan",
            width_pt=self.size[0],
            height_pt=self.size[1],
            text_blocks=tuple(self.blocks),
            figures=tuple(self.figures),
            text_origin=self.origin,
        )


BODY = (
    "The examination was performed with a linear probe of high frequency and",
    "all structures were seen in two planes, so that the measurement could be",
    "repeated by a second examiner without knowledge of the first result.",
)


class HullCropper:
    """Answers with a figure for the box, and remembers what was asked."""

    def __init__(self):
        self.boxes = []

    def open_picture(self, figure):
        return Image.new("RGB", (figure.image.width_px, figure.image.height_px), (40, 40, 40))

    def crop(self, page, bbox, whole=None):
        self.boxes.append(tuple(bbox))
        sha = make_id(page.id, *bbox) * 3
        return Figure(
            id=make_id(page.id, "figure", *bbox),
            bbox=bbox,
            image=ImageRef(path=f"images/aa/{sha}.png", sha256=sha, width_px=100, height_px=80),
            dpi=150,
            detector="hull",
            score=0.9,
            is_ultrasound_score=0.9,
        )
