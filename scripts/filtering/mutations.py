"""Captions made false by one change, as answers that quote the true caption."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from remud_gen.records import Claim, Evidence, ImageRef, Language, Quadruplet, Quote, Source
from remud_gen.stages.filter import judge
from scripts.filtering.labelled import FILTERS
from scripts.filtering.tally import Score
from scripts.filtering.wordings import GENERATION

OPPOSITES = (
    "hyperechoic hypoechoic|increased decreased|enlarged small|dilated narrowed|thickened thinned|anterior posterior"
    "|systolic diastolic|homogeneous heterogeneous|benign malignant|proximal distal|superior inferior|normal abnormal"
    "|transverse longitudinal|arterial venous|高回声 低回声|增大 缩小|增强 减弱|增厚 变薄"
    "|清楚 不清|均匀 不均匀|良性 恶性"
    "|前壁 后壁|横切 纵切|光滑 粗糙"
)


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
