"""Identifiers of invented people in sentences, in every form that the rules promise to find."""

from __future__ import annotations

from collections.abc import Iterator

from remud_gen.filters.privacy import PrivacyFilter
from remud_gen.filters.rule import RuleOptions
from remud_gen.records import Language
from scripts.filtering.tally import Score, Tally
from scripts.filtering.wordings import Wording, build_record
from scripts.privacy.identities import SENTENCES, make_identities

PLACES = ("q", "t", "a", "s")


def score_people(count: int, tally: Tally) -> Iterator[tuple[str, Score]]:
    """Per kind, how many of `count` records with an identifier in one of their fields are rejected or for review."""
    privacy = PrivacyFilter(RuleOptions())
    for kind, identities in make_identities(count).items():
        score = Score()
        for number, identity in enumerate(identities):
            language: Language = "zh" if number % 2 else "en"
            sentence = SENTENCES[language][number // 2 % len(SENTENCES[language])].format(identity.text)
            record = build_record(Wording("", language, PLACES[number // 8 % len(PLACES)], sentence))
            codes = {verdict.code for verdict in privacy.check(record)}
            score.add(sentence, is_hit=bool(codes))
            # What a name with sex and age is called, or a number of a record, may be another kind of identifier.
            tally.add_bad({f"PHI_{kind}"}, codes | {f"PHI_{kind}"} if codes else codes)
        yield kind, score
