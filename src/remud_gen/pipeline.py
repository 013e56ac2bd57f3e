"""The picture: what follows what.

    folder ─▶ documents ─▶ extract ─▶ pair ─▶ generate ─▶ filter ─▶ corpus ─▶ export

Each row takes the records of the row above. A stage command first brings every row above it up to date; `filter` and
`export` do so only as far as that costs nothing.
With `extract.layout: vlm` a model is asked before pages are read: documents ─▶ views ─▶ ground ─▶ extract.
With `pair.rule: vlm_check` one is asked about unsure pairs: pair ─▶ check ─▶ generate.
With `judge.probes` one is asked about finished records, by `filter`: filter ─▶ judge ─▶ corpus.
"""

from __future__ import annotations

from remud_gen.config import Config
from remud_gen.runner.plan import StageRow


def asks_for_figures(config: Config) -> bool:
    """Whether a model is asked where figures are."""
    return config.extract.layout == "vlm"


def finds_figures(config: Config) -> bool:
    """Whether figures are found without asking."""
    return not asks_for_figures(config)


def asks_about_pairs(config: Config) -> bool:
    """Whether a model is shown the pairs that are unsure."""
    return config.pair.rule == "vlm_check"


def asks_about_records(config: Config) -> bool:
    """Whether a model is asked about the records that no rule rejected."""
    return bool(config.judge.probes)


# fmt: off
PIPELINE: tuple[StageRow, ...] = (
    StageRow("documents", "remud_gen.stages.documents:DocumentsStage", "file", "file", command="extract"),
    StageRow(
        "views", "remud_gen.stages.views:ViewsStage", "pages", "page", is_limited=True,
        command="extract", is_wanted=asks_for_figures,
    ),
    StageRow(
        "ground", "remud_gen.stages.ground:GroundStage", "part", "page", command="extract", is_wanted=asks_for_figures,
    ),
    StageRow(
        "extract", "remud_gen.stages.grounded:GroundedExtractStage", "part", "page", is_limited=True,
        is_wanted=asks_for_figures,
    ),
    StageRow(
        "extract", "remud_gen.stages.extract:ExtractStage", "pages", "page", is_limited=True, is_wanted=finds_figures,
    ),
    StageRow("pair", "remud_gen.stages.pair:PairStage", "document", "page"),
    StageRow("check", "remud_gen.stages.check:CheckStage", "part", "pair", command="pair", is_wanted=asks_about_pairs),
    StageRow("generate", "remud_gen.stages.generate:GenerateStage", "slice", "pair", is_limited=True),
    StageRow("filter", "remud_gen.stages.filter:FilterStage", "part", "record"),
    StageRow(
        "judge", "remud_gen.stages.judge:JudgeStage", "part", "record", command="filter", is_limited_alone=True,
        is_wanted=asks_about_records,
    ),
    StageRow("corpus", "remud_gen.stages.corpus:CorpusFilterStage", "corpus", "record", command="filter"),
)
# fmt: on
"""Export is not a row: it makes a folder for a trainer rather than records for a next stage."""
