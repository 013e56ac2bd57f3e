"""Parts that the present inputs do not lead to: their files are gone, or only were not named this time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from remud_gen.runner.folder import RunFolder
from remud_gen.runner.parts import part_paths, read_meta
from remud_gen.runner.reports.wording import count_noun

MOST_ROOTS = 3


def tell_unused(run: Path, stage: str, orphans: Sequence[str]) -> Iterator[str]:
    """Why parts on disk are not used, and how to have those back whose files are still there."""
    former = RunFolder(run).recall_former_roots()
    homes = [_find_home(run, stage, key, former) for key in orphans] if former else [None] * len(orphans)
    roots = list(dict.fromkeys(str(home) for home in homes if home is not None))
    n_gone = homes.count(None)
    if n_gone:
        yield f"{stage}: {count_noun(n_gone, 'part')} of inputs that are gone, kept on disk, not used"
    if roots:
        listed = ", ".join(roots[:MOST_ROOTS]) + (", …" if len(roots) > MOST_ROOTS else "")
        parts = count_noun(len(orphans) - n_gone, "part")
        yield (
            f"{stage}: {parts} of files that were not named this time, kept on disk, not used; "
            f"to have them back, name {listed} as well"
        )


def _find_home(run: Path, stage: str, key: str, former: Sequence[Path]) -> Path | None:
    """The folder or file named earlier that still holds the document of a part."""
    meta = read_meta(part_paths(run, stage, key).meta)
    if meta is None or not meta.document:
        return None
    for root in former:
        if (root / meta.document).is_file() or (root.name == meta.document and root.is_file()):
            return root
    return None
