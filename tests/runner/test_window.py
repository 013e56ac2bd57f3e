"""Parts that are written beside the questions: in order, told of errors, and whole however the command ends."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from remud_gen.errors import InputError
from remud_gen.records import Document
from remud_gen.runner.basis import Basis
from remud_gen.runner.parts import PartSpec, PartState, part_paths
from remud_gen.runner.plan import join_parts
from remud_gen.runner.reading import Inputs
from remud_gen.runner.run import Job
from remud_gen.runner.window import Window
from remud_gen.runner.writer import PartWriter
from remud_gen.stages.base import AsyncStage

STAMP = Basis(stage="check", version=1, settings={}, libraries={}).sign({})
N_INPUTS = 3


class Echo(AsyncStage[Document, Document]):
    """Gives back what it is given, later documents sooner."""

    name = "echo"

    def __init__(self) -> None:
        pass

    def settings(self):
        return {}

    async def process(self, item, gateway):
        await asyncio.sleep(0.001 * (9 - int(item.id[-1])))
        yield item


def make_document(name: str) -> Document:
    fields = {"sha256": "0" * 64, "media_type": "application/pdf", "reader": "pdf", "page_count": 1}
    return Document(id=name, file=f"{name}.pdf", **fields)


def make_jobs(run: Path, *keys: str) -> list[Job]:
    """A job for each key, over inputs of its own."""
    jobs = []
    for key in keys:
        spec = PartSpec("documents", key, Inputs(1, {}))
        with PartWriter(run, spec, STAMP) as writer:
            for number in range(N_INPUTS):
                writer.add((key, f"{key}.pdf", 1), [make_document(f"{key}-{number}")])
            state = PartState(spec, STAMP, "fresh", "", writer.commit(is_partial=False))
        jobs.append(Job("", PartSpec("echo", key, join_parts([state])), STAMP))
    return jobs


def open_window(run: Path, size: int = 8) -> Window:
    return Window(run, Echo(), SimpleNamespace(is_free=True), size, lambda: False)


def test_parts_are_written_whole_beside_the_loop_and_told_of_in_it(tmp_path, monkeypatch):
    published, writers = [], set()
    commit = PartWriter.commit
    jobs = make_jobs(tmp_path, "a", "b", "c")

    def note(writer, **options):
        writers.add(threading.current_thread() is threading.main_thread())
        return commit(writer, **options)

    def publish(result):
        assert threading.current_thread() is threading.main_thread()
        published.append((result.job.spec.key, result.meta.counts.outputs))

    monkeypatch.setattr(PartWriter, "commit", note)
    asyncio.run(open_window(tmp_path).map(jobs, lambda n: None, publish))
    assert sorted(published) == [("a", N_INPUTS), ("b", N_INPUTS), ("c", N_INPUTS)]
    assert writers == {False}
    lines = part_paths(tmp_path, "echo", "b").records.read_text().splitlines()
    assert [line.partition('"id":"')[2][:3] for line in lines] == ["b-0", "b-1", "b-2"]


def test_error_of_the_disk_reaches_the_caller_and_nothing_is_left_asked(tmp_path):
    before = gc.get_threshold()
    jobs = make_jobs(tmp_path, "a", "b")
    (tmp_path / "echo").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="cannot write"):
        asyncio.run(open_window(tmp_path).map(jobs, lambda n: None, lambda result: None))
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_stop_at_once_while_a_part_is_written_leaves_it_whole(tmp_path, monkeypatch):
    before, commit, writing = gc.get_threshold(), PartWriter.commit, threading.Event()
    jobs = make_jobs(tmp_path, "a")

    def write_slowly(writer, **options):
        writing.set()
        time.sleep(0.3)
        return commit(writer, **options)

    async def stop_midway():
        mapping = asyncio.create_task(open_window(tmp_path).map(jobs, lambda n: None, lambda result: None))
        while not writing.is_set():
            await asyncio.sleep(0.01)
        mapping.cancel()
        await mapping

    monkeypatch.setattr(PartWriter, "commit", write_slowly)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stop_midway())
    # The command does not end, nor let go of the run folder, before the part is there.
    paths = part_paths(tmp_path, "echo", "a")
    assert paths.meta.exists()
    assert len(paths.records.read_text().splitlines()) == N_INPUTS
    assert [path.name for path in (tmp_path / "echo").iterdir() if path.name.startswith(".tmp")] == []
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
