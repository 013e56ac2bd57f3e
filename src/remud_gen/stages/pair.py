"""Pages -> image-text pairs, passages and questions of question banks, one document at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from remud_gen import registry
from remud_gen.protocols import PairingRule, Unpaired
from remud_gen.records import ImageTextPair, Page, Passage, QuestionItem
from remud_gen.stages.base import DocumentStage, Failure, Rejection, StageContext

CHECKED_RULE = "vlm_check"  # whose unsure pairs the check stage shows to a model
Paired = ImageTextPair | Passage | QuestionItem
Outcome = Paired | Failure | Rejection[Paired]


class PairStage(DocumentStage[Page, Paired]):
    """Give every picture its words, and the running text its passages."""

    name = "pair"
    version = 6

    def settings(self) -> Mapping[str, object]:
        """The pair section, and the resolution at which figures are cut anew."""
        cut = self.config.extract.model_dump(mode="json", include={"min_dpi", "max_dpi", "max_page_pixels"})
        return {"rule": self.config.pair.rule, **self._list_options(), **cut}

    def _list_options(self) -> Mapping[str, object]:
        """The pair section as its rule takes it: keys of another rule make no part stale."""
        others = set() if self.config.pair.rule == CHECKED_RULE else {"check_below"}
        return self.config.pair.model_dump(mode="json", exclude={"rule", *others})

    def libraries(self) -> Sequence[str]:
        """PDF and image libraries shape the pictures that are cut anew."""
        return ("pymupdf", "pillow", "numpy")

    def check(self) -> None:
        """Refuse a rule that does not exist."""
        registry.check_name("pairing", self.config.pair.rule)

    def setup(self, context: StageContext) -> None:
        """Make the rule and what cuts whole figures."""
        self._rule: PairingRule = registry.load("pairing", self.config.pair.rule)(self._list_options())
        # With the imaging libraries: only where pages are paired.
        from remud_gen.stages.page_cropper import ReaderCropper
        from remud_gen.stages.sketches import Sketcher

        self._cropper, self._sketcher = ReaderCropper(context), Sketcher

    def process_document(self, document_id: str, items: Sequence[Page]) -> Iterator[tuple[str, Outcome]]:
        """(page id, outcome) for all pages; a page without figures and text worth keeping is rejected as NO_PAIR."""
        pages = sorted(items, key=lambda page: page.source.page_number or 0)
        seen: set[str] = set()
        sketcher = self._sketcher(self._cropper, pages)
        for page_id, found in self._rule.pair(pages, self._cropper):
            seen.add(page_id)
            if isinstance(found, ImageTextPair) and found.sketch is not None:
                yield from ((page_id, outcome) for outcome in sketcher.sketch(found, found.sketch))
            elif not isinstance(found, Unpaired):
                yield page_id, found
            elif found.hint:
                yield page_id, Failure(found.code, found.message, found.hint)
            else:
                yield page_id, Rejection(found.code, found.message)
        for page in pages:
            for question in page.questions:
                yield page.id, question
            if page.id not in seen and not page.questions:
                yield page.id, Rejection("NO_PAIR", _explain_empty(page))


def _explain_empty(page: Page) -> str:
    if not page.text_blocks and not page.figures:
        return "the page is empty"
    return "no figure, and too little running text for a passage"
