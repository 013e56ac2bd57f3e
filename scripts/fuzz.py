#!/usr/bin/env python3
"""Feed damaged files of every kind to the real command line: none may take a run down, and each must end by name.

    scripts/fuzz.py                                  500 files, seed 0
    scripts/fuzz.py --files 100 --seed 7 --corpus CORPUS
    scripts/fuzz.py --keep /tmp/fuzz                 leave shelves and runs there

Sound files are made here and taken from data/sample, and from a corpus's `nasty` and `dicom` folders where one is
given; each is damaged one to three times. Exit code 1 when anything is wrong: a run that ends badly, a file that ends
as nothing or without a hint, an error nobody foresaw, pages unaccounted for, something written outside the run folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
PER_SHELF = 50


def main() -> int:
    from scripts.fuzzing.judge import Verdict, judge
    from scripts.fuzzing.seeds import make_kinds
    from scripts.fuzzing.shelf import fill_shelf, list_files

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, help="a folder with `nasty` and `dicom` in it")
    parser.add_argument("--per-shelf", type=int, default=PER_SHELF, help="files per command")
    parser.add_argument("--kind", help="only files with this suffix: .pdf")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="passed on to the command")
    parser.add_argument("--keep", type=Path, help="work in this new folder and leave it there")
    options = parser.parse_args()
    total = Verdict()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        base = options.keep or Path(scratch)
        (base / "sound").mkdir(parents=True)
        kinds = [kind for kind in make_kinds(base / "sound", options.corpus) if options.kind in (None, kind.suffix)]
        files = list_files(kinds, options.files, options.seed)
        for number, some in enumerate(iter(lambda: list(islice(files, options.per_shelf)), [])):
            place = base / f"{number:03d}"
            fill_shelf(place / "shelf", some)
            verdict = judge(place, settings=options.set)
            counts = ", ".join(f"{count} {name}" for name, count in sorted(verdict.outcomes.items()))
            print(f"{place.name}: {verdict.files} files in {verdict.seconds:.0f} s: {counts}", flush=True)
            for line in verdict.defects:
                print(f"  DEFECT {line}", flush=True)
            total.add(verdict)
    print(f"\n{total.files} files, {total.seconds:.0f} s: {dict(sorted(total.outcomes.items()))}")
    print("codes: " + ", ".join(f"{code} {count}" for code, count in total.codes.most_common()))
    for line in total.contained:
        print(f"contained: {line}")
    print(f"{len(total.defects)} defects")
    return 1 if total.defects else 0


if __name__ == "__main__":
    sys.exit(main())
