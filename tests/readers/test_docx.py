from __future__ import annotations

import io
import sys
import zipfile

import pytest
from docx import Document as NewDocument
from docx.oxml import parse_xml
from docx.shared import Inches

from remud_gen import registry
from remud_gen.errors import RecordError
from remud_gen.readers.docx import DocxReader
from tests.readers.documents import PROSE, PROSE_ZH, Word, picture, write_epub


def read(path):
    reader = DocxReader()
    info = reader.probe(path)
    with reader.open(path) as document:
        return info, [document.flow_page(number) for number in range(1, info.page_count + 1)]


def tell(page):
    return [(element.kind, element.text) for element in page.elements]


def test_headings_captions_and_pictures_in_order(tmp_path):
    word = Word().text("Atlas", "Title").text("1 Kidney", "Heading 1").text(PROSE).pictures(1)
    word.text("Figure 1. A cyst.", "Caption").text("2 Liver", "Heading 1").text("first", "List Bullet")
    info, (first, second) = read(word.save(tmp_path / "a.docx"))
    assert info.page_count == 2
    assert tell(first) == [
        ("heading", "Atlas"),
        ("heading", "1 Kidney"),
        ("paragraph", PROSE),
        ("picture", ""),
        ("caption", "Figure 1. A cyst."),
    ]
    assert tell(second) == [("heading", "2 Liver"), ("list", "first")]
    assert [element.level for element in first.elements[:2]] == [0, 1]
    assert (first.locator, second.locator) == ("Atlas", "2 Liver")
    assert first.elements[3].load(10**6).width == 200


def test_a_caption_is_known_by_its_sequence_field_without_any_style(tmp_path):
    word = Word().pictures(1).sequence_caption("Figure", "The left kidney.").pictures(2).sequence_caption("图", "左肾")
    _, (page,) = read(word.save(tmp_path / "a.docx"))
    assert tell(page) == [
        ("picture", ""),
        ("caption", "Figure 1 The left kidney."),
        ("picture", ""),
        ("caption", "图 1 左肾"),
    ]


def test_pictures_of_one_paragraph_stand_in_one_row_and_icons_do_not_cut_a_sentence(tmp_path):
    word = Word().pictures(1, 2, alt="Two views of the kidney").text("A   B")
    paragraph = word.document.add_paragraph("Press the button ")
    paragraph.add_run().add_picture(io.BytesIO(picture(3)), Inches(0.2))
    paragraph.add_run(" to freeze the image.")
    _, (page,) = read(word.save(tmp_path / "a.docx"))
    rows = [element.row for element in page.elements if element.kind == "picture"]
    assert rows[0] == rows[1] != rows[2]
    assert [element.text for element in page.elements[:2]] == ["Two views of the kidney"] * 2
    assert tell(page)[-2:] == [("paragraph", "Press the button to freeze the image."), ("picture", "")]


def test_a_table_of_pictures_is_read_column_by_column_and_one_of_words_as_a_table(tmp_path):
    word = Word()
    table = word.document.add_table(2, 2)
    for column, name in enumerate("ab"):
        table.cell(0, column).paragraphs[0].add_run().add_picture(io.BytesIO(picture(column)), Inches(1))
        table.cell(1, column).text = f"({name})"
    numbers = word.document.add_table(2, 2)
    for i, words in enumerate(("Organ", "Size", "Kidney", "11 cm")):
        numbers.cell(i // 2, i % 2).text = words
    _, (page,) = read(word.save(tmp_path / "a.docx"))
    expected = [("picture", ""), ("paragraph", "(a)"), ("picture", ""), ("paragraph", "(b)")]
    assert tell(page) == [*expected, ("table", "Organ | Size\nKidney | 11 cm")]
    assert page.elements[0].row == page.elements[2].row


def test_text_boxes_are_read_once_and_deleted_words_never(tmp_path):
    word = Word().text(PROSE)
    names = (
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml"'
    )
    box = "<w:txbxContent><w:p><w:r><w:t>Figure 1. In a box.</w:t></w:r></w:p></w:txbxContent>"
    word.document.element.body.insert(
        1,
        parse_xml(
            f'<w:p {names}><w:r><mc:AlternateContent><mc:Choice Requires="wps">{box}</mc:Choice>'
            f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
            '<w:del w:id="1"><w:r><w:delText>gone</w:delText></w:r></w:del>'
            '<w:ins w:id="2"><w:r><w:t>Added.</w:t></w:r></w:ins></w:p>'
        ),
    )
    _, (page,) = read(word.save(tmp_path / "a.docx"))
    assert tell(page) == [("paragraph", PROSE), ("paragraph", "Added."), ("paragraph", "Figure 1. In a box.")]


def test_a_short_bold_line_is_a_heading_and_a_bold_letter_is_not(tmp_path):
    word = Word().text("肾囊肿的声像图", bold=True).text(PROSE_ZH).text("A", bold=True).text("图1 肾", bold=True)
    _, (page,) = read(word.save(tmp_path / "a.docx"))
    assert [element.kind for element in page.elements] == ["heading", "paragraph", "paragraph", "paragraph"]


def test_linked_pictures_are_never_fetched(tmp_path):
    word = Word().pictures(1)
    blip = next(word.document.element.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}blip"))
    relation = word.document.part.relate_to("http://127.0.0.1:9/x.png", blip.tag, is_external=True)
    space = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
    del blip.attrib[f"{space}embed"]
    blip.set(f"{space}link", relation)
    _, (page,) = read(word.save(tmp_path / "a.docx"))
    with pytest.raises(RecordError) as caught:
        page.elements[0].load(10**6)
    assert caught.value.code == "PICTURE_REMOTE"


def rewrite(path, name, change):
    with zipfile.ZipFile(path) as old:
        members = {member: old.read(member) for member in old.namelist()}
    members[name] = change(members.get(name, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for member, data in members.items():
            new.writestr(member, data)
    return path


def test_entities_are_not_expanded(tmp_path):
    path = Word().text("WORDS").save(tmp_path / "a.docx")
    (tmp_path / "secret.txt").write_text("SECRET", encoding="ascii")
    dtd = f'<!DOCTYPE x [<!ENTITY a "{"ha" * 50}"><!ENTITY b SYSTEM "file://{tmp_path}/secret.txt">]>'.encode()

    def poison(data):
        start = data.index(b"?>") + 2
        return data[:start] + dtd + data[start:].replace(b"WORDS", b"WORDS &a;&b;")

    try:
        _, pages = read(rewrite(path, "word/document.xml", poison))
    except RecordError:
        return
    text = " ".join(element.text for page in pages for element in page.elements)
    assert "SECRET" not in text
    assert "haha" not in text


def as_old_word(path):
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def as_cut(path):
    data = Word().text(PROSE).pictures(1).save(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


def as_bomb(path):
    NewDocument().save(str(path))
    rewrite(path, "word/media/image1.png", lambda _: bytes(30_000_000))


def as_broken_xml(path):
    NewDocument().save(str(path))
    rewrite(path, "word/document.xml", lambda data: data[:200])


def with_many_members(path):
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(20_500):
            archive.writestr(f"word/{i}", b"")


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (as_old_word, "OLD_WORD_FILE"),
        (as_cut, "DAMAGED_FILE"),
        (as_bomb, "ARCHIVE_BOMB"),
        (as_broken_xml, "DAMAGED_FILE"),
        (with_many_members, "ARCHIVE_BOMB"),
    ],
)
def test_what_cannot_be_read_is_said_with_a_hint(tmp_path, write, code):
    path = tmp_path / "x.docx"
    write(path)
    assert DocxReader.sniff(path.read_bytes()[:4096], path) is not None
    with pytest.raises(RecordError) as caught:
        DocxReader().probe(path)
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("name", ["x.zip", "x.xlsx", "x.epub"])
def test_other_containers_are_not_wanted(tmp_path, name):
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    assert DocxReader.sniff((tmp_path / name).read_bytes(), tmp_path / name) is None


@pytest.mark.parametrize(
    ("reader", "file", "package"),
    [("docx", "a.docx", "docx"), ("epub", "a.epub", "lxml"), ("html", "a.html", "lxml"), ("markdown", "a.md", "lxml")],
)
def test_a_missing_package_is_named_with_its_install_command(tmp_path, monkeypatch, reader, file, package):
    path = tmp_path / file
    if reader == "docx":
        Word().text(PROSE).save(path)
    elif reader == "epub":
        write_epub(path, {"a.xhtml": "<p>x</p>"})
    else:
        path.write_text(f"<html><p>{PROSE}", encoding="utf-8")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RecordError) as caught:
        registry.load("readers", reader)().probe(path)
    assert caught.value.code == "MISSING_EXTRA"
    assert "pip install 'remud-gen[office]'" in caught.value.hint
