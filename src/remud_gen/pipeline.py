"""The picture: what follows what.

    folder ─▶ documents ─▶ extract ─▶ pair ─▶ generate ─▶ filter ─▶ corpus ─▶ export

Each row takes the records of the row above. A stage command first brings every row above it up to date.
"""

from __future__ import annotations

from remud_gen.runner.plan import StageRow

PIPELINE: tuple[StageRow, ...] = (
    StageRow("documents", "remud_gen.stages.documents:DocumentsStage", "file", "file", command="extract"),
    StageRow("extract", "remud_gen.stages.extract:ExtractStage", "pages", "page", is_limited=True),
    StageRow("pair", "remud_gen.stages.pair:PairStage", "document", "page"),
    StageRow("generate", "remud_gen.stages.generate:GenerateStage", "slice", "pair", is_limited=True),
    StageRow("filter", "remud_gen.stages.filter:FilterStage", "part", "record"),
    StageRow("corpus", "remud_gen.stages.corpus:CorpusFilterStage", "corpus", "record", command="filter"),
)
"""Export is not a row: it makes a folder for a trainer rather than records for a next stage."""
