"""What inputs of one part ask together is paid for once, and counted so."""

from __future__ import annotations

from pathlib import Path

from remud_gen.records import Document
from remud_gen.runner.basis import Basis
from remud_gen.runner.parts import PartMeta, PartSpec, Usage
from remud_gen.runner.reading import Inputs
from remud_gen.runner.reuse import read_outcomes
from remud_gen.runner.writer import Calls, PartWriter

STAMP = Basis(stage="check", version=1, settings={}, libraries={}).sign({})
DOCUMENT = Document(id="d", file="a.pdf", sha256="0" * 64, media_type="application/pdf", reader="pdf", page_count=1)


def ask(*requests: str, repair: str = "none") -> Calls:
    """The calls of one input, ten tokens each."""
    calls = Calls()
    for request in requests:
        calls.add(request, Usage(calls=1, input_tokens=8, output_tokens=2, cost_usd=0.5))
    calls.usage.repairs = {repair: 1}
    return calls


def write(run: Path, *inputs: Calls, key: str = "a") -> PartMeta:
    with PartWriter(run, PartSpec("check", key, Inputs(len(inputs), {})), STAMP) as writer:
        for calls in inputs:
            writer.add(("d", "a.pdf", 1), [DOCUMENT], calls)
        return writer.commit(is_partial=False)


def test_a_shared_request_counts_once_in_its_part(tmp_path: Path) -> None:
    meta = write(tmp_path, ask("x"), ask("x"), ask("x", "y", repair="reask"), ask("x", "y", repair="reask"), ask("z"))
    assert (meta.usage.calls, meta.usage.input_tokens, meta.usage.cost_usd) == (3, 24, 1.5)
    assert meta.usage.repairs == {"none": 2, "reask": 1}


def test_it_counts_once_when_inputs_are_taken_over_from_an_earlier_version(tmp_path: Path) -> None:
    old = write(tmp_path, ask("x", "y"), ask("x", "y"), ask("z"))
    _, second, third = read_outcomes(tmp_path, old)
    with PartWriter(tmp_path, PartSpec("check", "b", Inputs(3, {})), STAMP) as writer:
        writer.add(("d", "a.pdf", 1), [DOCUMENT], ask("x"))
        writer.copy(second)
        writer.copy(third)
        new = writer.commit(is_partial=False)
    assert [(u.calls, u.input_tokens, u.cost_usd) for u in (old.usage, new.usage)] == [(3, 24, 1.5)] * 2
    assert Calls.model_validate(second.calls).usage.calls == 2  # each input still says what it rests on


def test_inputs_of_older_parts_count_as_they_were_written(tmp_path: Path) -> None:
    former = Calls(requests=["x", "y"], usage=Usage(calls=2, input_tokens=16))
    meta = write(tmp_path, former, ask("x"))
    assert (meta.usage.calls, meta.usage.input_tokens) == (3, 24)
