from __future__ import annotations

from remud_gen.readers.markdown import MarkdownReader
from tests.readers.documents import PROSE, picture


def read(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    reader = MarkdownReader()
    info = reader.probe(path)
    with reader.open(path) as document:
        return info, [document.flow_page(number) for number in range(1, info.page_count + 1)]


def test_sections_lines_and_captions(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1))
    text = (
        f"---\ntitle: 'An atlas'\nlicense: CC BY 4.0\n---\n# Liver {{#liver}}\n\n{PROSE}\n\n"
        '![A cyst](a.png "Simple cyst of the left lobe"){width=50%}\n\n# Spleen\n\n- one\n- two\n\n'
        "| Organ | Size |\n|---|---|\n| Spleen | 11 cm |\n"
    )
    info, (liver, spleen) = read(tmp_path / "a.md", text)
    assert (info.title, info.licence) == ("An atlas", "CC BY 4.0")
    assert [(e.kind, e.text, e.locator) for e in liver.elements] == [
        ("heading", "Liver", "line 5"),
        ("paragraph", PROSE, "line 7"),
        ("picture", "A cyst", "line 9"),
        ("caption", "Simple cyst of the left lobe", "line 9"),
    ]
    assert liver.elements[2].figure == liver.elements[3].figure is not None
    assert liver.elements[2].load(10**6).width == 200
    assert [(e.kind, e.text) for e in spleen.elements[1:]] == [
        ("list", "one"),
        ("list", "two"),
        ("table", "Organ | Size\nSpleen | 11 cm"),
    ]


def test_html_inside_is_read_and_its_scripts_are_not(tmp_path):
    text = (
        "# A\n\n<script>alert(1)</script>\n\n<figure><img src='a.png'><figcaption>Figure 1. X.</figcaption></figure>\n"
    )
    _, (page,) = read(tmp_path / "a.md", text)
    assert [(e.kind, e.text) for e in page.elements] == [("heading", "A"), ("picture", ""), ("caption", "Figure 1. X.")]


def test_companions_by_every_way_of_naming_a_picture(tmp_path):
    for name in ("a.png", "b c.png", "d.jpg", "e.png"):
        (tmp_path / name).write_bytes(picture(1))
    path = tmp_path / "x.md"
    path.write_text("![](a.png) ![x](<b c.png>) ![y][ref] <img src='e.png'>\n\n[ref]: d.jpg\n", encoding="utf-8")
    names = [file.name for file in MarkdownReader().companions(path, tmp_path).files]
    assert names == ["a.png", "b c.png", "d.jpg", "e.png"]


def test_gb18030_is_read_right(tmp_path):
    _, (page,) = read(tmp_path / "a.md", "# 第一章 肝脏\n\n肝脏的超声检查采用凸阵探头，患者取仰卧位。\n", "gb18030")
    assert [e.text for e in page.elements] == ["第一章 肝脏", "肝脏的超声检查采用凸阵探头，患者取仰卧位。"]


def test_only_files_named_so_are_markdown(tmp_path):
    assert MarkdownReader.sniff(b"# Liver", tmp_path / "a.md") == "text/markdown"
    assert MarkdownReader.sniff(b"# Liver", tmp_path / "a.txt") is None
    assert MarkdownReader.sniff(b"\x00\x01", tmp_path / "a.md") is None
