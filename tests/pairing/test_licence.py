"""The licence of a document reaches everything that is made of it."""

from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.records import ImageTextPair, Passage
from tests.pairing.builder import BODY, HullCropper, PageBuilder

GRANT = "This is an open access article distributed under the Creative Commons Attribution License, which permits use."


def make(*, licence=None, grant=""):
    page = PageBuilder().picture(50, 100, 550, 300).text(60, 306, "Figure 1: Kidney.", size=9)
    page.text(50, 400, *BODY, width=500)
    if grant:
        page.text(50, 700, grant, width=500, size=7)
    pages = [page.build().model_copy(update={"licence": licence})]
    found = [record for _, record in ReadingOrderRule({}).pair(pages, HullCropper())]
    assert {type(record) for record in found} == {ImageTextPair, Passage}
    return {record.licence for record in found}


def test_the_files_own_licence_goes_first_and_the_printed_one_stands_in():
    assert make(licence="CC-BY-SA-4.0", grant=GRANT) == {"CC-BY-SA-4.0"}
    assert make(grant=GRANT) == {"CC-BY"}
    assert make() == {None}
