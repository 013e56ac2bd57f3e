"""Documents -> pages: text blocks in reading order and the pictures cut out at native resolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from remud_gen import registry
from remud_gen.protocols import LanguageOcrEngine, OcrEngine
from remud_gen.records import Page
from remud_gen.stages.base import Failure, PageInput, RecordStage, Rejection, StageContext


class ExtractStage(RecordStage[PageInput, Page]):
    """Read one page: its kind, its text (layer or OCR), its pictures."""

    name = "extract"
    version = 6

    def settings(self) -> Mapping[str, object]:
        """The whole extract section except how pages are spread over parts, and what only another engine heeds."""
        settings = self.config.extract.model_dump(mode="json", exclude={"pages_per_part", "ocr_languages"})
        engine = self._build_lingual()
        if engine is not None:
            settings |= {"ocr_languages": engine.languages, "ocr_data": engine.identify_data()}
        return settings

    def libraries(self) -> Sequence[str]:
        """Everything whose version can move a box or a letter."""
        own = getattr(self._find_engine(), "libraries", ())  # a package's engine may be older than this field
        return ("pymupdf", *own, "onnxruntime", "pillow", "opencv-python-headless", "numpy")

    def check(self) -> None:
        """Refuse names of components that do not exist, and an OCR engine that lacks what it reads with."""
        registry.check_name("layout", self.config.extract.layout)
        registry.check_name("ocr", self.config.extract.ocr)
        engine = self._build_lingual()
        if engine is not None:
            engine.check()

    def setup(self, context: StageContext) -> None:
        """Make what reads pages."""
        from remud_gen.stages.page_reading import PageReader  # with the imaging libraries: only where pages are read

        self.reader = PageReader(context, self.build_ocr())

    def _find_engine(self) -> type[OcrEngine] | None:
        # How a run stands can be told without the package that read its books; reading more of them is refused.
        name = self.config.extract.ocr
        return registry.load("ocr", name) if name in registry.table("ocr") else None

    def _build_lingual(self) -> LanguageOcrEngine | None:
        # Others are not made before they are needed: this is the driver, and what an engine prints belongs to workers.
        if not hasattr(self._find_engine(), "identify_data"):
            return None
        engine = self.build_ocr()
        return engine if isinstance(engine, LanguageOcrEngine) else None

    def build_ocr(self) -> OcrEngine:
        """The configured engine; it loads on first use."""
        engine: OcrEngine = registry.load("ocr", self.config.extract.ocr)()
        if isinstance(engine, LanguageOcrEngine):
            engine.languages = self.config.extract.ocr_languages
        return engine

    def process(self, item: PageInput) -> Iterator[Page | Failure | Rejection[Page]]:
        """One Page record, two of a two-page spread; RecordError when this page cannot be read."""
        return self.reader.read(item)
