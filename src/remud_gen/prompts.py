"""Prompt files: Markdown with a YAML head and $placeholders; a file of the user's own replaces a shipped one by name.

A prompt file `<name>.<language>.md` has a head (name, version, language, variables) and the parts `# System` (may be
absent) and `# User`. The system part holds no placeholder: its bytes are the same in every request, so that providers
can cache it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Template

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from remud_gen.errors import ConfigError
from remud_gen.records import Language
from remud_gen.rules.strict_yaml import read_yaml
from remud_gen.shipped import find_shipped

SHAPE = re.compile(r"\A---\n(?P<head>.*?)\n---\n\s*(?:# System\n(?P<system>.*?)\n)?# User\n(?P<user>.*)\Z", re.DOTALL)


class PromptHead(BaseModel):
    """The YAML head of a prompt file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int
    language: Language
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file, read and checked. `sha256` is of its text, so that any edit makes records made from it stale."""

    head: PromptHead
    system: str
    user: str
    sha256: str

    @property
    def label(self) -> str:
        """How records name it: name.language@version."""
        return f"{self.head.name}.{self.head.language}@{self.head.version}"

    def render(self, values: Mapping[str, object]) -> str:
        """The user part with its placeholders filled; `$` inside a value stays what it is.

        Raises:
            ConfigError: when a value is missing, or one is given that the prompt does not use.
        """
        wanted = set(self.head.variables)
        if wanted != set(values):
            raise ConfigError(f"prompt {self.label}: {_explain_difference(wanted, set(values))}")
        return Template(self.user).substitute({key: str(value) for key, value in values.items()})


def load_prompt(name: str, language: Language, folder: Path | None = None) -> Prompt:
    """Read `<name>.<language>.md` from the user's folder if it is there, else from the shipped ones.

    Raises:
        ConfigError: naming the file and what is wrong with it.
    """
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"generate.prompts: {folder} is not a folder", f"shipped prompts: {find_shipped('prompts')}")
    if folder is not None:
        _refuse_unknown_names(folder)
    file_name = f"{name}.{language}.md"
    own = folder / file_name if folder is not None else None
    path = own if own is not None and own.is_file() else find_shipped("prompts") / file_name
    try:
        text = path.read_text("utf-8").replace("\r\n", "\n").removeprefix("\ufeff")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"prompt {path.name} cannot be read: {error}") from None
    return parse_prompt(text, path.name)


def _refuse_unknown_names(folder: Path) -> None:
    """A misnamed file would replace nothing, and nobody would hear of it."""
    known = sorted(path.name for path in find_shipped("prompts").glob("*.md"))
    texts = (
        path for path in folder.iterdir() if path.suffix.lower() in {".md", ".markdown", ".txt"} and path.is_file()
    )
    unknown = sorted(path.name for path in texts if path.name not in known and path.stem.lower() != "readme")
    if unknown:
        told = f"generate.prompts: {', '.join(unknown)} in {folder} replaces no shipped prompt"
        raise ConfigError(told, f"name it like one of these, or move it away: {', '.join(known)}")


@lru_cache(maxsize=64)
def parse_prompt(text: str, origin: str) -> Prompt:
    """Check a prompt's text; `origin` names it in errors.

    Raises:
        ConfigError: a missing part, a wrong head, or placeholders that do not agree with `variables`.
    """
    shape = SHAPE.match(text)
    if shape is None:
        raise ConfigError(
            f"{origin}: a prompt is a YAML head between --- lines, then `# System` (or not), then `# User`"
        )
    head = _read_head(shape["head"], origin)
    system, user = (shape["system"] or "").strip(), shape["user"].strip()
    for part, body, allowed in (("system", system, set[str]()), ("user", user, set(head.variables))):
        template = Template(body)
        if not template.is_valid():
            raise ConfigError(f"{origin}: a stray $ in the {part} part", "write $$ for a dollar sign")
        found = set(template.get_identifiers())
        if found != allowed:
            raise ConfigError(f"{origin}: {part} part: {_explain_difference(allowed, found)}")
    sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Prompt(head, Template(system).substitute(), user, sha256)


def _read_head(text: str, origin: str) -> PromptHead:
    try:
        return PromptHead.model_validate(read_yaml(text))
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin}: the head is not valid YAML: {error}") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise ConfigError(f"{origin}: the head is wrong: {problems}") from None


def _explain_difference(wanted: set[str], found: set[str]) -> str:
    parts = []
    if wanted - found:
        parts.append(f"missing {', '.join('$' + name for name in sorted(wanted - found))}")
    if found - wanted:
        parts.append(f"unknown {', '.join('$' + name for name in sorted(found - wanted))}")
    return ", ".join(parts)
