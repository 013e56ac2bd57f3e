"""Names of parts, which must be safe on every file system."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from remud_gen.runner.parts import make_slug
from remud_gen.runner.plan import list_parts

SHA = "0123456789abcdef" * 4
OTHER = "f" * 64
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{k}" for name in ("com", "lpt") for k in range(10))}
FORBIDDEN = set('<>:"/\\|?*') | {chr(code) for code in range(32)}
LONGEST_SUFFIX = "-p00001-00016-n0001.errors.jsonl"


@given(st.text(min_size=1, max_size=300), st.sampled_from([SHA, OTHER]))
def test_no_name_is_unsafe_anywhere(file: str, sha256: str) -> None:
    slug = make_slug(file, sha256)
    name = slug + LONGEST_SUFFIX
    assert not FORBIDDEN & set(name)
    assert name.split(".")[0].lower() not in RESERVED
    assert name == name.strip(" .")
    assert not name.startswith((".", "~", "-"))
    assert len(name.encode("utf-8")) <= 255
    assert len(slug) <= 49
    assert unicodedata.normalize("NFC", name) == name
    assert make_slug(file, sha256) == slug


def test_names_are_still_told() -> None:
    assert make_slug("abdomen/Kidney atlas (2nd ed.).pdf", SHA) == "Kidney_atlas_2nd_ed-01234567"
    assert make_slug("肝脏/超声图谱.pdf", SHA) == "超声图谱-01234567"
    assert make_slug("A\u0308rzte.pdf", SHA) == "Ärzte-01234567"
    assert make_slug("CON", SHA) == "CON-01234567"
    assert make_slug("nul.txt", SHA) == "nul-01234567"
    assert make_slug("....", SHA) == "document-01234567"
    assert make_slug("book. . .pdf", SHA) == "book-01234567"
    assert (
        make_slug("C:\\books\\liver.pdf", SHA)
        == make_slug("shelf/C:\\books\\liver.pdf", SHA)
        == "C_books_liver-01234567"
    )
    assert make_slug("x" * 5000, SHA) == "x" * 40 + "-01234567"


def test_names_that_differ_in_case_alone_do_not_meet() -> None:
    assert make_slug("Liver.pdf", SHA).lower() != make_slug("liver.pdf", OTHER).lower()


def test_parts_are_found_where_the_file_system_takes_accents_apart(tmp_path: Path) -> None:
    key = make_slug("Ärzte.pdf", SHA)
    (tmp_path / "pair").mkdir()
    (tmp_path / "pair" / unicodedata.normalize("NFD", f"{key}.meta.json")).touch()
    assert list_parts(tmp_path, "pair") == [key]
