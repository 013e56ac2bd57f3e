"""What pairing works on: a document's blocks and pictures, page by page, in reading order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from remud_gen.records import BBox, Figure, Page, TextLine, TextRole
from remud_gen.rules.near import Box, BoxIndex


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Lines that read on: a paragraph, a caption, a heading, a panel letter."""

    page: int  # index into the flow's pages
    bbox: Box
    lines: tuple[TextLine, ...]
    text: str
    size: float  # height of the letters, in the page's unit
    role: TextRole
    is_bold: bool
    locator: str | None = None  # of words that stand on no page

    @property
    def score(self) -> float:
        """Mean reading confidence of the lines."""
        return sum(line.score for line in self.lines) / len(self.lines)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture on a page."""

    page: int
    figure: Figure

    @property
    def bbox(self) -> BBox:
        """Where it stands, in the page's unit."""
        return self.figure.bbox


Item = Block | Picture


@dataclass(frozen=True, slots=True, eq=False)
class PageFlow:
    """One page's items in reading order; `em` is the height of its body letters in the page's unit."""

    page: Page
    index: int
    width: float
    height: float
    em: float
    items: tuple[Item, ...]
    blocks: tuple[Block, ...] = field(init=False, repr=False)  # in reading order, as are the pictures
    pictures: tuple[Picture, ...] = field(init=False, repr=False)
    _block_places: BoxIndex = field(init=False, repr=False)
    _picture_places: BoxIndex = field(init=False, repr=False)

    def __post_init__(self) -> None:
        blocks = tuple(item for item in self.items if isinstance(item, Block))
        pictures = tuple(item for item in self.items if isinstance(item, Picture))
        object.__setattr__(self, "blocks", blocks)
        object.__setattr__(self, "pictures", pictures)
        object.__setattr__(self, "_block_places", BoxIndex(block.bbox for block in blocks))
        object.__setattr__(self, "_picture_places", BoxIndex(picture.bbox for picture in pictures))

    def find_blocks(self, box: Box, reach: float = 0.0) -> list[Block]:
        """The text that touches `box` or stands within `reach` of it and a hair beyond, in reading order."""
        return [self.blocks[i] for i in self._block_places.find(box, reach)]

    def find_pictures(self, box: Box, reach: float = 0.0) -> list[Picture]:
        """The pictures that touch `box` or stand within `reach` of it and a hair beyond, in reading order."""
        return [self.pictures[i] for i in self._picture_places.find(box, reach)]


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A document as one sequence that runs over columns and pages."""

    pages: Sequence[PageFlow]
    words: frozenset[str] = field(default_factory=frozenset)

    def items(self) -> Iterator[Item]:
        """Every item of every page."""
        for page in self.pages:
            yield from page.items

    def blocks(self) -> Iterator[Block]:
        """Every block of every page."""
        for page in self.pages:
            yield from page.blocks

    def pictures(self) -> Iterator[Picture]:
        """Every picture of every page."""
        for page in self.pages:
            yield from page.pictures
