"""Measure the filters: labelled records and pictures, other wordings, mutated captions, natural text, identifiers.

    python scripts/bench_filters.py FOLDER

The folder holds bench/quality_dev.jsonl (labelled records), bench/images (labelled pictures, a manifest) and corpus/
(truth/*.json with captions, papers/*.pdf).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from remud_gen import registry  # noqa: E402
from remud_gen.stages.filter import judge  # noqa: E402
from scripts.filtering.hostile import find_slowest  # noqa: E402
from scripts.filtering.labelled import FILTERS, convert, score_records  # noqa: E402
from scripts.filtering.mutations import list_captions, score_mutations  # noqa: E402
from scripts.filtering.people import score_people  # noqa: E402
from scripts.filtering.pictures import score_pictures  # noqa: E402
from scripts.filtering.sentences import find_alarms, list_body_sentences  # noqa: E402
from scripts.filtering.tally import Score, Tally  # noqa: E402
from scripts.filtering.wordings import Wording, build_record, read_wordings  # noqa: E402

WORDINGS = Path(__file__).parents[1] / "tests" / "filters" / "wordings"
FIGURES = Path(__file__).parent / "filtering" / "figures" / "records.json"


def score_wordings(folder: Path, tally: Tally) -> tuple[Score, Score, list[str]]:
    """Faulty records of a fixture caught, by the right code, and what sound ones were given."""
    any_code, right_code, wrong = Score(), Score(), []
    for wording in read_wordings(folder / "bad.tsv", is_faulty=True):
        codes = _judge(wording)
        tally.add_bad({wording.code}, codes)
        any_code.add(f"{wording.name} {codes}", is_hit=bool(codes))
        right_code.add(f"{wording.name} {codes}", is_hit=wording.code in codes)
    for wording in read_wordings(folder / "good.tsv", is_faulty=False):
        codes = _judge(wording)
        tally.add_good(codes)
        wrong += [f"{wording.name} {codes}"] if codes else []
    return any_code, right_code, wrong


def _judge(wording: Wording) -> dict[str, str]:
    verdicts = judge(build_record(wording), FILTERS).verdicts
    return {verdict.code: verdict.severity for verdict in reversed(verdicts) if verdict.severity != "info"}


def measure_speed(file: Path, rounds: int = 8) -> float:
    """Records per second of one core; texts vary so that remembered results do not flatter."""
    base = [convert(line) for line in map(json.loads, file.read_text("utf-8").splitlines())]
    best = 0.0
    for first in range(0, rounds, 4):
        records = [
            record.model_copy(update={"question": record.question + " " * n, "answer": record.answer + " " * n})
            for n in range(first, min(first + 4, rounds))
            for record in base
        ]
        start = time.process_time()
        for record in records:
            judge(record, FILTERS)
        best = max(best, len(records) / (time.process_time() - start))
    return best


def _list(lines: list[str]) -> str:
    return "".join(f"\n    {line}" for line in lines)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="folder with bench/ and corpus/")
    parser.add_argument("--records", type=Path, help="labelled records other than bench/quality_dev.jsonl")
    parser.add_argument("--strings", type=int, default=520, help="identifiers per kind")
    parser.add_argument("--figures", type=Path, nargs="?", const=FIGURES, help="write the figures of each code here")
    options = parser.parse_args()
    file, tally = options.records or options.shared / "bench" / "quality_dev.jsonl", Tally()
    scores = score_records(file, tally)
    print(f"labelled records: any code {scores.any_code}, right code {scores.right_code}")
    for name, score in sorted(scores.families.items()):
        print(f"  {name}: {score}" + _list([f"missed {miss}" for miss in score.misses]))
    print(f"  good rejected: {scores.good_rejected or 'none'}; for review: {scores.good_reviewed or 'none'}")
    any_code, right_code, wrong = score_wordings(WORDINGS, tally)
    print(f"records of other wording: any code {any_code}, right code {right_code}" + _list(right_code.misses))
    print(f"  good with a verdict: {len(wrong)}" + _list(wrong))
    caught, right, wrong = score_pictures(options.shared / "bench" / "images", tally)
    print(f"pictures: caught {caught}, right code {right}" + _list(right.misses))
    print(f"  good with a verdict: {len(wrong)}" + _list(wrong))
    for name, score in score_mutations(list_captions(options.shared)).items():
        print(f"{name}: {score}" + _list([f"missed {miss}" for miss in score.misses]))
    for name, score in score_people(options.strings, tally):
        print(f"identifiers {name}: {score}" + _list(score.misses[:5]))
    alarms = find_alarms(list_body_sentences(sorted((options.shared / "corpus" / "papers").glob("*.pdf"))))
    print(f"natural text: {len(alarms.false)} false alarms in {alarms.total} sentences" + _list(alarms.false))
    print(f"  set aside, as they cite something or hold an address: {len(alarms.cited)}" + _list(alarms.cited))
    print(f"speed: {measure_speed(file):.0f} records/s on one core")
    seconds, name = find_slowest(build_record(next(read_wordings(WORDINGS / "good.tsv", is_faulty=False))), FILTERS)
    print(f"hostile texts of 100,000 characters: {seconds:.2f} s at most ({name})")
    figures = dict(tally.list_figures())
    for code, figure in figures.items():
        print(f"  {code}: {figure['found']} of {figure['wanted']} found, {figure['wrong']} sound records hit")
    codes = {code for name in registry.names("filters") for code in registry.load("filters", name).codes}
    print(f"{len(codes)} codes in {len(registry.names('filters'))} filters, {len(codes & set(figures))} measured here")
    if options.figures is not None:
        written = {"sound": tally.n_sound, "codes": figures}
        options.figures.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
