"""The error tree: what went wrong, for whom, and with which exit code.

RemudError                    1   anything this package raises on purpose
├── RecordError               –   one input is bad: an error line is written, the run goes on
├── ConfigError               2   the configuration or the command line is wrong
├── InputError                3   nothing usable to read, or the run folder cannot be used
├── MissingExtraError         4   an optional package that the run needs is not installed; carries the command
├── ProviderError             5   the model endpoint refuses for good (key, quota, unknown model, unreachable)
├── TooManyErrors             6   the share of failed inputs rose above runner.max_error_rate
├── BudgetReached             7   a limit of cost or tokens was met: a clean stop, a rerun goes on from here
├── Deferred                      0   the reply comes later, by a batch: the input stays unfinished until then
└── Interrupted             130   the user pressed Ctrl-C: what was in flight is saved
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class RemudError(Exception):
    """Base of every error raised on purpose; `hint` says what the user can do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with more than one argument do not survive pickling between processes by themselves.
        return (type(self), (self.message, self.hint))


class RecordError(RemudError):
    """One input cannot be processed; `code` is UPPER_SNAKE and stable, so that counts can be compared.

    `replies` are the request hashes of the stored model replies that led here: a retry must not read those again.
    """

    def __init__(self, code: str, message: str, hint: str = "", replies: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.code = code
        self.replies = replies

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.message, self.hint, self.replies))


class ConfigError(RemudError):
    """The configuration or the command line is wrong."""

    exit_code = 2


class InputError(RemudError):
    """There is nothing usable to read, or the run folder cannot be used."""

    exit_code = 3


class MissingExtraError(RemudError):
    """An optional package is missing; the hint is the command that installs it."""

    exit_code = 4


class ProviderError(RemudError):
    """The model endpoint refuses for good: wrong key, no quota, unknown model, unreachable."""

    exit_code = 5


class TooManyErrors(RemudError):  # noqa: N818 - the exit-code table names it so
    """More inputs failed than runner.max_error_rate allows."""

    exit_code = 6


class BudgetReached(RemudError):  # noqa: N818 - not an error to the user
    """A limit the user set was met; everything paid for is stored and a rerun goes on."""

    exit_code = 7


class Deferred(RemudError):  # noqa: N818 - not an error to the user
    """The reply comes later, by a batch: the input stays unfinished, and a later command goes on from there."""

    exit_code = 0


class Interrupted(RemudError):  # noqa: N818 - not an error to the user
    """The user asked to stop."""

    exit_code = 130


def guess_name(name: str, known: Iterable[str]) -> str:
    """` (did you mean `x`?)` for a name that is nearly a known one, for an error's message; else nothing."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" (did you mean `{near[0]}`?)" if near else ""
