from __future__ import annotations

import pytest

from remud_gen.rules.identifiers import find_identifiers
from remud_gen.rules.normalise import unify
from remud_gen.rules.placeholders import PLACEHOLDERS, count_placeholders, is_placeholder, mask_identifiers
from scripts.privacy.identities import SENTENCES, make_identities

PER_KIND = 500


@pytest.mark.parametrize("kind", make_identities(1))
def test_nothing_of_a_generated_identity_is_left(kind) -> None:
    left = []
    for number, identity in enumerate(make_identities(PER_KIND, seed=11)[kind]):
        language = ("zh", "en")[number % 2]
        sentence = SENTENCES[language][number // 2 % 4].format(identity.text)
        masked = mask_identifiers(sentence, language)
        if any(unify(secret) in masked for secret in identity.secrets) or list(find_identifiers(unify(masked))):
            left.append((sentence, masked))
    assert left == []


@pytest.mark.parametrize(
    "text", ["A 3.2 cm cyst of the left kidney.", "患者,男,56岁,左肾囊肿。", "ＰＳＶ ９８ cm/s", ""]
)
def test_words_without_identifiers_come_back_as_they_are(text) -> None:
    assert mask_identifiers(text, "zh") is text


def test_placeholders_speak_the_language_and_are_no_identifiers_themselves() -> None:
    assert mask_identifiers("姓名：张伟，左肾囊肿。", "zh") == "[姓名],左肾囊肿。"
    assert mask_identifiers("Mrs. Smith has a cyst.", "en") == "[NAME] has a cyst."
    for forms in PLACEHOLDERS.values():
        for language, form in forms.items():
            assert list(find_identifiers(form)) == []
            assert mask_identifiers(f"{form} {form}", language) == f"{form} {form}"


def test_what_follows_a_name_stays() -> None:
    assert mask_identifiers("住院号12345678可见囊肿", "zh") == "[编号]可见囊肿"
    assert mask_identifiers("Patient name: Mary Ann Lee, MRN 123456. The liver is normal.", "en") == (
        "[NAME], [RECORD NUMBER]. The liver is normal."
    )


def test_placeholders_are_counted_by_kind() -> None:
    masked = mask_identifiers("Mrs. Smith, tel: 020 1234 5678, Mr. Jones", "en")
    assert count_placeholders(masked) == {"NAME": 2, "PHONE": 1}
    assert is_placeholder("[NAME], [PHONE]")
    assert not is_placeholder("[NAME] liver")
