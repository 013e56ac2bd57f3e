"""Identifiers of invented people in sentences, in every form that the rules promise to find."""

from __future__ import annotations

from collections.abc import Iterator

from remud_gen.filters.privacy import PrivacyFilter
from remud_gen.filters.rule import RuleOptions
from remud_gen.records import Language
from scripts.filtering.tally import Score
from scripts.filtering.wordings import Wording, build_record
from scripts.privacy.identities import SENTENCES, make_identities

PLACES = ("q", "t", "a", "s")


def score_people(count: int) -> Iterator[tuple[str, Score]]:
    """Per kind, how many of `count` records with an identifier in one of their fields are rejected or for review."""
    privacy = PrivacyFilter(RuleOptions())
    for kind, identities in make_identities(count).items():
        score = Score()
        for number, identity in enumerate(identities):
            language: Language = "zh" if number % 2 else "en"
            sentence = SENTENCES[language][number // 2 % len(SENTENCES[language])].format(identity.text)
            record = build_record(Wording("", language, PLACES[number // 8 % len(PLACES)], sentence))
            score.add(sentence, is_hit=any(privacy.check(record)))
        yield kind, score
