"""Which regions of the body a text speaks of, as coarse as needed to be sure that two texts share none.

An organ's neighbours stand in the same picture as the organ: whoever must not meet it keeps away from its region.
"""

from __future__ import annotations

from remud_gen.records import Language
from remud_gen.rules.terms import find_terms

REGIONS: dict[str, tuple[str, ...]] = {
    "abdomen": (
        "abdomen", "lobe", "biliary", "bowel", "renal", "kidney_part", "renal_vessel", "vessel", "aorta",
        "biliary_disease", "bowel_disease", "kidney_disease", "liver_disease", "pancreas_disease", "vascular_disease",
    ),
    "pelvis": (
        "pelvis", "adnexa", "uterus_part", "ovarian_disease", "uterine_disease", "urinary_disease", "renal",
        "pregnancy", "fetal", "fetal_disease", "scrotum", "scrotal_disease",
    ),
    "fetus": (
        "fetal", "fetal_disease", "pregnancy", "brain", "heart", "heart_chamber", "heart_part", "congenital_heart",
        "uterus_part", "pelvis",
    ),
    "chest": (
        "heart", "heart_chamber", "heart_part", "valve", "coronary", "great_vessel", "aorta", "congenital_heart",
        "heart_disease", "valve_disease", "lung_disease", "vascular_disease", "breast", "breast_disease",
    ),
    "neck": (
        "neck", "neck_other", "neck_vessel", "thyroid_disease", "salivary_disease", "vascular_disease", "eye",
        "nerve", "great_vessel",
    ),
    "head": ("brain", "eye", "neck_vessel", "salivary_disease"),
    "limb": (
        "limb", "limb_vessel", "muscle", "muscle_disease", "nerve", "tendon", "vascular_disease",
    ),
}  # fmt: skip
# `soft_tissue` (skin, fascia, lymph nodes) is everywhere: it tells no region, and forbids none.
_REGIONS_OF: dict[str, frozenset[str]] = {
    group: frozenset(region for region, groups in REGIONS.items() if group in groups)
    for group in {group for groups in REGIONS.values() for group in groups}
}


def find_regions(text: str, language: Language) -> frozenset[str]:
    """Every region that an organ or a disease named in the text may lie in; empty where none is named."""
    found: set[str] = set()
    for hit in find_terms(text, language, "anatomy", "diagnosis"):
        found |= _REGIONS_OF.get(hit.term.group, frozenset())
    return frozenset(found)
