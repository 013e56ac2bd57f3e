"""The organ that a record is about, as one English word or two: for counts and for a balanced choice."""

from __future__ import annotations

from collections.abc import Iterator

from remud_gen.records import Quadruplet
from remud_gen.rules.terms import Term, find_terms

UNNAMED = "unnamed"
# Groups of the vocabulary whose terms are parts or diseases of one organ; any other term is its own organ.
_ORGANS: dict[str, str] = {
    group: organ
    for organ, groups in {
        "liver": ("lobe", "liver_disease"),
        "biliary tract": ("biliary", "biliary_disease"),
        "pancreas": ("pancreas_disease",),
        "bowel": ("bowel", "bowel_disease"),
        "kidney": ("kidney_part", "kidney_disease"),
        "bladder": ("urinary_disease",),
        "uterus": ("uterus_part", "uterine_disease"),
        "ovary and adnexa": ("adnexa", "ovarian_disease"),
        "scrotum": ("scrotum", "scrotal_disease"),
        "fetus": ("pregnancy", "fetal", "fetal_disease"),
        "heart": (
            "heart", "heart_chamber", "heart_part", "valve", "coronary", "congenital_heart", "heart_disease",
            "valve_disease",
        ),
        "vessels": ("vessel", "renal_vessel", "great_vessel", "neck_vessel", "limb_vessel", "aorta",
                    "vascular_disease"),
        "lung": ("lung_disease",),
        "breast": ("breast", "breast_disease"),
        "thyroid": ("thyroid_disease",),
        "salivary glands": ("salivary_disease",),
        "brain": ("brain",),
        "eye": ("eye",),
        "nerve": ("nerve",),
        "tendon": ("tendon",),
        "muscle": ("muscle", "muscle_disease"),
        "joints and limbs": ("limb",),
        "soft tissue": ("soft_tissue",),
    }.items()
    for group in groups
}  # fmt: skip

_PARTS = {
    "thyroid lobe": "thyroid", "thyroid isthmus": "thyroid", "gallbladder": "biliary tract",
    "urinary bladder": "bladder",
}  # fmt: skip


def name_organ(record: Quadruplet) -> str:
    """The organ of the first of question, caption, title and answer that names one; `unnamed` where none does."""
    for text in _list_texts(record):
        hits = find_terms(text, record.language, "anatomy", "diagnosis")
        if hits:
            return _ORGANS.get(hits[0].term.group) or _name(hits[0].term)
    return UNNAMED


def _list_texts(record: Quadruplet) -> Iterator[str]:
    yield record.question
    for kind in ("caption", "title", "note"):
        yield from (span.text for span in record.evidence if span.kind == kind)
    yield record.answer


def _name(term: Term) -> str:
    name = (term.english or term.chinese)[0]
    return _PARTS.get(name, name)
