"""Label files and class folders among the inputs: what becomes stale, and why."""

from __future__ import annotations

import pytest

from remud_gen.runner.inventory import take_inventory
from tests.pdf.sheets import make_frame


@pytest.fixture
def shelf(tmp_path):
    for name, seed in (("benign", 1), ("malignant", 2)):
        (tmp_path / "shelf" / name).mkdir(parents=True)
        make_frame(40, 30, seed=seed).save(tmp_path / "shelf" / name / f"{seed}.png")
    (tmp_path / "shelf" / "labels.csv").write_text("file,caption\n1.png,Cyst of the breast.\n", "utf-8")
    return tmp_path / "shelf"


def look(shelf):
    files = take_inventory([shelf], shelf.parent / "run", is_writable=False)
    return {file.file: file for file in files}


def test_a_changed_label_file_changes_the_pictures_around_it(shelf):
    before = look(shelf)
    assert before["labels.csv"].is_companion
    (shelf / "labels.csv").write_text("file,caption\n1.png,Cyst of the left breast.\n", "utf-8")
    after = look(shelf)
    assert before["benign/1.png"].companions != after["benign/1.png"].companions
    assert before["benign/1.png"].sha256 == after["benign/1.png"].sha256
    assert look(shelf)["benign/1.png"] == after["benign/1.png"]


def test_a_picture_moved_to_another_class_is_another_input(shelf):
    before = look(shelf)["benign/1.png"]
    (shelf / "benign" / "3.png").write_bytes((shelf / "malignant" / "2.png").read_bytes())
    (shelf / "benign" / "1.png").rename(shelf / "malignant" / "1.png")
    after = look(shelf)["malignant/1.png"]
    assert (before.sha256, before.labels[0][1].folder) == (after.sha256, "benign")
    assert after.labels[0][1].folder == "malignant"
    assert before.companions != after.companions


def test_a_renamed_picture_is_looked_up_anew(shelf):
    before = look(shelf)["benign/1.png"]
    (shelf / "benign" / "1.png").rename(shelf / "benign" / "2.png")
    assert look(shelf)["benign/2.png"].companions != before.companions


def test_a_file_without_companions_has_no_digest(shelf):
    (shelf / "book.pdf").write_bytes(b"%PDF-1.7")
    book = look(shelf)["book.pdf"]
    assert (book.companions, book.labels, book.is_companion) == (None, (), False)


def test_the_order_in_which_a_folder_is_listed_does_not_matter(shelf):
    (shelf / "benign" / "1.txt").write_text("A cyst.", "utf-8")
    first = look(shelf)["benign/1.png"]
    assert [path.name for path in first.labels[0][1].files] == ["1.txt", "labels.csv"]
    assert look(shelf)["benign/1.txt"].is_companion


def test_a_labelled_picture_that_a_web_page_shows_too_stays_a_picture(shelf):
    picture = (shelf / "benign" / "1.png").read_bytes()
    (shelf / "a page").mkdir()
    (shelf / "a page" / "shown.png").write_bytes(picture)
    (shelf / "a page" / "page.html").write_text("<p>A cyst.</p><img src='shown.png'>", "utf-8")
    found = look(shelf)
    assert "a page/shown.png" not in found
    both = found["benign/1.png"]
    assert (both.is_companion, both.copies) == (False, ("a page/shown.png",))
    assert [path.name for path, _ in both.labels] == ["1.png"]
    both.place.check()
    (shelf / "benign" / "1.png").unlink()
    assert look(shelf)["a page/shown.png"].is_companion


def test_a_label_file_changes_with_the_pictures_around_it(shelf):
    before = look(shelf)["labels.csv"]
    assert [path.name for path in before.labels[0][1].files] == ["1.png", "2.png"]
    (shelf / "benign" / "1.png").unlink()
    assert look(shelf)["labels.csv"].companions != before.companions


def test_a_link_to_nothing_is_an_input(shelf):
    (shelf / "book.pdf").symlink_to(shelf / "gone.pdf")
    assert "book.pdf" in look(shelf)
