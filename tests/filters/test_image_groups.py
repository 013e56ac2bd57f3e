"""Pictures that are the same one: by hash, by pixels where the hash leaves a doubt, by what they were masked from."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from remud_gen.config import Config
from remud_gen.filters.image_groups import ImageGroups
from remud_gen.records import ImageRef, Verdict
from remud_gen.rules.images import hash_perceptually, measure_distance
from remud_gen.rules.likeness import correlate, shrink
from remud_gen.rules.record_texts import lay_over
from remud_gen.runner.images import ContentImageStore
from remud_gen.stages.base import StageContext
from remud_gen.stages.corpus import CorpusFilterStage
from tests.filters.quadruplets import english

SAME, DOUBTFUL, LEAST = 6, 10, (0.80, 0.70)


@pytest.fixture
def store(tmp_path) -> ContentImageStore:
    return ContentImageStore(tmp_path)


def draw(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def save(store: ContentImageStore, image: Image.Image, **more) -> ImageRef:
    return store.save(image, phash=hash_perceptually(image), is_photographic=False, **more)


def group(store: ContentImageStore | None, *refs: ImageRef) -> list[set[int]]:
    groups = ImageGroups()
    numbers = [groups.add(ref) for ref in refs]
    groups.join(store, SAME, DOUBTFUL, LEAST)
    found: dict[int, set[int]] = {}
    for place, number in enumerate(numbers):
        found.setdefault(groups.find(number), set()).add(place)
    return list(found.values())


def find_doubtful(store: ContentImageStore, *, is_same: bool) -> tuple[ImageRef, ImageRef]:
    """Two pictures at 7 to 10 bits: a picture and a part of it, or two that merely have like hashes."""
    for seed in range(400):
        image = draw(seed)
        if is_same:
            other = image.crop((4, 4, 318, 236))
            if SAME < measure_distance(hash_perceptually(image), hash_perceptually(other)) <= DOUBTFUL:
                return save(store, image), save(store, other)
        else:
            first = save(store, image)
            second = save(store, draw(seed + 1000))
            bits = int(first.phash or "0", 16) ^ 0b1001001001001001
            return first, second.model_copy(update={"phash": f"{bits ^ 1 << 40 ^ 1 << 50:016x}"})
    raise AssertionError("no such pair")


def test_resized_recompressed_and_brightened_copies_are_one_picture(store) -> None:
    image = draw(1)
    copies = [image.resize((160, 120)), ImageEnhance.Brightness(image).enhance(1.1), image.convert("RGB")]
    refs = [save(store, image), *(save(store, copy) for copy in copies), save(store, draw(2))]
    assert group(store, *refs) == [{0, 1, 2, 3}, {4}]


def test_pixels_decide_where_hashes_leave_a_doubt(store) -> None:
    first, second = find_doubtful(store, is_same=True)
    assert group(store, first, second) == [{0, 1}]
    assert group(None, first, second) == [{0}, {1}]
    first, second = find_doubtful(store, is_same=False)
    assert SAME < measure_distance(first.phash or "", second.phash or "") <= DOUBTFUL
    assert group(store, first, second) == [{0}, {1}]


def test_a_masked_picture_belongs_to_its_original_whichever_comes_first(store) -> None:
    original = save(store, draw(3))
    masked = save(store, draw(4), derived_from=original.sha256)
    again = save(store, draw(5), derived_from=original.sha256)
    assert group(store, original, masked) == [{0, 1}]
    assert group(store, masked, original) == [{0, 1}]
    assert group(store, masked, again) == [{0, 1}]


def test_flat_pictures_are_one_where_all_pixels_are(store) -> None:
    black, grey = Image.new("L", (64, 64)), Image.new("L", (64, 64), 90)
    refs = [save(store, black), store.save(black, phash=hash_perceptually(black)), save(store, grey)]
    assert len({ref.sha256 for ref in refs}) == 3
    assert group(store, *refs) == [{0, 1}, {2}]
    assert group(None, *refs) == [{0}, {1}, {2}]


def test_pictures_that_cannot_be_read_stay_apart(store) -> None:
    first, second = find_doubtful(store, is_same=True)
    store.path(second).write_bytes(b"no picture")
    assert group(store, first, second) == [{0}, {1}]


def test_the_stage_records_the_group_and_compares_records_within_it(store, tmp_path) -> None:
    first, second = find_doubtful(store, is_same=True)
    other = save(store, draw(999))
    thought = "The wall is thicker than the usual 3 mm and no stone is seen, which speaks for an inflamed wall. "
    records = [
        english(id="a", images=(first,)),
        english(id="b", images=(second,), thinking=thought),
        english(id="c", images=(other,), thinking=thought + "So it is."),
        english(id="d", images=(second,), question="Which organ is shown here?"),
    ]
    stage = CorpusFilterStage(Config())
    stage.setup(StageContext(Config(), store, {}))
    found = {row.id: row for row in stage.process_all(iter(records))}
    assert {name: [v.code for v in row.verdicts] for name, row in found.items()} == {
        "a": ["IMG_DUP"], "b": ["DUP_EXACT", "IMG_DUP"], "d": ["IMG_DUP"],
    }  # fmt: skip
    assert len({row.image_groups for row in found.values()}) == 1
    laid = lay_over(records[3], found["d"])
    assert laid.image_groups == found["a"].image_groups
    assert laid.status == "kept"
    off = Config.model_validate({"filter": {"options": {"duplicates": {"severities": {"IMG_DUP": "off"}}}}})
    stage = CorpusFilterStage(off)
    stage.setup(StageContext(off, store, {}))
    silent = {row.id: row for row in stage.process_all(iter(records))}
    assert {name: row.image_groups for name, row in silent.items()} == {n: r.image_groups for n, r in found.items()}
    assert silent["d"].verdicts == ()


def test_a_fix_that_does_not_fit_the_record_becomes_a_review() -> None:
    from remud_gen.records import CorpusVerdict

    fix = {"code": "MCQ_KEY_SKEW", "severity": "fix"}
    verdicts = (
        Verdict(**fix, field="answer", original=english().answer, replacement="Another."),
        Verdict(**fix, field="thinking", original="something else", replacement="x"),
        Verdict(code="IMG_DUP", severity="info"),
    )
    laid = lay_over(english(), CorpusVerdict(id="q1", verdicts=verdicts))
    assert laid.answer == english().answer
    assert [(v.severity, v.replacement) for v in laid.verdicts] == [("review", None), ("review", None), ("info", None)]
    assert laid.status == "review"


def test_the_shape_of_a_sector_is_no_likeness(store) -> None:
    def scan(seed: int) -> Image.Image:
        random = np.random.default_rng(seed)
        y, x = np.mgrid[0:240, 0:320]
        is_lit = (np.abs(x - 160) < 0.6 * y + 20) & (y < 225)
        tones = np.where(is_lit, 130 - 0.3 * y + random.normal(0, 22, (240, 320)), 0)
        return Image.fromarray(np.clip(tones, 0, 255).astype(np.uint8))

    first, second = save(store, scan(1)), save(store, scan(2))
    doubtful = f"{int(first.phash or '', 16) ^ 0b1011_0000_1001_0000_1100_0001:016x}"
    assert SAME < measure_distance(first.phash or "", doubtful) <= DOUBTFUL
    copies = [shrink(scan(seed)) for seed in (1, 2)]
    assert correlate(*copies) >= 0.80
    assert group(store, first, second.model_copy(update={"phash": doubtful})) == [{0}, {1}]
