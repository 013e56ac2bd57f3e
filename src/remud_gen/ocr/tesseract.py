"""Tesseract, for machines where it is at home: small, quick on print, many languages, weaker on words in pictures."""

from __future__ import annotations

import hashlib
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
LABEL = re.compile(r"^F[i1l|][gcqo]u?re(s?)(?= ?[\d|lI])", re.IGNORECASE)  # small capitals are read as "Ficure 3"
LABEL_NUMBER = re.compile(r"^(Fig(?:ures?|s?\.?)) ?[|lI!](?=[\s:.(]|$)", re.IGNORECASE)  # and a slender 1 as a bar
LABEL_COLON = re.compile(r"^(Fig(?:ure|\.)? ?\d+);(?= )", re.IGNORECASE)
STRAY_QUOTE = re.compile(r"^[‘'](?=[A-Z][^’']*$)")
MIN_SIDE_PX = 12
MIN_LINE_PX = 7  # a rule across the page is no word
NOMINAL_DPI = 200  # what a page is rendered at more or less; without it Tesseract guesses, and says so on stderr
GROUND_PX = 51  # wider than two strokes, so that the median is the ground they stand on
GRAIN, CONTRAST = 12, 1.5  # steps of grey that are grain of the paper; what is more is ink
SURE = 0.9  # a line read with less is read again with each language alone
LEAST_SCORE = 0.6
LEAST_LONG_SCORE, LONG = 0.4, 25  # no picture looks like a whole line, and without it its paragraph falls apart
LEAST_SHORT_SCORE, SHORT = 0.75, 2  # one or two characters are often a stain
CLOSE_GAP = 1.6  # line heights between pieces of one line
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
            pieces = list(_find_lines(_load_engine(folder, "+".join(self.languages), sparse=True), _even_out(grey)))
            lines = [self._settle(folder, grey, *line) for line in _mend_lines(pieces)]
        except (RuntimeError, ValueError, MemoryError, cv2.error) as error:
            raise RecordError("OCR_FAILED", f"text recognition failed: {error}") from None
        good = [line for line in lines if _is_text(line)]
        return sorted(good, key=lambda line: (line.bbox[1], line.bbox[0]))

    def _settle(self, folder: str, grey: Image, box: BBox, text: str, score: float) -> TextLine:
        """The best reading of a line: languages read together disturb each other on short and faint lines."""
        best = (score, _mend(text))
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
    """Print made black on white, whatever its shade and ground, light on dark too: a page gets but one threshold."""
    from PIL import Image as PillowImage

    pixels = np.asarray(grey)
    difference = cv2.absdiff(cv2.medianBlur(pixels, GROUND_PX), pixels).astype(np.float32)
    ink = np.clip((difference - GRAIN) * CONTRAST, 0, 255)
    return PillowImage.fromarray((255 - ink).astype(np.uint8))


_Word = tuple[BBox, str, float]  # or a line of words: box, text, confidence


def _find_lines(engine: Any, image: Image) -> Iterator[_Word]:
    """Box, text and confidence of each line; what stands side by side in two columns is two lines."""
    library = _import_library()
    engine.SetImage(image)
    engine.SetSourceResolution(NOMINAL_DPI)
    engine.Recognize()
    words: list[_Word] = []
    iterator = engine.GetIterator()
    level, line = library.RIL.WORD, library.RIL.TEXTLINE
    span = (0.0, 0.0)
    for word in library.iterate_level(iterator, level) if iterator is not None else ():
        if word.IsAtBeginningOf(line):
            yield from _join_words(words, *span)
            words = []
            whole = word.BoundingBox(line)
            span = (float(whole[1]), float(whole[3])) if whole is not None else (0.0, 0.0)
        box = word.BoundingBox(level)
        if box is not None and not word.Empty(level):
            place = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
            words.append((place, word.GetUTF8Text(level).strip(), word.Confidence(level) / 100))
    yield from _join_words(words, *span)


def _join_words(words: Sequence[_Word], top: float, bottom: float) -> Iterator[_Word]:
    """The words of one line, cut at wide gaps; the rows are the line's, those of words are often wrong."""
    gaps = enumerate(pairwise(words), 1)
    wide = [k for k, (before, after) in gaps if after[0][0] - before[0][2] > WIDE_GAP * (bottom - top)]
    for first, last in pairwise([0, *wide, len(words)] if words else ()):
        own = words[first:last]
        box = (min(word[0][0] for word in own), top, max(word[0][2] for word in own), bottom)
        weights = [max(1, len(word[1])) for word in own]
        score = sum(word[2] * weight for word, weight in zip(own, weights, strict=True)) / sum(weights)
        yield box, " ".join(word[1] for word in own), score


def _mend_lines(pieces: Sequence[_Word]) -> list[_Word]:
    """Pieces of one line put together, to be read again: at a comma or a dash Tesseract often breaks a line."""
    lines: list[_Word] = []
    for piece in sorted(pieces, key=lambda piece: piece[0][0]):
        before = next((k for k, line in enumerate(lines) if _goes_on(line[0], piece[0])), None)
        if before is None:
            lines.append(piece)
            continue
        (x0, y0, x1, y1), (_, v0, u1, v1) = lines[before][0], piece[0]
        lines[before] = ((x0, min(y0, v0), max(x1, u1), max(y1, v1)), f"{lines[before][1]} {piece[1]}", 0.0)
    return lines


def _goes_on(line: BBox, piece: BBox) -> bool:
    """Whether a piece of about the same height follows close behind."""
    low, high = sorted((line[3] - line[1], piece[3] - piece[1]))
    shared = min(line[3], piece[3]) - max(line[1], piece[1])
    return -0.5 * high < piece[0] - line[2] < CLOSE_GAP * high and shared > 0.7 * low and low > 0.5 * high


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
    text = _mend(engine.GetUTF8Text())
    return (engine.MeanTextConf() / 100 if text else 0.0, text)


def _mend(text: str) -> str:
    """The line without what Tesseract often does to print of this kind."""
    text = LABEL.sub(r"Figure\1", STRAY_QUOTE.sub("", tighten(text)))
    return LABEL_COLON.sub(r"\1:", LABEL_NUMBER.sub(r"\1 1", text))


def _is_text(line: TextLine) -> bool:
    characters = sum(character.isalnum() for character in line.text)
    least = LEAST_SHORT_SCORE if characters <= SHORT else LEAST_SCORE if characters < LONG else LEAST_LONG_SCORE
    return characters > 0 and line.score >= least and line.bbox[3] - line.bbox[1] >= MIN_LINE_PX


def _measure_font(text: str, box: BBox) -> float:
    """The size of type from a box that fits the ink: how much of the em that is depends on the letters."""
    is_high = any(character.isupper() or character.isdigit() or character in "bdfhklt()[]/" for character in text)
    is_deep = any(character in "gjpqy()[]/," for character in text)
    share = 0.5 + 0.22 * is_high + 0.21 * is_deep
    if any("\u3400" <= character <= "\u9fff" for character in text):
        share = 0.93
    return round((box[3] - box[1]) / share, 1)
