"""Measure the filters: labelled records, mutated captions, natural text, speed.

    python scripts/bench_filters.py FOLDER

The folder holds bench/quality_dev.jsonl (labelled records) and corpus/ (truth/*.json with captions, papers/*.pdf).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remud_gen import registry
from remud_gen.config import Config
from remud_gen.records import (
    Claim,
    Evidence,
    Generation,
    ImageRef,
    Language,
    Option,
    Quadruplet,
    Quote,
    Source,
    Turn,
)
from remud_gen.rules import leaks
from remud_gen.rules.identifiers import find_identifiers
from remud_gen.rules.normalise import unify
from remud_gen.rules.patterns import search_first
from remud_gen.rules.words import split_sentences
from remud_gen.stages.filter import FilterStage, judge

GENERATION = Generation(client="bench", model="bench", prompt="bench@1", prompt_sha256="0", request_sha256="0")
FILTERS = FilterStage(Config()).filters
QTYPES = {"followup": "next_step", "physics": "knowledge"}
KINDS = {"context": "body"}
RULE_DETECTORS = ("rule", "rule+llm")
CITES = re.compile(r"(?i)\bfig|\btable|\bvideo|\bplate|\bpanel|\bpage|\bsection \d|@|图|表|the text|article|\([a-h]\)")
OPPOSITES = (
    "hyperechoic hypoechoic|increased decreased|enlarged small|dilated narrowed|thickened thinned|anterior posterior"
    "|systolic diastolic|homogeneous heterogeneous|benign malignant|proximal distal|superior inferior|normal abnormal"
    "|transverse longitudinal|arterial venous|高回声 低回声|增大 缩小|增强 减弱|增厚 变薄"
    "|清楚 不清|均匀 不均匀|良性 恶性"
    "|前壁 后壁|横切 纵切|光滑 粗糙"
)


@dataclass
class Score:
    """How many of how many, and the names of the rest."""

    hits: int = 0
    total: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, name: str, *, is_hit: bool) -> None:
        """Count one case."""
        self.total += 1
        self.hits += is_hit
        if not is_hit:
            self.misses.append(name)

    @property
    def share(self) -> float:
        """Hits of all cases, 1.0 when there were none."""
        return self.hits / self.total if self.total else 1.0

    def __str__(self) -> str:
        return f"{self.hits}/{self.total} ({self.share:.3f})"


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


def score_records(file: Path) -> RecordScores:
    """Judge labelled records; PHI stands for all its kinds."""
    scores = RecordScores()
    for line in map(json.loads, file.read_text("utf-8").splitlines()):
        judged = judge(convert(line), FILTERS)
        codes = {"PHI" if v.code.startswith("PHI_") else v.code for v in judged.verdicts}
        if line["label"] == "good":
            if judged.status == "rejected":
                scores.good_rejected.append(line["id"])
            elif judged.status == "review":
                scores.good_reviewed.append(line["id"])
        elif line["detector"] in RULE_DETECTORS:
            name = f"{line['id']} {line['defect']} {sorted(codes)}"
            is_right = bool(codes & set(line["expect_codes"]))
            scores.any_code.add(name, is_hit=bool(codes))
            scores.right_code.add(name, is_hit=is_right)
            scores.families.setdefault(line["defect"], Score()).add(name, is_hit=is_right)
    return scores


def list_captions(shared: Path) -> list[tuple[Language, str]]:
    """Captions of the corpus and of the labelled records."""
    found: dict[str, Language] = {}
    for file in sorted((shared / "corpus" / "truth").glob("*.json")):
        for page in json.loads(file.read_text("utf-8"))["pages"]:
            for figure in page["figures"]:
                for caption in (figure.get("caption"), figure.get("panel_caption")):
                    if caption and len(caption) > 25:
                        found.setdefault(caption, "zh" if re.search("[一-龥]", caption) else "en")
    for line in map(json.loads, (shared / "bench" / "quality_dev.jsonl").read_text("utf-8").splitlines()):
        for span in line["record"]["sources"]:
            if len(span["text"]) > 25:
                found.setdefault(span["text"], line["lang"])
    return [(language, caption) for caption, language in found.items()]


def make_record(language: Language, caption: str, answer: str, quote: str) -> Quadruplet:
    """An answer that claims itself, quoted from a caption."""
    return Quadruplet(
        id="m",
        document_id="d",
        parent_id="p",
        group_id="g",
        source=Source(document_sha256="0", file="f"),
        images=(ImageRef(path="images/00/0.png", sha256="0", width_px=640, height_px=480),),
        kind="vqa",
        qtype="finding",
        style="direct",
        language=language,
        question="图像显示了什么?" if language == "zh" else "What does this image show?",
        answer=answer,
        claims=(Claim(id="c1", kind="finding", text=answer, evidence=(Quote(span_id="cap", quote=quote),)),),
        evidence=(Evidence(id="cap", kind="caption", text=caption),),
        generation=GENERATION,
    )


GROUNDING = frozenset(
    {"EVID_QUOTE_NOT_FOUND", "SENT_UNSUPPORTED", "NUM_UNGROUNDED", "RANGE_CONFLICT", "LATERALITY_CONFLICT"}
    | {"POLARITY_CONFLICT"}
)


def is_caught(language: Language, caption: str, answer: str, quote: str | None = None) -> bool:
    """Whether a grounding rule notices."""
    record = make_record(language, caption, answer, quote or caption)
    return any(verdict.code in GROUNDING for verdict in judge(record, FILTERS).verdicts)


def change_numbers(caption: str) -> Iterator[str]:
    """Each measured number made about a third larger."""
    pattern = r"(?<![A-Za-z\d.])\d+(?:\.\d+)?(?=\s*(?:mm|cm|ml|m/s|cm/s|%|MHz|weeks?|years?|周|岁|厘米|毫米))"
    return _replace(caption, pattern, lambda text: str(round(float(text) * 1.3 + 1, 1)))


def change_units(caption: str) -> Iterator[str]:
    """Each mm made cm and the reverse."""
    return _replace(caption, r"(?<=\d)\s*(?:mm|cm)\b(?!/)", lambda text: {"mm": " cm", "cm": " mm"}[text.strip()])


def change_sides(caption: str) -> Iterator[str]:
    """Each left made right and the reverse."""
    sides = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "左": "右", "右": "左"}
    return _replace(caption, r"\b(?:[Ll]eft|[Rr]ight)\b|左(?!右)|(?<!左)右", sides.__getitem__)


def insert_negations(caption: str) -> Iterator[str]:
    """A denial before a finding that was affirmed."""
    if re.search("[一-龥]", caption):
        yield from _replace(caption, r"可见|(?<=[,:;:;])(?=[^未无不\s])", lambda _: "未见")
    else:
        yield from _replace(caption, r"\b(?:shows?|showing|with|reveals?)\b(?! no| any)", lambda text: f"{text} no")
        yield from _replace(caption, r"\b(?:is|are|was|were)\b(?! not| no)", lambda text: f"{text} not")


def swap_opposites(caption: str) -> Iterator[str]:
    """Each word of a list made its opposite."""
    for pair in OPPOSITES.split("|"):
        for one, other in (pair.split(), pair.split()[::-1]):
            pattern = rf"\b{one}\b" if one.isascii() else rf"(?<!不){one}"
            yield from _replace(caption, pattern, lambda _, word=other: word)  # type: ignore[misc]


MUTATIONS: dict[str, Callable[[str], Iterator[str]]] = {
    "number": change_numbers,
    "unit": change_units,
    "side": change_sides,
    "negation": insert_negations,
    "antonym": swap_opposites,
}


def _replace(text: str, pattern: str, change: Callable[[str], str]) -> Iterator[str]:
    for match in re.finditer(pattern, text):
        yield text[: match.start()] + change(match.group(0)) + text[match.end() :]


def score_mutations(captions: list[tuple[Language, str]]) -> dict[str, Score]:
    """Mutated captions as answers should be caught, whole ones not; `swap` quotes from another caption."""
    scores = {name: Score() for name in (*MUTATIONS, "swap", "identity passes")}
    choose = random.Random(0)
    for language, caption in captions:
        for name, mutate in MUTATIONS.items():
            for changed in mutate(caption):
                scores[name].add(changed[:120], is_hit=is_caught(language, caption, changed))
        others = [text for other, text in captions if other == language and text != caption]
        scores["swap"].add(caption[:120], is_hit=is_caught(language, choose.choice(others), caption, caption))
        scores["identity passes"].add(caption[:120], is_hit=not is_caught(language, caption, caption))
    return scores


def list_body_sentences(papers: Iterable[Path]) -> Iterator[str]:
    """Sentences of the text layers of papers."""
    reader = registry.load("readers", "pdf")()
    for path in papers:
        count = reader.probe(path).page_count
        with reader.open(path) as document:
            for number in range(1, count + 1):
                text = " ".join(line.text for line in document.page(number).text_lines())
                yield from (part for part in split_sentences(text) if len(part) >= 25)


def find_false_alarms(sentences: Iterable[str]) -> tuple[int, list[str]]:
    """How many sentences were read, and those that a rule hits although they cite nothing and hold no address."""
    groups = (
        leaks.FIGURE_NUMBER,
        leaks.PANEL,
        leaks.OTHER_IMAGE,
        leaks.SOURCE_TEXT,
        leaks.TASK_TALK,
        leaks.PAIR_CONFLICT,
    )
    total, alarms = 0, []
    for sentence in sentences:
        total += 1
        text = unify(sentence)
        hit = next((found for group in groups if (found := search_first(group, text))), None)
        hit = hit or next((found.text for found in find_identifiers(text)), None)
        if hit and not CITES.search(text):
            alarms.append(f"{hit!r} in {sentence[:160]}")
    return total, alarms


def measure_speed(file: Path, rounds: int = 8) -> float:
    """Records per second of one core; texts vary so that remembered results do not flatter."""
    base = [convert(line) for line in map(json.loads, file.read_text("utf-8").splitlines())]
    records = [
        record.model_copy(update={"question": record.question + " " * n, "answer": record.answer + " " * n})
        for n in range(rounds)
        for record in base
    ]
    start = time.process_time()
    for record in records:
        judge(record, FILTERS)
    return len(records) / (time.process_time() - start)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="folder with bench/ and corpus/")
    parser.add_argument("--records", type=Path, help="labelled records other than bench/quality_dev.jsonl")
    options = parser.parse_args()
    file = options.records or options.shared / "bench" / "quality_dev.jsonl"
    scores = score_records(file)
    print(f"labelled records: any code {scores.any_code}, right code {scores.right_code}")
    for name, score in sorted(scores.families.items()):
        print(f"  {name}: {score}" + "".join(f"\n    missed {miss}" for miss in score.misses))
    print(f"  good rejected: {scores.good_rejected or 'none'}; for review: {scores.good_reviewed or 'none'}")
    for name, score in score_mutations(list_captions(options.shared)).items():
        print(f"{name}: {score}" + "".join(f"\n    missed {miss}" for miss in score.misses))
    total, alarms = find_false_alarms(list_body_sentences(sorted((options.shared / "corpus" / "papers").glob("*.pdf"))))
    print(
        f"natural text: {len(alarms)} false alarms in {total} sentences" + "".join(f"\n    {alarm}" for alarm in alarms)
    )
    print(f"speed: {measure_speed(file):.0f} records/s on one core")
    codes = Counter(code for each in FILTERS for code in each.codes)
    print(f"{len(codes)} codes in {len(FILTERS)} filters")


if __name__ == "__main__":
    main()
