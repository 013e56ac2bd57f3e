"""The exact files that ms-swift reads."""

from __future__ import annotations

import json
import subprocess

from remud_gen.exporters.pictures import PictureFolder
from remud_gen.exporters.swift import SwiftExporter
from tests.exporters.samples import make_picture, make_record, make_store


def test_golden_row_and_start_script(tmp_path):
    store = make_store(tmp_path / "run")
    one, two = make_picture(store, 1), make_picture(store, 2)
    out = tmp_path / "an export's folder"
    out.mkdir()
    record = make_record(1, images=(one, two), question="Q?", thinking="T", answer="A")
    SwiftExporter("qwen").write([("train", record)], out, PictureFolder(out, store))
    row = json.loads((out / "train.jsonl").read_text("utf-8"))
    assert row == {
        "id": "d1-q0001",
        "messages": [
            {"role": "user", "content": "<image><image>Q?"},
            {"role": "assistant", "content": "<think>\nT\n</think>\n\nA"},
        ],
        "images": [f"images/{ref.sha256[:2]}/{ref.sha256}.png" for ref in (one, two)],
    }
    # A stand-in for swift shows what the script would start.
    program = tmp_path / "bin" / "swift"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$ROOT_IMAGE_DIR"\necho "$@"\n', "utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(out / "run_swift.sh"), "--max_steps", "2"],
        env={"PATH": f"{program.parent}:/usr/bin:/bin"}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    root, arguments = done.stdout.splitlines()
    assert root == str(out)
    assert arguments.startswith(f"sft --model Qwen/Qwen3-VL-8B-Instruct --dataset {out}/train.jsonl --strict true")
    assert arguments.endswith("--max_steps 2")
    assert "val_dataset" not in arguments
