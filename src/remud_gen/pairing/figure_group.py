"""A figure in the making: what pairing has found to belong together so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from remud_gen.pairing.captions import Caption
from remud_gen.pairing.flow import Block, Picture
from remud_gen.pairing.titles import Title


@dataclass(slots=True, eq=False)
class FigureGroup:
    """One figure in the making."""

    pictures: list[Picture] = field(default_factory=list)
    caption: Caption | None = None
    title: Title | None = None
    notes: list[Block] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    root: FigureGroup | None = None  # the figure that this one continues

    @property
    def printed(self) -> str | None:
        """Its number as printed."""
        if self.caption is not None and self.caption.label is not None:
            return self.caption.label.printed
        return self.title.printed if self.title is not None else None

    @property
    def number(self) -> str | None:
        """Its number, normalised."""
        if self.caption is not None and self.caption.label is not None:
            return self.caption.label.number
        return self.title.number if self.title is not None else None

    @property
    def is_continued(self) -> bool:
        """Whether its caption says that it goes on from an earlier page."""
        return self.caption is not None and self.caption.label is not None and self.caption.label.is_continued

    @property
    def own_letters(self) -> tuple[str, ...]:
        """Panel letters within its label: "Fig. 3A" captions one panel of a figure."""
        return self.caption.label.letters if self.caption is not None and self.caption.label is not None else ()

    @property
    def is_table(self) -> bool:
        """Whether what stands here is a table that looks like a picture."""
        return self.caption is not None and self.caption.label is None and not self.caption.is_plain
