"""Records written by hand, one per line of a table: a sentence in one place of an otherwise sound record.

Columns: code (of faulty ones only), language, place, text, source. Places: q, t, a and o put the text into question,
thinking, answer and an option (a with a source that says the same, c with one that says more); s into a source; f is an
answer that rests on the source, e one that no claim covers, w one whose quote is not in the source, n one without
claims; qa is a question without a picture; d the thinking of a direct record; yn and mc hold several texts, parted by
`||`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remud_gen.records import Claim, Evidence, Generation, ImageRef, Language, Option, Quadruplet, Quote, Source

GENERATION = Generation(client="bench", model="bench", prompt="bench@1", prompt_sha256="0", request_sha256="0")
IMAGE = ImageRef(path="images/00/0.png", sha256="0", width_px=640, height_px=480)
SOURCES: dict[str, str] = {
    "en": "Transverse view of the gallbladder showing a thickened wall (7 mm) without gallstones, suggesting "
    "inflammation.",
    "zh": "胆囊横切面:胆囊壁增厚,厚约7 mm,腔内未见强回声团,提示炎症。",
}
BASES: dict[str, dict[str, str]] = {
    "en": {
        "question": "What abnormality of the gallbladder wall is visible on this ultrasound image?",
        "thinking": "The anechoic lumen identifies the gallbladder. Its wall measures 7 mm, more than the usual 3 mm, "
        "and no stone casts a shadow, so the wall is thickened by inflammation.",
        "answer": "The gallbladder wall is thickened to 7 mm, suggesting inflammation.",
    },
    "zh": {
        "question": "这幅图像中胆囊壁有什么异常?",
        "thinking": "图像为胆囊横切面,腔内为无回声,未见强回声团及声影。壁测值为7 mm,较正常增厚,因此考虑为炎症所致。",
        "answer": "胆囊壁增厚,厚约7 mm,提示炎症。",
    },
}
OPTIONS = {"en": ("Inflammation", "Perforation", "Gallstones", "Torsion"), "zh": ("炎症", "穿孔", "结石", "扭转")}
_FIELDS = {"q": "question", "t": "thinking", "a": "answer", "c": "answer"}


@dataclass(frozen=True, slots=True)
class Wording:
    """One line of a table; `code` is empty for a sound record."""

    code: str
    language: Language
    place: str
    text: str
    source: str = ""

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{self.code} {self.language} {self.place}: {self.text[:90]}".strip()


def read_wordings(file: Path, *, is_faulty: bool) -> Iterator[Wording]:
    """The lines of a table; `#` begins a comment, `\\n` and `\\u0020` in a text are what they say."""
    for line in file.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            code, language, place, text, *rest = line.split("\t") if is_faulty else ["", *line.split("\t")]
            text = text.replace("\\u0020", " ").replace("\\n", "\n")
            yield Wording(code, language, place, text, rest[0] if rest else "")  # type: ignore[arg-type]


def build_record(wording: Wording) -> Quadruplet:
    """The record of a line."""
    place, text = wording.place, wording.text
    source = wording.source or SOURCES[wording.language]
    fields: dict[str, Any] = {**BASES[wording.language], "evidence": _cite(source)}
    fields["claims"] = _claim(fields["answer"], source)
    if place in _FIELDS:
        fields[_FIELDS[place]] = text
    if place == "a" and text.strip():
        # What an answer says stands in its source, so that nothing but its wording can be at fault.
        said = f"{text} {wording.source}".strip() if wording.source else text
        fields |= {"evidence": _cite(said), "claims": _claim(text, said), "style": "direct", "thinking": None}
    elif place == "d":
        fields |= {"thinking": text, "style": "direct"}
    elif place in ("c", "q") and wording.source:
        fields["evidence"] = _cite(f"{SOURCES[wording.language]} {wording.source}")
    elif place == "o":
        fields |= _choose(wording.language, [OPTIONS[wording.language][0], text, *OPTIONS[wording.language][2:]], "A")
    elif place == "s":
        fields["evidence"] = (*_cite(source), Evidence(id="ctx1", kind="body", text=text))
    elif place in ("f", "e", "w", "n"):
        fields |= _answer_from(place, text, source)
    elif place == "qa":
        fields |= {"question": text, "kind": "qa", "images": (), "qtype": "knowledge"}
    elif place == "yn":
        question, thinking, answer = (part.strip() for part in text.split("||"))
        fields |= {"question": question, "thinking": thinking, "answer": answer, "form": "yesno"}
        fields |= {"evidence": _cite(f"{thinking} {answer}"), "claims": _claim(answer, answer)}
    elif place == "mc":
        question, options, key, thinking, answer = (part.strip() for part in text.split("||"))
        fields |= _choose(wording.language, options.split(";"), key)
        fields |= {"question": question, "thinking": thinking, "answer": answer}
        fields |= {"evidence": _cite(f"{thinking} {options}"), "claims": _claim(thinking, thinking)}
    return _fill(wording.language, fields)


def _answer_from(place: str, text: str, source: str) -> dict[str, Any]:
    if place == "f":
        claims = _claim(text, source)
    elif place == "w":
        claims = _claim(text, text)
    else:
        claims = () if place == "n" else _claim(source, source)
    return {"answer": text, "style": "direct", "thinking": None, "evidence": _cite(source), "claims": claims}


def _choose(language: Language, texts: list[str], key: str) -> dict[str, Any]:
    options = tuple(Option(key="ABCDEFGH"[index], text=text.strip()) for index, text in enumerate(texts))
    return {"form": "mcq", "options": options, "answer_key": key, "answer": f"A. {OPTIONS[language][0]}"}


def _cite(text: str) -> tuple[Evidence, ...]:
    return (Evidence(id="cap", kind="caption", text=text),)


def _claim(text: str, quote: str) -> tuple[Claim, ...]:
    return (Claim(id="c1", kind="finding", text=text, evidence=(Quote(span_id="cap", quote=quote),)),)


def _fill(language: Language, fields: dict[str, Any]) -> Quadruplet:
    frame: dict[str, Any] = {
        "id": "w", "document_id": "d", "parent_id": "p", "group_id": "g", "language": language, "kind": "vqa",
        "source": Source(document_sha256="0", file="f"), "images": (IMAGE,), "qtype": "finding", "style": "reasoning",
        "generation": GENERATION,
    }  # fmt: skip
    return Quadruplet(**(frame | fields))
