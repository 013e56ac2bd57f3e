"""Words of captions and screens -> the ultrasound modes and the other methods they name, Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from remud_gen.records import BurnedIn, Modality
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import unify

MODES: tuple[tuple[Modality, re.Pattern[str]], ...] = tuple(
    (cast(Modality, mode), compile_late(pattern, re.IGNORECASE))
    for mode, pattern in (
        ("power_doppler", r"power[\s-]?doppler|\bCPA\b|\bPDI\b|energy doppler|能量多普勒|能量图"),
        ("colour_doppler", r"colou?r[\s-]?(?:flow|doppler)|\bCDFI\b|\bCDI\b|\bCFM\b|\bCDUS\b|\bCDU\b|彩色多普勒|"
                       r"彩色血流|彩超|血流信号"),
        ("spectral_doppler", r"(?:spectral|pulsed?|continuous)[\s-]?(?:wave[\s-]?)?doppler|\bPWD?\b|\bCWD?\b|"
                         r"\bPW[\s-]?doppler|"
         r"doppler (?:waveform|spectr|trac)|tissue doppler|\bTDI\b|频谱|脉冲多普勒|连续多普勒|组织多普勒"),
        ("m_mode", r"\bM[\s-]?mode\b|M型"),
        ("elastography", r"elastogra\w+|\bSWE\b|shear[\s-]?wave|strain (?:image|ratio|map)|弹性"),
        ("contrast", r"contrast[\s-]?enhanced (?:ultraso|sono|echo)\w*|\bCEUS\b|contrast (?:ultraso|sono|"
                     r"echo)\w*|microbubble|超声造影|造影超声"),
        ("3d", r"\b(?:3|4)[\s-]?D\b|three[\s-]?dimensional|四维|三维"),
        ("b_mode", r"\bB[\s-]?mode\b|gr[ae]y[\s-]?scale|\b2[\s-]?D\b|two[\s-]?dimensional|灰阶|二维|B超"),
    )
)  # fmt: skip
ULTRASOUND = compile_late(
    r"ultraso\w+|sonogra\w+|sonogram|echocardio\w+|\bechoes?\b|\bechogenic\w*|(?:hypo|hyper|an|iso)echo\w+|"
    r"\bTEE\b|\bTTE\b|\bTOE\b|"
    r"doppler|transducer|\bLUS\b|\b[AB]-lines?\b|\bUS\b|超声|彩超|回声|声像|声影|多普勒|探头",
)
ULTRASOUND_ANY_CASE = compile_late(
    r"ultraso|sonogra|echocardio|echogenic|(?:hypo|hyper|an|iso)echoic|doppler", re.IGNORECASE
)
OTHER = compile_late(
    r"\bMRI\b|\bPDFS\b|\bSTIR\b|\bstain(?:ed|ing|s)?\b|"
    r"\bMR\b|magnetic resonance|\bT[12][\s-]?weighted|\bFLAIR\b|\bCT\b|\bMS?CT\b|\bCTA\b|"
    r"computed tomogra\w+|tomogram|"
    r"\bX[\s-]?rays?\b|radiogra\w+|angiogra\w+|mammogra\w+|\bPET\b|scintigra\w+|fluoroscop\w+|photograph\w*|photo\b|"
    r"histolog\w+|histopatholog\w+|hematoxylin|haematoxylin|\bH\s?&\s?E\b|immunohisto\w+|macroscopic|"
    r"gross (?:specimen|view|appearance)|"
    r"intraoperative|electrocardiogra\w+|\bECG\b|\bEKG\b|flow ?chart|diagram|schematic|algorithm|architecture|"
    r"histogram|"
    r"scatter ?plot|bar chart|\bROC\b|framework|endoscop\w+|磁共振|核磁|\bCT图|X线|血管造影|"
    r"冠脉造影|钼靶|大体标本|病理|切片|染色|心电图|"
    r"流程图|示意图|模式图|照片|内镜",
    re.IGNORECASE,
)
# An image is of a method where that is its first word; elsewhere it may be the comparison.
HEAD_CHARS = 120
ULTRASOUND_CONTRAST = compile_late(r"超声造影|造影超声")
SCANNER_WORDS = compile_late(
    r"^(?:MI|TI[SBC]|TIs|TIb|TIc|FR|PRF|WF|DR|Gn)\b\s*[:\d]|^(?:MI|TI[SBC])\s*\d|\bMHz\b|\d\s?Hz$|^(?:TEE|TTE|"
    r"TOE|SRI|CHI|XRES|Har|THI)\b"
)
MACHINE_WORDS = compile_late(
    r"^(?:LAO|RAO|CRA|CAU)\b\s*:?\s*\d|^(?:PDFS|T[12]W?I?|FLAIR|STIR|DWI)$|^T[RE]\s*[:=]\s*\d|\bkVp?\b|\bmAs?\b"
)
SCREEN_MODES: tuple[tuple[Modality, re.Pattern[str]], ...] = tuple(
    (cast(Modality, mode), compile_late(pattern))
    for mode, pattern in (
        ("power_doppler", r"\bCPA\b|\bPDI\b|\bPower\s?Dop"), ("colour_doppler", r"\bCF\b|\bCFM\b|\bCDFI\b|"
                      r"\bColor\b|\bCol \d"),
        ("spectral_doppler", r"^P?W\s?\d|\bPWD?\b|\bCW\b|\bPSV\b|\bEDV?\b.*cm/s|\bPRF\b.*\bSV\b|^RI\b|^PI\b|"
                         r"^S/D\b|\bSV Angle"),
        ("m_mode", r"\bM[\s-]?Mode\b|\bMM\b"), ("elastography", r"\bElasto|\bSWE\b|\bkPa\b|\bStrain\b"),
        ("contrast", r"\bCEUS\b|\bCnTI\b|\bCPS\b|\bContrast\b"), ("3d", r"^3D\b|^4D\b|\bRAB\d|\bVE[12]00"),
    )
)  # fmt: skip


def find_modes(text: str) -> dict[Modality, str]:
    """Mode -> the words that name it, in a caption."""
    plain = unify(text)
    return {mode: match.group() for mode, pattern in MODES if (match := pattern.search(plain))}


def find_ultrasound(text: str) -> str | None:
    """A word that says the picture is ultrasound, without saying which mode."""
    plain = unify(text)
    match = ULTRASOUND.search(plain) or ULTRASOUND_ANY_CASE.search(plain)
    return match.group() if match else None


def find_other(text: str) -> str | None:
    """A word for another method or for a drawing."""
    match = OTHER.search(ULTRASOUND_CONTRAST.sub("", unify(text)))
    return match.group() if match else None


def begins_with_other(text: str) -> bool:
    """Whether the other method is named before any word of ultrasound: the picture is of that method."""
    plain = unify(text)
    other = OTHER.search(plain[:HEAD_CHARS])
    own = ULTRASOUND.search(plain) or ULTRASOUND_ANY_CASE.search(plain)
    return other is not None and (own is None or other.start() < own.start())


def read_screen(pieces: Iterable[BurnedIn]) -> tuple[dict[Modality, str], str | None, str | None]:
    """(modes, word of a scanner, word of a CT, MRI or X-ray machine) among burned-in pieces."""
    modes: dict[Modality, str] = {}
    scanner = machine = None
    for piece in pieces:
        if MACHINE_WORDS.search(piece.text):
            machine = machine or piece.text
            continue
        has_length = piece.kind == "caliper" and piece.value is not None and piece.unit in ("cm", "mm", "cm/s", "m/s")
        if piece.kind == "probe" or SCANNER_WORDS.search(piece.text) or has_length:
            scanner = scanner or piece.text
        for mode, pattern in SCREEN_MODES:
            if pattern.search(piece.text):
                modes.setdefault(mode, piece.text)
    return modes, scanner, machine
