"""Damage to PDFs: cross references, lengths, sizes, nesting, loops."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from scripts.fuzzing.damage import ANY, NUMBERS, Damage

ENTRY = re.compile(rb"\d{10} \d{5} [nf]")
NUMBER = re.compile(
    rb"/(Width|Height|Length|BitsPerComponent|Count|Rotate|Size|Prev|Columns|Colors|Predictor|W|First|N|UserUnit|K)"
    rb"(\s+)(-?\d+)"
)
BOX = re.compile(rb"/(MediaBox|CropBox|BBox|Matrix|Rect)(\s*)\[[^\]]*\]")
REFERENCE = re.compile(rb"(\d+) 0 R")
OBJECT = re.compile(rb"(\d+) 0 obj.*?endobj", re.DOTALL)
FILTERS = (b"FlateDecode", b"DCTDecode", b"JPXDecode", b"JBIG2Decode", b"LZWDecode", b"CCITTFaxDecode", b"Crypt")
SPECIAL = (b"1e38", b"-1e38", b"NaN", b"0.0000001", b"999999999999999999999", b"null", b"(x)", b"[1 2]", b"1 0 R")


def swap_xref(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Cross-reference entries change places or point anywhere."""
    places = [match.span() for match in ENTRY.finditer(data)]
    result = bytearray(data)
    if len(places) < 2:
        return data
    for _ in range(chance.choice((1, 2, 8))):
        (a, b), (c, d) = chance.sample(places, 2)
        result[a:b], result[c:d] = result[c:d], result[a:b]
    a, b = chance.choice(places)
    if chance.random() < 0.5:
        result[a:b] = b"%010d 00000 n" % chance.randrange(2 * len(data))
    return bytes(result)


def set_numbers(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Counts and lengths become huge, negative or something else."""
    share = chance.choice((0.05, 0.3, 1.0))

    def change(match: re.Match[bytes]) -> bytes:
        if chance.random() > share:
            return match.group()
        value = chance.choice(SPECIAL) if chance.random() < 0.3 else str(chance.choice(NUMBERS)).encode()
        return b"/" + match.group(1) + b" " + value

    return NUMBER.sub(change, data)


def set_boxes(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Pages and forms become huge, empty, turned inside out or no rectangle at all."""

    def change(match: re.Match[bytes]) -> bytes:
        values = [
            chance.choice(SPECIAL[:5]) if chance.random() < 0.2 else str(chance.choice(NUMBERS)).encode()
            for _ in range(chance.choice((4, 4, 4, 4, 0, 3, 6)))
        ]
        return b"/" + match.group(1) + b" [" + b" ".join(values) + b"]"

    return BOX.sub(change, data)


def turn_references(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """References lead to other objects: pages become fonts, forms hold themselves."""
    share = chance.choice((0.1, 0.4))
    count = max(2, len(OBJECT.findall(data)))
    return REFERENCE.sub(
        lambda match: b"%d 0 R" % chance.randrange(1, count + 1) if chance.random() < share else match.group(), data
    )


def swap_objects(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Whole objects of another file stand in this one's place."""
    own = list(OBJECT.finditer(data))
    alien = list(OBJECT.finditer(chance.choice(others)))
    if not own or not alien:
        return data
    taken, given = chance.choice(own), chance.choice(alien).group()
    body = given.partition(b"obj")[2]
    return data[: taken.start()] + taken.group(1) + b" 0 obj" + body + data[taken.end() :]


def swap_filters(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Streams claim to be packed in another way, or many times over."""
    name = chance.choice(FILTERS)
    chain = b"[" + (b"/" + name + b" ") * chance.choice((1, 2, 200)) + b"]"
    return re.sub(rb"/Filter\s*/\w+", lambda match: b"/Filter " + chain if chance.random() < 0.5 else b"", data)


def nest(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Arrays, dictionaries, saved states or form calls without end."""
    depth = chance.choice((100, 5000, 200_000))
    way = chance.randrange(4)
    if way == 0:
        return data.replace(b"/Type/Page", b"/X " + b"[" * depth + b"/Type/Page", 1)
    if way == 1:
        return data.replace(b"<<", b"<</A" * depth + b"<<", 1)
    content = (b"q " * depth, b"/Fm0 Do " * depth)[way - 2]
    stream = b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)
    form = b"1 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</Fm0 1 0 R>>>>" + stream[2:]
    page = b"/Contents 1 0 R/Resources<</XObject<</Fm0 1 0 R>>>>/Type/Page/MediaBox[0 0 400 400]"
    objects = form + b"endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<<" + page + b"/Parent 2 0 R>>"
    return b"%PDF-1.5\n" + objects + b"endobj 4 0 obj<</Type/Catalog/Pages 2 0 R>>endobj trailer<</Root 4 0 R>>"


def loop_pages(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A page tree that is its own branch, or claims pages by the million."""
    return re.sub(
        rb"/Kids\s*\[[^\]]*\]", b"/Kids[" + b"1 0 R 2 0 R " * chance.choice((1, 50)) + b"]", data, count=1
    ).replace(b"/Count 1", b"/Count %d" % chance.choice((2, 10**6, -3)), 1)


PDF: tuple[Damage, ...] = (
    *ANY[::2],
    swap_xref,
    set_numbers,
    set_numbers,
    set_boxes,
    turn_references,
    swap_objects,
    swap_filters,
    nest,
    loop_pages,
)
