"""What pairs know of their pictures: modality with its evidence, typed burned-in words, and what the config decides."""

import pytest

from remud_gen.config import Config
from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.protocols import Unpaired
from remud_gen.records import ImageTextPair, ModalityEvidence
from tests.pairing.builder import HullCropper, PageBuilder


def see(modality, score, ultrasound):
    evidence = ModalityEvidence(source="pixels", modality=modality, score=score, reason="drawn")
    facts = {"modality": modality, "modality_score": score, "is_ultrasound_score": ultrasound}
    return {**facts, "modality_evidence": (evidence,)}


def make_page(second_caption="Photograph of the specimen.", second=None, inside=()):
    """Two figures over each other, each with its caption; the second is a photograph."""
    builder = PageBuilder(1)
    builder.picture(50, 60, 350, 260, inside=inside).text(
        50, 270, "Figure 1: Sonogram of the left kidney. LK: left kidney; PV: portal vein.", size=9
    )
    builder.picture(50, 320, 350, 520).text(50, 530, f"Figure 2: {second_caption}", size=9)
    page = builder.build()
    facts = [see("b_mode", 0.9, 0.9), second or see("not_ultrasound", 0.85, 0.15)]
    figures = tuple(figure.model_copy(update=fact) for figure, fact in zip(page.figures, facts, strict=True))
    return page.model_copy(update={"figures": figures})


def run(page, **options):
    rule = ReadingOrderRule(options)
    found = [outcome for _, outcome in rule.pair([page], HullCropper())]
    pairs = {pair.figure_number: pair for pair in found if isinstance(pair, ImageTextPair)}
    return pairs, [outcome for outcome in found if isinstance(outcome, Unpaired)]


def number(pairs, digit):
    return next(pair for printed, pair in pairs.items() if printed and printed.endswith(digit))


def test_other_pictures_are_flagged_by_default_and_nothing_is_lost():
    pairs, unpaired = run(make_page())
    assert len(pairs) == 2 and not unpaired
    assert "not_ultrasound" in number(pairs, "2").flags and number(pairs, "2").modality == "not_ultrasound"
    assert "not_ultrasound" not in number(pairs, "1").flags and number(pairs, "1").modality == "b_mode"


def test_the_config_keeps_or_rejects_them():
    pairs, unpaired = run(make_page(), non_ultrasound="keep")
    assert len(pairs) == 2 and not unpaired and "not_ultrasound" not in number(pairs, "2").flags
    pairs, unpaired = run(make_page(), non_ultrasound="reject")
    assert len(pairs) == 1 and [outcome.code for outcome in unpaired] == ["NOT_ULTRASOUND"]
    assert "Photograph" in unpaired[0].message
    pairs, _ = run(make_page(), non_ultrasound="reject", min_ultrasound_score=0.0)
    assert len(pairs) == 2
    assert Config().pair.non_ultrasound == "flag"


def test_pixels_and_words_speak_apart_and_a_conflict_is_flagged():
    pairs, _ = run(make_page("Axial CT of the abdomen.", see("b_mode", 0.95, 0.95)))
    second = number(pairs, "2")
    assert "modality_conflict" in second.flags
    assert {(e.source, e.modality) for e in second.modality_evidence} == {
        ("pixels", "b_mode"), ("caption", "not_ultrasound"),
    }  # fmt: skip
    assert {e.source for e in number(pairs, "1").modality_evidence} == {"pixels", "caption"}


def test_labels_mean_what_the_own_caption_says():
    inside = (("LK", 0.5, 0.5), ("PV", 0.2, 0.5), ("GB", 0.8, 0.5), ("+ Dist 13.20 cm", 0.3, 0.9))
    pairs, _ = run(make_page(inside=inside))
    pieces = {piece.text: piece for piece in number(pairs, "1").annotations}
    assert (pieces["LK"].meaning, pieces["LK"].meaning_from) == ("left kidney", "legend")
    assert (pieces["PV"].meaning, pieces["PV"].meaning_from) == ("portal vein", "legend")
    assert pieces["GB"].meaning_from == "vocabulary"
    assert (pieces["+ Dist 13.20 cm"].value, pieces["+ Dist 13.20 cm"].unit) == (13.2, "cm")
    assert [line.text for line in number(pairs, "1").burned_in_text] == ["LK", "PV", "GB", "+ Dist 13.20 cm"]


@pytest.mark.parametrize(("letters", "is_dual"), [((), True), ((("A", 0.05, 0.1), ("B", 0.55, 0.1)), False)])
def test_a_dual_screen_is_one_pair_unless_its_halves_carry_letters(letters, is_dual):
    page = PageBuilder(1).picture(50, 60, 450, 260, inside=letters).text(50, 270, "Figure 1: Both kidneys.").build()
    halves = ((0.0, 0.0, 48.0, 80.0), (52.0, 0.0, 100.0, 80.0))
    figure = page.figures[0].model_copy(
        update={"screens": halves, "flags": ("dual_screen",), **see("b_mode", 0.9, 0.9)}
    )
    pairs, _ = run(page.model_copy(update={"figures": (figure,)}))
    (pair,) = pairs.values()
    assert ("dual_screen" in pair.flags) == is_dual
    assert pair.screens == (halves if is_dual else ())


def test_siblings_of_a_rejected_picture_do_not_name_it():
    builder = PageBuilder(1).picture(50, 60, 250, 200, inside=(("A", 0.05, 0.05),))
    page = builder.picture(270, 60, 470, 200, inside=(("B", 0.05, 0.05),)).text(
        50, 210, "Figure 1: (A) Sonogram of the mass. (B) Photograph of the specimen.", size=9
    ).build()  # fmt: skip
    facts = [see("b_mode", 0.9, 0.9), see("not_ultrasound", 0.9, 0.1)]
    figures = tuple(figure.model_copy(update=fact) for figure, fact in zip(page.figures, facts, strict=True))
    page = page.model_copy(update={"figures": figures})
    rule = ReadingOrderRule({"non_ultrasound": "flag"})
    both = [o for _, o in rule.pair([page], HullCropper()) if isinstance(o, ImageTextPair)]
    assert [pair.panel for pair in both] == ["A", "B"] and all(len(pair.siblings) == 1 for pair in both)
    kept = [o for _, o in ReadingOrderRule({"non_ultrasound": "reject"}).pair([page], HullCropper())]
    (pair,) = [o for o in kept if isinstance(o, ImageTextPair)]
    assert pair.panel == "A" and pair.siblings == ()
