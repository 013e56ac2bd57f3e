"""Folder names that are labels: a tree of class folders (benign/, malignant/, normal/) full of pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from remud_gen.rules.identifiers import list_identifiers
from remud_gen.rules.language import detect_language
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import unify
from remud_gen.rules.terms import find_terms

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".dib", ".webp", ".gif"}
    | {".dcm", ".dicom", ".ima"}
)
MAX_CHARS = 60
LEAST_SHARE = 0.5  # of the sibling folders whose names hold a word of the field
# Names of classes that are no terms of anatomy or findings.
CLASS_WORDS = compile_late(
    r"\b(?:benign|malignant|normal|abnormal|healthy|positive|negative|cancer|tumou?r|cyst\w*|stones?|lesions?|nodules?|"
    r"fatty|(?:hepat|thyroid|pancreat|nephr|appendic|cholecyst|mast|arthr)itis|cirrhosis|fibrosis|carcinoma|"
    r"adenoma|fibroadenoma|ha?emangioma|pneumonia|covid(?:-?19)?|effusion|hydronephrosis|plaque|thrombosis|stenosis|"
    r"(?:bi|ti|li|o)-?rads ?\d?\w?|"
    r"view|plane|b-?mode|doppler|elastography)\b|良性|恶性|正常|异常|阳性|阴性|癌|瘤|囊肿|结石|结节|病变|炎|硬化|切面|脂肪肝",
    re.IGNORECASE,
)
NO_CLASS = compile_late(
    r"(?:images?|imgs?|pictures?|pics?|photos?|data|datasets?|train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|raw|"
    r"originals?|masks?|labels?|annotations?|pages?|scans?|figures?|figs?|frames?|videos?|series|stud(?:y|ies)|exams?|"
    r"patients?|cases?|subjects?|folders?|sets?|parts?|chapters?|books?|vol(?:ume)?s?|new|old|misc|others?|"
    r"图像|图片|图|数据|训练|测试|病例|患者|病人|章|页|册|新建文件夹|其他)[\s_\-.#()]*\d*",
    re.IGNORECASE,
)
MASK_NAME = compile_late(
    r"(?:^|[_\-. ])(?:masks?|seg(?:mentation)?|gt|ground[_\- ]?truth|annotations?|contours?)(?:[_\-. ]?\d*)$",
    re.IGNORECASE,
)


def find_class(path: Path, root: Path) -> str | None:
    """The class that the folder of a picture names, if the folder is one of a tree of class folders below `root`.

    A tree of patients' names or of chapters has the same shape: only names in the words of the field are taken.
    """
    folder = path.parent
    if root not in folder.parents or MASK_NAME.search(path.stem):
        return None
    try:
        changed = (folder.parent.stat().st_mtime_ns, folder.stat().st_mtime_ns)
    except OSError:
        return None
    return _list_classes(folder.parent, changed).get(folder.name)


@lru_cache(maxsize=1024)
def _list_classes(parent: Path, changed: tuple[int, int]) -> dict[str, str]:
    """Folder name -> class, for a folder whose subfolders are all classes."""
    try:
        subfolders = sorted(
            entry for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__"))
        )
        if not all(_holds_pictures(folder) for folder in subfolders):
            return {}
    except OSError:
        return {}
    names = {folder.name: _read_name(folder.name) for folder in subfolders}
    told = [name for name in names.values() if name is not None]
    is_tree = len(names) > 1 and len(told) == len(names)
    known = [name for name in told if _is_of_the_field(name)]
    return {folder: name for folder, name in names.items() if name} if is_tree and _is_most(known, told) else {}


def _holds_pictures(folder: Path) -> bool:
    is_found = False
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.name.startswith("."):
            return False
        is_found = is_found or entry.suffix.lower() in IMAGE_SUFFIXES
    return is_found


def _read_name(name: str) -> str | None:
    text = " ".join(re.sub(r"[_]+|(?<=\w)-(?=\w{3})|(?<=[a-z])(?=[A-Z][a-z])", " ", unify(name)).split())
    text = re.sub(r"^\d{1,3}[\s.\-)]+(?=\D)", "", text)
    has_letters = len(re.findall(r"[^\W\d_]", text)) >= 2
    if not has_letters or len(text) > MAX_CHARS or NO_CLASS.fullmatch(text) or re.search(r"\d{3}", text):
        return None
    return None if list_identifiers(text) else text


def _is_of_the_field(name: str) -> bool:
    return bool(CLASS_WORDS.search(name)) or bool(find_terms(name, detect_language(name, "en")))


def _is_most(known: Sequence[str], told: Sequence[str]) -> bool:
    return len(known) >= LEAST_SHARE * len(told) > 0
