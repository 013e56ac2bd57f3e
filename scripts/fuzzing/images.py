"""Damage to pictures: sizes, depths and tables that lie about what follows."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from random import Random

from scripts.fuzzing.damage import ANY, NUMBERS, Damage

ROWS, COLUMNS, FRAMES, BITS = b"\x28\x00\x10\x00", b"\x28\x00\x11\x00", b"\x28\x00\x08\x00", b"\x28\x00\x00\x01"


def _take(chance: Random, bits: int) -> int:
    return int(chance.choice(NUMBERS)) % 2**bits


def size_png(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Another width, height, depth or colour type, with a check sum that fits."""
    header = bytearray(data[12:29])
    place = chance.choice((4, 8))
    header[place : place + 4] = struct.pack(">I", _take(chance, 32))
    if chance.random() < 0.4:
        header[chance.choice((12, 13, 16))] = chance.randrange(20)
    return data[:12] + bytes(header) + struct.pack(">I", zlib.crc32(bytes(header))) + data[33:]


def size_jpeg(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The frame header tells another size or number of components."""
    place = next((data.find(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in data), -1)
    if place < 0:
        return data
    result = bytearray(data)
    offset = place + chance.choice((5, 7))
    result[offset : offset + 2] = struct.pack(">H", _take(chance, 16))
    if chance.random() < 0.3:
        result[place + 9] = chance.randrange(8)
    return bytes(result)


def tag_tiff(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Entries of the directory tell another value, count or type; or the directory leads to itself."""
    order = "<" if data[:2] == b"II" else ">"
    (place,) = struct.unpack(order + "I", data[4:8])
    if place + 2 > len(data):
        return data
    (count,) = struct.unpack(order + "H", data[place : place + 2])
    result = bytearray(data)
    for _ in range(chance.choice((1, 3))):
        entry = place + 2 + 12 * chance.randrange(max(1, count))
        field = entry + chance.choice((4, 8))
        result[field : field + 4] = struct.pack(order + "I", _take(chance, 32))
    if chance.random() < 0.3:
        after = place + 2 + 12 * count
        result[after : after + 4] = struct.pack(order + "I", place)
    return bytes(result)


def tag_dicom(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Rows, columns, bits or frames tell another number."""
    result = bytearray(data)
    for tag in chance.sample((ROWS, COLUMNS, BITS), chance.choice((1, 2))):
        place = data.find(tag + b"US")
        if place >= 0:
            result[place + 8 : place + 10] = struct.pack("<H", _take(chance, 16))
    place = data.find(FRAMES + b"IS")
    if place >= 0 and chance.random() < 0.5:
        size = data[place + 6]
        result[place + 8 : place + 8 + size] = str(_take(chance, 31)).encode()[:size].ljust(size)
    return bytes(result)


PNG: tuple[Damage, ...] = (*ANY, size_png, size_png, size_png)
JPEG: tuple[Damage, ...] = (*ANY, size_jpeg, size_jpeg)
TIFF: tuple[Damage, ...] = (*ANY, tag_tiff, tag_tiff, tag_tiff)
DICOM: tuple[Damage, ...] = (*ANY, tag_dicom, tag_dicom, tag_dicom)
