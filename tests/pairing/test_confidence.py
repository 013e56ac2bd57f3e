from __future__ import annotations

import pytest

from remud_gen.config import Config
from remud_gen.pairing.confidence import measure_confidence


@pytest.mark.parametrize("others", [(), ("words_from_folder",), ("label_by_name", "words_from_header")])
def test_a_picture_with_contradicting_labels_is_never_asked_about(others):
    assert measure_confidence(["labels_differ", *others], 1.0) < Config().generate.min_confidence
    assert measure_confidence(others, 1.0) > Config().generate.min_confidence
