"""Where the measuring material lies, and the mark of tests that need it."""

from __future__ import annotations

from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared"
SHARED = _BESIDE if (_BESIDE / "corpus").is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked `shared` where nothing is shared."""
    if SHARED is None:
        for item in items:
            if item.get_closest_marker("shared"):
                item.add_marker(pytest.mark.skip(reason="no measuring corpus beside the project"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the measuring material; only for tests marked `shared`."""
    assert SHARED is not None, "mark this test with pytest.mark.shared"
    return SHARED
