"""One small corpus with every kind of record that an export meets, in two languages, sound and kept.

Three documents, so that every split gets one; 0, 1, 2 and 3 pictures; open, yes/no and multiple-choice questions;
dialogues; reasoning and direct answers; Chinese, emoji, right-to-left and very long texts.
"""

from __future__ import annotations

import hashlib

from remud_gen.records import BBox, Claim, Evidence, ImageRef, Option, Quadruplet, Quote, Source, Turn
from remud_gen.runner.images import ContentImageStore
from tests.exporters.samples import GENERATION, OPTIONS, make_picture

OPTIONS_ZH = (Option(key="A", text="肝脏"), Option(key="B", text="肾脏"), Option(key="C", text="脾脏"))
YES_NO = (Option(key="A", text="Yes"), Option(key="B", text="No"))
LONG = "The cortex is thin and the pelvis is wide. " * 400
MODEL = GENERATION.model_copy(
    update={"client": "openai", "model": "gpt-4o", "thinking_source": "field", "cost_usd": 0.002}
)
DOCUMENTS = {
    "atlas-en": ("Atlas of Renal Ultrasound.pdf", "CC-BY-4.0"),
    "book-zh": ("超声诊断学/第三章.pdf", "CC0-1.0"),
    "notes-en": ("ward notes.docx", None),
}


class _Maker:
    """Makes records of one document, numbered in the order of making."""

    def __init__(self, document_id: str, language: str) -> None:
        self._document_id = document_id
        self._language = language
        self._file, self._licence = DOCUMENTS[document_id]
        self._count = 0

    def make(self, group: str, caption: str, images: tuple[ImageRef, ...] = (), **changes: object) -> Quadruplet:
        """A record of a figure or passage whose words are `caption`."""
        self._count += 1
        number = self._count
        is_paged = self._file.endswith(".pdf")
        fields: dict[str, object] = {
            "id": f"{self._document_id}-q{number:02}",
            "document_id": self._document_id,
            "parent_id": f"{self._document_id}-{group}-p",
            "group_id": f"{self._document_id}-{group}",
            "source": self._locate(number, is_paged=is_paged),
            "images": images,
            "kind": "vqa" if images else "qa",
            "qtype": "anatomy" if images else "knowledge",
            "style": "reasoning" if changes.get("thinking") else "direct",
            "language": self._language,
            "difficulty": 1 + number % 5,
            "claims": (
                Claim(
                    id="c1",
                    kind="anatomy" if images else "knowledge",
                    text=caption,
                    evidence=(Quote(span_id="cap", quote=caption),),
                ),
            ),
            "evidence": (
                Evidence(
                    id="cap",
                    kind="caption" if images else "body",
                    text=caption,
                    page_number=number if is_paged else None,
                    bbox=(72, 410.5, 300, 424) if is_paged else None,
                    locator=None if is_paged else f"paragraph {number}",
                ),
            ),
            "generation": MODEL,
            "licence": self._licence,
            **changes,
        }
        return Quadruplet.model_validate(fields)

    def _locate(self, number: int, *, is_paged: bool) -> Source:
        sha256 = hashlib.sha256(self._document_id.encode("utf-8")).hexdigest()
        if not is_paged:
            return Source(document_sha256=sha256, file=self._file, locator=f"paragraph {number}")
        box: BBox = (72, 100.25, 300, 400)
        return Source(document_sha256=sha256, file=self._file, page_number=number, page_size=(595, 842), bbox=box)


def make_mixed_corpus(store: ContentImageStore) -> list[Quadruplet]:
    """All records, sorted by document; the pictures lie in `store`."""
    return [*_make_atlas(store), *_make_book(store), *_make_notes(store)]


def _make_atlas(store: ContentImageStore) -> list[Quadruplet]:
    maker = _Maker("atlas-en", "en")
    kidney, liver, spleen, grey = (
        make_picture(store, 10),
        make_picture(store, 60, is_photographic=True),
        make_picture(store, 110),
        make_picture(store, 160, mode="L", is_photographic=True),
    )
    size = Turn(question="How long is it?", thinking="The calipers say 11 cm.", answer="It is 11 cm long.")
    side = Turn(question="Which side is it?", answer="The right side.")
    return [
        maker.make(
            "g1",
            "Right kidney",
            (kidney,),
            question="Which organ is shown?",
            thinking="A bean shape with a bright sinus.\n\nThat is a kidney.",
            answer="The right kidney.",
            twin_id="atlas-t1",
        ),
        maker.make(
            "g1",
            "Right kidney",
            (kidney,),
            question="Which organ is shown?",
            answer="The right kidney.",
            twin_id="atlas-t1",
        ),
        maker.make(
            "g1",
            "Right kidney",
            (kidney,),
            question="Which organ is shown in the picture?",
            form="mcq",
            options=OPTIONS,
            answer_key="B",
            thinking="The sinus is bright, so A and C are out.",
            answer="B. Right kidney",
        ),
        maker.make(
            "g1",
            "Right kidney",
            (kidney, liver),
            question="Is the kidney darker than the liver?",
            form="yesno",
            options=YES_NO,
            answer_key="A",
            qtype="comparison",
            answer="A. Yes",
        ),
        maker.make(
            "g2",
            "Liver, spleen and kidney",
            (liver, spleen, grey),
            question="Which organ do all pictures show?",
            form="mcq",
            options=OPTIONS,
            answer_key="A",
            qtype="comparison",
            answer="A. Liver",
        ),
        maker.make(
            "g3",
            "Right kidney, 11 cm",
            (grey,),
            question="What is measured here?",
            form="dialogue",
            qtype="measurement",
            thinking="Calipers stand at both poles.",
            answer="The length of the kidney.",
            turns=(side, size),
        ),
    ]


def _make_book(store: ContentImageStore) -> list[Quadruplet]:
    maker = _Maker("book-zh", "zh")
    one, two = make_picture(store, 200), make_picture(store, 230, is_photographic=True)
    return [
        maker.make(
            "g1",
            "右肾纵切面",
            (one,),
            question="这是哪个器官的超声图像？",
            thinking="切面呈蚕豆形，中央见强回声集合系统。\n\n故为肾脏。",
            answer="肾脏。",
        ),
        maker.make(
            "g1",
            "右肾纵切面",
            (one, two),
            question="两幅图中是哪个器官？",
            form="mcq",
            options=OPTIONS_ZH,
            answer_key="B",
            answer="B. 肾脏",
        ),
        maker.make(
            "g2", "肾窦分离", (two,), question="图中有肾窦分离吗？", form="yesno", qtype="finding", answer="是。"
        ),
        maker.make(
            "g3",
            "肾积水多为尿路梗阻所致",
            question="肾积水的常见原因是什么？",
            form="dialogue",
            answer="尿路梗阻。",
            turns=(Turn(question="还有呢？", thinking="书中另提到反流。", answer="膀胱输尿管反流 😀。"),),
        ),
    ]


def _make_notes(store: ContentImageStore) -> list[Quadruplet]:
    maker = _Maker("notes-en", "en")
    return [
        maker.make("g1", "A thin cortex", question="What does a thin cortex mean?", thinking=LONG, answer=LONG.strip()),
        maker.make("g2", "A cyst", question="ما هذا؟ \u2028 next", answer="שלום\u0085! 🩺"),
        maker.make(
            "g3",
            "The spleen lies left",
            question="Which organ lies left?",
            form="mcq",
            options=OPTIONS,
            answer_key="C",
            thinking="The passage says so.",
            answer="C. Spleen",
        ),
        maker.make(
            "g4", "A cyst", (make_picture(store, 250),), question="What is seen?", qtype="finding", answer="A cyst."
        ),
    ]
