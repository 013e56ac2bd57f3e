"""Label Studio: tasks with the texts as predictions to edit, boxes on the picture, and the project's layout."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, get_args
from xml.etree import ElementTree

from remud_gen.errors import RecordError
from remud_gen.exporters.ledger import Ledger
from remud_gen.exporters.review_fields import (
    EDITABLE,
    GUIDELINES,
    VERDICTS,
    find_picture_boxes,
    find_text,
    list_fields,
    list_page_boxes,
)
from remud_gen.exporters.rows import ArrayFiles, encode_line, read_array
from remud_gen.exporters.shipped_scripts import write_script
from remud_gen.protocols import ExportedRow, ExportSummary, PictureShelf
from remud_gen.records import EvidenceKind, Quadruplet
from remud_gen.rules.digests import DigestTable, digest_text

LOCAL = "/data/local-files/?d="  # how Label Studio names a file below its document root
TASKS_PER_FILE = 5000  # what one upload of a browser still takes
# What stands in every $name of a layout must be in every task of its project: hence one project per kind of record.
GROUPS = ("text", "picture", "pictures")
SHOWN = ("kind", "source", "options", "turns", "evidence", "findings")


class LabelStudioExporter:
    """`tasks_<kind>-00001.json` and `config_<kind>.xml` for text, one picture and several: a project each.

    `run_labelstudio.sh` starts Label Studio so that it finds the pictures, `push_labelstudio.py` makes the projects.
    Bring the reviewed tasks back with `remud import`.
    """

    name: ClassVar[str] = "labelstudio"
    summary: ClassVar[str] = "Label Studio: human review, texts to edit, evidence boxes drawn; back with remud import"
    thinking_modes: ClassVar[tuple[str, ...]] = ("qwen", "remud", "field", "none")  # thinking is a field of its own
    needs_rgb: ClassVar[bool] = True
    packs_images: ClassVar[bool] = False
    holds_pointers: ClassVar[bool] = False
    takes_review: ClassVar[bool] = True

    def __init__(self, thinking: str) -> None:
        self.thinking = thinking

    def write(self, records: Iterable[tuple[str, Quadruplet]], folder: Path, pictures: PictureShelf) -> ExportSummary:
        """Write the tasks of each kind, their layout, and the scripts."""
        ledger, images = Ledger(), DigestTable()
        counts: Counter[str] = Counter()
        with ArrayFiles(folder) as files:
            for _, _, (task, placed) in ledger.sift(
                records, lambda split, record: (make_task(record, split), pictures.place(record.images))
            ):
                group = GROUPS[min(len(placed), 2)]
                urls = [LOCAL + path for path in placed]
                task["data"] |= {"text": {}, "picture": {"image": "".join(urls)}, "pictures": {"images": urls}}[group]
                files.add(f"tasks_{group}-{counts[group] // TASKS_PER_FILE + 1:05d}", encode_line(task))
                counts[group] += 1
                for path in placed:
                    images.setdefault(digest_text(path))
        layouts = {f"config_{group}.xml": render_layout(group) for group in GROUPS if counts[group]}
        for name, layout in layouts.items():
            (folder / name).write_bytes(layout)
        scripts = [write_script(folder, name) for name in ("push_labelstudio.py", "run_labelstudio.sh")]
        return ledger.to_summary([*files.files, *layouts, *scripts], len(images))

    def read_back(self, folder: Path) -> Iterator[ExportedRow]:
        """Every task; its pictures as paths below the folder."""
        for group in GROUPS:
            for path in sorted(folder.glob(f"tasks_{group}-*.json")):
                for number, task in enumerate(read_array(path), 1):
                    yield _read_task(task, path.name, f"{path.name} task {number}", group)


def make_task(record: Quadruplet, split: str) -> dict[str, Any]:
    """A task without its pictures: what reviewers see, and the texts as they may edit them."""
    data = {**list_fields(record, split), "page_boxes": json.dumps(list_page_boxes(record))}
    results: list[dict[str, Any]] = [
        {
            "id": name,
            "from_name": f"new_{name}",
            "to_name": "question",
            "type": "textarea",
            "value": {"text": [data[name]]},
        }
        for name in EDITABLE
        if data[name]
    ]
    for number, (span, (x, y, width, height)) in enumerate(find_picture_boxes(record), 1):
        box = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [span.kind]}
        results.append(
            {
                "id": f"box{number}",
                "from_name": "bbox",
                "to_name": "img",
                "type": "rectanglelabels",
                "original_width": record.images[0].width_px,
                "original_height": record.images[0].height_px,
                "image_rotation": 0,
                "value": box,
            }
        )
    return {"data": data, "predictions": [{"model_version": "remud-gen", "result": results}]}


def render_layout(group: str) -> bytes:
    """The labelling configuration of one kind of record, as XML."""
    view = ElementTree.Element("View")
    if group != "text":
        source = {"value": "$image"} if group == "picture" else {"valueList": "$images"}
        _add(view, "Image", name="img", zoom="true", zoomControl="true", **source)
        labels = _add(view, "RectangleLabels", name="bbox", toName="img")
        for kind in get_args(EvidenceKind):
            _add(labels, "Label", value=kind)
    _add(view, "Header", value="Question")
    _add(view, "Text", name="question", value="$question", valueType="text")
    for name in SHOWN:
        _add(view, "Header", value=name.capitalize(), size="5")
        _add(view, "Text", name=name, value=f"${name}", valueType="text")
    verdict = _add(view, "Choices", name="verdict", toName="question", choice="single", required="true")
    verdict.set("showInline", "true")
    for choice in VERDICTS:
        _add(verdict, "Choice", value=choice)
    for name in EDITABLE:
        _add(view, "Header", value=f"{name.capitalize()}, to edit", size="5")
        _add(
            view, "TextArea", name=f"new_{name}", toName="question", editable="true", maxSubmissions="1", rows="4",
            showSubmitButton="false", required="false",
        )  # fmt: skip
    view.insert(0, ElementTree.Comment(f" {GUIDELINES} "))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode").encode("utf-8") + b"\n"


def _add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, attributes)


def _read_task(task: Mapping[str, Any], file: str, place: str, group: str) -> ExportedRow:
    data = task.get("data")
    if not isinstance(data, dict):
        raise RecordError("SCHEMA_MIXED", f"{place} has no data")
    urls = {"text": [], "picture": [data.get("image")], "pictures": data.get("images")}[group]
    if not isinstance(urls, list) or not all(isinstance(url, str) and url.startswith(LOCAL) for url in urls):
        raise RecordError("IMAGE_PATH", f"{place} names a picture that is none of this export")
    images = tuple(url.removeprefix(LOCAL) for url in urls)
    return ExportedRow(file, find_text(data, "record_id"), find_text(data, "split"), None, images, data)
