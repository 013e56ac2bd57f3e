from __future__ import annotations

import hashlib

import pymupdf
import pytest

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.records import Document, make_id
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import InputFile, Rejection, StageContext
from remud_gen.stages.documents import DocumentsStage
from tests.pdf.sheets import encode, make_frame, new_page, save


@pytest.fixture
def probe(tmp_path):
    stage = DocumentsStage(Config())
    stage.setup(StageContext(Config(), ContentImageStore(tmp_path / "run"), {}))

    def run(path):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        (outcome,) = stage.process(InputFile(sha256, path, path.relative_to(tmp_path).as_posix(), (), sha256))
        return outcome

    return run


def test_told_by_content_whatever_the_name_says(tmp_path, probe):
    save(new_page()[0], tmp_path / "book.jpg")
    (tmp_path / "picture.pdf").write_bytes(encode(make_frame(), "PNG"))
    book, picture = probe(tmp_path / "book.jpg"), probe(tmp_path / "picture.pdf")
    assert (book.reader, book.media_type, book.page_count) == ("pdf", "application/pdf", 1)
    assert (picture.reader, picture.media_type) == ("image", "image/png")
    assert book.id == make_id("document", book.sha256)


def test_title_is_one_clean_line(tmp_path, probe):
    document, _ = new_page()
    document.set_metadata({"title": " Atlas  of\n ultrasound "})
    assert probe(save(document, tmp_path / "a.pdf")).title == "Atlas of ultrasound"


def test_an_empty_user_password_opens(tmp_path, probe):
    document, _ = new_page()
    document.save(tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner", user_pw="")
    assert isinstance(probe(tmp_path / "a.pdf"), Document)


def write_locked(path):
    new_page()[0].save(path, encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner", user_pw="secret")


def write_cut(path):
    path.write_bytes(new_page()[0].tobytes()[:120])


def write_without_pages(path):
    parts = [
        b"%PDF-1.4\n",
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n",
    ]
    first, second = len(parts[0]), len(parts[0] + parts[1])
    start = len(b"".join(parts))
    parts.append(b"xref\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n" % (first, second))
    parts.append(b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start)
    path.write_bytes(b"".join(parts))


@pytest.mark.parametrize(
    ("name", "write", "code"),
    [
        ("locked.pdf", write_locked, "PASSWORD_PROTECTED"),
        ("cut.pdf", write_cut, "DAMAGED_FILE"),
        ("none.pdf", write_without_pages, "ZERO_PAGES"),
        ("empty.pdf", lambda path: path.write_bytes(b""), "EMPTY_FILE"),
        ("login.pdf", lambda path: path.write_bytes(b"\n<!DOCTYPE html><html>"), "UNREADABLE_FORMAT"),
        ("noise.pdf", lambda path: path.write_bytes(b"\x07\x01\x02" * 300), "UNREADABLE_FORMAT"),
        ("film.avi", lambda path: path.write_bytes(b"RIFF\0\0\0\0AVI LIST"), "UNREADABLE_FORMAT"),
        ("cut.png", lambda path: path.write_bytes(encode(make_frame())[:30]), "DAMAGED_FILE"),
    ],
)
def test_what_cannot_be_read_is_said_with_a_hint(tmp_path, probe, capfd, name, write, code):
    write(tmp_path / name)
    with pytest.raises(RecordError) as caught:
        probe(tmp_path / name)
    assert caught.value.code == code
    assert caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_a_web_page_named_pdf_is_called_one(tmp_path, probe):
    (tmp_path / "a.pdf").write_bytes(b"<html><body>Please log in</body></html>")
    with pytest.raises(RecordError, match="web page"):
        probe(tmp_path / "a.pdf")


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "__MACOSX/a.pdf", "~$draft.docx", ".git/config"])
def test_system_files_are_set_aside_quietly(tmp_path, probe, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\0\0\0\1Bud1")
    outcome = probe(path)
    assert isinstance(outcome, Rejection)
    assert outcome.code == "NOT_A_DOCUMENT"
