"""The model-free client: reads facts out of the numbered spans by rules and asks about them in fixed wordings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from remud_gen.config import ModelConfig
from remud_gen.llm.extractive import chinese, english
from remud_gen.llm.extractive.compose import QTYPES, Composer
from remud_gen.llm.extractive.facts import Fact
from remud_gen.llm.extractive.labels import read_labels, read_printed
from remud_gen.llm.extractive.passages import read_passage
from remud_gen.llm.extractive.pieces import Piece, split_span
from remud_gen.llm.extractive.views import find_other_method, read_views
from remud_gen.llm.reply import ReplyItem, ReplyItems
from remud_gen.protocols import ImageStore, ModelReply, ModelRequest, WantedItem
from remud_gen.records import Evidence, ImageTextPair, Language, QuestionForm
from remud_gen.rules.late import compile_late

DISCLAIMER = (
    "Made without a model: questions and answers are quotes and values of the source in fixed wordings, the "
    "thinking is "
    "a template. Good for seeing the pipeline work, for testing it and for starting a review; no replacement for a "
    "model."
)
DRAWN = compile_late(
    r"\b(?:flow\s?charts?|frameworks?|architectures?|diagrams?|schematics?|pipelines?|networks?|algorithms?|graphs?|plots?|"
    r"histograms?|roc\s+curves?|bar\s+charts?|scatter|attention|workflow|screenshots?)\b|流程图|示意图|模式图|网络结构|框架图|曲线图|柱状图|直方图",
    re.IGNORECASE,
)
OWN_KINDS = ("caption", "note", "title")
# Words that part a picture that was not cut into its panels: what is said of one part is not said of all.
PART = compile_late(
    r"[(（]([A-Ha-h]|left|right|top|bottom|upper|lower|左|右|上|下)[)）]|\b(left|right|top|bottom|center|upper|lower)\s*:|(左|右|上|下)图",
    re.IGNORECASE,
)
UNPARTED = frozenset({"panels_not_separable", "panels_within_picture"})  # flags of pairs
OF_ONE_PICTURE = ("finding", "topic_finding", "structure", "diagnosis")
DEFAULT_MIX = (
    WantedItem("finding", "open", "reasoning"), WantedItem("anatomy", "mcq", "direct"),
    WantedItem("measurement", "open", "reasoning"), WantedItem("plane", "yesno", "direct"),
)  # fmt: skip
MAX_USES = 2  # of one fact, in different forms
# Which facts say most; the first are used first where the mix asks for nothing that fits.
WORTH = (
    "size", "printed", "finding", "topic_finding", "label", "marker", "diagnosis", "plane", "route", "mode",
    "structure", "named", "definition", "appearance", "norm", "located", "classified", "composed", "term", "statement",
    "method",
)  # fmt: skip


class ExtractiveClient:
    """Items whose answers are direct quotes or values of the source; it never invents and needs no model.

    A way to see the pipeline work, to test it and to bootstrap a review; no replacement for a model. Its thinking is a
    fixed-form statement of the evidence (`thinking_source: templated`). Where nothing can be built it says why.
    """

    name: ClassVar[str] = "extractive"
    is_network: ClassVar[bool] = False
    model: str = "extractive-2"

    def __init__(self, config: ModelConfig, images: ImageStore) -> None:
        self._config = config

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The reply a model would give, as JSON; the same request always gets the same bytes."""
        text = build_reply(request).model_dump_json()
        return ModelReply(client=self.name, model=self.model, text=text, finish_reason="stop")

    async def close(self) -> None:
        """Nothing is held open."""


def build_reply(request: ModelRequest) -> ReplyItems:
    """Items for one request, or the reason why there are none."""
    language: Language = "zh" if request.language == "zh" else "en"
    is_visual = isinstance(request.payload, ImageTextPair) if request.payload else request.purpose != "qa"
    own = " ".join(span.text for span in request.spans if span.kind in ("caption", "title", "note"))
    if is_visual and DRAWN.search(own):
        return ReplyItems(unusable_reason="the words describe a drawing or a chart, not an image of a patient")
    other = find_other_method(_split_own(request.spans, language), language) if is_visual else None
    if other is not None:
        return ReplyItems(unusable_reason=f"the words speak of {other}, not of ultrasound")
    is_unparted = isinstance(request.payload, ImageTextPair) and bool(UNPARTED & set(request.payload.flags))
    facts = read_facts(request.spans, language, is_visual=is_visual, is_unparted=is_unparted)
    if not facts:
        return ReplyItems(unusable_reason="no fact could be read from the words by the rules of the model-free client")
    seed = request.payload.id if request.payload else "\n".join(span.text for span in request.spans)
    composer = Composer(
        f"{request.params.get('seed', 0)}/{seed}", language, facts, " ".join(s.text for s in request.spans)
    )
    wanted = request.wanted or (DEFAULT_MIX if is_visual else DEFAULT_MIX[:2])
    items = _choose_items(composer, facts, wanted)
    if not items:
        return ReplyItems(unusable_reason="the facts that could be read bear no question")
    return ReplyItems(items=items)


def read_facts(
    spans: Sequence[Evidence], language: Language, *, is_visual: bool, is_unparted: bool = False
) -> list[Fact]:
    """All facts of the spans, each once, in the order of the text; facts that contradict each other are left out.

    Of a picture whose panels could not be parted (`is_unparted`) nothing is told that holds of one panel alone.
    """
    if is_visual:
        found = list(_read_image_facts(spans, language, is_compound=is_unparted))
    else:
        found = list(_read_text_facts(spans, language))
    unique: dict[tuple[str, str, str], Fact] = {}
    for fact in found:
        unique.setdefault(fact.key, fact)
    answers: dict[tuple[str, str], set[str]] = {}
    for fact in unique.values():
        answers.setdefault((fact.asks, fact.subject.lower()), set()).add(fact.value.lower())
    many = ("finding", "topic_finding", "statement")  # several may stand beside each other
    kept = [f for f in unique.values() if f.asks in many or len(answers[f.asks, f.subject.lower()]) == 1]
    # Beside several findings "what does the image show" has no single answer: the fullest is the main one.
    fullest: dict[tuple[str, str], Fact] = {}
    for fact in kept:
        place = (fact.asks, fact.subject.lower() if fact.asks != "statement" else fact.value)
        if place not in fullest or len(fact.value) > len(fullest[place].value):
            fullest[place] = fact
    return [fact for fact in kept if fact in fullest.values()]


def _read_image_facts(spans: Sequence[Evidence], language: Language, *, is_compound: bool) -> Iterator[Fact]:
    read_piece = english.read_piece if language == "en" else chinese.read_piece
    yield from read_printed(spans, language)
    yield from read_labels(spans, language)
    pieces = _split_own(spans, language)
    own_words = " ".join(piece.raw for piece in pieces)
    is_compound = (
        is_compound
        or own_words.count("图像为") > 1
        or len(set(PART.findall(" ".join(span.text for span in spans if span.kind in OWN_KINDS)))) > 1
    )
    if not is_compound:
        yield from read_views(pieces, language)
    for piece in pieces:
        if piece.span.kind == "title" and language == "zh":
            yield from chinese.read_title(piece, own_words)
        else:
            yield from (fact for fact in read_piece(piece) if not (is_compound and fact.asks in OF_ONE_PICTURE))


def _split_own(spans: Sequence[Evidence], language: Language) -> list[Piece]:
    return [piece for span in spans if span.kind in OWN_KINDS for piece in split_span(span, language)]


def _read_text_facts(spans: Sequence[Evidence], language: Language) -> Iterator[Fact]:
    for span in spans:
        if span.kind in ("body", "mention", "note"):
            for piece in split_span(span, language):
                yield from read_passage(piece, language)


def _choose_items(composer: Composer, facts: Sequence[Fact], wanted: Sequence[WantedItem]) -> list[ReplyItem]:
    forms = {fact.key: composer.forms(fact) for fact in facts}
    used: dict[tuple[str, str, str], list[QuestionForm]] = {}
    items: dict[str, ReplyItem] = {}
    for line in wanted:
        best = _find_best(facts, forms, used, line)
        if best is None:
            continue
        fact, form = best
        used.setdefault(fact.key, []).append(form)
        item = composer.compose(fact, form, line)
        items.setdefault(item.question, item)
    return list(items.values())


def _find_best(
    facts: Sequence[Fact], forms: dict[tuple[str, str, str], set[QuestionForm]],
    used: dict[tuple[str, str, str], list[QuestionForm]], line: WantedItem,
) -> tuple[Fact, QuestionForm] | None:  # fmt: skip
    """The fact and form nearest to what is wanted: fresh facts first, then the type, then the form."""
    choices = []
    for index, fact in enumerate(facts):
        past = used.get(fact.key, [])
        for form in sorted(forms[fact.key] - set(past)):
            if past and (form == "open" or (form == "yesno" and line.key != "no")):
                continue  # to confirm what was already asked teaches nothing
            is_other_type = QTYPES.get(fact.asks, line.qtype) != line.qtype
            rank = (len(past), is_other_type, form != line.form, form != "open", WORTH.index(fact.asks), index)
            if len(past) < MAX_USES:
                choices.append((rank, fact, form))
    best = min(choices, key=lambda choice: choice[0], default=None)
    return None if best is None else (best[1], best[2])
