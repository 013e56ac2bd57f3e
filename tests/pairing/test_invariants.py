"""On random layouts: what holds of every grouping, what confidence promises; long documents cost in step."""

import time
from collections import defaultdict
from itertools import pairwise

from remud_gen.pairing.reading_order import ReadingOrderRule
from remud_gen.records import ImageTextPair
from scripts.bench_pairing import BoxCropper, judge, measure_error
from scripts.pairing.layouts import make_scenes
from tests.pairing.builder import HullCropper, PageBuilder

SHARED = {"caption_shared", "continued"}


def test_each_picture_has_one_pair_and_each_caption_one_figure():
    for scene in make_scenes(120, seed=11):
        pairs = [r for _, r in ReadingOrderRule({}).pair(scene.pages, BoxCropper()) if isinstance(r, ImageTextPair)]
        assert len({pair.id for pair in pairs}) == len(pairs)
        places = [(pair.source.page_number, pair.source.bbox) for pair in pairs]
        assert len(set(places)) == len(places), scene.kind
        figures = defaultdict(set)
        for pair in pairs:
            assert set(pair.siblings) <= {other.id for other in pairs if other.figure_id == pair.figure_id} - {pair.id}
            if pair.caption and not SHARED & set(pair.flags):
                figures[pair.caption].add(pair.figure_id)
        assert all(len(ids) == 1 for ids in figures.values()), scene.kind


def test_confidence_means_something():
    judged = [entry for scene in make_scenes(400, seed=23) for entry in judge(scene)]
    error, rows = measure_error(judged)
    assert error < 0.1, rows
    bands = []
    for low, high in pairwise((0.0, 0.5, 0.8, 0.95, 1.001)):
        votes = [entry.is_right for entry in judged if entry.confidence is not None and low <= entry.confidence < high]
        bands.append(sum(votes) / len(votes))
    assert bands == sorted(bands) and bands[-1] > 0.98 and bands[0] < 0.5
    assert sum(entry.is_right for entry in judged) / len(judged) > 0.9


def test_twice_the_pages_cost_about_twice_the_time():
    def measure(count):
        pages = []
        for number in range(1, count + 1):
            page = PageBuilder(number)
            for i, letter in enumerate("AB"):
                page.picture(50 + 270 * i, 60, 280 + 270 * i, 200).text(160 + 270 * i, 204, letter)
            page.text(50, 230, f"Figure {number}: (A) Left kidney. (B) Right kidney.", size=9, width=500)
            page.text(
                50, 300, f"Both kidneys of patient {number} were normal in size (Fig. {number}A and B).", width=500
            )
            pages.append(page.build())
        started = time.process_time()
        list(ReadingOrderRule({}).pair(pages, HullCropper()))
        return time.process_time() - started

    measure(10)
    # The best of three: on a busy machine processor times swing.
    fewer, more = (min(measure(count) for _ in range(3)) for count in (40, 160))
    assert more < 4 * 1.7 * fewer + 0.2
