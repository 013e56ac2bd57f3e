from __future__ import annotations

import io
import sys

import pytest

from remud_gen.runner import progress
from remud_gen.runner.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_plain_lines_sparsely(monkeypatch, clock):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with Progress("extract", 400, "page", is_quiet=False) as bar:
        for _ in range(300):
            clock[0] += 1
            bar.tick(1)
        bar.count_failures(2)
        bar.tick(100)
    lines = log.getvalue().splitlines()
    assert "\r" not in log.getvalue()
    assert 4 <= len(lines) <= 7
    assert lines[0] == "extract: 10 of 400 pages in 10.0 s, about 6 min 30 s left"
    assert lines[-1] == "extract: 400 of 400 pages in 5 min 00 s, 2 failed"


def test_a_short_stage_is_one_line(monkeypatch, clock):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with Progress("pair", 1, "page", is_quiet=False) as bar:
        bar.tick(1)
    assert log.getvalue() == "pair: 1 of 1 page in 0.0 s\n"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_quiet_is_quiet(monkeypatch, stream):
    screen = stream()
    monkeypatch.setattr(sys, "stderr", screen)
    with Progress("pair", 3, "page", is_quiet=True) as bar:
        bar.tick(3)
    assert screen.getvalue() == ""


def test_a_terminal_gets_a_bar(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with Progress("pair", 3, "page", is_quiet=False) as bar:
        bar.tick(3)
        bar.count_failures(1)
    assert "3/3" in screen.getvalue()
    assert "1 failed" in screen.getvalue()
