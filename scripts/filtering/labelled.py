"""Labelled records: one JSON object per line, as a quadruplet and judged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remud_gen.config import Config
from remud_gen.records import Claim, Evidence, ImageRef, Option, Quadruplet, Quote, Source, Turn
from remud_gen.stages.filter import FilterStage, judge
from scripts.filtering.tally import Score, Tally
from scripts.filtering.wordings import GENERATION

FILTERS = FilterStage(Config()).filters
QTYPES = {"followup": "next_step", "physics": "knowledge"}
KINDS = {"context": "body"}
RULE_DETECTORS = ("rule", "rule+llm")


@dataclass
class RecordScores:
    """Results on labelled records."""

    any_code: Score = field(default_factory=Score)
    right_code: Score = field(default_factory=Score)
    families: dict[str, Score] = field(default_factory=dict)
    good_rejected: list[str] = field(default_factory=list)
    good_reviewed: list[str] = field(default_factory=list)


def convert(line: dict[str, Any]) -> Quadruplet:
    """A labelled record as a quadruplet."""
    record = line["record"]
    image = ImageRef(path="images/00/0.png", sha256=line["id"], width_px=640, height_px=480)
    claims = tuple(
        Claim(
            id=claim["id"],
            kind=claim["kind"],
            text=claim["text"],
            evidence=tuple(Quote(span_id=quote["span_id"], quote=quote["quote"]) for quote in claim["evidence"]),
            is_general=not claim["evidence"],
        )
        for claim in record["claims"]
    )
    return Quadruplet(
        id=line["id"],
        document_id="bench",
        parent_id=line["id"],
        group_id=line["id"],
        source=Source(document_sha256="0", file="bench"),
        images=(image,) if record["task"] == "vqa" else (),
        kind=record["task"],
        qtype=QTYPES.get(record["qtype"], record["qtype"]),
        form=record["form"],
        style=record["style"],
        language=record["lang"],
        question=record["question"] or "",
        options=tuple(Option(key=key, text=text) for key, text in (record["options"] or {}).items()),
        answer_key=record["answer_key"],
        thinking=record["thinking"] or None,
        answer=record["answer"] or "",
        turns=tuple(Turn(**turn) for turn in record["turns"] or []),
        claims=claims,
        evidence=tuple(
            Evidence(id=span["span_id"], kind=KINDS.get(span["kind"], span["kind"]), text=span["text"])
            for span in record["sources"]
        ),
        generation=GENERATION,
    )


def score_records(file: Path, tally: Tally | None = None) -> RecordScores:
    """Judge labelled records; PHI stands for all its kinds."""
    scores = RecordScores()
    for line in map(json.loads, file.read_text("utf-8").splitlines()):
        judged = judge(convert(line), FILTERS)
        codes = {verdict.code for verdict in judged.verdicts}
        if line["label"] == "good":
            if judged.status == "rejected":
                scores.good_rejected.append(line["id"])
            elif judged.status == "review":
                scores.good_reviewed.append(line["id"])
            if tally is not None:
                tally.add_good(codes)
        elif line["detector"] in RULE_DETECTORS:
            families = codes | ({"PHI"} if any(code.startswith("PHI_") for code in codes) else set())
            name = f"{line['id']} {line['defect']} {sorted(codes)}"
            is_right = bool(families & set(line["expect_codes"]))
            scores.any_code.add(name, is_hit=bool(codes))
            scores.right_code.add(name, is_hit=is_right)
            scores.families.setdefault(line["defect"], Score()).add(name, is_hit=is_right)
            if tally is not None:
                tally.add_bad(set(line["expect_codes"]), codes)
    return scores
