from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.errors import RecordError
from remud_gen.readers.decoding import decode_text
from remud_gen.readers.text import TextReader, read_paragraphs_of
from tests.readers.documents import PROSE, PROSE_ZH

TRADITIONAL = "檢查時患者取仰臥位，採用凸陣探頭多切面掃查，肝臟的回聲均勻，膽囊壁不厚，腎臟的大小與形態都是正常的。"
WESTERN = (
    "Le foie est examiné en décubitus dorsal, à jeun, avec une sonde à basse fréquence; l’échogénicité est normale."
)


def tell(text):
    return [(element.kind, element.text, element.level) for element in read_paragraphs_of(text)]


def test_lines_cut_at_a_width_become_paragraphs():
    text = (
        "Chapter 1 The liver\n\nThe liver is examined with a curved probe in supine posi-\ntion and in left lateral"
        " position, and every lobe is seen\nin two planes.\n\nA second paragraph stands after an empty line and is "
        "cut\nat the same width as the first one.\n"
    )
    assert tell(text) == [
        ("heading", "Chapter 1 The liver", 1),
        (
            "paragraph",
            "The liver is examined with a curved probe in supine position and in left lateral position, and every lobe "
            "is seen in two planes.",
            None,
        ),
        (
            "paragraph",
            "A second paragraph stands after an empty line and is cut at the same width as the first one.",
            None,
        ),
    ]


def test_chinese_lines_are_paragraphs_and_headings_by_their_numbers():
    text = f"第二章 肝脏\n一、肝囊肿\n　　{PROSE_ZH}\n　　{PROSE_ZH}{PROSE_ZH}\n（一）声像图\n{PROSE_ZH}\n"
    assert [(kind, level) for kind, _, level in tell(text)] == [
        ("heading", 1),
        ("heading", 3),
        ("paragraph", None),
        ("paragraph", None),
        ("heading", 4),
        ("paragraph", None),
    ]


def test_underlined_and_shouted_headings():
    assert tell(f"The kidney\n==========\n\n{PROSE}\n\nRENAL CYSTS\n\n{PROSE}\n")[0] == ("heading", "The kidney", 1)
    assert ("heading", "RENAL CYSTS", 2) in tell(f"{PROSE}\n\nRENAL CYSTS\n\n{PROSE}\n")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *(
            (PROSE_ZH, name)
            for name in ("utf-8", "utf-8-sig", "gb2312", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be")
        ),
        *((TRADITIONAL, name) for name in ("utf-8", "big5", "big5hkscs", "utf-16", "utf-32")),
        *((WESTERN, name) for name in ("utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-32")),
        *((PROSE, name) for name in ("ascii", "utf-16-le", "utf-16")),
    ],
)
def test_encodings_are_told_apart(tmp_path, text, encoding):
    (tmp_path / "a.txt").write_bytes(f"{text}\r\n".encode(encoding))
    with TextReader().open(tmp_path / "a.txt") as document:
        assert [element.text for element in document.flow_page(1).elements] == [text]


@pytest.mark.parametrize("text", ["肝脏", "图1 肾囊肿的声像图", "Fièvre", "naïve café, 5 µm ± 2 °C"])
def test_short_texts_are_read_right_or_marked(text):
    encoding = "gb18030" if ord(text[0]) > 0x2E80 else "cp1252"
    found = decode_text(text.encode(encoding))
    assert found.text == text
    assert found.encoding == encoding


def test_a_declared_encoding_is_not_believed_against_the_bytes():
    assert decode_text(PROSE_ZH.encode("gb18030"), "iso-8859-1").text == PROSE_ZH
    assert decode_text(PROSE_ZH.encode("utf-8"), "gbk").text == PROSE_ZH
    assert decode_text(TRADITIONAL.encode("big5"), "no-such-codec").text == TRADITIONAL
    assert decode_text(b"abc +ADw-script+AD4-", "utf-7").text == "abc +ADw-script+AD4-"


def test_damage_is_marked_and_noise_is_refused():
    damaged = (PROSE_ZH * 20).encode("utf-8")
    found = decode_text(damaged[:300] + b"\xff" + damaged[300:])
    assert found.flags == ("encoding_damaged",)
    noise = random.Random(5).randbytes(20_000)
    with pytest.raises(RecordError) as caught:
        decode_text(noise)
    assert caught.value.code in ("NOT_TEXT", "UNKNOWN_ENCODING")
    with pytest.raises(RecordError, match="binary"):
        decode_text(bytes(5_000) + b"\x01\x02\x03" * 99)
    with pytest.raises(RecordError) as caught:
        decode_text(b"\xff\xfe" + random.Random(6).randbytes(4_001))
    assert caught.value.code in ("NOT_TEXT", "UNKNOWN_ENCODING")


@given(st.binary(max_size=400))
def test_any_bytes_give_text_or_a_clear_refusal(data):
    try:
        found = decode_text(data)
    except RecordError as error:
        assert error.hint
    else:
        assert isinstance(found.text, str)
        read_paragraphs_of(found.text)


def test_other_files_are_not_wanted(tmp_path):
    assert TextReader.sniff(b"%PDF-1.7", tmp_path / "a.txt") is None
    assert TextReader.sniff(b"words", tmp_path / "a.dat") is None
