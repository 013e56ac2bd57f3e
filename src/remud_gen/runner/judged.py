"""The judged records as a whole: which they are, in one digest, and the funnel over them, counted once and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from remud_gen.errors import InputError
from remud_gen.filters.examples import ExampleBook
from remud_gen.filters.funnel import EXAMPLES_PER_CODE, VERSION, Funnel, count_funnel
from remud_gen.llm.judging.trial import settle
from remud_gen.records import Quadruplet
from remud_gen.runner.driver import iterate_judged
from remud_gen.runner.files import write_atomically
from remud_gen.runner.imported import STAGE as IMPORTED
from remud_gen.runner.parts import PartState
from remud_gen.runner.reading import DamagedPart
from remud_gen.runner.review import Review
from remud_gen.runner.trial import read_trial

FILE = "corpus/funnel.json"
EXAMPLES = "filter_examples.jsonl"


class _KeptFunnel(BaseModel):
    basis: str  # what was counted, and by which code
    sha256: str  # of the funnel as JSON: an edited one must not pass for a count
    examples_sha256: str = ""
    funnel: Funnel


NO_REVIEW = Review()


def digest_judged(filtered: Sequence[PartState], corpus: Sequence[PartState], review: Review = NO_REVIEW) -> str:
    """One digest over the bytes and the order of all records and verdicts of finished parts, and people's decisions."""
    sha = hashlib.sha256()
    for name, states in (("filter", filtered), ("corpus", corpus)):
        sha.update(f"{name}\n".encode())
        for state in states:
            if state.meta is not None:
                sha.update(f"{state.meta.sha256}\n".encode())
    if review:
        sha.update(f"review\n{review.digest}\n".encode())
    return sha.hexdigest()


def read_judged(
    run: Path, filtered: Sequence[PartState], corpus: Sequence[PartState], review: Review = NO_REVIEW
) -> Iterator[Quadruplet]:
    """All judged records with people's decisions, for what is made of them once every stage has run.

    Raises:
        InputError: a part was changed on disk. Its sidecar is then gone, so that the next command makes it anew.
    """
    try:
        # Imported records were judged where they come from: what this run found holds for those it made.
        for record in iterate_judged(run, [state for state in filtered if state.spec.stage == IMPORTED], ()):
            yield review.apply(record)
        trial = read_trial(run, corpus)
        for record in iterate_judged(run, [state for state in filtered if state.spec.stage != IMPORTED], corpus):
            yield review.apply(settle(record, trial))
    except DamagedPart as damage:
        damage.invalidate(run)
        hint = "run the same command again (without --only): the part is made anew"
        raise InputError(damage.message, hint) from None


def take_funnel(
    run: Path, filtered: Sequence[PartState], corpus: Sequence[PartState], review: Review = NO_REVIEW
) -> Funnel:
    """The funnel over all judged records: the one kept in the run if it is of these records, else counted and kept.

    Beside it lie examples of every reason code, in RUN/filter_examples.jsonl.
    """
    basis = _make_basis(filtered, corpus, review)
    kept = _find_kept(run, basis)
    if kept is not None and _hash_file(run / EXAMPLES) == kept.examples_sha256:
        return kept.funnel
    book = ExampleBook(EXAMPLES_PER_CODE)
    funnel = _count(run, filtered, corpus, review, book)
    examples = "".join(f"{line}\n" for line in book.to_lines()).encode("utf-8", "backslashreplace")
    write_atomically(run / EXAMPLES, examples)
    digests = {"sha256": _hash_funnel(funnel), "examples_sha256": hashlib.sha256(examples).hexdigest()}
    fresh = _KeptFunnel(basis=basis, funnel=funnel, **digests)
    write_atomically(run / FILE, fresh.model_dump_json().encode("utf-8"))
    return funnel


def view_funnel(
    run: Path, filtered: Sequence[PartState], corpus: Sequence[PartState], review: Review = NO_REVIEW
) -> Funnel:
    """The same funnel for a command that writes nothing."""
    kept = _find_kept(run, _make_basis(filtered, corpus, review))
    return kept.funnel if kept is not None else _count(run, filtered, corpus, review)


def _make_basis(filtered: Sequence[PartState], corpus: Sequence[PartState], review: Review) -> str:
    return hashlib.sha256(f"{VERSION} {digest_judged(filtered, corpus, review)}".encode()).hexdigest()


def _count(
    run: Path,
    filtered: Sequence[PartState],
    corpus: Sequence[PartState],
    review: Review,
    book: ExampleBook | None = None,
) -> Funnel:
    funnel = count_funnel(read_judged(run, filtered, corpus, review), book)
    trial = read_trial(run, corpus)
    funnel.alarms += trial.alarms if trial is not None else ()
    return funnel


def _find_kept(run: Path, basis: str) -> _KeptFunnel | None:
    """None: there is none of these records, so it is counted."""
    kept = _read_kept(run / FILE)
    is_good = kept is not None and kept.basis == basis and kept.sha256 == _hash_funnel(kept.funnel)
    return kept if is_good else None


def _hash_file(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "absent"


def _read_kept(path: Path) -> _KeptFunnel | None:
    """None: there is none to use, so it is counted."""
    try:
        return _KeptFunnel.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _hash_funnel(funnel: Funnel) -> str:
    return hashlib.sha256(json.dumps(funnel.to_json()).encode("utf-8")).hexdigest()
