"""Workers that crash on the real command line: some of the cases of scripts/torture.py."""

from __future__ import annotations

import pytest

from scripts.torture.bench import Bench
from scripts.torture.isolation import list_cases

pytestmark = pytest.mark.slow
CASES = ("a segfault, kill -9 from outside, a hang and a worker that grows", "a reader that crashes on a file")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("isolation"), n_books=1, n_pages=1, n_scanned=0)


@pytest.mark.parametrize("case", CASES)
def test_a_fault_costs_what_it_hits(bench: Bench, case: str) -> None:
    assert dict(list_cases(bench))[case]()
