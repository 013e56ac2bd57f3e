from __future__ import annotations

import zipfile

import pytest

from remud_gen.errors import RecordError
from remud_gen.readers.docx import DocxReader
from remud_gen.readers.epub import EpubReader
from tests.readers.documents import PROSE, Word, picture, write_epub

CHAPTERS = {
    "b.xhtml": f"<h1>Brain</h1><p>{PROSE}&nbsp;</p><figure><img src='../OEBPS/img/a.png'/><figcaption>Figure 1. "
    "The falx.</figcaption></figure>",
    "a.xhtml": f"<h1>Heart</h1><p id='p9'>{PROSE}</p><svg><image xlink:href='img/a.png'/></svg>",
}


def read(path):
    reader = EpubReader()
    assert reader.sniff(path.read_bytes()[:4096], path) == "application/epub+zip"
    info = reader.probe(path)
    with reader.open(path) as document:
        pages = [document.flow_page(number) for number in range(1, info.page_count + 1)]
        sizes = [e.load(10**6).render(72).size for page in pages for e in page.elements if e.kind == "picture"]
    return info, pages, sizes


def test_the_spine_sets_the_order_and_the_metadata_the_title(tmp_path):
    info, pages, sizes = read(write_epub(tmp_path / "a.epub", CHAPTERS, {"img/a.png": picture(1)}))
    assert (info.title, info.licence, info.page_count) == ("An atlas", "CC BY 4.0", 2)
    assert [page.locator for page in pages] == ["b.xhtml: Brain", "a.xhtml: Heart"]
    assert [page.number for page in pages] == [1, 2]
    assert [element.kind for element in pages[0].elements] == ["heading", "paragraph", "picture", "caption"]
    assert pages[0].elements[1].text == PROSE
    assert pages[1].elements[1].locator == "a.xhtml#p9 paragraph 2"
    assert sizes == [(200, 150), (200, 150)]


def test_pictures_cannot_leave_the_book(tmp_path):
    body = "<p>x</p><img src='../../etc/passwd'/><img src='http://h/x.png'/><img src='none.png'/><img src='/etc/x'/>"
    with EpubReader().open(write_epub(tmp_path / "a.epub", {"a.xhtml": body})) as document:
        codes = []
        for element in document.flow_page(1).elements[1:]:
            with pytest.raises(RecordError) as caught:
                element.load(10**6)
            codes.append(caught.value.code)
    assert codes == ["PICTURE_OUTSIDE", "PICTURE_REMOTE", "PICTURE_MISSING", "PICTURE_OUTSIDE"]


def test_fonts_may_be_masked_but_text_may_not_be_locked(tmp_path):
    def encrypted(method):
        return {"META-INF/encryption.xml": f"<e xmlns='x'><EncryptionMethod Algorithm='{method}'/></e>"}

    fonts = encrypted("http://www.idpf.org/2008/embedding")
    assert read(write_epub(tmp_path / "a.epub", {"a.xhtml": f"<p>{PROSE}</p>"}, extra=fonts))[0].page_count == 1
    locked = encrypted("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    with pytest.raises(RecordError) as caught:
        EpubReader().probe(write_epub(tmp_path / "b.epub", {"a.xhtml": f"<p>{PROSE}</p>"}, extra=locked))
    assert caught.value.code == "COPY_PROTECTED"


def test_external_entities_of_the_package_are_not_read(tmp_path):
    (tmp_path / "secret").write_text("SECRET", encoding="ascii")
    path = write_epub(tmp_path / "a.epub", {"a.xhtml": f"<p>{PROSE}</p>"})
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    dtd = f'<!DOCTYPE package [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]>'.encode()
    members["OEBPS/book.opf"] = dtd + members["OEBPS/book.opf"].replace(b"An  atlas", b"&s;")
    with zipfile.ZipFile(path, "w") as book:
        for name, data in members.items():
            book.writestr(name, data)
    assert "SECRET" not in (EpubReader().probe(path).title or "")


def test_a_bomb_among_the_pictures_is_refused(tmp_path):
    path = write_epub(tmp_path / "a.epub", CHAPTERS, {"img/a.png": bytes(20_000_000)})
    with pytest.raises(RecordError) as caught:
        EpubReader().probe(path)
    assert caught.value.code == "ARCHIVE_BOMB"


def test_books_without_chapters_and_other_containers(tmp_path):
    with pytest.raises(RecordError) as caught:
        EpubReader().probe(write_epub(tmp_path / "a.epub", {}))
    assert caught.value.code == "NO_CHAPTERS"
    path = Word().text("x").save(tmp_path / "a.docx")
    assert EpubReader.sniff(path.read_bytes()[:4096], path) is None
    epub = write_epub(tmp_path / "b.epub", CHAPTERS)
    assert DocxReader.sniff(epub.read_bytes()[:4096], epub) is None


def test_one_broken_chapter_costs_itself_and_not_the_book(tmp_path):
    path = write_epub(tmp_path / "a.epub", {**CHAPTERS, "c.xhtml": f"<p>{PROSE}</p>"}, {"img/a.png": picture(1)})
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    members["OEBPS/a.xhtml"] = bytes(range(1, 32)) * 300
    with zipfile.ZipFile(path, "w") as book:
        for name, data in members.items():
            book.writestr(name, data)
    with EpubReader().open(path) as document:
        assert document.info.page_count == 3
        assert document.flow_page(3).elements[0].text == PROSE
        with pytest.raises(RecordError, match=r"chapter 'OEBPS/a\.xhtml'"):
            document.flow_page(2)


def test_a_member_without_a_name_is_passed_over(tmp_path):
    path = write_epub(tmp_path / "a.epub", CHAPTERS, {"img/a.png": picture(1)})
    with zipfile.ZipFile(path, "a") as book:
        book.writestr(zipfile.ZipInfo(""), b"nothing")
    assert read(path)[0].page_count == 2
