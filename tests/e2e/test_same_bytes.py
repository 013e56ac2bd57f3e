"""The same books under other circumstances: some of the variants of scripts/torture.py."""

from __future__ import annotations

import pytest

from scripts.torture.bench import Bench
from scripts.torture.same_bytes import list_variants, run_variant

pytestmark = pytest.mark.slow
VARIANTS = ("serial", "shuffled, seed 7", "another machine's paths", "C locale without UTF-8, Shanghai")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("same-bytes"), n_books=3, n_pages=2, n_scanned=0)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_bytes_do_not_depend_on(bench: Bench, name: str) -> None:
    run_variant(bench, list_variants()[name])
