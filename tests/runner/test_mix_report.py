"""Shares of what a run holds against what was wanted."""

from __future__ import annotations

from collections import Counter

from remud_gen.config import load_config
from remud_gen.llm.negatives import build_negative
from remud_gen.runner.basis import Basis
from remud_gen.runner.parts import PartSpec, PartState
from remud_gen.runner.reading import Inputs
from remud_gen.runner.reports.mix import measure_mix
from remud_gen.runner.writer import PartWriter
from tests.llm.test_negatives import QUESTIONS, ask, make_pairs
from tests.model_server import ModelServer
from tests.stages.test_generate import generate, make_inputs
from tests.thinking_server import ThinkingServer


def test_counts_are_those_of_the_records_and_twins_and_negatives_stand_beside(tmp_path):
    with ThinkingServer() as server:
        settings = [
            "generate.model=tiny", f"generate.base_url={server.base_url}", "generate.twins_share=1.0",
            "generate.mix.difficulties={2: 1, 4: 3}", "generate.mix.forms={open: 1, mcq: 2, yesno: 1}",
        ]  # fmt: skip
        config = load_config(None, settings, {})
        results, _ = generate(config, tmp_path, make_inputs(tmp_path, 8, 6))
    records = [record for outcomes in results for record in outcomes]
    pairs = make_pairs("en")
    negative = build_negative([ask(pairs[0], QUESTIONS["en"][0])], pairs[0], pairs[1])
    state = write_part(tmp_path, [*records, negative])
    found = measure_mix(tmp_path, [state], config.generate).to_json()

    own = [record for record in records if not (record.twin_id and record.style == "direct")]
    assert (found["twins"], found["negatives"]) == (len(records) - len(own), 1)
    for name, values in (
        ("types_with_image", [record.qtype for record in own if record.images]),
        ("types_of_text", [record.qtype for record in own if not record.images]),
        ("forms", [record.form for record in own if record.form != "report"]),
        ("styles", [record.style for record in own]),
        ("difficulties", [str(record.difficulty) for record in own]),
        ("mcq_options", [str(len(record.options)) for record in own if record.form == "mcq"]),
        ("mcq_keys", [record.answer_key for record in own if record.form == "mcq"]),
    ):
        counts = Counter(values)
        assert counts
        assert {key: row["count"] for key, row in found[name].items() if row["count"]} == dict(counts), name
        assert all(row["got"] == round(row["count"] / counts.total(), 4) for row in found[name].values())
    assert {key: row["wanted"] for key, row in found["forms"].items()} == {"open": 0.25, "mcq": 0.5, "yesno": 0.25}
    assert found["styles"]["reasoning"]["wanted"] == 0.5
    lines = measure_mix(tmp_path, [state], config.generate).to_lines()
    assert lines[0].startswith("mix of the questions")
    assert found["questions"] == {"wanted": 8 * 4 + 6 * 2, "count": len(own)}
    assert lines[1] == f"  questions: {len(own)} of 44 asked for"
    n_reasoned = found["styles"]["reasoning"]["count"]
    assert found["twins_share"] == {"wanted": 1.0, "got": 1.0, "count": n_reasoned, "of": n_reasoned}
    assert found["negatives_share"] == {"wanted": 0.0, "got": 0.125, "count": 1, "of": 8}
    assert lines[-2] == f"  twins: 100 (100), {n_reasoned} for {n_reasoned} reasoned questions"
    assert lines[-1] == "  negatives: 12 (0), 1 for 8 pictures"
    share = 100 * found["forms"]["mcq"]["got"]
    assert any(line.startswith("  forms: ") and f"mcq {share:.0f} (50)" in line for line in lines)


def test_what_was_asked_for_and_did_not_come_is_said(tmp_path):
    class Sparing(ModelServer):
        def answer(self, body, text):
            answer = super().answer(body, text)
            return {**answer, "items": answer["items"][:1]}

    with Sparing() as server:
        settings = ["generate.model=tiny", f"generate.base_url={server.base_url}", "generate.negatives_share=0.5"]
        config = load_config(None, settings, {})
        results, _ = generate(config, tmp_path, make_inputs(tmp_path, 3, 2))
    records = [record for outcomes in results for record in outcomes]
    lines = measure_mix(tmp_path, [write_part(tmp_path, records)], config.generate).to_lines()
    assert lines[1] == "  questions: 5 of 16 asked for"
    assert lines[-1] == "  negatives: 0 (50), 0 for 3 pictures"


def write_part(folder, records):
    (folder / "generate").mkdir(exist_ok=True)
    inputs = Inputs(1, {})
    spec = PartSpec("generate", "book-1", inputs)
    stamp = Basis(stage="generate", version=1, settings={}, libraries={}).sign(inputs.digests)
    with PartWriter(folder, spec, stamp) as writer:
        writer.add(("pair1", "book.pdf", 1), records)
        meta = writer.commit(is_partial=False)
    return PartState(spec, stamp, "fresh", "", meta)


def test_traces_that_are_not_the_model_s_own_are_counted(tmp_path):
    records, counts = [], []
    for reasoning in ("Look at the near field first, then at what lies behind it.", None):
        with ModelServer(reasoning=reasoning) as server:
            settings = [
                "generate.model=tiny", f"generate.base_url={server.base_url}", "generate.thinking=native",
                "generate.reasoning_share=1.0",
            ]  # fmt: skip
            config = load_config(None, settings, {})
            folder = tmp_path / str(reasoning is None)
            folder.mkdir()
            results, _ = generate(config, folder, make_inputs(folder, 2))
        made = [record for outcomes in results for record in outcomes]
        records += made
        counts.append(len(made))
    found = measure_mix(tmp_path, [write_part(tmp_path, records)], config.generate)
    assert found.to_json()["thinking_sources"] == {"native": counts[0], "field": counts[1]}
    assert found.to_lines()[-1] == (
        f"  thinking: {counts[0]} native, the model's own trace, "
        f"{counts[1]} fell back to the reply's own field, as the endpoint gave no trace"
    )
