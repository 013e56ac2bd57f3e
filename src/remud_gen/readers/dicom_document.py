"""An open DICOM file: its header, and its frames one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from remud_gen.errors import RecordError
from remud_gen.protocols import Companions, GivenText, PictureBox
from remud_gen.readers.dicom_header import Screen, list_names, names_someone, read_screen, read_words
from remud_gen.readers.dicom_pixels import count_frames, decode_frame, read_header, wrap_faults
from remud_gen.readers.image import ImagePage
from remud_gen.readers.labels import Words, collect_words
from remud_gen.records import BBox, PictureRegion, TextLine
from remud_gen.rules.identifiers import list_identifiers
from remud_gen.rules.images import choose_distinct, hash_perceptually, is_blank
from remud_gen.rules.normalise import unify

if TYPE_CHECKING:
    from PIL.Image import Image
    from pydicom.dataset import Dataset

MAX_CANDIDATES = 32  # frames of a loop that are looked at
LEAST_DISTANCE = 8  # bits of 64: frames closer than this show the same
# What is no picture, by the beginning of its SOP class.
_CLASSES = "1.2.840.10008."
NO_PICTURES = (
    ("1.3.10", "a DICOMDIR, the index of a disk", "add the folders that it lists"),
    ("5.1.4.1.1.88.", "a structured report", "export it as PDF or text and add that"),
    ("5.1.4.1.1.104.", "a document wrapped in DICOM", "export the document it holds (PDF, for example) and add that"),
    ("5.1.4.1.1.11.", "a presentation state without pixels", "add the images it belongs to"),
    ("5.1.4.1.1.9.", "a waveform without pixels", "remove it from the folder"),
    ("5.1.4.1.1.66", "raw data or a segmentation without pixels", "export images from the device and add those"),
)


class DicomDocument:
    """An open DICOM file."""

    def __init__(self, path: Path, max_pixels: int) -> None:
        if path.stat().st_size == 0:
            raise RecordError("EMPTY_FILE", "the file has no bytes", "copy it again from its source")
        self._path, self._max_pixels = path, max_pixels
        self._header = read_header(path)
        with wrap_faults("DAMAGED_FILE", "the DICOM header"):
            self._size = _read_size(self._header, max_pixels)
            self.frame_count, is_cut = count_frames(path, self._header)
            self._screen = read_screen(self._header, *self._size)
            self._names = list_names(self._header)
            self._header_texts = read_words(self._header, self._screen, self._names)
        self._flags = (*self._screen.flags, *(("truncated",) if is_cut else ()))
        self._words = Words()

    def take_words(self, places: Sequence[tuple[Path, Companions]]) -> None:
        """Take what lies around the file and its copies for its words, before those of the header."""
        self._words = collect_words(places)

    def page(self, number: int) -> DicomPage:
        """The 1-based frame.

        Raises:
            RecordError: NO_SUCH_PAGE; what is wrong with its pixels is said when they are asked for.
        """
        if not 1 <= number <= self.frame_count:
            raise RecordError("NO_SUCH_PAGE", f"there is no frame {number}")
        return DicomPage(self, number)

    def decode(self, number: int) -> Image:
        """The frame's pixels."""
        return decode_frame(self._path, self._header, number, self._max_pixels)

    def choose_frames(self, count: int) -> tuple[int, ...]:
        """1-based numbers of frames that differ, rising."""
        step = max(1.0, self.frame_count / MAX_CANDIDATES)
        numbers = sorted({int(i * step) + 1 for i in range(min(self.frame_count, MAX_CANDIDATES))})
        hashes: dict[int, str] = {}
        blank: list[int] = []
        first_error: RecordError | None = None
        for number in numbers:
            try:
                shown = self.decode(number).crop(self._screen.box)
            except RecordError as error:
                if error.code == "MISSING_EXTRA":
                    raise
                first_error = first_error or error
                continue
            if is_blank(shown):
                blank.append(number)
            else:
                hashes[number] = hash_perceptually(shown)
        if not hashes and not blank:
            raise first_error or RecordError("ZERO_PAGES", "the file holds no frames")
        chosen = choose_distinct(list(hashes.values()), count, LEAST_DISTANCE)
        return tuple(sorted(list(hashes)[i] for i in chosen)) or (blank[0],)

    @property
    def screen(self) -> Screen:
        """What stands where."""
        return self._screen

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._size

    def flags(self) -> tuple[str, ...]:
        """What a later step should know of every frame."""
        own = () if self._words.texts or not self._header_texts else ("words_from_header",)
        return (*self._flags, *self._words.flags, *own)

    def texts(self) -> tuple[GivenText, ...]:
        """Words of labels, then of the header."""
        return (*self._words.texts, *self._header_texts)

    def is_private(self, text: str) -> bool:
        """Whether a text names the patient, a person or an institution of the header."""
        plain = unify(text)
        return names_someone(plain, self._names) or bool(list_identifiers(plain))

    def __enter__(self) -> DicomDocument:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass  # the file is opened anew for every frame


class DicomPage:
    """One frame; its unit is the pixel. The picture is what the device says lies outside its banner."""

    kind = "image"
    unit = "px"
    native_dpi = 72.0
    to_original = None

    def __init__(self, document: DicomDocument, number: int) -> None:
        self._document = document
        self._image: Image | None = None
        self.number = number
        self.width, self.height = (float(side) for side in document.size)
        self.flags = document.flags()
        self.regions: Sequence[PictureRegion] = document.screen.regions
        count = document.frame_count
        self.locator = f"frame {number} of {count}" if count > 1 else None

    def given_texts(self) -> Sequence[GivenText]:
        """Words of labels and of the header's whitelisted elements."""
        return self._document.texts()

    def is_private(self, text: str) -> bool:
        """Whether burned-in words are or hold a name or number that the header gives, or have such a shape."""
        return self._document.is_private(text)

    def text_lines(self) -> list[TextLine]:
        """None: words are pixels here."""
        return []

    def hidden_text_lines(self) -> list[TextLine]:
        """None."""
        return []

    def picture_boxes(self) -> list[PictureBox]:
        """One: around all regions of the screen that show something."""
        box = self._document.screen.box
        return [PictureBox(box, "dicom_regions" if self.regions else "whole", 1.0, flags=self.flags)]

    def measure_dpi(self, bbox: BBox) -> float:
        """Always 1:1."""
        return 72.0

    def render(self, dpi: float, clip: BBox | None = None) -> Image:
        """The frame or a box of it, scaled by dpi / 72."""
        if self._image is None:
            self._image = self._document.decode(self.number)
        return ImagePage(self._image, self.number).render(dpi, clip)


def _read_size(header: Dataset, max_pixels: int) -> tuple[int, int]:
    """Columns and rows.

    Raises:
        RecordError: NO_IMAGE for what holds no pixels, PAGE_TOO_LARGE, DAMAGED_FILE.
    """
    media = header.file_meta.get("MediaStorageSOPClassUID", "") if hasattr(header, "file_meta") else ""
    uid = str(header.get("SOPClassUID") or media).removeprefix(_CLASSES)
    for beginning, what, hint in NO_PICTURES:
        if uid.startswith(beginning) and "Rows" not in header:
            raise RecordError("NO_IMAGE", what, hint)
    if "Rows" not in header or "Columns" not in header:
        raise RecordError("NO_IMAGE", "a DICOM file without an image", "add the images of the examination")
    rows, columns = header.Rows, header.Columns
    if not isinstance(rows, int) or not isinstance(columns, int) or rows < 1 or columns < 1:
        raise RecordError("DAMAGED_FILE", "the header gives no usable size of the image", "copy it again")
    if rows * columns > max_pixels:
        raise RecordError("PAGE_TOO_LARGE", f"{columns} x {rows} pixels", "raise extract.max_page_pixels")
    return columns, rows
