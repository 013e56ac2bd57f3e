"""Full disks and damaged runs on the real command line: some of the cases of scripts/torture.py."""

from __future__ import annotations

import pytest

from scripts.torture.bench import Bench
from scripts.torture.damage import list_damage_cases
from scripts.torture.disk import list_disk_cases
from tests.e2e.torture_bench import share_bench

pytestmark = pytest.mark.slow
CASES = (
    "full disk in extract",
    "disk filled by someone else in generate",
    "read-only disk",
    "in every stage records torn, errors removed, a sidecar emptied",
    "edits that keep size and time, with --verify",
    "pictures damaged and gone, with --verify",
    "a reply store with another header",
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return share_bench(tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("case", CASES)
def test_a_disk(bench: Bench, case: str) -> None:
    told = dict([*list_disk_cases(bench), *list_damage_cases(bench)])[case]()
    if told.startswith("skipped"):
        pytest.skip(told)
