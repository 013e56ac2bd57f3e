#!/usr/bin/env python3
"""Ill-treat the real command line and report what it leaves.

    scripts/torture.py                          all scenarios
    scripts/torture.py kill --kills 50 --seed 1
    scripts/torture.py --list

Makes its own shelf and model server: no key, no network. Exit code 1 when a scenario failed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> int:
    from scripts.torture.scenarios import SCENARIOS, Settings, run_scenarios

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help="default: all")
    parser.add_argument("--list", action="store_true", help="list the scenarios and leave")
    parser.add_argument("--kills", type=int, default=Settings.kills)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--keep", type=Path, help="work in this new folder and leave it there")
    options = parser.parse_args()
    if options.list:
        for name, scenario in SCENARIOS.items():
            print(f"{name:<12}{scenario.summary}")
        return 0
    unknown = set(options.scenario) - set(SCENARIOS)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}; known: {', '.join(SCENARIOS)}")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # else its processes would outlive it
    with tempfile.TemporaryDirectory(prefix="torture-") as scratch:
        folder = options.keep or Path(scratch)
        settings = Settings(options.kills, options.seed)
        is_fine = run_scenarios(
            options.scenario or list(SCENARIOS), folder, settings, lambda line: print(line, flush=True)
        )
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
