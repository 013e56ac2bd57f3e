"""Damage to containers, markup and text: members, links, entities, nesting, encodings."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Sequence
from random import Random

from scripts.fuzzing.damage import ANY, Damage

CANARY = "canary-9c41d7"  # words of a file beside the shelf that nothing may read
ENCODINGS = (
    "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "big5", "shift_jis", "euc_kr", "koi8_r",
    "cp1252", "cp437", "utf-7", "hz", "iso2022_jp",
)  # fmt: skip
PATHS = ("../canary.txt", "../../canary.txt", "/etc/passwd", "C:\\Windows\\win.ini", "file:///etc/passwd", "con", "..")
BOMB_BYTES = 120_000_000


def _repack(data: bytes, change: Callable[[str, bytes], tuple[str, bytes]], more: Sequence[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(io.BytesIO(data)) as old:
        warnings.simplefilter("ignore")  # names may come twice
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                name, content = change(info.filename, old.read(info))
                kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
                new.writestr(zipfile.ZipInfo(name), content, kind)
            for name, content in more:
                new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def damage_member(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One member is damaged, and its check sum fits the damage."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        chosen = chance.choice([name for name in archive.namelist() if archive.getinfo(name).file_size])
    damage = chance.choice((*ANY, nest_markup, set_entities, turn_links))
    return _repack(data, lambda name, old: (name, damage(chance, old, [old]) if name == chosen else old), ())


def rename_member(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Members under names that lead out, come twice or are no names."""
    name = chance.choice(
        (*PATHS, "a/../../../escaped.txt", "x" * 60_000, "word/document.xml", "mimetype", "", "a\x00b")
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        victim = chance.choice(archive.namelist())
    is_moved = chance.random() < 0.4
    return _repack(
        data, lambda old, content: (name if is_moved and old == victim else old, content), [(name, CANARY.encode())]
    )


def add_bomb(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A member that unpacks to far more than it holds, or members without number."""
    if chance.random() < 0.3:
        return _repack(data, lambda name, old: (name, old), [(f"m{k}.txt", b"") for k in range(25_000)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        victim = chance.choice(archive.namelist())
    return _repack(data, lambda name, old: (name, old + b" " * BOMB_BYTES if name == victim else old), ())


def nest_markup(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Elements in elements in elements."""
    tag = chance.choice((b"div", b"table><tr><td", b"b", b"ul><li", b"blockquote", b"svg", b"w:p", b"figure"))
    place = data.find(b">", chance.randrange(len(data))) + 1
    return data[:place] + (b"<" + tag + b">") * chance.choice((300, 5000, 100_000)) + data[place:]


def set_entities(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Entities that multiply, or that stand for a file of this machine."""
    lines = [f'<!ENTITY e0 "{CANARY[:3]}lol">', '<!ENTITY far SYSTEM "file:///etc/passwd">']
    lines += [f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 12)]
    kind = "<!DOCTYPE x [" + "".join(lines) + "]>"
    body = re.sub(rb"<!DOCTYPE[^>]*>", b"", data, count=1)
    head = re.match(rb"\s*<\?xml[^>]*>", body)
    start = head.end() if head else 0
    used = body[start:].replace(b"</", f"&e{chance.choice((2, 11))};&far;</".encode(), 3)
    return body[:start] + kind.encode() + used


def turn_links(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Pictures and targets that lead elsewhere."""
    path = chance.choice((*PATHS, "data:image/png;base64,AAAA", "http://127.0.0.1:9/x.png", "x" * 5000, "%00", "#"))
    data = re.sub(rb"(src|href|Target|full-path)=([\"'])[^\"']*", rb"\1=\2" + path.replace("\\", "/").encode(), data)
    return re.sub(rb"\]\([^)]*\)", b"](" + path.replace("\\", "/").encode() + b")", data)


def encode(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The words in another encoding, sometimes cut in the middle of a letter."""
    text = data.decode("utf-8", "replace")
    result = text.encode(chance.choice(ENCODINGS), "replace")
    return result[chance.choice((0, 0, 1)) : len(result) - chance.choice((0, 0, 1))]


def mix_encodings(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Half in one encoding, half in another, or letters that are none."""
    half = len(data) // 2
    tail = data[half:].decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")
    return data[:half] + chance.choice((tail, bytes(200) + tail, b"\xff\xfe\xfd" * 50 + tail))


def stretch(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Lines and runs that make a careless pattern take for ever."""
    piece = chance.choice(
        (
            b"Fig. 1. 1. 1. ", b"(((((", b"[[[[![", b"* ", b"> ", b"`", b"|a", b"A, B, ", "（图１）".encode(), b"<!--",
            b"&amp", b"1.2.3.", b" ", b"\t", b"\n", b"_*", b"<a ",
        )
    )  # fmt: skip
    place = chance.randrange(len(data))
    return data[:place] + piece * chance.choice((500, 20_000, 60_000)) + data[place:]


MARKUP: tuple[Damage, ...] = (*ANY[::2], nest_markup, set_entities, turn_links, encode, mix_encodings, stretch)
TEXT: tuple[Damage, ...] = (*ANY[::2], encode, encode, mix_encodings, stretch, stretch)
CONTAINER: tuple[Damage, ...] = (*ANY[::2], damage_member, damage_member, damage_member, rename_member, add_bomb)
