"""DICOM files as tests need them, written with pydicom."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

US_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
BANNER = 40


def make_screen(seed: int = 0, width: int = 320, height: int = 240) -> np.ndarray:
    """A grey sector below a banner; the seed moves what is in it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    wave = np.sin(x / (9.0 + 7 * seed)) * np.cos(y / (11.0 + 5 * seed))
    grey = np.where(y > BANNER, 90 + 80 * wave + rng.normal(0, 6, (height, width)), 0)
    return grey.clip(0, 255).astype(np.uint8)


def make_region(x0: int, y0: int, x1: int, y1: int, kind: int = 1, data: int = 1, delta: float = 0.02) -> Dataset:
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = kind, data, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = x0, y0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = x1, y1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = delta
    return region


def write_dicom(
    path: Path,
    pixels: np.ndarray | None,
    *,
    regions: list[Dataset] | None = None,
    syntax: str = ExplicitVRLittleEndian,
    frames: list[bytes] | None = None,
    sop: str = US_IMAGE,
    has_meta: bool = True,
    **elements: Any,
) -> Path:
    """Frames x rows x columns [x 3] values as a file; `frames` are streams of a codec instead."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = syntax
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = sop
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = generate_uid(entropy_srcs=["test"])
    header.Modality, header.PatientName, header.PatientID = "US", "Muster^Erika", "4711-0815"
    if pixels is not None:
        _describe(header, pixels)
    for name, value in elements.items():
        setattr(header, name, value)
    if regions:
        header.SequenceOfUltrasoundRegions = Sequence(regions)
    if frames is not None:
        header.PixelData = encapsulate(frames)
    elif pixels is not None:
        header.PixelData = pixels.tobytes()
    if "PixelData" in header:
        header["PixelData"].VR = "OB" if header.BitsAllocated == 8 or frames is not None else "OW"
    if has_meta:
        header.save_as(path, enforce_file_format=True)
    else:
        del header.file_meta
        header.save_as(path, implicit_vr=True, little_endian=True)
    return path


def _describe(header: Dataset, pixels: np.ndarray) -> None:
    is_colour = pixels.shape[-1] == 3
    shape: Mapping[int, Any] = dict(enumerate(pixels.shape[:-1] if is_colour else pixels.shape))
    if len(shape) == 3:
        header.NumberOfFrames, header.Rows, header.Columns = shape[0], shape[1], shape[2]
    else:
        header.Rows, header.Columns = shape[0], shape[1]
    header.SamplesPerPixel = 3 if is_colour else 1
    header.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    header.BitsAllocated = header.BitsStored = pixels.dtype.itemsize * 8
    header.HighBit = header.BitsStored - 1
    header.PixelRepresentation = int(pixels.dtype.kind == "i")
    if is_colour:
        header.PlanarConfiguration = 0
