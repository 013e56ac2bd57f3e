"""Licences of sources: the table, the policies, and what each lets through."""

from __future__ import annotations

import pytest

from remud_gen.errors import ConfigError, RecordError
from remud_gen.exporters.rights import GIVEN_FLAG, LicenceTable, Policy, read_licences
from remud_gen.llm.given import GIVEN_FLAG as MADE_FLAG
from remud_gen.records import Claim, Evidence, Quote
from remud_gen.rules.licences import SPDX, find_rights, name_licence
from tests.exporters.samples import make_picture, make_record, make_store

TABLE = """file,licence,url,note
atlas/own.pdf,CC0-1.0,,ours
atlas/*.pdf,CC BY-NC 4.0,https://example.org,
"guide, 2nd.pdf",CC BY-ND 4.0,,
odd.pdf,Library loan,,
blank.pdf,,,
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "licences.csv").write_bytes(TABLE.encode("utf-8-sig"))
    return read_licences([tmp_path / "licences.csv"])


@pytest.mark.parametrize(
    ("stated", "name", "rights"),
    [
        ("CC BY 4.0", "cc-by-4.0", "permissive"),
        ("CC-BY-NC-SA 3.0 IGO", "cc-by-nc-sa-3.0", "noncommercial"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/deed.en", "cc-by-nc-nd-4.0", "no_derivatives"),
        ("Creative Commons Attribution-ShareAlike License", "cc-by-sa-4.0", "share_alike"),
        ("Apache-2.0", "apache-2.0", "permissive"),
        ("All rights reserved", "private", "private"),
        ("CC BY-XX", "private", "private"),
        ("", "private", "private"),
        (None, "private", "private"),
    ],
)
def test_licences_are_known_as_people_write_them(stated, name, rights):
    assert name_licence(stated) == name
    assert find_rights(stated) == rights


def test_every_name_of_the_table_is_its_own():
    assert all(name_licence(name) == name for name in SPDX if name not in ("private", "proprietary"))


def test_a_row_for_the_file_itself_comes_before_patterns(table):
    found = {file: table.find(file) for file in ("atlas/own.pdf", "atlas/b.pdf", "guide, 2nd.pdf", "x.pdf")}
    assert [row and row.licence for row in found.values()] == ["CC0-1.0", "CC BY-NC 4.0", "CC BY-ND 4.0", None]
    assert table.describe_unknown() == (
        "licences.csv names licences that are not known and count as private: Library loan.",
    )


@pytest.mark.parametrize("text", ["", "name,terms\na,b\n", "file\nx\n"])
def test_a_table_without_its_columns_is_refused(tmp_path, text):
    (tmp_path / "t.csv").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="lacks the columns") as caught:
        read_licences([tmp_path / "t.csv"])
    assert "file,licence,url,note" in caught.value.hint


def test_a_table_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "t.csv").write_bytes("file,licence\n超声.pdf,CC0\n".encode("gb18030"))
    with pytest.raises(ConfigError, match="UTF-8"):
        read_licences([tmp_path / "t.csv"])


def of(file, licence, **changes):
    record = make_record(**changes)
    return record.model_copy(update={"source": record.source.model_copy(update={"file": file}), "licence": licence})


@pytest.mark.parametrize(
    ("file", "stated", "shown_under"),
    [
        ("atlas/own.pdf", None, {"permissive", "research", "private"}),
        ("atlas/b.pdf", "CC0-1.0", {"research", "private"}),  # the table outweighs what the file says
        ("guide, 2nd.pdf", None, {"private"}),
        ("other.pdf", "CC-BY-4.0", {"permissive", "research", "private"}),
        ("other.pdf", "CC BY-SA 4.0", {"research", "private"}),
        ("other.pdf", None, {"private"}),
        ("blank.pdf", "CC0-1.0", {"private"}),
    ],
)
def test_policies(table, file, stated, shown_under):
    for name in ("permissive", "research", "private"):
        policy = Policy(name, table)
        assert policy.may_show(policy.mark(of(file, stated))) == (name in shown_under)


def test_of_a_source_that_may_not_be_passed_on_only_quoted_words_stay(tmp_path):
    spans = (
        Evidence(id="cap", kind="caption", text="A kidney of 11 cm with a cyst.", page_number=3, bbox=(1, 2, 3, 4)),
        Evidence(id="ctx", kind="body", text="A whole paragraph."),
    )
    claim = Claim(id="c1", kind="finding", text="cyst", evidence=(Quote(span_id="cap", quote="with a cyst"),))
    picture = make_picture(make_store(tmp_path), 1)
    record = of("x.pdf", None, evidence=spans, claims=(claim,), images=(picture,))
    assert Policy("private", LicenceTable()).mark(record) == record
    policy = Policy("research", LicenceTable())
    marked = policy.mark(record)
    assert [span.text for span in marked.evidence] == ["with a cyst", ""]
    assert [(span.page_number, span.bbox) for span in marked.evidence] == [(3, (1, 2, 3, 4)), (None, None)]
    with pytest.raises(RecordError, match=r"x\.pdf \(no licence stated\) under research") as caught:
        policy.check(marked)
    assert caught.value.code == "LICENCE_FORBIDS"
    policy.check(marked.model_copy(update={"images": ()}))


@pytest.mark.parametrize(
    "stated",
    [
        "Text CC BY 4.0, figures all rights reserved",
        "CC BY 4.0 for text and CC BY-NC-ND for figures",
        "CC BY 4.0 / CC BY-NC-ND 4.0",
        "CC BY 4.0 except figures",
        "https://creativecommons.org/licenses/by/4.0/ except figures",
        "https://creativecommons.org/licenses/by/4.0/ or https://creativecommons.org/licenses/by-nc/4.0/",
        "This book is not distributed under the Creative Commons Attribution License",
    ],
)
def test_a_licence_of_parts_or_one_that_is_taken_back_gives_no_rights(stated):
    assert find_rights(stated) == "private"


def test_questions_of_a_bank_are_its_own_words_and_follow_its_licence():
    record = of("bank.csv", None, flags=(MADE_FLAG,))
    Policy("private", LicenceTable()).check_words(record)
    Policy("research", LicenceTable()).check_words(of("bank.csv", "CC BY 4.0", flags=(MADE_FLAG,)))
    Policy("research", LicenceTable()).check_words(of("book.pdf", None))
    with pytest.raises(RecordError, match=r"question and answer of bank\.csv"):
        Policy("research", LicenceTable()).check_words(record)


def test_such_records_are_known_by_the_flag_that_they_are_made_with():
    assert GIVEN_FLAG == MADE_FLAG
