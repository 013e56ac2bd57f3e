"""What a PDF says of its licence."""

from __future__ import annotations

import pytest

from remud_gen.pdf.rights import read_licence

ADDRESS = "http://creativecommons.org/licenses/by-nc/4.0/"


@pytest.mark.parametrize(
    ("metadata", "xmp", "licence"),
    [
        ({}, "", None),
        ({"subject": "CC0 1.0; see the readme"}, "", "CC0 1.0"),
        ({"keywords": "ultrasound, CC BY-SA 4.0"}, "", "CC BY-SA 4.0"),
        ({"subject": "Echoes of the liver, by many hands"}, "", None),
        (
            {"subject": "Not to be licensed under CC BY 4.0, whatever the first edition of this book may have said"},
            "",
            None,
        ),
        ({}, f'<cc:license rdf:resource="{ADDRESS}"/>', ADDRESS),
        ({}, f'<rdf:Description xmpRights:WebStatement="{ADDRESS}"/>', ADDRESS),
        ({}, f"<xmpRights:WebStatement>\n {ADDRESS} </xmpRights:WebStatement>", ADDRESS),
        ({}, "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>CC-BY-4.0</rdf:li></rdf:Alt></dc:rights>", "CC-BY-4.0"),
        ({}, "<dc:rights><rdf:li>(c) 2020 A Publisher. All rights reserved.</rdf:li></dc:rights>", None),
        ({}, "<dc:rights>" + "x" * 100_000, None),
    ],
)
def test_only_a_licence_that_is_known_is_believed(metadata, xmp, licence):
    assert read_licence(metadata, xmp) == licence
