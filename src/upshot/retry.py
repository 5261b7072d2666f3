"""Repeats store calls that failed in a way that may pass: full-jitter exponential back-off.

The formula is the one Celery documents for `result_backend_*_between_retries_ms`; see also
"Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from upshot.errors import OutcomeUnknown, Unavailable

T = TypeVar("T")
_log = logging.getLogger(__name__)


def safe_to_retry(error: BaseException) -> bool:
    """Tell whether repeating the call may help and cannot harm."""
    return isinstance(error, Unavailable | OutcomeUnknown)


def longest_sleep(base_ms: int, max_ms: int, retry: int) -> int:
    """Return the upper bound in ms of the sleep before retry number *retry*, counted from 1."""
    # 2**62 ms is far beyond any cap; without the bound the power of a long outage grows for ever.
    return min(max_ms, base_ms << min(retry, 62))


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When and how often a store call is repeated.

    Attributes:
        enabled: False passes every error through at once.
        max_retries: repetitions after the first attempt; None for no limit.
        base_ms: base of the back-off, in milliseconds.
        max_ms: cap of one sleep, in milliseconds.
    """

    enabled: bool = False
    max_retries: int | None = None
    base_ms: int = 10
    max_ms: int = 10_000

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call *function*, again after each transient error, and return what it returns.

        Raises:
            Exception: whatever *function* raised last, when it is permanent, when retrying is off,
                or when the retries are used up.
        """
        if not self.enabled:
            return function(*args)
        try:
            return function(*args)
        except (Unavailable, OutcomeUnknown) as error:
            return self._again(error, function, args)

    def _again(self, first: Exception, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        import tenacity

        if self.max_retries == 0 or not safe_to_retry(first):
            raise first
        _log.warning("store call failed, retrying: %s", first)
        stop = (
            tenacity.stop_never
            if self.max_retries is None
            else tenacity.stop_after_attempt(self.max_retries)
        )
        tenacity.nap.sleep(self._sleep(1))
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(safe_to_retry),
            stop=stop,
            wait=lambda state: self._sleep(state.attempt_number + 1),
            reraise=True,
        )
        return retrying(function, *args)

    def _sleep(self, retry: int) -> float:
        bound = longest_sleep(self.base_ms, self.max_ms, retry)
        return random.randint(0, bound) / 1000  # noqa: S311 jitter needs no secrecy
