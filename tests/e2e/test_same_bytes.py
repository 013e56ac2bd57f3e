"""The same books under other circumstances: some of the variants of scripts/torture.py."""

from __future__ import annotations

import pytest

from scripts.torture.bench import Bench
from scripts.torture.same_bytes import list_variants, run_variant
from tests.e2e.torture_bench import share_bench

pytestmark = pytest.mark.slow
VARIANTS = ("shuffled, seed 7", "another machine's paths", "C locale, Shanghai")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return share_bench(tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("name", VARIANTS)
def test_the_bytes_do_not_depend_on(bench: Bench, name: str) -> None:
    assert run_variant(bench, list_variants()[name]) == "identical"
