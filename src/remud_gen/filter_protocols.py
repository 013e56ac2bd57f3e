"""What a filter may know beside the record: facts about its pictures, measured by the stage; files of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from remud_gen.records import ImageRef


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """Cheap facts about a picture's pixels; shares are of all pixels, tones from 0 to 255."""

    width_px: int
    height_px: int
    grey_std: float
    entropy_bits: float  # of 64 grey tones: 0 for one tone, 6 at most
    sharpness: float  # variance of the Laplacian at a width of 256 pixels, black parts left out
    white_share: float  # above 225
    dark_share: float  # below 30
    saturated_share: float  # channels more than 40 apart
    ultrasound_score: float  # 0 to 1: what grain, tone and colour of the best part say
    n_panels: int  # dark pictures of like size, parted by white bands


class PictureMeasurer(Protocol):
    """Measures each distinct picture of a run once."""

    def measure(self, ref: ImageRef) -> PictureFacts:
        """The facts about a stored picture.

        Raises:
            RecordError: IMAGE_MISSING or IMAGE_UNREADABLE.
        """
        ...


@runtime_checkable
class NeedsPictures(Protocol):
    """A filter that judges pixels; the stage gives it a measurer before the first record."""

    measurer: PictureMeasurer | None


@runtime_checkable
class NeedsPackages(Protocol):
    """A filter that needs packages which are not always there."""

    libraries: tuple[str, ...]  # installed ones whose version shapes its verdicts, as its options name them

    def check_packages(self) -> None:
        """MissingExtraError with what to install."""
        ...


@runtime_checkable
class ReadsFiles(Protocol):
    """A filter that compares records with files of the user's."""

    def use_files(self, files: Sequence[Path]) -> None:
        """Take the files, before any record is shown."""
        ...

    def describe_files(self) -> Mapping[str, str]:
        """Name -> digest of the content: other files mean other verdicts."""
        ...

    def check_files(self) -> None:
        """InputError where a file cannot be used."""
        ...
