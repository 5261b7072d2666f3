"""The options of a task, checked once, when it is declared."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from upshot.core import DEFAULT, Lifetime
from upshot.errors import Misconfigured

MAX_BACKOFF = 600.0
"""Longest pause between two attempts, in seconds, where `backoff` is a number."""

Backoff = float | Callable[[int], float]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """How one task is run and kept.

    Attributes:
        bind: the function receives its task as first argument.
        ignore_result: nothing is stored; None leaves it to the setting `task_ignore_result`.
        autoretry_for: exception classes after which the task is tried again.
        max_retries: attempts after the first one.
        backoff: base in seconds of an exponential pause with full jitter, or a function from the
            number of the retry, counted from 0, to the exact pause in seconds.
        result_expires: seconds the records are kept, None for ever; otherwise as the settings say.
    """

    bind: bool = False
    ignore_result: bool | None = None
    autoretry_for: tuple[type[BaseException], ...] = ()
    max_retries: int = 3
    backoff: Backoff = 1.0
    result_expires: Lifetime = DEFAULT

    def pause(self, attempt: int) -> float:
        """Return how many seconds to wait after the failed *attempt*, counted from 0."""
        if callable(self.backoff):
            return max(0.0, float(self.backoff(attempt)))
        # 2**62 is beyond any cap; without the bound a long row of attempts overflows.
        bound = min(MAX_BACKOFF, self.backoff * 2.0 ** min(attempt, 62))
        return random.uniform(0.0, bound)  # noqa: S311 jitter needs no secrecy

    def retries_after(self, error: BaseException, attempt: int) -> bool:
        """Tell whether *error* in *attempt*, counted from 0, is followed by another attempt."""
        return attempt < self.max_retries and issubclass(type(error), self.autoretry_for)


def check_options(
    name: str, options: TaskOptions, *, time_limit: float | None, pool: str
) -> TaskOptions:
    """Return *options* with `autoretry_for` as a tuple, or refuse them.

    Args:
        name: of the task, for the message.
        options: what was asked for.
        time_limit: seconds the task may run.
        pool: what kind of workers run it.

    Raises:
        Misconfigured: an option is of the wrong type or out of range, or cannot be kept with
            this pool.
    """
    if time_limit is not None and pool == "threads":
        raise Misconfigured(
            f"task {name}: time_limit={time_limit!r} cannot be kept with pool='threads', because a "
            "thread cannot be ended from outside; leave it out and give what the task waits for a "
            "timeout of its own"
        )
    if isinstance(options.max_retries, bool) or not isinstance(options.max_retries, int):
        raise Misconfigured(f"task {name}: max_retries={options.max_retries!r} is no whole number")
    if options.max_retries < 0:
        raise Misconfigured(
            f"task {name}: max_retries={options.max_retries} is negative; 0 turns retries off"
        )
    if not callable(options.backoff) and not _is_duration(options.backoff):
        raise Misconfigured(
            f"task {name}: backoff={options.backoff!r} is neither a number of seconds nor a "
            "function from the number of the retry to seconds"
        )
    expires = options.result_expires
    if expires is not None and expires is not DEFAULT and not _is_duration(expires):
        raise Misconfigured(
            f"task {name}: result_expires={expires!r} is no number of seconds; None keeps results "
            "for ever"
        )
    return options


def check_retried(name: str, classes: object) -> tuple[type[BaseException], ...]:
    """Return *classes*, one exception class or several, as a tuple.

    Raises:
        Misconfigured: something else is among them.
    """
    listed = tuple(classes) if isinstance(classes, Sequence | set | frozenset) else (classes,)
    for item in listed:
        if not (isinstance(item, type) and issubclass(item, BaseException)):
            raise Misconfigured(
                f"task {name}: autoretry_for must hold exception classes, not {item!r}"
            )
    return listed


def _is_duration(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < float("inf")
