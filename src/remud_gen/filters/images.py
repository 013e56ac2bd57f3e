"""Pictures that teach nothing: blank, tiny, blurred, stretched, no ultrasound, or several in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from remud_gen.filter_protocols import PictureFacts, PictureMeasurer
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules.patterns import compile_pattern, search_first

NOT_ULTRASOUND = "not_ultrasound"  # flag of the pair a record was made of
# Such pictures are coloured all over, so that colour says nothing against them.
_COLOURED_MODES = (
    compile_pattern(
        r"(?i)elastogra|shear[- ]wave|strain|stiffness|contrast[- ]enhanced|\bCEUS\b|\b(?:3|4)-?D\b|"
        r"three[- ]dimensional|render|弹性|剪切波|硬度|造影|三维|四维|应变|彩色编码",
        "elasto|shear|strain|stiff|contrast|ceus|3|4|three|render|弹性|剪切|硬度|造影|三维|四维|应变|编码",
    ),
)


class ImagesOptions(RuleOptions):
    """Thresholds of pictures; shares are of all pixels."""

    reject_side_px: int = Field(96, ge=1)
    """A shorter side below this shows nothing that could be asked about."""
    reject_area_px: int = Field(20_000, ge=1)
    review_side_px: int = Field(224, ge=0)
    note_side_px: int = Field(336, ge=0)
    """Below this a picture is noted: vision models see it at 336 pixels or more."""
    max_aspect: float = Field(4.0, ge=1)
    """Longer side over shorter side."""
    blank_std: float = 6.0
    blank_entropy_bits: float = 0.4
    min_sharpness: float = 120.0
    """Variance of the Laplacian at a width of 256 pixels; frames have 400 and more, blurred ones less than 100."""
    max_white_share: float = Field(0.35, ge=0, le=1)
    max_saturated_share: float = Field(0.40, ge=0, le=1)
    min_dark_share: float = Field(0.12, ge=0, le=1)
    """With less darkness, whiteness and colour count sooner."""
    bright_white_share: float = Field(0.15, ge=0, le=1)
    bright_saturated_share: float = Field(0.20, ge=0, le=1)
    min_ultrasound_score: float = Field(0.5, ge=0, le=1)
    """Grain and tone of ultrasound outweigh white margins and colour from here on."""
    doubtful_ultrasound_score: float = Field(0.3, ge=0, le=1)
    """Below this a picture is for review whatever its tones: CT, MRI and photographs are smooth."""
    min_entropy_bits: float = 1.6
    """Drawings and print have few tones."""


class ImagesFilter(RuleFilter[ImagesOptions]):
    """Does every picture of a record show ultrasound, large and sharp enough to be read.

    It opens no file: the stage lends it a measurer of the run's pictures.
    """

    name = "images"
    options_class = ImagesOptions
    codes: ClassVar[Mapping[str, str]] = {
        "IMG_BLANK": "The picture is of one tone.",
        "IMG_TINY": "The picture has too few pixels; somewhat small ones are for review or noted.",
        "IMG_ASPECT": "The picture is very long and narrow, as a strip or a heading is.",
        "IMG_BLUR": "The picture is out of focus, or was enlarged from next to nothing.",
        "IMG_NOT_US": "The picture is a page, chart, drawing or photograph; CT, MRI and doubtful ones are for review.",
        "IMG_COMPOUND": "Several pictures stand side by side in one and should have been parted.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(
        codes, IMG_ASPECT="review", IMG_BLUR="review", IMG_COMPOUND="review"
    )

    def __init__(self, options: ImagesOptions) -> None:
        super().__init__(options)
        self.measurer: PictureMeasurer | None = None  # without one, only what records say of sizes is judged

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Judge the sizes, then the pixels, of all pictures of a record."""
        for number, ref in enumerate(record.images):
            field = f"images.{number}"
            if self.measurer is None:
                yield from self._check_size(field, ref.width_px, ref.height_px)
                continue
            facts = self.measurer.measure(ref)
            yield from self._check_size(field, facts.width_px, facts.height_px)
            yield from self._check_pixels(record, field, facts)

    def _check_size(self, field: str, width_px: int, height_px: int) -> Iterator[Finding]:
        options = self.options
        shorter, longer, size = min(width_px, height_px), max(width_px, height_px), f"{width_px} x {height_px} pixels"
        if shorter < options.reject_side_px or width_px * height_px < options.reject_area_px:
            yield Finding("IMG_TINY", field, size)
        elif shorter < options.review_side_px:
            yield Finding("IMG_TINY", field, size, "review")
        elif shorter < options.note_side_px:
            yield Finding("IMG_TINY", field, size, "info")
        if longer > options.max_aspect * max(shorter, 1):
            yield Finding("IMG_ASPECT", field, size)

    def _check_pixels(self, record: Quadruplet, field: str, facts: PictureFacts) -> Iterator[Finding]:
        options = self.options
        if facts.grey_std < options.blank_std or facts.entropy_bits < options.blank_entropy_bits:
            yield Finding("IMG_BLANK", field, f"tones spread by {facts.grey_std}")
            return
        if facts.sharpness < options.min_sharpness:
            yield Finding("IMG_BLUR", field, f"sharpness {facts.sharpness}, at least {options.min_sharpness}")
        yield from self._check_kind(record, field, facts)
        if facts.n_panels > 1:
            yield Finding("IMG_COMPOUND", field, f"{facts.n_panels} pictures")

    def _check_kind(self, record: Quadruplet, field: str, facts: PictureFacts) -> Iterator[Finding]:
        options, foreign = self.options, self._tell_foreign(facts)
        if foreign and facts.ultrasound_score < options.min_ultrasound_score:
            may_be_coloured = "colour" in foreign and _is_coloured_mode(record)
            yield Finding("IMG_NOT_US", field, foreign, "review" if may_be_coloured else None)
        elif facts.white_share > options.max_white_share:
            yield Finding("IMG_NOT_US", field, f"{foreign}, with ultrasound in it", "review")
        elif facts.ultrasound_score < options.doubtful_ultrasound_score:
            yield Finding("IMG_NOT_US", field, f"grain and tone of ultrasound {facts.ultrasound_score}", "review")
        elif NOT_ULTRASOUND in record.flags:
            yield Finding("IMG_NOT_US", field, "its words and pixels, when it was paired", "review")

    def _tell_foreign(self, facts: PictureFacts) -> str:
        """What speaks against ultrasound, in words; empty where nothing does."""
        options = self.options
        if facts.white_share > options.max_white_share:
            return f"{facts.white_share:.0%} white"
        if facts.entropy_bits < options.min_entropy_bits:
            return f"{facts.entropy_bits} bits of tones"
        if facts.saturated_share > options.max_saturated_share:
            return f"{facts.saturated_share:.0%} of strong colour"
        if facts.dark_share < options.min_dark_share:
            if facts.white_share > options.bright_white_share:
                return f"{facts.white_share:.0%} white, {facts.dark_share:.0%} dark"
            if facts.saturated_share > options.bright_saturated_share:
                return f"{facts.saturated_share:.0%} of strong colour, {facts.dark_share:.0%} dark"
        return ""


def _is_coloured_mode(record: Quadruplet) -> bool:
    said = "\n".join([record.question, record.answer, *(span.text for span in record.evidence)])
    return search_first(_COLOURED_MODES, said) is not None
