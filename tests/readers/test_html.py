from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from remud_gen.errors import RecordError
from remud_gen.readers.html import HtmlReader
from tests.pdf.sheets import encode
from tests.readers.documents import PROSE, picture


@pytest.fixture
def read(tmp_path):
    def run(html, encoding="utf-8", name="page.html"):
        path = tmp_path / name
        path.write_bytes(html if isinstance(html, bytes) else html.encode(encoding))
        reader = HtmlReader()
        assert reader.sniff(path.read_bytes()[:4096], path) == "text/html"
        info = reader.probe(path)
        with reader.open(path) as document:
            return info, [document.flow_page(number) for number in range(1, info.page_count + 1)]

    return run


def tell(page):
    return [(element.kind, element.text) for element in page.elements]


def test_a_section_is_a_page_and_what_no_reader_sees_is_dropped(read):
    body = (
        f"<nav>Home</nav><script>alert('x')</script><style>p{{}}</style><h1>Liver</h1><p>{PROSE}</p><h2>Cyst</h2>"
        "<p>One\n two <b>three</b>.</p><!-- not this --><p style='display: none'>hidden prompt</p><h2>Abscess</h2>"
        "<ul><li>first<li>second</ul><table><tr><th>Organ<th>Size<tr><td>Liver<td>15 cm</table><footer>© Site</footer>"
    )
    info, pages = read(f"<!doctype html><html><head><title> Liver \n atlas</title></head><body>{body}</body></html>")
    assert info.title == "Liver atlas"
    assert [page.locator for page in pages] == ["Liver", "Cyst", "Abscess"]
    assert tell(pages[0]) == [("heading", "Liver"), ("paragraph", PROSE)]
    assert tell(pages[1]) == [("heading", "Cyst"), ("paragraph", "One two three.")]
    listed = [("list", "first"), ("list", "second"), ("table", "Organ | Size\nLiver | 15 cm")]
    assert tell(pages[2]) == [("heading", "Abscess"), *listed]


def test_a_figure_binds_its_pictures_and_its_caption(read, tmp_path):
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "a b.png").write_bytes(picture(1))
    _, (page,) = read(
        "<html><p>Text before.</p><figure id=fig7><img src='img/a%20b.png?v=2' alt='A kidney'><img src='img/a b.png'>"
        "<figcaption><b>Figure 7.</b> Both\n kidneys.</figcaption></figure><p>After.</p>"
    )
    first, second, caption = page.elements[1:4]
    assert (first.kind, second.kind, caption.kind) == ("picture", "picture", "caption")
    assert first.figure == second.figure == caption.figure is not None
    assert page.elements[4].figure is None
    assert first.row == second.row
    assert (first.text, caption.text) == ("A kidney", "Figure 7. Both kidneys.")
    assert first.locator.startswith("#fig7 ")
    assert first.load(10**6).render(72).size == (200, 150)


def test_classes_tables_and_line_breaks_bind_words_too(read):
    _, (page,) = read(
        "<html><div class='wp-caption'><img src=a.png><p class='wp-caption-text'>A cyst of the liver.</p></div>"
        "<p><img src=b.png><br>图1 肝囊肿<br>图解要点：后方回声增强。</p>"
        "<table><tr><td><img src=c.png></td><td><img src=d.png></td></tr><tr><td>(a)</td><td>(b)</td></tr></table>"
        "<table><tr><td>A stone in the gallbladder.</td><td><img src=e.png></td></tr></table>"
    )
    assert tell(page) == [
        ("picture", ""),
        ("caption", "A cyst of the liver."),
        ("picture", ""),
        ("paragraph", "图1 肝囊肿"),
        ("paragraph", "图解要点：后方回声增强。"),
        ("picture", ""),
        ("paragraph", "(a)"),
        ("picture", ""),
        ("paragraph", "(b)"),
        ("caption", "A stone in the gallbladder."),
        ("picture", ""),
    ]
    figures = [element.figure for element in page.elements]
    assert figures[0] == figures[1] is not None
    assert figures[9] == figures[10] is not None
    assert page.elements[5].row == page.elements[7].row


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("http://127.0.0.1:9/x.png", "PICTURE_REMOTE"),
        ("//host/x.png", "PICTURE_REMOTE"),
        ("file:///etc/passwd", "PICTURE_REMOTE"),
        ("C:\\x.png", "PICTURE_REMOTE"),
        ("../outside.png", "PICTURE_OUTSIDE"),
        ("%2e%2e/outside.png", "PICTURE_OUTSIDE"),
        ("..\\outside.png", "PICTURE_OUTSIDE"),
        ("/etc/passwd", "PICTURE_OUTSIDE"),
        ("sub/link.png", "PICTURE_OUTSIDE"),
        ("none.png", "PICTURE_MISSING"),
        ("a" * 5000, "PICTURE_OUTSIDE"),
        ("words.png", "PICTURE_UNREADABLE"),
        ("drawing.svg", "PICTURE_NOT_RASTER"),
        ("dot.png", "PICTURE_TOO_SMALL"),
        ("large.png", "PICTURE_TOO_LARGE"),
        ("data:image/png;base64,!!!", "PICTURE_UNREADABLE"),
        ("data:image/svg+xml,<svg/>", "PICTURE_NOT_RASTER"),
    ],
)
def test_pictures_that_are_not_taken_are_named(tmp_path, link, code):
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(picture(1))
    (home / "sub" / "link.png").symlink_to(tmp_path / "outside.png")
    (home / "words.png").write_text("no picture", encoding="ascii")
    (home / "drawing.svg").write_text("<svg xmlns='x'/>", encoding="ascii")
    (home / "dot.png").write_bytes(encode(Image.new("RGB", (1, 1))))
    (home / "large.png").write_bytes(encode(Image.new("L", (1200, 1200))))
    (home / "a.html").write_text(f"<html><p>{PROSE}<img src='{link}'>", encoding="utf-8")
    with HtmlReader().open(home / "a.html") as document:
        (element,) = [e for e in document.flow_page(1).elements if e.kind == "picture"]
        with pytest.raises(RecordError) as caught:
            element.load(1_000_000)
    assert caught.value.code == code


def test_a_picture_written_into_the_page(read):
    data = base64.b64encode(picture(2, "JPEG")).decode()
    _, (page,) = read(f"<html><img src='data:image/jpeg;base64,{data}'>")
    assert page.elements[0].load(10**6).render(72).size == (200, 150)


def test_a_bomb_of_pixels_is_refused_before_it_is_unpacked(read, tmp_path):
    buffer = io.BytesIO()
    Image.new("1", (14_000, 14_000)).save(buffer, "PNG")
    (tmp_path / "bomb.png").write_bytes(buffer.getvalue())
    _, (page,) = read("<html><img src=bomb.png>")
    with pytest.raises(RecordError) as caught:
        page.elements[0].load(60_000_000)
    assert caught.value.code == "PICTURE_TOO_LARGE"


@pytest.mark.parametrize(
    ("html", "encoding"),
    [
        ("<html><meta charset=gb2312><p>肝脏的超声检查</p>", "gb18030"),
        ("<html><p>肝脏的超声检查，患者取仰卧位，用凸阵探头</p>", "gb18030"),
        ("<html><meta charset=big5><p>肝臟的超音波檢查</p>", "big5"),
        ("<html><meta charset='iso-8859-1'><p>Fièvre à l’hôpital</p>", "cp1252"),
        ("<html><p>Fièvre à l’hôpital</p>", "utf-16"),
        ("<html><meta charset=gb2312><p>肝脏的超声检查</p>", "utf-8"),
        ("<?xml version='1.0' encoding='GBK'?><html><p>肝脏的超声检查</p></html>", "gbk"),
    ],
)
def test_every_encoding_is_read_right(read, html, encoding):
    _, (page,) = read(html, encoding)
    assert page.elements[0].text == html.split("<p>")[1].split("</p>")[0]
    assert not {"encoding_doubtful", "encoding_damaged"} & set(page.flags)


def test_deep_and_broken_markup_ends(read):
    _, pages = read("<html>" + "<div>" * 50_000 + "deep")
    assert len(pages) <= 1
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    _, pages = read(f"<!DOCTYPE html [<!ENTITY a0 'boom'>{entities}]><html><p>&a11; end of it</p>")
    assert sum(len(element.text) for page in pages for element in page.elements) < 3_000


def test_hostile_attributes_do_no_harm(read):
    _, (page,) = read(
        "<html><div data-row='99999999999999999999' data-line='<b>' data-figure='x' data-caption>words in it</div>"
        "<div data-row='-1'><img src='a.png' data-side=1></div></body>"
    )
    assert [element.kind for element in page.elements] == ["caption", "picture"]


def test_companions_are_the_pictures_below_the_folder(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1))
    (tmp_path / "b&c.png").write_bytes(picture(2))
    (tmp_path / "free.png").write_bytes(picture(3))
    path = tmp_path / "x.html"
    path.write_text(
        "<img src='a.png'><IMG alt=1 SRC=\"b&amp;c.png\"><a href='free.png'>x</a><img src='no.png'>", "ascii"
    )
    assert [file.name for file in HtmlReader().companions(path, tmp_path).files] == ["a.png", "b&c.png"]
    assert HtmlReader().companions(tmp_path / "a.png", tmp_path).files == ()


@pytest.mark.parametrize("head", [b"", b"plain words", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"])
def test_other_files_are_not_wanted(tmp_path, head):
    assert HtmlReader.sniff(head, tmp_path / "x.html") is None
    assert HtmlReader.sniff(b"<!doctype html><html>", tmp_path / "login.pdf") is None
