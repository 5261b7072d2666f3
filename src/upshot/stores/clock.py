"""The time as stores count it: whole microseconds since 1970, UTC.

Integers compare and index alike in every store, and come back exactly as they were written.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]
"""Tells the present as an aware time; stores take one so that tests can move it."""

FOREVER: Final = 1 << 62
"""A moment that never comes."""

LATEST: Final = datetime.max.replace(tzinfo=UTC)
"""The last time that can be written down."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND: Final = 1_000_000
_LONGEST_TTL: Final = 1e12


def ticker(clock: Clock | None) -> Callable[[], int]:
    """Return a function that tells the present in microseconds, by *clock* or the system's."""
    if clock is None:
        return _system
    return lambda: to_micros(clock())


def to_micros(moment: datetime) -> int:
    """Return the microseconds from 1970 to *moment*, an aware time."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC time *micros* microseconds after 1970.

    Raises:
        OverflowError: it lies outside the years 1 to 9999.
    """
    return _EPOCH + timedelta(0, 0, micros)


def after(now: int, seconds: float) -> int:
    """Return the moment *seconds* after *now*; an endless or absurd span ends in `FOREVER`."""
    span = max(seconds, 0.0)
    return now + round(span * _SECOND) if span < _LONGEST_TTL else FOREVER


def seconds_between(start: int, end: int) -> float:
    """Return the seconds from *start* to *end*, both in microseconds."""
    return (end - start) / _SECOND


def _system() -> int:
    return time.time_ns() // 1000
