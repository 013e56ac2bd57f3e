"""Python's own habit of looking for cycles comes back."""

import gc

import pytest

from remud_gen.runner.collecting import ALLOCATED_FIRST, collecting_seldom


def test_thresholds_come_back_whatever_happens():
    before = gc.get_threshold()
    with pytest.raises(KeyError), collecting_seldom():
        assert gc.get_threshold()[0] == ALLOCATED_FIRST
        assert gc.get_freeze_count() > 0
        raise KeyError
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
