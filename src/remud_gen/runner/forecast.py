"""What a stage that asks models will cost: from what its inputs would ask, and what a sample of them really took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from remud_gen.llm.budget import Spent
from remud_gen.llm.estimate import Candidate, Range, predict_rest
from remud_gen.llm.foresight import GUESS_HIGH, GUESS_LOW
from remud_gen.llm.prices import Price
from remud_gen.runner.parts import Usage

FEWEST_KNOWN = 10  # inputs answered before, from which the rest may be told where no sample was drawn
INPUT_LOW, INPUT_HIGH = 0.9, 1.15  # how far counting before is off, for texts and pictures together


@dataclass(slots=True)
class Plan:
    """What one input would ask."""

    candidate: Candidate
    place: tuple[int, int]  # number of its part, its own number in it
    n_new: int = 0  # calls that are not stored
    n_stored: int = 0
    input_tokens: int = 0  # of the new calls, counted before
    output_tokens: int = 0  # of the new calls, guessed
    most_output_tokens: int = 0  # of the new calls: where the endpoint breaks off
    paid: Usage = field(default_factory=Usage)  # of the stored calls


@dataclass(frozen=True, slots=True)
class StageForecast:
    """What a stage has before it; amounts are of what is still to be sent."""

    name: str
    unit: str
    model: str
    n_inputs: int  # that the stage has to work on still
    n_asking: int  # of them, those that ask anything
    n_new: int
    n_stored: int
    calls: Range
    input_tokens: Range
    output_tokens: Range
    cost_usd: Range | None  # None: the price is unknown
    bill_usd: Range | None  # with what this run folder has paid for the stage before, the sample among it
    n_sampled: int
    n_measured: int  # inputs whose real usage the amounts rest on; 0: they are guesses
    sampled_usd: float | None  # paid for the sample in this command
    price: str
    hint: str
    counting: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """What is known of a stage beside its plans."""

    name: str
    unit: str
    model: str
    n_inputs: int
    price: Price
    share: float  # of the list price: of batches half
    counting: str
    sampled_usd: float | None = None
    notes: tuple[str, ...] = ()
    paid: Spent = field(default_factory=Spent)  # by this run folder, the sample among it


def foretell(basis: Basis, plans: Sequence[Plan], measured: Mapping[int, Usage], *, is_sample: bool) -> StageForecast:
    """Add up plans; `measured` is the usage of whole inputs by their position among the plans."""
    rest = [number for number, plan in enumerate(plans) if plan.n_new and number not in measured]
    known = _find_known(plans, measured)
    if not measured and len(known) >= FEWEST_KNOWN:
        measured = known
    calls, sent, received, cost = (
        _predict(basis, plans, measured, rest) if measured else _guess(basis, [plans[number] for number in rest])
    )
    bill = None
    if basis.notes:
        cost = None  # not nothing, but unknown
    if cost is not None:
        unpriced_usd = basis.price.cost(basis.paid.unpriced_input_tokens, basis.paid.unpriced_output_tokens)
        bill = cost.shift(basis.paid.usd + (unpriced_usd or 0.0))
    return StageForecast(
        name=basis.name,
        unit=basis.unit,
        model=basis.model,
        n_inputs=basis.n_inputs,
        n_asking=len(plans),
        n_new=sum(plans[number].n_new for number in rest),
        n_stored=sum(plan.n_stored for plan in plans) + sum(plans[number].n_new for number in measured),
        calls=calls,
        input_tokens=sent,
        output_tokens=received,
        cost_usd=cost,
        bill_usd=bill,
        n_sampled=len(measured) if is_sample else 0,
        n_measured=len(measured),
        sampled_usd=basis.sampled_usd,
        price=basis.price.label,
        hint=basis.price.hint,
        counting=basis.counting,
        notes=basis.notes,
    )


def _find_known(plans: Sequence[Plan], measured: Mapping[int, Usage]) -> dict[int, Usage]:
    """Inputs whose every call is stored."""
    return {number: plan.paid for number, plan in enumerate(plans) if not plan.n_new and number not in measured}


def _predict(
    basis: Basis, plans: Sequence[Plan], measured: Mapping[int, Usage], rest: Sequence[int]
) -> tuple[Range, Range, Range, Range | None]:
    candidates = [plan.candidate for plan in plans]

    def predict(name: str, factor: float = 1.0) -> Range:
        amounts = {number: float(getattr(usage, name)) * factor for number, usage in measured.items()}
        return _take_off(predict_rest(candidates, amounts, rest), [plans[number].paid for number in rest], name)

    is_priced = basis.price.is_known and not any(usage.unpriced_calls for usage in measured.values())
    cost = predict("cost_usd", basis.share) if is_priced else None
    return predict("calls"), predict("input_tokens"), predict("output_tokens"), cost


def _take_off(whole: Range, paid: Sequence[Usage], name: str) -> Range:
    """What of whole inputs is still to be sent where some of their calls are stored."""
    done = sum(float(getattr(usage, name)) for usage in paid)
    return Range(max(0.0, whole.low - done), max(0.0, whole.likely - done), max(0.0, whole.high - done))


def _guess(basis: Basis, plans: Sequence[Plan]) -> tuple[Range, Range, Range, Range | None]:
    calls, sent = sum(plan.n_new for plan in plans), sum(plan.input_tokens for plan in plans)
    likely = sum(min(plan.output_tokens, plan.most_output_tokens) for plan in plans)
    most = sum(min(int(plan.output_tokens * GUESS_HIGH), plan.most_output_tokens) for plan in plans)
    texts = Range(sent * INPUT_LOW, sent, sent * INPUT_HIGH)
    replies = Range(likely * GUESS_LOW, likely, max(likely, most))
    if not calls:
        nothing = Range(0.0, 0.0, 0.0)
        return nothing, nothing, nothing, nothing if basis.price.is_known else None
    ends = zip((texts.low, texts.likely, texts.high), (replies.low, replies.likely, replies.high), strict=True)
    # By the call, for prices that rise with the length of a request.
    costs = [basis.price.cost(int(a / calls), int(b / calls), share=basis.share) for a, b in ends]
    amounts = [cost * calls for cost in costs if cost is not None]
    return Range(calls, calls, calls), texts, replies, Range(*amounts) if len(amounts) == 3 else None
