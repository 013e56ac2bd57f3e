"""Examples that are shown with a request: one file per organ and language, never that of the organ in question.

A file `<name>.<language>.md` in `prompts/examples` has a head (name, version, language, organ) and a part for each
prompt that it is an example of (`# vqa`, `# qa`, `# mcq`, `# dialogue`). A folder `examples` in the user's own folder
of prompts replaces all of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from remud_gen.errors import ConfigError
from remud_gen.records import Language
from remud_gen.rules.normalise import fold
from remud_gen.rules.regions import find_regions
from remud_gen.rules.strict_yaml import read_yaml
from remud_gen.shipped import find_shipped

SHAPE = re.compile(r"\A---\n(?P<head>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
PART = re.compile(r"^# (\w+)\n", re.MULTILINE)
FOLDER = "examples"
_find_regions_of = cache(find_regions)  # of the organs of all examples, once each


class ExampleHead(BaseModel):
    """The YAML head of a file of examples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int
    language: Language
    organ: str


@dataclass(frozen=True, slots=True)
class Example:
    """A file of examples, read and checked; `sha256` is of its text."""

    head: ExampleHead
    parts: Mapping[str, str]  # by the name of the prompt
    sha256: str

    @property
    def regions(self) -> frozenset[str]:
        """Where its organ may lie."""
        return _find_regions_of(self.head.organ, self.head.language)

    @property
    def label(self) -> str:
        """How records name it: name.language@version."""
        return f"{self.head.name}.{self.head.language}@{self.head.version}"


def load_examples(language: Language, folder: Path | None = None) -> tuple[Example, ...]:
    """All examples of a language, by name; of the user's folder where it has any, else the shipped ones.

    Raises:
        ConfigError: naming the file and what is wrong with it.
    """
    own = folder / FOLDER if folder is not None else None
    chosen = own if own is not None and own.is_dir() else find_shipped("prompts") / FOLDER
    found = []
    for path in sorted(chosen.glob(f"*.{language}.md")):
        try:
            text = path.read_text("utf-8").replace("\r\n", "\n").removeprefix("\ufeff")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"example {path.name} cannot be read: {error}") from None
        found.append(parse_example(text, path.name))
    return tuple(found)


@lru_cache(maxsize=64)
def parse_example(text: str, origin: str) -> Example:
    """Check the text of a file of examples; `origin` names it in errors.

    Raises:
        ConfigError: a missing part or a wrong head.
    """
    shape = SHAPE.match(text)
    if shape is None:
        raise ConfigError(f"{origin}: an example is a YAML head between --- lines, then a part such as `# vqa`")
    try:
        head = ExampleHead.model_validate(read_yaml(shape["head"]))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"{origin}: the head is wrong: {error}") from None
    pieces = PART.split(shape["body"])
    parts = {name: body.strip("\n") for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}
    if not parts or not all(parts.values()):
        raise ConfigError(f"{origin}: holds no part such as `# vqa`, or an empty one")
    if any(line.startswith("[") for body in parts.values() for line in body.splitlines()):
        # A line that begins so is a span of the request itself.
        raise ConfigError(f"{origin}: a line begins with `[`; indent the spans of examples")
    sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Example(head, parts, sha256)


def choose_examples(
    examples: Sequence[Example], purpose: str, identity: str, words: str, count: int
) -> tuple[Example, ...]:
    """So many examples of a purpose, drawn from the input's id, none from a region that its words speak of."""
    regions = find_regions(words, "en") | find_regions(words, "zh")
    folded = fold(words)
    fit = [
        example
        for example in examples
        if purpose in example.parts and not example.regions & regions and fold(example.head.organ) not in folded
    ]
    fit.sort(key=lambda example: hashlib.sha256(f"{identity}/{example.head.name}".encode()).digest())
    return tuple(fit[:count])
