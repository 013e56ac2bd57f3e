"""The texts of a quadruplet by the name of their field, and one with texts replaced or with verdicts laid over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from remud_gen.records import CorpusVerdict, Option, Quadruplet, Verdict


class FieldMismatchError(ValueError):
    """A field does not hold what is to be replaced, or cannot be replaced; the message names it."""


def list_texts(record: Quadruplet) -> Iterator[tuple[str, str]]:
    """Field name and text of all that a model wrote, options aside."""
    yield "question", record.question
    if record.thinking is not None:
        yield "thinking", record.thinking
    yield "answer", record.answer
    for number, turn in enumerate(record.turns):
        yield f"turns.{number}.question", turn.question
        if turn.thinking is not None:
            yield f"turns.{number}.thinking", turn.thinking
        yield f"turns.{number}.answer", turn.answer
    for number, trace in enumerate(record.traces):
        yield f"traces.{number}.thinking", trace.thinking
        yield f"traces.{number}.conclusion", trace.conclusion
    for number, claim in enumerate(record.claims):
        yield f"claims.{number}.text", claim.text


def set_texts(record: Quadruplet, changes: Mapping[str, tuple[str, str]]) -> Quadruplet:
    """A record with fields replaced, all or none.

    `options` is replaced by an order: from `ABCD` to `CBAD` means that at A now stands what stood at C.

    Args:
        record: as it was judged.
        changes: field name -> text before, text after.

    Raises:
        FieldMismatchError: a field holds something else than the text before.
    """
    updates: dict[str, Any] = {}
    for field, (before, after) in changes.items():
        name, _, rest = field.partition(".")
        value = updates.get(name, getattr(record, name, None))
        if field == "options":
            updates["options"] = _order_options(record.options, before, after)
        elif not rest:
            updates[name] = _replace(field, value, before, after)
        else:
            place, _, attribute = rest.partition(".")
            updates[name] = _replace_within(field, value, int(place), attribute, before, after)
    return record.model_copy(update=updates)


def _replace(field: str, value: object, before: str, after: str) -> str:
    if value != before:
        raise FieldMismatchError(field)
    return after


def _replace_within(field: str, rows: Any, place: int, attribute: str, before: str, after: str) -> tuple[Any, ...]:
    if not isinstance(rows, tuple) or place >= len(rows):
        raise FieldMismatchError(field)
    new = _replace(field, getattr(rows[place], attribute, None), before, after)
    return (*rows[:place], rows[place].model_copy(update={attribute: new}), *rows[place + 1 :])


def _order_options(options: tuple[Option, ...], before: str, after: str) -> tuple[Option, ...]:
    texts = {option.key: option.text for option in options}
    if "".join(texts) != before or sorted(before) != sorted(after) or len(texts) != len(options):
        raise FieldMismatchError("options")
    return tuple(Option(key=key, text=texts[old]) for key, old in zip(before, after, strict=True))


def lay_over(record: Quadruplet, extra: CorpusVerdict) -> Quadruplet:
    """The record with what was found over the whole corpus: verdicts, fixes, the groups of its pictures.

    The fixes of one code belong together, such as the new places of options and the letters in the thinking: where one
    of them does not fit the record, none is made and the code calls for a look at the record instead.
    """
    verdicts: list[Verdict] = []
    for code in dict.fromkeys(verdict.code for verdict in extra.verdicts):
        own = [verdict for verdict in extra.verdicts if verdict.code == code]
        fixes = {v.field: (v.original or "", v.replacement or "") for v in own if v.severity == "fix"}
        try:
            record = set_texts(record, fixes) if fixes else record
        except FieldMismatchError:
            blank = {"severity": "review", "original": None, "replacement": None}
            own = [verdict.model_copy(update=blank) if verdict.severity == "fix" else verdict for verdict in own]
        verdicts += own
    return record.model_copy(update={"verdicts": (*record.verdicts, *verdicts), "image_groups": extra.image_groups})
