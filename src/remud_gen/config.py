"""One validated, frozen configuration: flag > environment > file > default.

Files are YAML with one section per stage. Environment variables are REMUD_<SECTION>__<KEY> (values are YAML), and the
short forms REMUD_MODEL and REMUD_BASE_URL. Keys of model endpoints are never part of the configuration.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from remud_gen.errors import ConfigError, guess_name
from remud_gen.export_config import ExportConfig
from remud_gen.judge_config import JudgeOptions
from remud_gen.mix_config import MixConfig
from remud_gen.rules.coordinates import CoordsName
from remud_gen.rules.strict_yaml import TWICE, read_yaml
from remud_gen.shipped import find_shipped

SECRET_NAME = re.compile(r"(?:^|[&;])[^=&;]*(?:key|token|secret|password|passwd|sig|auth)[^=&;]*=", re.IGNORECASE)
MENDINGS = {  # a fault in the words of the YAML library -> what to do
    TWICE: "keep one of the two: the first would be lost",
    "'\\t'": "indent with spaces: YAML allows no tabs",
    "mapping values are not allowed": "put a value with a colon between quotes, or check how the line is indented",
    "expected ',' or": "a list or mapping that began with a bracket is not closed before this line",
    "expected <block end>": "indent all keys of a section alike",
    "could not find expected ':'": "put a colon and a space after the key, here or in the line above",
    "found unexpected end of stream": "a quote is not closed",
    "found undefined alias": "put a value that begins with * between quotes",
    "found character '%'": "put a value that begins with % between quotes",
    "found character '@'": "put a value that begins with @ between quotes",
    "found character '`'": "put a value that begins with ` between quotes",
}
SHORT_FORMS = {"REMUD_MODEL": ("generate", "model"), "REMUD_BASE_URL": ("generate", "base_url")}


class Section(BaseModel):
    """Base of all sections: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ExtractConfig(Section):
    """Files -> pages with text and pictures."""

    layout: str = "auto"
    ocr: str = "rapidocr"
    ocr_languages: tuple[str, ...] = ("chi_sim", "eng")  # for engines with data by language, such as tesseract
    min_dpi: int = Field(150, ge=72, le=1200)
    max_dpi: int = Field(400, ge=72, le=1200)
    reads_burned_in_text: bool = True
    trusts_hidden_text_layer: bool = False  # old OCR layers are often worse than a fresh reading
    pages_per_part: int = Field(16, ge=1)
    max_page_pixels: int = Field(60_000_000, ge=1_000_000)
    frames_per_loop: int = Field(4, ge=1, le=64)  # of a cine loop, that differ from each other


class PairConfig(Section):
    """Pages -> pairs and passages."""

    rule: str = "reading_order"
    check_below: float = Field(0.8, ge=0, le=1)  # rule vlm_check: pairs less sure are shown to the model of `vision`
    non_ultrasound: Literal["keep", "flag", "reject"] = "flag"  # what becomes of pictures of another kind
    min_ultrasound_score: float = Field(0.4, ge=0, le=1)  # below it a picture counts as another kind
    passage_min_chars: int = Field(80, ge=1)
    passage_max_chars: int = Field(1500, ge=100)


class ModelConfig(Section):
    """A model, where it is, and how it is asked."""

    client: Literal["openai", "extractive", "replay"] | None = None  # None: openai if a model is named
    model: str | None = None
    base_url: str | None = None
    temperature: float | None = None
    max_output_tokens: int = Field(4096, ge=64)
    concurrency: int = Field(64, ge=1, le=4096)  # at most in flight; fewer while the endpoint is busy
    requests_per_minute: float | None = Field(None, gt=0)
    tokens_per_minute: float | None = Field(None, gt=0)  # sent and received
    max_attempts: int = Field(6, ge=1, le=20)
    patience_s: float = Field(600.0, ge=0)  # for an endpoint that is away
    request_timeout_s: float = Field(180.0, gt=0)
    max_image_side_px: int = Field(1536, ge=224)
    replay: Path | None = None  # a reply store or an exported file, for the client `replay`

    @field_validator("base_url")
    @classmethod
    def _refuse_credentials(cls, value: str | None) -> str | None:
        if not value:
            return None  # an empty one takes back what a run remembers
        told = "keys come from REMUD_API_KEY or OPENAI_API_KEY, never from the configuration, which is written to disk"
        try:
            parts = urlsplit(value)
        except ValueError:
            raise ValueError("is no address") from None
        if "@" in parts.netloc:
            raise ValueError(f"holds a user name or password; {told}")
        if SECRET_NAME.search(parts.query):
            raise ValueError(f"holds a key; {told}")
        return value


class GenerateConfig(ModelConfig):
    """Pairs and passages -> quadruplets."""

    language: Literal["source", "zh", "en"] = "source"
    items_per_pair: int = Field(4, ge=1, le=20)
    items_per_passage: int = Field(2, ge=0, le=20)
    reasoning_share: float = Field(0.5, ge=0, le=1)
    mix: MixConfig = Field(default_factory=MixConfig)
    separate_forms: bool = False  # a call each for mcq and dialogue, with a prompt of their own
    facts: bool = False  # a first call extracts quoted facts, and questions rest on these alone
    examples: int = Field(1, ge=0, le=3)  # shown with each request, never of the organ in question
    thinking: Literal["field", "solve", "native", "none"] = "field"
    thinking_hint: bool = False  # of solve: the answer is shown to the one who thinks
    samples: int = Field(1, ge=1, le=64)  # of solve: traces per question
    rewrites_task_talk: bool = True  # talk about the task in a trace is rewritten once; else the trace is left out
    twins_share: float = Field(0.0, ge=0, le=1)  # of reasoned questions, also given in direct form
    negatives_share: float = Field(0.0, ge=0, le=1)  # of pairs that yield a question asked of an image of another organ
    temperature: float | None = 0.7
    seed: int = 0
    min_confidence: float = Field(0.3, ge=0, le=1)  # pairs below are not asked about
    prompts: Path | None = None  # a folder of prompt files that replace the shipped ones by name
    batch: bool = False  # hand requests over in files and collect the replies later, at half the price
    batch_max_requests: int = Field(50_000, ge=1)  # per file
    batch_max_mb: float = Field(200.0, gt=0)  # per file
    batch_poll_s: float = Field(60.0, gt=0)  # between two looks at a batch that is waited for


class VisionConfig(ModelConfig):
    """The model that looks at pages: finds figures (`extract.layout: vlm`), checks pairs (`pair.rule: vlm_check`).

    Without a model or an address of its own it is the one of `generate`.
    """

    temperature: float | None = 0.0
    max_output_tokens: int = Field(2048, ge=64)
    coords: CoordsName | None = None  # how the model writes boxes; None: as its name says, where that is certain
    max_image_pixels: int = Field(1_003_520, ge=100_000)  # of a page that is shown: no server's limit may be lower


class JudgeConfig(JudgeOptions, ModelConfig):
    """The model that is asked about finished records. Without one of its own it is that of `generate`."""

    temperature: float | None = 0.0
    max_output_tokens: int = Field(2048, ge=64)


Model = TypeVar("Model", bound=ModelConfig)


class FilterConfig(Section):
    """Which filters run, with which options; `null` switches one off."""

    options: Mapping[str, Mapping[str, Any] | None] = Field(default_factory=dict)
    decontaminate: tuple[Path, ...] = ()  # evaluation sets that no record may be in


class PriceConfig(Section):
    """What a model costs, in USD per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cached_input: float | None = Field(None, ge=0, allow_inf_nan=False)  # None: as other input


class BudgetConfig(Section):
    """What this run folder may cost in all, over all commands. Nothing here changes a byte of the output."""

    max_cost_usd: float | None = Field(None, gt=0, allow_inf_nan=False)
    max_tokens: int | None = Field(None, ge=1)  # of input and output together
    prices: Mapping[str, PriceConfig | Literal["free"]] = Field(default_factory=dict)  # by model; * stands for anything


Privacy = Literal["block", "mask", "allow"]


class PrivacyConfig(Section):
    """What may leave this machine, and where to. `block` turns down an input that names somebody, `mask` hides who."""

    clinical: Privacy = "block"  # DICOM files and loose images
    books: Privacy = "mask"  # everything else
    allow_hosts: tuple[str, ...] = ()  # hosts that models may be asked at; none: every host
    offline: bool = False  # no client that uses a network, whatever the host


class RunnerConfig(Section):
    """How work is spread and when a run gives up. Nothing here changes a byte of the output."""

    executor: str = "processes"  # or serial, or one that a package adds
    workers: int | None = Field(None, ge=1)  # None: one per core
    shuffle_seed: int | None = None  # work on parts in a random order: a test that the order changes nothing
    max_error_rate: float = Field(0.5, ge=0, le=1)  # share of failed inputs of a stage
    part_timeout_s: float = Field(1800.0, gt=0)  # for one part, such as a range of pages
    worker_memory_mb: int = Field(4096, ge=256)  # of one worker process
    parts_per_worker: int = Field(100, ge=1)  # a worker is replaced after so many parts,
    worker_keep_mb: int = Field(700, ge=128)  # or when it holds so much memory after one: library caches grow
    replies: Path | None = None  # a reply store shared between runs


class Config(Section):
    """Everything a run is configured by."""

    extract: ExtractConfig = Field(default_factory=ExtractConfig)
    pair: PairConfig = Field(default_factory=PairConfig)
    vision: VisionConfig = Field(default_factory=VisionConfig)
    generate: GenerateConfig = Field(default_factory=GenerateConfig)
    filter: FilterConfig = Field(default_factory=FilterConfig)
    judge: JudgeConfig = Field(default_factory=JudgeConfig)
    export: ExportConfig = Field(default_factory=ExportConfig)
    budget: BudgetConfig = Field(default_factory=BudgetConfig)
    privacy: PrivacyConfig = Field(default_factory=PrivacyConfig)
    runner: RunnerConfig = Field(default_factory=RunnerConfig)

    def resolve_vision(self) -> VisionConfig:
        """The vision section, with the model and the address of `generate` where it names none."""
        return self._resolve(self.vision)

    def resolve_judge(self) -> JudgeConfig:
        """The judge section, with the model and the address of `generate` where it names none."""
        return self._resolve(self.judge)

    def _resolve(self, own: Model) -> Model:
        rest = self.generate
        address = {"base_url": own.base_url or rest.base_url}
        if own.model is not None:
            return own.model_copy(update=address)
        shared = {"client": own.client or rest.client, "model": rest.model, "replay": own.replay or rest.replay}
        return own.model_copy(update={**address, **shared})


def load_config(
    file: Path | None = None,
    assignments: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Resolve file, environment and `a.b=value` assignments to one Config.

    Raises:
        ConfigError: naming the file or flag, the key, and the keys known there.
    """
    layers: list[tuple[str, dict[str, Any]]] = []
    if file is not None:
        layers.append((str(file), _read_file(file)))
    layers.extend(_read_environment(os.environ if environment is None else environment))
    layers.extend((f"--set {text.partition('=')[0]}", _read_assignment(text)) for text in assignments)
    merged: dict[str, Any] = {}
    for origin, layer in layers:
        _validate(layer, origin)
        merged = _merge(merged, layer)
    return _validate(merged, str(file or "configuration"))


Options = TypeVar("Options", bound=BaseModel)


def parse_options(model: type[Options], values: Mapping[str, Any], origin: str) -> Options:
    """Validate one component's options; errors read like those of the configuration itself."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, model, origin)) from None


def dump_config(config: Config) -> str:
    """The resolved configuration as YAML."""
    return yaml.safe_dump(json.loads(config.model_dump_json()), sort_keys=False, allow_unicode=True)


def _read_file(file: Path) -> dict[str, Any]:
    # A bare name may mean a shipped file; a path that does not exist is a mistake.
    found = file if file.exists() or file.parent != Path() else find_shipped("configs") / file.name
    try:
        data = read_yaml(found.read_text("utf-8"))
    except FileNotFoundError:
        shipped = ", ".join(sorted(path.name for path in find_shipped("configs").glob("*.yaml")))
        raise ConfigError(f"no config file {file}", f"shipped configs: {shipped}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}{_locate(error)}", _advise(error)) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is no text in UTF-8", "save it as UTF-8 in a text editor") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: must hold sections such as `generate:`, not {type(data).__name__}")
    return data


def _locate(error: yaml.YAMLError) -> str:
    """Line, column and fault, counted as editors count; what stands there is not shown, it may be a key."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ": holds a character that YAML does not allow"
    mark = error.problem_mark
    return f", line {mark.line + 1}, column {mark.column + 1}: {error.problem}"


def _advise(error: yaml.YAMLError) -> str:
    problem = (error.problem or "") if isinstance(error, yaml.MarkedYAMLError) else ""
    for fault, advice in MENDINGS.items():
        if fault in problem:
            return advice
    return "mend this line or the one above it: keys end in a colon, and what belongs to a section is indented below it"


def _read_environment(environment: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    layers = []
    for name, value in sorted(environment.items()):
        if name in SHORT_FORMS:
            path: tuple[str, ...] = SHORT_FORMS[name]
        elif name.startswith("REMUD_") and "__" in name:
            path = tuple(name.removeprefix("REMUD_").lower().split("__"))
        else:
            continue
        layers.append((name, _nest(path, _parse_value(value, name))))
    return layers


def _read_assignment(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {key!r} is not of the form section.key=value")
    return _nest(tuple(key.strip().split(".")), _parse_value(value, f"--set {key}"))


def _parse_value(value: str, origin: str) -> Any:
    try:
        return read_yaml(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin}: the value is not valid YAML{_locate(error)}", _advise(error)) from None


def _nest(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return dict(value)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _validate(data: Mapping[str, Any], origin: str) -> Config:
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(_explain(error, Config, origin)) from None


def _explain(error: ValidationError, model: type[BaseModel], origin: str) -> str:
    lines = []
    problems = error.errors(include_url=False)
    for problem in problems:
        path = [str(part) for part in problem["loc"]]
        if problem["type"] == "too_short" and any(_lies_below(other["loc"], problem["loc"]) for other in problems):
            continue  # it is short of what is told to be wrong
        if problem["type"] == "extra_forbidden":
            known = sorted(_section_at(model, path[:-1]).model_fields)
            told = f"{origin}: unknown key `{'.'.join(path)}`{guess_name(path[-1], known)}"
            lines.append(f"{told}; known here: {', '.join(known)}")
        else:
            lines.append(f"{origin}: `{'.'.join(path)}`: {problem['msg']}{_quote_input(path, problem['input'])}")
    return "\n".join(lines)


def _lies_below(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _quote_input(path: list[str], value: object) -> str:
    # An address may hold a password.
    return "" if path[-1:] == ["base_url"] else f" (got {value!r})"


def _section_at(model: type[BaseModel], path: list[str]) -> type[BaseModel]:
    for key in path:
        annotation = model.model_fields[key].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        model = annotation
    return model
