"""Frames of a DICOM file -> RGB pixels, one at a time, and never more of them than was allowed."""

from __future__ import annotations

import logging
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as PillowImage

from remud_gen.errors import RecordError
from remud_gen.rules.late import compile_late

if TYPE_CHECKING:
    from PIL.Image import Image
    from pydicom.dataset import Dataset

INSTALL = "pip install 'remud-gen[dicom]', then run again with --retry-errors"
HINT = "open it in a DICOM viewer; if that works, export the frames as PNG and add those"
DEFER_BYTES = 2**20  # an element above this is left in the file: no header needs it
SYNTAXES = "1.2.840.10008.1.2"
DEFLATED = f"{SYNTAXES}.1.99"
FILM = compile_late(rf"{re.escape(SYNTAXES)}\.4\.10[0-9](?:\.1)?")
# Named one by one: GDCM, which the library would ask first, ends the whole process on a damaged JPEG.
DECODERS = {f"{SYNTAXES}.5": "pydicom", f"{SYNTAXES}.4.50": "pillow"}
OTHER_DECODER = "pylibjpeg"
J2K_SIZE = b"\xff\x4f\xff\x51"
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# What pydicom and its decoders raise on damaged files, by experience: there is no common base.
FAULTS = (
    OSError, ValueError, LookupError, AttributeError, TypeError, NotImplementedError, RuntimeError, EOFError,
    ArithmeticError, MemoryError, RecursionError, AssertionError, SyntaxError, struct.error, zlib.error,
    PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning,
)  # fmt: skip
Pixels = np.ndarray[Any, Any]


@contextmanager
def wrap_faults(code: str, what: str) -> Iterator[None]:
    """Turn what the library raises into a RecordError that says what to do, and keep its warnings quiet."""
    # It logs values that it cannot read, which may be a patient's.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError:
        raise RecordError("MISSING_EXTRA", "DICOM needs a package that is not installed", INSTALL) from None
    except RuntimeError as error:
        told = _tell(error)
        if "missing dependencies" in told:
            raise RecordError("MISSING_EXTRA", "its compression needs a package that is missing", INSTALL) from None
        raise RecordError(code, f"{what} cannot be read: {told}", HINT) from None
    except _list_faults() as error:
        told = _tell(error) or type(error).__name__
        raise RecordError(code, f"{what} cannot be read: {told}", HINT) from None


def _tell(error: BaseException) -> str:
    """The library's words without the values that it quotes: they may be a patient's."""
    return " ".join(re.sub(r"b?'[^']*'|b?\"[^\"]*\"", "…", str(error)).split())[:200]


def _list_faults() -> tuple[type[BaseException], ...]:
    try:
        from pydicom.errors import BytesLengthException, InvalidDicomError
    except ImportError:
        return FAULTS
    return (*FAULTS, BytesLengthException, InvalidDicomError)


def read_header(path: Path) -> Dataset:
    """Everything but the pixels; a file that lacks the usual preamble is read, too.

    Raises:
        RecordError: MISSING_EXTRA, DAMAGED_FILE or UNREADABLE_FORMAT.
    """
    with wrap_faults("DAMAGED_FILE", "the DICOM file"):
        from pydicom import dcmread
        from pydicom.filereader import read_file_meta_info

        with path.open("rb") as file:
            has_preamble = file.read(132)[128:] == b"DICM"
        if has_preamble and str(read_file_meta_info(path).get("TransferSyntaxUID", "")) == DEFLATED:
            # It would be inflated whole, however large that is.
            raise RecordError("UNREADABLE_FORMAT", "a deflated DICOM file", "save it uncompressed")
        return dcmread(path, stop_before_pixels=True, force=True, defer_size=DEFER_BYTES)


def find_syntax(header: Dataset) -> str:
    """The transfer syntax; guessed where the file does not say."""
    named = str(header.file_meta.get("TransferSyntaxUID", "")) if hasattr(header, "file_meta") else ""
    is_implicit = header.original_encoding[0] if hasattr(header, "original_encoding") else True
    return named or (SYNTAXES if is_implicit else f"{SYNTAXES}.1")


def count_frames(path: Path, header: Dataset) -> tuple[int, bool]:
    """Number of frames that can be there, and whether the file was cut off before its last one.

    Raises:
        RecordError: DAMAGED_FILE when not even the first frame is whole; UNREADABLE_FORMAT for a film codec.
    """
    syntax = find_syntax(header)
    if FILM.fullmatch(syntax):
        raise RecordError("UNREADABLE_FORMAT", "a film compressed as MPEG or HEVC", "export its frames as PNG")
    with wrap_faults("DAMAGED_FILE", "the DICOM file"):
        told = header.get("NumberOfFrames")
        frames = 1 if told in (None, "") else int(told)
        left = path.stat().st_size - _find_pixels(path)
    if frames < 1:
        raise RecordError("ZERO_PAGES", "the file says that it holds no frames", "export it again from its archive")
    if not _is_raw(syntax):
        possible = max(0, left) // 8
    else:
        size = int(header.Rows) * int(header.Columns) * int(header.get("SamplesPerPixel", 1))
        bits = size * int(header.get("BitsAllocated", 8))
        if str(header.get("PhotometricInterpretation")) in ("YBR_FULL_422", "YBR_PARTIAL_422"):
            bits = bits * 2 // 3
        possible = max(0, left - 8) * 8 // max(bits, 1)
    if possible < 1:
        raise RecordError("DAMAGED_FILE", "the file ends before its first frame", "copy it again from its source")
    return min(frames, possible), possible < frames


def _is_raw(syntax: str) -> bool:
    return syntax in (SYNTAXES, f"{SYNTAXES}.1", f"{SYNTAXES}.2")


def _find_pixels(path: Path) -> int:
    """Where the element with the pixels begins."""
    from pydicom import dcmread

    with path.open("rb") as file:
        dcmread(file, stop_before_pixels=True, force=True, defer_size=None, specific_tags=["Rows"])
        return file.tell()


def decode_frame(path: Path, header: Dataset, number: int, max_pixels: int) -> Image:
    """The 1-based frame in RGB, as a viewer would show it.

    Raises:
        RecordError: DAMAGED_PAGE, PAGE_TOO_LARGE or MISSING_EXTRA.
    """
    with wrap_faults("DAMAGED_PAGE", f"frame {number}"):
        from pydicom.pixels import pixel_array

        syntax = find_syntax(header)
        kind = str(header.get("PhotometricInterpretation", "MONOCHROME2"))
        if not _is_raw(syntax):
            _check_codec(path, header, number, max_pixels)
        options: dict[str, Any] = {"transfer_syntax_uid": syntax}
        if not _is_raw(syntax):
            options["decoding_plugin"] = DECODERS.get(syntax, OTHER_DECODER)
        if kind == "YBR_PARTIAL_422" and _is_raw(syntax):
            options |= {"photometric_interpretation": "YBR_FULL_422", "raw": True}
        pixels = pixel_array(path, index=number - 1, **options)
        return PillowImage.fromarray(np.ascontiguousarray(_show(pixels, header, kind)))


def _check_codec(path: Path, header: Dataset, number: int, max_pixels: int) -> None:
    """Refuse a frame whose own codec says that it is larger than allowed, whatever the header says."""
    from pydicom.encaps import get_frame

    with path.open("rb") as file:
        file.seek(_find_pixels(path) + 12)
        data = get_frame(file, number - 1, number_of_frames=int(header.get("NumberOfFrames") or 1))
    width, height = _read_codec_size(data)
    if width * height > max_pixels:
        raise RecordError(
            "PAGE_TOO_LARGE", f"frame {number} is {width} x {height} pixels", "raise extract.max_page_pixels"
        )


def _read_codec_size(data: bytes) -> tuple[int, int]:
    """Width and height by a JPEG, JPEG-LS or JPEG 2000 stream's own header; (0, 0) for other streams."""
    at = data.find(J2K_SIZE, 0, 4096)
    if at >= 0 and len(data) >= at + 24:
        right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
        return right - left, bottom - top
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in JPEG_FRAMES or marker == 0xF7:
            height, width = struct.unpack_from(">2H", data, at + 5)
            return width, height
        at += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", data, at + 2)[0]
    return 0, 0


def _show(pixels: Pixels, header: Dataset, kind: str) -> Pixels:
    """8-bit RGB of decoded values: palette, colour space, window and polarity applied."""
    if kind == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        return _scale(apply_color_lut(pixels, header))[..., :3]
    if pixels.ndim == 3:
        if kind.startswith("YBR_PARTIAL"):
            pixels = _convert_partial(pixels)
        return pixels[..., :3] if pixels.dtype == np.uint8 else _scale(pixels, int(header.get("BitsStored", 16)))
    grey = _window(pixels, header)
    is_inverse = kind == "MONOCHROME1" or str(header.get("PresentationLUTShape")) == "INVERSE"
    grey = 255 - grey if is_inverse else grey
    return np.repeat(grey[..., None], 3, axis=2)


def _scale(pixels: Pixels, bits: int | None = None) -> Pixels:
    if pixels.dtype == np.uint8:
        return pixels
    # A palette of 16 bits may hold 8-bit entries.
    top = 255 if bits is None and int(pixels.max(initial=0)) < 256 else 2 ** (bits or 16) - 1
    scaled: Pixels = (pixels.astype(np.float32) * (255.0 / top)).clip(0, 255).astype(np.uint8)
    return scaled


def _convert_partial(pixels: Pixels) -> Pixels:
    """YBR with head room (ITU-R 601: luma 16 to 235) to RGB."""
    luma, blue, red = (pixels[..., i].astype(np.float32) for i in range(3))
    luma, blue, red = (luma - 16) * 1.1644, blue - 128, red - 128
    rgb = (luma + 1.5960 * red, luma - 0.3917 * blue - 0.8129 * red, luma + 2.0172 * blue)
    shown: Pixels = np.rint(np.stack(rgb, axis=-1)).clip(0, 255).astype(np.uint8)
    return shown


def _window(pixels: Pixels, header: Dataset) -> Pixels:
    """Grey values of 0 to 255 through the header's window, else over the range of the values."""
    from pydicom.pixels import apply_modality_lut, apply_voi

    bits = int(header.get("BitsStored", 8))
    values = apply_modality_lut(pixels, header).astype(np.float64)
    centre, width = (_first(header.get(key)) for key in ("WindowCenter", "WindowWidth"))
    if centre is not None and width is not None and width > 0:
        shape = str(header.get("VOILUTFunction", "LINEAR")).upper()
        if shape == "SIGMOID":
            share = 1 / (1 + np.exp(-4 * (values - centre) / width))
        elif shape == "LINEAR_EXACT" or width <= 1:
            share = (values - centre) / width + 0.5
        else:
            share = (values - (centre - 0.5)) / (width - 1) + 0.5
    else:
        if header.get("VOILUTSequence"):
            values = apply_voi(values.astype(pixels.dtype), header).astype(np.float64)
        low, high = (0.0, 255.0) if bits == 8 and values.min() >= 0 else (float(values.min()), float(values.max()))
        share = (values - low) / max(high - low, 1e-9)
    grey: Pixels = np.rint(share.clip(0, 1) * 255).astype(np.uint8)
    return grey


def _first(value: Any) -> float | None:
    if value in (None, ""):
        return None
    return float(value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) else value)
