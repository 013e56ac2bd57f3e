"""From a model's text to checked items: a ladder of repairs, every rung of which is named on the record.

as it is -> without fences and think tags -> first whole object -> json_repair -> item by item -> one more question that
quotes the error -> JSON_INVALID. Model text is only ever parsed, never evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from remud_gen.errors import RecordError
from remud_gen.llm.repair import repair_json
from remud_gen.llm.reply import PairCheck, ReplyItem, ReplyItems
from remud_gen.prompts import Prompt
from remud_gen.protocols import Asker, ModelReply, ModelRequest, StepCounter
from remud_gen.rules.late import compile_late

Read = TypeVar("Read")
LONGEST_REPLY_CHARS = 400_000
ASK_AGAIN = "--retry-errors asks again; if it stays so, "
HINTS = {
    "CONTENT_FILTER": f"{ASK_AGAIN}use an endpoint whose filter lets medical images pass",
    "REFUSAL": f"{ASK_AGAIN}use a model that answers questions about medical images",
    "REPLY_TRUNCATED": f"{ASK_AGAIN}raise generate.max_output_tokens or lower generate.items_per_pair",
    "EMPTY_REPLY": f"{ASK_AGAIN}raise generate.max_output_tokens: long thinking may leave no tokens for the reply",
    "JSON_INVALID": f"{ASK_AGAIN}lower generate.items_per_pair, or use a model that keeps to a JSON schema",
    "NO_ITEMS": f"{ASK_AGAIN}use a stronger model",
    "ITEM_INVALID": f"the reply's good items were kept; {ASK_AGAIN}lower generate.items_per_pair",
}
QUOTED_REPLY_CHARS = 3_000
FENCE = "```"
FENCE_START = compile_late(r"```[\w-]*[^\S\n]*\n")
THINK = compile_late(r"^\s*<(think|thinking|reasoning)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
CLOSED_THINK = compile_late(r"^(.*?)</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)
REFUSAL = compile_late(
    r"^\W*(i['’]?m (?:very )?sorry|sorry|i (?:cannot|can['’]?t|am unable|won['’]?t)|as an ai|"
    r"(?:非常|很)?(?:抱歉|对不起)|我(?:无法|不能)|作为(?:一个)?(?:ai|人工智能))",
    re.IGNORECASE,
)


class UnreadableReply(RecordError):  # noqa: N818 - an outcome that one more question may mend
    """The reply holds no usable items; asking once more may help."""

    def __init__(self, code: str, message: str, hint: str = "", replies: tuple[str, ...] = ()) -> None:
        super().__init__(code, message, hint or HINTS[code], replies)


@dataclass(frozen=True, slots=True)
class ItemProblem:
    """One item of a reply that had to be left out."""

    code: str
    message: str

    @property
    def hint(self) -> str:
        """What the user can do."""
        return HINTS[self.code]


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What could be read of a reply; `items` keep the number they had in it."""

    items: tuple[tuple[int, ReplyItem], ...]
    problems: tuple[ItemProblem, ...]
    unusable_reason: str | None
    pair_check: PairCheck | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply and what was read of it; `replies` are the request hashes of all that led to it."""

    reply: ModelReply
    parsed: ParsedReply
    replies: tuple[str, ...]


async def ask_for_items(asker: Asker, request: ModelRequest, reask: Prompt) -> Answer:
    """Ask, read, and ask once more with the error quoted if nothing could be read.

    Raises:
        RecordError: CONTENT_FILTER, REFUSAL, REPLY_TRUNCATED, EMPTY_REPLY, JSON_INVALID or NO_ITEMS, with the hashes
            of the replies that led there, and what the asker raises.
    """
    reply, parsed, replies = await ask_and_read(asker, request, reask, read_reply)
    if len(replies) > 1:
        parsed = replace(parsed, steps=("reask", *parsed.steps))
    return Answer(reply, parsed, replies)


async def ask_and_read(
    asker: Asker, request: ModelRequest, reask: Prompt, read: Callable[[ModelReply], Read]
) -> tuple[ModelReply, Read, tuple[str, ...]]:
    """Ask and read, and where `read` raises UnreadableReply ask once more with its message quoted.

    Returns the reply that was read, what was read, and the hashes of all requests that led there.

    Raises:
        RecordError: what `read` raises in the end, with those hashes, and what the asker raises.
    """
    reply = await asker.ask(request)
    replies = _hashes_of(reply)
    try:
        found = _read_by(read, replies, reply)
    except UnreadableReply as error:
        values = {
            "problem": error.message,
            "request": request.user,
            "reply": reply.text[:QUOTED_REPLY_CHARS] or "(empty)",
        }
        second = await asker.ask(replace(request, user=reask.render(values)))
        replies = _hashes_of(reply, second)
        try:
            found = _read_by(read, replies, second)
        except UnreadableReply:
            _count_steps(asker, None, "reask", "given_up")
            raise
        _count_steps(asker, found, "reask")
        return second, found, replies
    _count_steps(asker, found)
    return reply, found, replies


def _count_steps(asker: Asker, found: object, *before: str) -> None:
    if isinstance(asker, StepCounter):
        asker.count_steps((*before, *getattr(found, "steps", ())))


def _hashes_of(*replies: ModelReply) -> tuple[str, ...]:
    return tuple(reply.request_sha256 for reply in replies if reply.request_sha256)


def _read_by(read: Callable[[ModelReply], Read], replies: tuple[str, ...], reply: ModelReply) -> Read:
    try:
        return read(reply)
    except RecordError as error:
        error.replies = replies
        raise


def read_reply(reply: ModelReply) -> ParsedReply:
    """Judge how a reply ended, then read its items."""
    text, steps = choose_text(reply)
    parsed = parse_items(text, is_truncated=reply.finish_reason == "length")
    return replace(parsed, steps=(*steps, *parsed.steps))


def choose_text(reply: ModelReply) -> tuple[str, list[str]]:
    """The text of a reply that came to something, and by what detour it was found.

    Raises:
        UnreadableReply: EMPTY_REPLY. RecordError: CONTENT_FILTER, REFUSAL, or REPLY_TRUNCATED before the first word.
    """
    if reply.finish_reason == "content_filter":
        told = "the endpoint's content filter withheld the reply"
        raise RecordError("CONTENT_FILTER", told, HINTS["CONTENT_FILTER"])
    if reply.finish_reason == "refusal":
        raise _refused(reply.text)
    if reply.text.strip():
        return reply.text, []
    if reply.finish_reason == "length":
        raise _truncated()
    if reply.reasoning and "{" in reply.reasoning:
        # Some servers put constrained output into the reasoning field and leave the content empty.
        return reply.reasoning, ["swapped_reasoning"]
    raise UnreadableReply("EMPTY_REPLY", "the model returned an empty reply")


def split_thinking(text: str) -> tuple[str | None, str]:
    """Take a leading think block off a text; its opening tag may be missing, its end cut off."""
    opened = THINK.match(text)
    if opened is not None:
        return opened[2].strip() or None, text[opened.end() :].strip()
    if not text.lstrip().startswith(("{", "[", "`")):
        closed = CLOSED_THINK.match(text)
        if closed is not None:
            return closed[1].strip() or None, text[closed.end() :].strip()
    return None, text


def strip_fence(text: str) -> str | None:
    """What stands between the first and the last line of a fenced block; None where a text is none."""
    bare = text.strip()
    # No pattern over the whole: models stuck in line ends write thousands, and it would try all ways to share them out.
    start = FENCE_START.match(bare)
    if start is None or not bare.endswith(FENCE) or len(bare) < start.end() + len(FENCE):
        return None
    return bare[start.end() : -len(FENCE)].rstrip()


def parse_items(text: str, *, is_truncated: bool = False) -> ParsedReply:
    """Read the items of a reply's text; the last one is left out where the text broke off within it.

    Raises:
        UnreadableReply: JSON_INVALID, with what was wrong.
        RecordError: REFUSAL, or REPLY_TRUNCATED when not even one item was finished.
    """
    value, steps = read_json(text)
    fields, shape_steps = _find_items(value)
    entries = list(fields["items"])
    problems: list[ItemProblem] = []
    if is_truncated and "json_repair" in steps:
        entries = entries[:-1]
        problems.append(ItemProblem("REPLY_TRUNCATED", _truncated().message))
        if not entries:
            raise _truncated()
    items: list[tuple[int, ReplyItem]] = []
    for number, entry in enumerate(entries):
        try:
            items.append((number, ReplyItem.model_validate(entry)))
        except ValidationError as error:
            problems.append(ItemProblem("ITEM_INVALID", f"item {number + 1}: {_explain(error)}"))
    head = _read_head(fields)
    if not items and head.unusable_reason is None:
        detail = "; ".join(problem.message for problem in problems) or "`items` is empty and no reason is given"
        raise UnreadableReply("JSON_INVALID" if problems else "NO_ITEMS", f"no usable item: {detail}"[:1000])
    steps = [*steps, *shape_steps, *["item_dropped"] * len(problems)]
    return ParsedReply(tuple(items), tuple(problems), head.unusable_reason, head.pair_check, tuple(steps))


def _read_head(fields: Mapping[str, Any]) -> ReplyItems:
    """The part around the items; what cannot be read there is no reason to lose the items."""
    check, reason = fields.get("pair_check"), fields.get("unusable_reason")
    try:
        pair_check = PairCheck.model_validate(check)
    except ValidationError:
        pair_check = None
    head = ReplyItems.model_validate({"unusable_reason": reason if isinstance(reason, str) else None})
    if head.unusable_reason is None and pair_check is not None and not pair_check.consistent:
        reason = pair_check.reason or "image and words contradict each other"
        return ReplyItems(pair_check=pair_check, unusable_reason=reason)
    return head.model_copy(update={"pair_check": pair_check})


def read_json(text: str) -> tuple[Any, list[str]]:
    """The JSON value of a model's text, and the repairs it took.

    Raises:
        UnreadableReply: JSON_INVALID. RecordError: REFUSAL, where the text says so in words.
    """
    if len(text) > LONGEST_REPLY_CHARS:
        raise UnreadableReply("JSON_INVALID", f"the reply is longer than {LONGEST_REPLY_CHARS} characters")
    steps: list[str] = []
    thinking, rest = split_thinking(text)
    if thinking is not None:
        steps.append("think_tag")
    fenced = strip_fence(rest)
    if fenced is not None:
        steps.append("fence")
        rest = fenced
    try:
        return json.loads(rest), steps
    except (ValueError, RecursionError) as error:
        problem = str(error)
    start = rest.find("[" if rest.lstrip().startswith("[") else "{")
    if start < 0:
        if REFUSAL.match(rest):
            raise _refused(rest)
        raise UnreadableReply("JSON_INVALID", f"no JSON object in the reply ({problem})")
    try:
        return json.JSONDecoder().raw_decode(rest, start)[0], [*steps, "balanced"]
    except (ValueError, RecursionError):
        return _repair(rest[start:], problem), [*steps, "json_repair"]


def read_whole(reply: ModelReply, text: str) -> Any:
    """The JSON value of a reply's text, for replies of which a part may say something else than the whole.

    Raises:
        UnreadableReply: JSON_INVALID. RecordError: REFUSAL, or REPLY_TRUNCATED where the text broke off.
    """
    value, steps = read_json(text)
    if reply.finish_reason == "length" and "json_repair" in steps:
        raise _truncated()
    return value


def _repair(text: str, problem: str) -> Any:
    try:
        return repair_json(text)
    except ValueError as error:
        raise UnreadableReply("JSON_INVALID", f"the JSON is broken beyond repair ({problem}; {error})") from None


def _find_items(value: Any, depth: int = 0) -> tuple[Mapping[str, Any], list[str]]:
    """Bring near misses of the asked-for shape into it: a bare list, a lone item, an object around the object."""
    if isinstance(value, Mapping):
        if "items" in value or "unusable_reason" in value:
            found = value.get("items") or []
            return {**value, "items": found if isinstance(found, list) else [found]}, []
        if "question" in value and "answer" in value:
            return {"items": [value]}, ["wrapped"]
        if len(value) == 1 and depth < 2:
            fields, steps = _find_items(next(iter(value.values())), depth + 1)
            return fields, ["unwrapped", *steps]
    elif isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], Mapping) and "items" in value[0]:
            return _find_items(value[0], depth + 1)
        return {"items": value}, ["wrapped"]
    raise UnreadableReply("JSON_INVALID", "the reply is JSON but holds no `items`")


def _explain(error: ValidationError) -> str:
    told = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False, include_input=False)]
    return "; ".join(told[:4])


def _refused(text: str) -> RecordError:
    return RecordError("REFUSAL", f"the model refused: {text.strip()[:200]}", HINTS["REFUSAL"])


def _truncated() -> RecordError:
    told = "the reply broke off at the limit of output tokens"
    return RecordError("REPLY_TRUNCATED", told, HINTS["REPLY_TRUNCATED"])
