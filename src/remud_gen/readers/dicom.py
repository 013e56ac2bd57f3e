"""DICOM: single frames and cine loops of ultrasound devices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from remud_gen.protocols import Companions, DocumentInfo
from remud_gen.readers.labels import find_companions

if TYPE_CHECKING:
    from remud_gen.readers.dicom_document import DicomDocument

SUFFIXES = (".dcm", ".dicom", ".ima")


class DicomReader:
    """One DICOM file; its pages are frames, numbered as in the file, and of a loop only those that differ."""

    name: ClassVar[str] = "dicom"
    libraries: ClassVar[tuple[str, ...]] = ("pydicom", "pylibjpeg-openjpeg", "pylibjpeg-libjpeg")
    max_pixels: int = 60_000_000

    @staticmethod
    def sniff(head: bytes, path: Path) -> str | None:
        """application/dicom by its mark, or, in a file without preamble, by its first element."""
        has_mark = head[128:132] == b"DICM"
        is_element = head[:2] in (b"\x02\x00", b"\x08\x00") and head[3:4] == b"\x00"
        is_explicit = head[4:6] in (b"UL", b"CS", b"SH", b"UI", b"DA")
        is_bare = is_element and (is_explicit or path.suffix.lower() in SUFFIXES)
        return "application/dicom" if has_mark or is_bare else None

    def probe(self, path: Path) -> DocumentInfo:
        """Number of frames in the file, whichever of them are read; no title: it would name the patient."""
        with self.open(path) as document:
            return DocumentInfo("application/dicom", document.frame_count)

    def open(self, path: Path) -> DicomDocument:
        """Read the header; frames are unpacked one at a time when they are asked for."""
        from remud_gen.readers.dicom_document import DicomDocument  # with what decodes pixels: only where there are any

        return DicomDocument(path, self.max_pixels)

    def companions(self, path: Path, root: Path) -> Companions:
        """Label files beside or above the file, and the class its folder names."""
        return find_companions(path, root)

    def choose_pages(self, path: Path, count: int) -> tuple[int, ...]:
        """Frames that differ from each other, out of at most 32 spread over the loop; frames that are broken or blank
        are passed over.

        Raises:
            RecordError: when no frame can be read.
        """
        with self.open(path) as document:
            return document.choose_frames(count)
