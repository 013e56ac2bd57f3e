"""`remud filter --dry-run`: the real filters over the real records, in a stand-in for the run folder.

The stand-in is a temporary folder whose entries are links to those of the run. What is made there replaces a link and
never what it leads to; so the run is judged by the same code as ever, in workers, and nothing of it is touched.
"""

from __future__ import annotations

import heapq
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image as PillowImage

from remud_gen.config import Config, JudgeConfig
from remud_gen.errors import InputError, RecordError
from remud_gen.filters.funnel import Funnel, count_funnel
from remud_gen.filters.histograms import Histograms
from remud_gen.records import ImageRef, Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text
from remud_gen.rules.picture_facts import measure_picture
from remud_gen.runner.away import look_for_roots
from remud_gen.runner.driver import Driver, Wish
from remud_gen.runner.folder import MARKER, RunFolder
from remud_gen.runner.images import ContentImageStore
from remud_gen.runner.imported import list_imported
from remud_gen.runner.interrupt import Interruption
from remud_gen.runner.inventory import CACHE
from remud_gen.runner.judged import read_judged
from remud_gen.runner.options import Options, resolve_config
from remud_gen.runner.plan import StageRow, choose_rows
from remud_gen.runner.progress import tell
from remud_gen.runner.reports.report import StageReport
from remud_gen.runner.review import FILE as DECISIONS
from remud_gen.runner.review import load_review
from remud_gen.runner.trial import list_filtered

OWN = ("filter", "corpus")  # the stages that are run; those before stay as they are
MOST_PICTURES = 2000  # that are measured, chosen by the digest of their content


@dataclass
class Preview:
    """What `remud filter` would find."""

    run: Path
    reports: list[StageReport]
    funnel: Funnel = field(default_factory=Funnel)
    histograms: Histograms = field(default_factory=Histograms)
    notes: list[str] = field(default_factory=list)


def preview_filters(rows: Sequence[StageRow], options: Options) -> Preview:
    """Judge all records that are there, and count.

    Raises:
        InputError: the folder is no run, holds no records yet, or no room can be had for the stand-in.
    """
    folder = RunFolder(options.run)
    if not folder.marker:
        raise InputError(f"{options.run} is not a run folder", "start one: remud extract books/ --run DIR")
    config = resolve_config(options)
    notes = []
    if config.judge.probes:
        notes.append("Without the verdicts of the judge: a dry run asks no model.")
        config = config.model_copy(update={"judge": JudgeConfig()})
    roots = look_for_roots(folder, options.inputs)
    with _stand_in(options.run, [row.name for row in choose_rows(rows, config)]) as place:
        with Interruption(tell) as interruption:
            driver = Driver(RunFolder(place), config, rows, interruption, is_quiet=options.is_quiet)
            reports = driver.bring_up_to(Wish(OWN[-1], only=frozenset(OWN)), roots)
        preview = Preview(options.run, reports, notes=[*notes, *_describe_lacks(reports)])
        _count(preview, place, config)
    return preview


@contextmanager
def _stand_in(run: Path, stages: Sequence[str]) -> Iterator[Path]:
    run = run.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix="remud-dry-run-") as name:
            place = Path(name)
            for stage in stages:
                if stage not in OWN and (run / stage).is_dir():
                    (place / stage).symlink_to(run / stage, target_is_directory=True)
            for folder in (*OWN, "bases"):
                (place / folder).mkdir()
                for path in (run / folder).glob("*"):
                    (place / folder / path.name).symlink_to(path)
            for folder in ("images", "imported", Path(DECISIONS).parts[0]):
                if (run / folder).is_dir():
                    (place / folder).symlink_to(run / folder, target_is_directory=True)
            for file in (MARKER, CACHE):
                if (run / file).is_file():
                    shutil.copy(run / file, place / file)
            yield place
    except OSError as error:
        told = f"the dry run cannot use {tempfile.gettempdir()}: {error.strerror or error}"
        raise InputError(told, "make room there, or name another folder with TMPDIR") from None


def _count(preview: Preview, place: Path, config: Config) -> None:
    reports = {report.name: report.states for report in preview.reports}
    filtered = [*list_imported(place), *list_filtered(preview.reports)]
    pictures = _Pictures()

    def watch() -> Iterator[Quadruplet]:
        for record in read_judged(place, filtered, reports[OWN[-1]], load_review(place, config)):
            preview.histograms.add(record)
            pictures.add(record)
            yield record

    preview.funnel = count_funnel(watch())
    pictures.measure(ContentImageStore(place), preview.histograms)
    if not preview.funnel.total:
        raise InputError(f"{preview.run} holds no records to judge yet", "make some: remud generate")


class _Pictures:
    """Distinct pictures, and those with the lowest digests, which are measured."""

    def __init__(self) -> None:
        self._seen = DigestTable()
        self._chosen: list[tuple[int, str, ImageRef]] = []  # a heap, the largest digest on top

    def add(self, record: Quadruplet) -> None:
        """Take note of a record's pictures."""
        for image in record.images:
            digest = digest_text(image.sha256)
            if digest in self._seen:
                continue
            self._seen.setdefault(digest)
            row = (-digest, image.sha256, image)
            if len(self._chosen) < MOST_PICTURES:
                heapq.heappush(self._chosen, row)
            elif row[:2] > self._chosen[0][:2]:
                heapq.heapreplace(self._chosen, row)

    def measure(self, images: ContentImageStore, histograms: Histograms) -> None:
        """Look at the chosen pictures; one that cannot be read is not counted as measured."""
        histograms.pictures = len(self._seen)
        for _, _, ref in sorted(self._chosen, reverse=True):
            try:
                with PillowImage.open(images.path(ref)) as image:
                    facts = measure_picture(image)
            except (OSError, ValueError, RecordError):
                continue
            histograms.add_picture(facts)


def _describe_lacks(reports: Sequence[StageReport]) -> Iterator[str]:
    """Stages before the filters that are not up to date: their records are judged as they are."""
    for report in reports:
        if report.name not in OWN and (report.n_stale or report.n_partial):
            yield f"{report.name} is not up to date ({report.n_stale + report.n_partial} of {report.n_parts} parts)."
