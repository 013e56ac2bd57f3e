"""Write docs/reference/formats.md from the exporters themselves: python -m scripts.document_formats"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from remud_gen import registry
from remud_gen.exporters.conditions import DERIVED
from remud_gen.exporters.validate import RULES
from remud_gen.records import Quadruplet

FILE = Path(__file__).parents[1] / "docs" / "reference" / "formats.md"
HEAD = """# Export formats

This page is written by `python -m scripts.document_formats` from the exporters themselves. `remud export --list` prints
the first two columns; docs/guides/export.md shows how to use them.
"""
PAPERS = {
    "README.md": "the dataset card, its head as the Hugging Face Hub reads it: counts, funnel, models, licences",
    "MANIFEST.json": "settings, counts, what was not chosen or left out, and the SHA-256 of files but pictures",
    "CHECKSUMS": "the SHA-256 of every file, pictures included: `sha256sum --quiet -c CHECKSUMS`",
    "provenance.jsonl": "per record the document's SHA-256, page, box, licence, model, prompt, and quotes by claim",
    "left_out.jsonl": "records that the format cannot hold, with `CODE: reason`",
    "croissant.json": "a description for machines: Croissant 1.0 with its responsible-AI fields",
}


def render_page() -> str:
    """The whole page."""
    return "\n".join(_list_lines()) + "\n"


def _list_lines() -> Iterator[str]:
    yield HEAD
    yield from ("| format | for | thinking as | pictures |", "|---|---|---|---|")
    for name in registry.names("exporters"):
        exporter = registry.load("exporters", name)
        yield f"| [{name}](#{name}) | {exporter.summary} | {', '.join(exporter.thinking_modes)} | {_tell(exporter)} |"
    for name in registry.names("exporters"):
        exporter = registry.load("exporters", name)
        module = inspect.cleandoc(sys.modules[exporter.__module__].__doc__ or "")
        yield from ("", f"## {name}", "", module, "", inspect.cleandoc(exporter.__doc__ or ""))
        if exporter.holds_pointers:
            told = (
                "Pictures that a source's licence keeps from being passed on stand as pointers: document, page and box."
            )
            yield from ("", told)
    yield from ("", "## What lies beside the data in every format", "", "| file | holds |", "|---|---|")
    yield from (f"| `{name}` | {what} |" for name, what in PAPERS.items())
    yield from ("", "## What is checked before an export appears", "")
    yield "Every file is read back from the disk. One problem, and nothing appears; the message names record and rule."
    yield from ("", "| rule | what holds |", "|---|---|")
    yield from (f"| `{code}` | {rule} |" for code, rule in sorted(RULES.items()))
    yield from ("", "## Fields that `--where` knows", "")
    yield "Fields of the record: " + ", ".join(f"`{name}`" for name in sorted(Quadruplet.model_fields)) + "."
    yield "Fields below them are named with dots, as in `source.page_number` or `generation.prompt`."
    yield "And what follows from them: " + ", ".join(f"`{name}`" for name in sorted(DERIVED)) + "."


def _tell(exporter: Any) -> str:
    return "in the data files" if exporter.packs_images else "beside them"


def main() -> None:
    """Write the page."""
    FILE.write_text(render_page(), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
