"""croissant.json: what the export is, for machines, in MLCommons' Croissant 1.0 with its responsible-AI fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from remud_gen import __version__
from remud_gen.exporters.facts import LIMITS, ExportFacts
from remud_gen.exporters.provenance import PROVENANCE

CROISSANT = "croissant.json"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_FORMATS = {
    "jsonl": "application/jsonlines", "json": "application/json", "parquet": "application/x-parquet",
    "tar": "application/x-tar", "yaml": "application/yaml", "sh": "text/x-shellscript", "py": "text/x-python",
    "md": "text/markdown", "xml": "application/xml", "jinja": "text/plain", "txt": "text/plain", "csv": "text/csv",
}  # fmt: skip
# Fields of provenance.jsonl that hold one value each.
_FIELDS = {
    "id": "sc:Text", "split": "sc:Text", "file": "sc:Text", "document_sha256": "sc:Text", "page": "sc:Integer",
    "locator": "sc:Text", "licence": "sc:Text", "model": "sc:Text", "prompt": "sc:Text", "prompt_sha256": "sc:Text",
}  # fmt: skip
_SPDX = "https://spdx.org/licenses/"


class HasDigest(Protocol):
    """Size and SHA-256 of a file."""

    sha256: str
    bytes: int


def describe_dataset(facts: ExportFacts, files: Mapping[str, HasDigest]) -> dict[str, Any]:
    """The description. `files` are all but the papers that come after this one."""
    licence = _SPDX + _write_spdx(facts.hub_licence) if facts.hub_licence != "other" else facts.licence_name
    distribution = [_describe_file(name, one) for name, one in sorted(files.items())]
    if facts.summary.counts.get("images"):
        distribution.append(_PICTURES)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": f"ultrasound-qa-{facts.name}",
        "description": (
            f"{facts.exported} synthetic questions and answers about ultrasound, each traceable to file, page, box and "
            f"words of its source, for {facts.purpose}"
        ),
        "license": licence,
        "citeAs": f"Ultrasound questions and answers, made with remud-gen {__version__} from the sources that "
        f"{PROVENANCE} names",
        "inLanguage": list(facts.languages),
        "keywords": ["ultrasound", "medical imaging", "visual question answering", "synthetic"],
        "version": "1.0.0",
        "isLiveDataset": False,
        **_describe_duties(facts),
        "distribution": distribution,
        "recordSet": [_RECORDS],
    }


def _describe_duties(facts: ExportFacts) -> dict[str, Any]:
    profile = facts.summary.profile
    models = ", ".join(profile.get("model", {}))
    prompts = ", ".join(profile.get("prompt", {}))
    return {
        "rai:dataCollection": "Pictures and words were taken from ultrasound books and images of the maker of this "
        f"set; questions, thinking and answers were made from them by {models}.",
        "rai:dataCollectionType": ["Secondary Data Analysis", "Synthetic data"],
        "rai:dataCollectionRawData": f"The documents that {PROVENANCE} names by SHA-256; they are no part of this set.",
        "rai:dataPreprocessingProtocol": [
            "Pictures were found on pages, cut out and paired with their own captions by rules.",
            "Filters rejected or held back records for form, language, grounding, leaks, privacy and duplicates.",
        ],
        "rai:dataAnnotationProtocol": f"Written by a program or model from the source's words; prompts: {prompts}.",
        "rai:machineAnnotationTools": list(profile.get("model", {})),
        "rai:annotationsPerItem": "1",
        "rai:personalSensitiveInformation": [LIMITS[4]],
        "rai:dataBiases": [LIMITS[3]],
        "rai:dataLimitations": [LIMITS[0], LIMITS[2]],
        "rai:dataUseCases": ["Training and evaluating models for ultrasound. " + LIMITS[1]],
        "rai:dataSocialImpact": "A model trained on this set may sound sure and be wrong. " + LIMITS[1],
        "rai:dataReleaseMaintenancePlan": "None is promised; the same sources and settings give the same bytes again.",
        "rai:hasSyntheticData": True,
    }


def _describe_file(name: str, one: HasDigest) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{one.bytes} B",
        "encodingFormat": _FORMATS.get(name.rpartition(".")[2], "application/octet-stream"),
        "sha256": one.sha256,
    }


def _write_spdx(licence: str) -> str:
    """CC-BY-4.0 for cc-by-4.0: identifiers in links are written as SPDX does."""
    names = {"mit": "MIT", "apache-2.0": "Apache-2.0", "unlicense": "Unlicense", "isc": "ISC", "wtfpl": "WTFPL"}
    return names.get(licence, licence.upper().replace("-CLAUSE", "-Clause"))


_PICTURES: dict[str, Any] = {
    "@type": "cr:FileSet",
    "@id": "pictures",
    "name": "pictures",
    "encodingFormat": ["image/png", "image/jpeg"],
    "includes": "images/**/*",
}
_RECORDS: dict[str, Any] = {
    "@type": "cr:RecordSet",
    "@id": "provenance",
    "name": "provenance",
    "description": "Where each record comes from; `id` is that of the record in the data files.",
    "key": {"@id": "provenance/id"},
    "field": [
        {
            "@type": "cr:Field",
            "@id": f"provenance/{name}",
            "name": f"provenance/{name}",
            "dataType": kind,
            "source": {"fileObject": {"@id": PROVENANCE}, "extract": {"column": name}},
        }
        for name, kind in _FIELDS.items()
    ],
}
