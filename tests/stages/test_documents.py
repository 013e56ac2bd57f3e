from __future__ import annotations

import hashlib
import sys
import zipfile

import pymupdf
import pytest

from remud_gen.config import Config
from remud_gen.errors import RecordError
from remud_gen.records import Document, make_id
from remud_gen.runner.images import ContentImageStore
from remud_gen.runner.inventory import take_inventory
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
        ("word.docx", lambda path: path.write_bytes(b"PK\3\4 cut off"), None),
        ("text.docx", lambda path: path.write_bytes(b"not a package"), "UNREADABLE_FORMAT"),
        ("old.djvu", lambda path: path.write_bytes(b"AT&TFORM"), "UNREADABLE_FORMAT"),
        ("table.xlsx", lambda path: path.write_bytes(b"PK\3\4 cut off"), "DAMAGED_TABLE"),
        ("cut.png", lambda path: path.write_bytes(encode(make_frame())[:30]), "DAMAGED_FILE"),
    ],
)
def test_what_cannot_be_read_is_said_with_a_hint(tmp_path, probe, capfd, name, write, code):
    write(tmp_path / name)
    with pytest.raises(RecordError) as caught:
        probe(tmp_path / name)
    assert code is None or caught.value.code == code
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


def zip_up(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("atlas/book.txt", "text")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("books.zip", zip_up, "NOT_A_DOCUMENT"),
        ("books", zip_up, "NOT_A_DOCUMENT"),
        ("film.avi", b"RIFF\0\0\0\0AVI LIST", "NOT_A_DOCUMENT"),
        ("film.mp4", b"\0\0\0\x20ftypisom", "NOT_A_DOCUMENT"),
        ("talk.mp3", b"ID3\4", "NOT_A_DOCUMENT"),
        ("viewer.exe", b"MZ\x90\0", "NOT_A_DOCUMENT"),
        ("labels.db", b"SQLite format 3\0", "NOT_A_DOCUMENT"),
        ("licences.csv", b"file,licence,url,note\na.png,CC0-1.0,,ours\n", "NOT_A_DOCUMENT"),
        ("prices.csv", b"patient,price\n1,2\n", "UNSUPPORTED_KIND"),
        ("settings.json", b'{"a": 1}', "UNSUPPORTED_KIND"),
        ("noise.bin", bytes(range(256)), "UNSUPPORTED_KIND"),
    ],
)
def test_what_is_plainly_no_document_is_set_aside_with_its_kind(tmp_path, probe, name, content, code):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content(path))
    outcome = probe(path)
    assert isinstance(outcome, Rejection)
    assert outcome.code == code
    assert len(outcome.message) > 5


def test_a_workbook_without_its_package_fails_with_the_install_command(tmp_path, probe, monkeypatch):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["question", "answer"])
    book.save(tmp_path / "bank.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(RecordError) as caught:
        probe(tmp_path / "bank.xlsx")
    assert caught.value.code == "MISSING_EXTRA"
    assert "pip install" in caught.value.hint


def judge(stage, shelf):
    """(file, code, message) of all that was not taken."""
    told = []
    for file in take_inventory([shelf], shelf.parent / "run", is_writable=False):
        try:
            outcomes = list(stage.process(file))
        except RecordError as error:
            outcomes = [error]
        told += [(file.file, one.code, one.message) for one in outcomes if not isinstance(one, Document)]
    return told


@pytest.fixture
def stage(tmp_path):
    stage = DocumentsStage(Config())
    stage.setup(StageContext(Config(), ContentImageStore(tmp_path / "run"), {}))
    (tmp_path / "shelf").mkdir()
    return stage


def test_nothing_on_the_shelf_is_passed_over_in_silence(tmp_path, stage):
    shelf = tmp_path / "shelf"
    for name in ("a.pdf", "b.pdf"):
        (shelf / name).touch()
    (shelf / "broken_link.pdf").symlink_to("gone.pdf")
    told = judge(stage, shelf)
    assert told == [
        ("a.pdf", "EMPTY_FILE", "the file has no bytes; so it is with its copies: b.pdf"),
        ("broken_link.pdf", "BROKEN_LINK", "a link to a file that is not there"),
    ]


def test_rows_about_pictures_that_are_not_there_are_told(tmp_path, stage):
    shelf = tmp_path / "shelf"
    (shelf / "pics").mkdir()
    make_frame(40, 30, seed=1).save(shelf / "pics" / "img_1.png")
    make_frame(40, 30, seed=2).save(shelf / "pics" / "img_2.png")
    rows = ["pics/img_1.png", "elsewhere/img_2.png", "img_9.jpg", "pics/img_10"]
    table = "file,caption\n" + "".join(f"{name},A cyst.\n" for name in rows)
    (shelf / "labels.csv").write_text(table, "utf-8")
    told = [(code, message) for file, code, message in judge(stage, shelf) if file == "labels.csv"]
    assert [code for code, _ in told] == ["LABELS_OF_IMAGES", "LABELS_WITHOUT_IMAGE"]
    assert told[1][1] == "gives words to 2 pictures that are not there: img_9.jpg, pics/img_10"
    make_frame(40, 30, seed=3).save(shelf / "pics" / "img_9.jpg")
    make_frame(40, 30, seed=4).save(shelf / "pics" / "img_10.png")
    assert "LABELS_WITHOUT_IMAGE" not in [code for _, code, _ in judge(stage, shelf)]
