"""Small texts for people: durations, ages, sizes, and stored text made safe for a terminal."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from upshot.urls import mask

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SINCE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_KILO: Final = 1000
_FEW: Final = 9.95


def clean(text: str) -> str:
    """Return *text* with control characters spelled out, except newlines and tabs.

    Records hold whatever a task wrote; what reaches a terminal must not steer it.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _spelled(c) for c in text)


def one_line(text: str) -> str:
    """Return *text* on one line, masked and cleaned."""
    return clean(" ".join(mask(text).split()))


def shortened(text: str, width: int) -> str:
    """Return *text* cut to *width* characters, the cut shown."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def duration(seconds: float) -> str:
    """Return a span of time such as `340 ms`, `12.3 s`, `4 min 10 s` or `3 d 2 h`."""
    seconds = max(seconds, 0.0)
    # What would be rounded up to the next unit is told in that unit.
    if round(seconds * _KILO) < _KILO:
        thousandths = seconds * _KILO
        return f"{thousandths:.1f} ms" if thousandths < _FEW else f"{thousandths:.0f} ms"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago *moment* was, in one unit: `5 s ago`, `3 min ago`, `2 d ago`."""
    seconds = max((now - moment).total_seconds(), 0.0)
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds)} s ago"


def moment(when: datetime) -> str:
    """Return a time as `2026-11-20 18:30:02 UTC`."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def size(count: int) -> str:
    """Return a number of bytes such as `812 B`, `4.1 kB` or `16.0 MB`."""
    if count < _KILO:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= _KILO
        if round(amount, 1) < _KILO:
            return f"{amount:.1f} {unit}"
    return f"{amount / _KILO:.1f} TB"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return `1 file`, `2 files`, `1 958 files`."""
    word = singular if number == 1 else plural or f"{singular}s"
    return f"{grouped(number)} {word}"


def grouped(number: int) -> str:
    """Return a whole number with its thousands apart, such as `1 958`."""
    return f"{number:,}".replace(",", " ")


def parse_since(text: str, now: datetime) -> datetime:
    """Return the time that `--since` names.

    Args:
        text: a span back from now (`30s`, `10m`, `2h`, `7d`, `1w`) or an ISO 8601 time; one
            without an offset is local time.
        now: the present (aware UTC).

    Raises:
        ValueError: it is neither.
    """
    span = _SINCE.fullmatch(text.strip())
    if span:
        try:
            return now - timedelta(seconds=float(span[1]) * _UNITS[span[2]])
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is neither a span such as 30s, 10m, 2h or 7d nor a time such as"
            " 2026-11-20T18:30"
        ) from None


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
