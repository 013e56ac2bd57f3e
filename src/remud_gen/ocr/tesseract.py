"""Tesseract, for machines where it is at home: small, quick on print, many languages, weaker on words in pictures."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np

from remud_gen.errors import ConfigError, MissingExtraError, RecordError
from remud_gen.records import BBox, TextLine
import hashlib
from remud_gen.rules.spacing import tighten

if TYPE_CHECKING:
    from PIL.Image import Image

INSTALL = 'pip install "remud-gen[tesseract]"'
FOLDER_VARIABLE = "TESSDATA_PREFIX"
SYSTEM_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
    "/opt/local/share/tessdata",
    "C:/Program Files/Tesseract-OCR/tessdata",
)
LANGUAGE = re.compile(r"[A-Za-z]{3,}(?:_[A-Za-z]+)*")  # eng, chi_sim, chi_sim_vert; a name is part of a path
MIN_SIDE_PX = 12
NOMINAL_DPI = 200  # what a page is rendered at more or less; without it Tesseract guesses, and says so on stderr
PAPER = 140  # of grey; on darker ground words are read as they are
PAPER_CONTRAST = 2.0  # grey titles fall to the wrong side of the one threshold that a page gets
GROUND_PX = 25
SURE = 0.85  # a line read with less is read again with each language alone
LEAST_SCORE = 0.6
LEAST_SHORT_SCORE, SHORT = 0.8, 2  # one or two characters are often a stain
WIDE_GAP = 2.5  # line heights between words of two columns or captions


class TesseractEngine:
    """Reads print with the languages in `extract.ocr_languages`; needs tesserocr and their data files."""

    name: ClassVar[str] = "tesseract"
    libraries: ClassVar[tuple[str, ...]] = ("tesserocr",)

    def __init__(self) -> None:
        self.languages: tuple[str, ...] = ("chi_sim", "eng")

    def check(self) -> None:
        """Find the package and the data of all languages.

        Raises:
            MissingExtraError: tesserocr or a data file is missing.
            ConfigError: a name that is no language.
        """
        _import_library()
        find_data_folder(self.languages)

    def identify_data(self) -> Mapping[str, str]:
        """Language -> SHA-256 of its data: another training reads other letters."""
        try:
            folder = find_data_folder(self.languages)
        except (ConfigError, MissingExtraError):
            return dict.fromkeys(self.languages, "absent")
        return {language: _hash_data(folder / f"{language}.traineddata") for language in self.languages}

    def read(self, image: Image) -> list[TextLine]:
        """All lines, top to bottom, in pixels of the image.

        Raises:
            RecordError: OCR_FAILED when the engine cannot process the pixels.
        """
        if min(image.size) < MIN_SIDE_PX:
            return []
        folder = str(find_data_folder(self.languages))
        grey = image.convert("L")
        try:
            found = list(_find_lines(_load_engine(folder, "+".join(self.languages), sparse=True), _even_out(grey)))
            lines = [self._settle(folder, grey, *line) for line in found]
        except (RuntimeError, ValueError, MemoryError, cv2.error) as error:
            raise RecordError("OCR_FAILED", f"text recognition failed: {error}") from None
        good = [line for line in lines if _is_text(line)]
        return sorted(good, key=lambda line: (line.bbox[1], line.bbox[0]))

    def _settle(self, folder: str, grey: Image, box: BBox, text: str, score: float) -> TextLine:
        """The best reading of a line: languages read together disturb each other on short and faint lines."""
        best = (score, tighten(text))
        if score < SURE and len(self.languages) > 1:
            for language in self.languages:
                again = _read_line(_load_engine(folder, language, sparse=False), grey, box)
                best = max(best, again, key=lambda reading: reading[0])
        return TextLine(bbox=box, text=best[1], score=round(best[0], 3), font_size=_measure_font(best[1], box))


def find_data_folder(languages: Sequence[str]) -> Path:
    """The first folder that holds the data of all languages.

    Raises:
        MissingExtraError: none does; says which files are missing, where they were looked for and what brings them.
        ConfigError: a name that is no language.
    """
    wrong = [language for language in languages if not LANGUAGE.fullmatch(language)]
    if wrong or not languages:
        told = f"{', '.join(wrong)!r} is" if wrong else "without any there is"
        raise ConfigError(f"extract.ocr_languages: {told} no language of Tesseract", "for example [chi_sim, eng]")
    folders = list(_list_folders())
    names = [f"{language}.traineddata" for language in languages]
    for folder in folders:
        if all((folder / name).is_file() for name in names):
            return folder
    lacks = [name for name in names if not any((folder / name).is_file() for folder in folders)]
    packages = " ".join(f"tesseract-ocr-{language.replace('_', '-')}" for language in languages)
    raise MissingExtraError(
        f"Tesseract lacks {', '.join(lacks)}" if lacks else f"no one folder holds {', '.join(names)}",
        f"Debian and Ubuntu: sudo apt install {packages}. macOS: brew install tesseract-lang. Elsewhere: put the files "
        f"from https://github.com/tesseract-ocr/tessdata_fast into a folder and name it in {FOLDER_VARIABLE}. "
        f"Looked in: {', '.join(map(str, folders)) or 'no folder, as none of the usual ones exists'}",
    )


def _list_folders() -> Iterator[Path]:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        yield from (Path(named), Path(named) / "tessdata")
    own = (Path(sys.prefix) / "share" / "tessdata", *map(Path, SYSTEM_FOLDERS))
    yield from (folder for folder in own if folder.is_dir())


@cache
def _hash_data(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _import_library() -> Any:
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # workers share out the cores; read when the library is loaded
    try:
        import tesserocr
    except ImportError:
        raise MissingExtraError("Tesseract is called through tesserocr, which is not installed", INSTALL) from None
    return tesserocr


@cache
def _load_engine(folder: str, languages: str, *, sparse: bool) -> Any:
    """One engine per process, languages and use: scattered lines of a page, or one line that is cut out."""
    library = _import_library()
    mode = library.PSM.SPARSE_TEXT if sparse else library.PSM.SINGLE_LINE
    engine = library.PyTessBaseAPI(path=f"{folder}/", lang=languages, psm=mode, oem=library.OEM.LSTM_ONLY)
    engine.SetVariable("debug_file", os.devnull)
    return engine


def _even_out(grey: Image) -> Image:
    """Paper made white and print on it black, whatever their shades; pictures stay as they are."""
    from PIL import Image as PillowImage

    pixels = np.asarray(grey)
    ground = cv2.morphologyEx(pixels, cv2.MORPH_CLOSE, np.ones((GROUND_PX, GROUND_PX), np.uint8))
    ground = cv2.blur(ground, (GROUND_PX, GROUND_PX))
    darker = cv2.subtract(ground, pixels).astype(np.float32) * PAPER_CONTRAST
    evened = np.where(ground > PAPER, 255 - np.minimum(darker, 255), pixels)
    return PillowImage.fromarray(evened.astype(np.uint8))


def _find_lines(engine: Any, image: Image) -> Iterator[tuple[BBox, str, float]]:
    """Box, text and confidence of each line; what stands side by side in two columns is two lines."""
    library = _import_library()
    engine.SetImage(image)
    engine.SetSourceResolution(NOMINAL_DPI)
    engine.Recognize()
    words: list[tuple[BBox, str, float]] = []
    iterator = engine.GetIterator()
    level = library.RIL.WORD
    for word in library.iterate_level(iterator, level) if iterator is not None else ():
        if words and word.IsAtBeginningOf(library.RIL.TEXTLINE):
            yield from _join_words(words)
            words = []
        box = word.BoundingBox(level)
        if box is not None and not word.Empty(level):
            place = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
            words.append((place, word.GetUTF8Text(level).strip(), word.Confidence(level) / 100))
    yield from _join_words(words)


def _join_words(words: Sequence[tuple[BBox, str, float]]) -> Iterator[tuple[BBox, str, float]]:
    if not words:
        return
    height = max(word[0][3] - word[0][1] for word in words)
    cuts = [0, *(k for k, (a, b) in enumerate(pairwise(words), 1) if b[0][0] - a[0][2] > WIDE_GAP * height), len(words)]
    for first, last in pairwise(cuts):
        own = words[first:last]
        xs0, ys0, xs1, ys1 = zip(*(word[0] for word in own), strict=True)
        text = " ".join(word[1] for word in own)
        weights = [max(1, len(word[1])) for word in own]
        score = sum(word[2] * weight for word, weight in zip(own, weights, strict=True)) / sum(weights)
        yield (min(xs0), min(ys0), max(xs1), max(ys1)), text, score


def _read_line(engine: Any, grey: Image, box: BBox) -> tuple[float, str]:
    """(confidence, text) of one line alone, in its own pixels with a margin."""
    margin = max(3, round(0.25 * (box[3] - box[1])))
    window = (
        max(0, int(box[0]) - margin),
        max(0, int(box[1]) - margin),
        min(grey.width, int(box[2]) + margin),
        min(grey.height, int(box[3]) + margin),
    )
    engine.SetImage(grey.crop(window))
    engine.SetSourceResolution(NOMINAL_DPI)
    text = tighten(engine.GetUTF8Text())
    return (engine.MeanTextConf() / 100 if text else 0.0, text)


def _is_text(line: TextLine) -> bool:
    characters = sum(character.isalnum() for character in line.text)
    least = LEAST_SHORT_SCORE if characters <= SHORT else LEAST_SCORE
    return characters > 0 and line.score >= least


def _measure_font(text: str, box: BBox) -> float:
    """The size of type from a box that fits the ink: how much of the em that is depends on the letters."""
    is_high = any(character.isupper() or character.isdigit() or character in "bdfhklt()[]/" for character in text)
    is_deep = any(character in "gjpqy()[]/," for character in text)
    share = 0.5 + 0.22 * is_high + 0.21 * is_deep
    if any("\u3400" <= character <= "\u9fff" for character in text):
        share = 0.93
    return round((box[3] - box[1]) / share, 1)
