"""Quadruplets for tests: a sound one in each language, changed by keyword."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remud_gen.config import Config
from remud_gen.records import Claim, Evidence, Generation, ImageRef, Option, Quadruplet, Quote, Source
from remud_gen.stages.filter import FilterStage, build_filters, judge

GENERATION = Generation(client="openai", model="m", prompt="vqa.en@1", prompt_sha256="0", request_sha256="0")
IMAGE = ImageRef(path="images/aa/a.png", sha256="a", width_px=640, height_px=480)
CAPTION = (
    "Transverse view of the gallbladder showing a thickened wall (7 mm) without gallstones, suggesting inflammation."
)
CAPTION_ZH = "胆囊横切面:胆囊壁增厚,厚约7 mm,腔内未见强回声团,提示炎症。"
FILTERS = FilterStage(Config()).filters


def claim(text: str, quote: str | None = None, kind: Any = "finding", span: str = "cap", key: str = "c1") -> Claim:
    """A claim with one quote, its own words if none is given; an empty quote means none."""
    quoted = text if quote is None else quote
    return Claim(id=key, kind=kind, text=text, evidence=(Quote(span_id=span, quote=quoted),) if quoted else ())


def spans(**texts: str) -> tuple[Evidence, ...]:
    """Source spans by id; `ocr` is burned in."""
    return tuple(
        Evidence(id=key, kind="burned_in" if key == "ocr" else "caption", text=text) for key, text in texts.items()
    )


def options(*texts: str) -> tuple[Option, ...]:
    """Options A, B, C, …"""
    return tuple(Option(key="ABCDEFGH"[index], text=text) for index, text in enumerate(texts))


def english(**changes: Any) -> Quadruplet:
    """A sound English record about a gallbladder."""
    fields: dict[str, Any] = {
        "id": "q1",
        "document_id": "d",
        "parent_id": "p",
        "group_id": "g",
        "source": Source(document_sha256="0", file="book.pdf"),
        "images": (IMAGE,),
        "kind": "vqa",
        "qtype": "finding",
        "style": "reasoning",
        "language": "en",
        "question": "What abnormality of the gallbladder wall is visible on this ultrasound image?",
        "thinking": "The anechoic lumen identifies the gallbladder. Its wall measures 7 mm, more than the usual 3 mm, "
        "and no stone casts a shadow, so the wall is thickened by inflammation.",
        "answer": "The gallbladder wall is thickened to 7 mm, suggesting inflammation.",
        "claims": (claim("wall is thickened to 7 mm", "thickened wall (7 mm)", "measurement"),
                   claim("suggesting inflammation", kind="diagnosis", key="c2")),
        "evidence": spans(cap=CAPTION),
        "generation": GENERATION,
    }  # fmt: skip
    return Quadruplet(**(fields | changes))


def chinese(**changes: Any) -> Quadruplet:
    """A sound Chinese record about a gallbladder."""
    fields: dict[str, Any] = {
        "language": "zh",
        "question": "这幅图像中胆囊壁有什么异常?",
        "thinking": "图像为胆囊横切面,腔内为无回声,未见强回声团及声影。壁测值为7 mm,较正常增厚,因此考虑为炎症所致。",
        "answer": "胆囊壁增厚,厚约7 mm,提示炎症。",
        "claims": (claim("胆囊壁增厚,厚约7 mm", kind="measurement"), claim("提示炎症", kind="diagnosis", key="c2")),
        "evidence": spans(cap=CAPTION_ZH),
    }
    return english(**(fields | changes))


def choice(**changes: Any) -> Quadruplet:
    """A sound multiple-choice record."""
    fields: dict[str, Any] = {
        "form": "mcq",
        "question": "Which process explains the wall change on this image?",
        "options": options("Inflammation", "Perforation", "Gallstones", "Torsion"),
        "answer_key": "A",
        "answer": "A. Inflammation",
        "thinking": "The wall is thickened to 7 mm and no stone is visible, which points to an inflamed gallbladder. "
        "The answer is A.",
        "claims": (claim("Inflammation", "suggesting inflammation", "diagnosis"),),
    }
    return english(**(fields | changes))


def find_codes(record: Quadruplet) -> dict[str, str]:
    """All codes that the default filters give a record, with their gravest severity."""
    codes: dict[str, str] = {}
    for verdict in judge(record, FILTERS).verdicts:
        codes.setdefault(verdict.code, verdict.severity)
    return codes


def find_rejections(record: Quadruplet) -> set[str]:
    """The codes that reject a record."""
    return {code for code, severity in find_codes(record).items() if severity == "reject"}


def build(name: str, values: Mapping[str, Any] | None = None) -> Any:
    """One filter with options."""
    config = Config.model_validate({"filter": {"options": {name: values or {}}}})
    return next(
        each for each in [*build_filters(config, "record"), *build_filters(config, "corpus")] if each.name == name
    )
