"""Bare names of people, which no rule can tell from other words: an optional model of spaCy looks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from remud_gen.errors import MissingExtraError
from remud_gen.filters.fields import FieldText, read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions
from remud_gen.records import Language, Quadruplet, Severity
from remud_gen.rules.identifiers import mask_identifier
from remud_gen.rules.late import compile_late

if TYPE_CHECKING:
    from spacy.language import Language as Pipeline

# Signs, scores and machines carry the names of those who found them.
_OF_A_THING = compile_late(
    r"(?i)(?:['’]s?)?\s+(?:sign|signs|view|score|criteria|classification|grade|type|method|angle|line|triangle|pouch|cyst"
    r"|space|index|effect|shift|ultrasound|imaging|transducer|node|disease|syndrome|lesion|tumou?r|formula|triad|artery"
    r"|vein|duct|fascia|ligament|ring|technique|test|manoeuvre|maneuver|position|plane)\b|\s*(?:征|综合征|病|法|角|线|分级|氏)"
)
_KNOWN = frozenset(("doppler", "valsalva", "trendelenburg", "murphy", "graf", "多普勒", "墨菲", "布朗"))


class NamesOptions(RuleOptions):
    """Which spaCy pipeline reads which language; with none, the filter does nothing."""

    models: Mapping[Language, str] = {}
    """Such as `{en: en_core_web_trf, zh: zh_core_web_trf}`: the name of an installed pipeline, or its folder."""
    labels: tuple[str, ...] = ("PERSON", "PER")


class NamesFilter(RuleFilter[NamesOptions]):
    """Does a field or a source name a person without a label. Needs `remud-gen[ner]` and a pipeline of spaCy."""

    name = "names"
    options_class = NamesOptions
    codes: ClassVar[Mapping[str, str]] = {
        "PHI_BARE_NAME": "A model of names takes some words for a person; it does nothing until `models` names one.",
    }
    severities: ClassVar[Mapping[str, Severity]] = {"PHI_BARE_NAME": "review"}

    def __init__(self, options: NamesOptions) -> None:
        super().__init__(options)
        self.libraries = ("spacy", *options.models.values()) if options.models else ()
        self._pipelines: dict[Language, Pipeline] = {}

    def check_packages(self) -> None:
        """Refuse to start without what the options name.

        Raises:
            MissingExtraError: spaCy, or a pipeline of it, is not installed.
        """
        for language in self.options.models:
            self._load(language)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Persons in shown fields and sources; verdicts never repeat them."""
        if record.language not in self.options.models:
            return
        pipeline = self._load(record.language)
        texts = read_texts(record)
        fields: list[FieldText] = [field for field in (*texts.shown, *texts.sources) if field.text.strip()]
        for field, read in zip(fields, pipeline.pipe([field.text for field in fields]), strict=True):
            for entity in read.ents:
                if entity.label_ in self.options.labels and not _is_of_a_thing(
                    field.text, entity.text, entity.end_char
                ):
                    yield Finding("PHI_BARE_NAME", field.name, mask_identifier(entity.text))

    def _load(self, language: Language) -> Pipeline:
        known = self._pipelines.get(language)
        if known is None:
            known = self._pipelines[language] = _load_pipeline(self.options.models[language])
        return known


def _load_pipeline(name: str) -> Pipeline:
    if find_spec("spacy") is None:
        raise MissingExtraError(
            "filter.options.names needs spaCy, which is not installed", "pip install 'remud-gen[ner]'"
        )
    import spacy

    try:
        return spacy.load(name)
    except OSError:
        hint = f"python -m spacy download {name}, or give the folder of a pipeline"
        raise MissingExtraError(f"filter.options.names: spaCy has no pipeline {name!r}", hint) from None


def _is_of_a_thing(text: str, name: str, end: int) -> bool:
    return name.strip().lower().removesuffix("'s") in _KNOWN or _OF_A_THING.match(text, end) is not None
