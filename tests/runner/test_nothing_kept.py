"""An export that has nothing to export says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from remud_gen.errors import InputError
from remud_gen.runner.conclusion import require_kept
from remud_gen.runner.publish import Crop


def test_an_export_of_an_unfinished_run_without_records_says_what_is_unfinished(tmp_path: Path) -> None:
    crop = Crop(tmp_path, (), (), 0, gaps=("Incomplete: 2 of 2 parts of judge are partial.",))
    with pytest.raises(InputError, match="no record was kept") as caught:
        require_kept(crop, ())
    assert caught.value.hint.startswith("Incomplete: 2 of 2 parts of judge")
