"""Ctrl-C and SIGTERM on the real command line: some of the cases of scripts/torture.py."""

from __future__ import annotations

import pytest

from scripts.torture.bench import Bench
from scripts.torture.signals import list_cases
from tests.e2e.torture_bench import share_bench

pytestmark = pytest.mark.slow
CASES = (
    "SIGINT once in generate",
    "SIGTERM once in extract",
    "SIGINT twice in generate",
    "SIGINT twice in extract",
    "SIGINT once in pair",
    "kill -9 of the driver alone in a part of many pages",
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return share_bench(tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("case", CASES)
def test_a_signal(bench: Bench, case: str) -> None:
    assert dict(list_cases(bench))[case]()
