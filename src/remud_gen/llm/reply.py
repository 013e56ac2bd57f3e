"""What a model returns for one image or passage: the pydantic schema and the strict JSON schema made from it.

Every client answers in this form, model-free ones too, so that all replies take one path. The order of the fields is
the order in which a model writes them: facts with their quotes first, then the thinking, the answer last.
Validation is lenient where nothing is lost by it (case, a number for a string, options as a mapping) and strict where
it matters: an item without question or answer, or of an unknown type, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from remud_gen.records import ClaimKind, QuestionForm, QuestionType, Style
from remud_gen.rules.late import compile_late

Support = Literal["caption", "context", "burned_in", "general"]

ALIASES = {
    "yes/no": "yesno", "yes_no": "yesno", "yes-no": "yesno", "boolean": "yesno", "multiple_choice": "mcq",
    "multiple-choice": "mcq", "multiple choice": "mcq", "single_choice": "mcq", "open-ended": "open",
    "open_ended": "open", "conversation": "dialogue", "view": "plane", "artefact": "acquisition",
    "artifact": "acquisition", "followup": "next_step", "follow_up": "next_step", "next step": "next_step",
    "burned-in": "burned_in", "ocr": "burned_in", "note": "caption", "title": "caption", "heading": "context",
    "body": "context", "mention": "context", "think": "reasoning", "thinking": "reasoning",
}  # fmt: skip
NOTHING = {"", "none", "null", "n/a", "na", "nil", "-", "无", "没有"}
KEY = compile_late(r"[\s(\uff08]*(?:(?:option|选项)\s*)?([A-Za-z])[\s.。、．:\uff1a)\uff09]*", re.IGNORECASE)
OPTION_LABEL = compile_late(r"^\s*[(\uff08]?([A-Ha-h])\s*[.、:\uff1a．)\uff09]\s*(?=\S)")


def clean_text(value: object) -> object:
    """Numbers become text, surrounding space goes, and code points that no file can hold become U+FFFD."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()


def _clean_optional(value: object) -> object:
    cleaned = clean_text(value)
    return None if isinstance(cleaned, str) and cleaned.lower() in NOTHING else cleaned


def _fold_name(value: object) -> object:
    if not isinstance(value, str):
        return value
    folded = value.strip().lower()
    return ALIASES.get(folded, folded)


def _absent_is_empty(value: object) -> object:
    return [] if value is None or value == "" else value


def _read_options(value: object) -> object:
    """Accept `{"A": "liver"}` and `["A. liver", …]` for `[{"key": "A", "text": "liver"}]`."""
    if isinstance(value, Mapping):
        return [{"key": key, "text": text} for key, text in value.items()]
    if not isinstance(value, list):
        return _absent_is_empty(value)
    options: list[object] = []
    for index, entry in enumerate(value):
        if isinstance(entry, str):
            label = OPTION_LABEL.match(entry)
            key = label.group(1).upper() if label else chr(ord("A") + index)
            options.append({"key": key, "text": entry[label.end() :] if label else entry})
        else:
            options.append(entry)
    return options


def _read_key(value: object) -> object:
    cleaned = _clean_optional(value)
    if isinstance(cleaned, str):
        bare = KEY.fullmatch(cleaned)
        return bare.group(1).upper() if bare else cleaned
    return cleaned


def _read_kind(value: object) -> object:
    """A kind of fact nobody knows counts as a finding: that kind is held to the strictest rule, a quote is needed."""
    folded = _fold_name(value)
    return folded if folded in get_args(ClaimKind) else "finding"


def _read_difficulty(value: object) -> object:
    """A difficulty is a hint: one that cannot be read is dropped, the item is kept."""
    text = str(value).strip()
    return int(text[0]) if re.fullmatch(r"[1-5](\.0)?", text) else None


Text = Annotated[str, BeforeValidator(clean_text)]
RequiredText = Annotated[str, Field(min_length=1), BeforeValidator(clean_text)]
OptionalText = Annotated[str | None, BeforeValidator(_clean_optional)]
OptionalKey = Annotated[str | None, BeforeValidator(_read_key)]
Element = TypeVar("Element")
Many = Annotated[list[Element], BeforeValidator(_absent_is_empty)]


class Lenient(BaseModel):
    """Base of what a model returns: keys that were not asked for are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ReplyOption(Lenient):
    """One choice of a multiple-choice question."""

    key: Annotated[str, Field(min_length=1), BeforeValidator(_read_key)]
    text: RequiredText


class ReplyQuote(Lenient):
    """Words copied from a numbered span."""

    span_id: Annotated[str, BeforeValidator(lambda value: str(clean_text(value)).strip("[]【】"))]
    quote: Text


class ReplyClaim(Lenient):
    """One fact of an answer; `support` says what kind of source bears it."""

    id: Text
    kind: Annotated[ClaimKind, BeforeValidator(_read_kind)]
    text: RequiredText
    evidence: Many[ReplyQuote] = Field(default_factory=list)
    support: Annotated[Support, BeforeValidator(_fold_name)] = "caption"


class ReplyTurn(Lenient):
    """A later turn of a dialogue."""

    question: RequiredText
    thinking: OptionalText = None
    answer: RequiredText
    claim_ids: Many[Text] = Field(default_factory=list)


class ReplyItem(Lenient):
    """One question with its thinking and answer."""

    qtype: Annotated[QuestionType, BeforeValidator(_fold_name)]
    form: Annotated[QuestionForm, BeforeValidator(_fold_name)] = "open"
    style: Annotated[Style, BeforeValidator(_fold_name)]
    difficulty: Annotated[int | None, BeforeValidator(_read_difficulty)] = None
    question: RequiredText
    options: Annotated[list[ReplyOption], BeforeValidator(_read_options)] = Field(default_factory=list)
    claims: Many[ReplyClaim] = Field(default_factory=list)
    thinking: OptionalText = None
    answer: RequiredText
    answer_key: OptionalKey = None
    needs_image_because: OptionalText = None
    turns: Many[ReplyTurn] = Field(default_factory=list)


class PairCheck(Lenient):
    """Does the image agree with the words? The model's honest way out."""

    consistent: bool = True
    reason: OptionalText = None


class ReplyItems(Lenient):
    """The whole reply to one request."""

    pair_check: PairCheck | None = None
    unusable_reason: OptionalText = None
    items: Many[ReplyItem] = Field(default_factory=list)


def strict_schema(model: type[BaseModel] = ReplyItems) -> dict[str, Any]:
    """The JSON schema in the form that strict modes ask for: every key required, nothing else allowed, no defaults."""
    schema = model.model_json_schema()
    _walk(schema, _make_strict)
    return schema


def _make_strict(node: dict[str, Any]) -> None:
    for word in ("default", "title", "description", "minLength"):
        if not isinstance(node.get(word), dict):  # a property may itself be called `title`
            node.pop(word, None)
    if node.get("type") == "object":
        node["required"] = list(node.get("properties", {}))
        node["additionalProperties"] = False


def _walk(node: object, visit: Callable[[dict[str, Any]], None]) -> None:
    if isinstance(node, dict):
        visit(node)
        for value in node.values():
            _walk(value, visit)
    elif isinstance(node, list):
        for value in node:
            _walk(value, visit)
