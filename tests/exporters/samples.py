"""Records and pictures for the exporter tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image

from remud_gen.config import Config
from remud_gen.protocols import ExportSummary
from remud_gen.records import Claim, Evidence, Generation, ImageRef, Option, Quadruplet, Quote, Source, Turn, Verdict
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.export import ExportStage

GENERATION = Generation(
    client="extractive", model="none", prompt="vqa@1", prompt_sha256="0" * 64, request_sha256="1" * 64
)
OPTIONS = (Option(key="A", text="Liver"), Option(key="B", text="Right kidney"), Option(key="C", text="Spleen"))


def make_store(run: Path) -> ContentImageStore:
    """The picture store of a run folder that is there, as it is for every command."""
    run.mkdir(parents=True, exist_ok=True)
    return ContentImageStore(run)


def make_record(number: int = 0, *, document: str = "d1", group: str | None = None, **changes: object) -> Quadruplet:
    """A valid text-only record; any field can be changed."""
    fields: dict[str, object] = {
        "id": f"{document}-q{number:04}",
        "document_id": document,
        "parent_id": f"{document}-p{number}",
        "group_id": group or f"{document}-g{number}",
        "source": Source(document_sha256="a" * 64, file=f"{document}.pdf", page_number=1, bbox=(1, 2, 3.25, 4)),
        "kind": "vqa" if changes.get("images") else "qa",
        "qtype": "knowledge",
        "style": "reasoning" if changes.get("thinking") else "direct",
        "language": "en",
        "question": f"Which organ is described in passage {number}?",
        "answer": f"The kidney ({number}).",
        "generation": GENERATION,
        **changes,
    }
    return Quadruplet.model_validate(fields)


def make_picture(store: ContentImageStore, shade: int, *, mode: str = "RGB", is_photographic: bool = False) -> ImageRef:
    """A small picture that differs by its shade."""
    image = Image.new("RGB", (24, 16), (shade, 90, 255 - shade))
    image.putpixel((3, 3), (255, 255, 255))
    return store.save(image.convert(mode), is_photographic=is_photographic)


def make_mixed(store: ContentImageStore) -> list[Quadruplet]:
    """Two documents with every kind of record: 0, 1 and 2 pictures, both languages, options, thinking, dialogue."""
    one, two, grey = make_picture(store, 10), make_picture(store, 20), make_picture(store, 30, mode="L")
    claim = Claim(id="c1", kind="anatomy", text="kidney", evidence=(Quote(span_id="cap", quote="Right kidney"),))
    return [
        make_record(0, thinking="Passage 0 names the kidney."),
        make_record(
            1,
            images=(one,),
            thinking="切面呈蚕豆形。\n\n故为肾脏。",
            language="zh",
            question="这是哪个器官？",
            answer="肾脏。",
        ),
        make_record(
            2,
            images=(one, two),
            group="d1-g1",
            question="Which organ do both pictures show?",
            options=OPTIONS,
            form="mcq",
            answer_key="B",
            answer="B. Right kidney",
            claims=(claim,),
            evidence=(Evidence(id="cap", kind="caption", text="Right kidney", bbox=(0, 0, 1.5, 2)),),
            verdicts=(Verdict(code="LENGTH_SHORT", severity="info", field="answer"),),
        ),
        make_record(
            3,
            document="d2",
            images=(grey,),
            form="dialogue",
            thinking="first thought",
            turns=(Turn(question="And its size?", thinking="The note says 11 cm.", answer="11 cm 😀."),),
        ),
        make_record(4, document="d2", question="مرحبا ما هذا؟ \u2028 next", answer="שלום\u0085!" * 3 + "长" * 5000),
    ]


def run_export(
    records: Iterable[Quadruplet], store: ContentImageStore, folder: Path, **settings: object
) -> dict[str, ExportSummary]:
    """Run the stage on a fresh folder."""
    folder.mkdir(parents=True)
    held = list(records)
    stream: Callable[[], Iterable[Quadruplet]] = lambda: iter(held)  # noqa: E731
    config = Config.model_validate({"export": settings})
    return dict(ExportStage(config).export(stream, store, folder))


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
