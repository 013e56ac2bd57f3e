"""What an export's card and description say of it, gathered once, before any of its papers is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from remud_gen.exporters.splits import SPLIT_NAMES
from remud_gen.protocols import ExportSummary
from remud_gen.rules.late import compile_late
from remud_gen.rules.licences import find_rights

# Names under which the Hugging Face Hub knows licences; all others are `other` there, with a name.
_HUB_LICENCES = frozenset((
    "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0",
    "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense",
    "gpl-3.0", "agpl-3.0", "wtfpl", "cdla-permissive-1.0", "cdla-permissive-2.0", "cdla-sharing-1.0",
))  # fmt: skip
_DATA_FILE = compile_late(
    rf"(?:.*[/_-])?(?P<split>{'|'.join(SPLIT_NAMES)})(?:-[\d-]+of[\d-]+)?\.(?:jsonl|json|parquet)"
)
LIMITS = (
    "Questions, thinking and answers are synthetic: a program or a model wrote them from books. They may be wrong "
    "where the book is right, and they carry the book's mistakes, age and country.",
    "They are for training and evaluating models. They are not for clinical use, and no clinician has checked them "
    "unless a note says so.",
    "Filters find what they have rules for. What a model saw in a picture, as opposed to what the caption says, is not "
    "verified.",
    "How often organs, diseases and devices occur is how often the books show them, not how often they occur.",
    "Names, numbers and dates of patients were looked for in words and pixels; that nothing was missed cannot be "
    "promised. Look yourself before you pass pictures of patients on.",
)


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """All that README.md, croissant.json and MANIFEST.json tell."""

    name: str  # of the format
    purpose: str
    summary: ExportSummary
    settings: Mapping[str, Any]
    fingerprint: str
    funnel: Mapping[str, Any] = field(default_factory=dict)  # of the run: total, kept, review, rejected, codes
    withheld: int = 0  # records whose pictures stand as pointers

    @property
    def exported(self) -> int:
        """Records in any split."""
        return sum(count for name, count in self.summary.counts.items() if name != "images")

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the records, as the Hub writes them."""
        return tuple(sorted(self.summary.profile.get("language", {})))

    @property
    def licences(self) -> Mapping[str, int]:
        """Records by the licence of their source."""
        return self.summary.profile.get("licence", {})

    @property
    def hub_licence(self) -> str:
        """The one licence of all sources if the Hub has a name for it; else `other`."""
        only = next(iter(self.licences)) if len(self.licences) == 1 else ""
        return only if only in _HUB_LICENCES else "other"

    @property
    def licence_name(self) -> str:
        """What stands beside `other`."""
        rights = {find_rights(licence) for licence in self.licences}
        if "private" in rights or "no_derivatives" in rights:
            return "private-use" if not self.withheld else "see-sources"
        return "see-sources"

    @property
    def data_files(self) -> Mapping[str, tuple[str, ...]]:
        """Split -> the files of its rows, where their names tell; views of the same rows are no files of their own."""
        found: dict[str, list[str]] = {}
        for file in sorted(self.summary.files):
            if (match := _DATA_FILE.fullmatch(file)) is not None:
                found.setdefault(match["split"], []).append(file)
        return {split: tuple(found[split]) for split in SPLIT_NAMES if split in found}

    @property
    def left_out(self) -> Mapping[str, int]:
        """Records that the format cannot hold, by code."""
        codes: dict[str, int] = {}
        for _, reason in self.summary.left_out:
            code = reason.partition(":")[0]
            codes[code] = codes.get(code, 0) + 1
        return dict(sorted(codes.items()))


def name_size(count: int) -> str:
    """The Hub's name for how many records there are."""
    limits: Sequence[tuple[int, str]] = (
        (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
        (10_000_000, "1M<n<10M"),
    )  # fmt: skip
    return next((name for limit, name in limits if count < limit), "10M<n<100M")
