"""Turning what a user gave into the value that a setting has."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from upshot.errors import Misconfigured
from upshot.settings.model import Setting
from upshot.urls import mask

_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off"})
_SHOWN: Final = 80


def coerce(setting: Setting, value: Any) -> Any:
    """Return *value* as the setting has it.

    Numbers and switches may come as text, since many come from the environment.

    Args:
        setting: the row it is for.
        value: what the user gave.

    Raises:
        Misconfigured: it is of the wrong type, or outside of what is allowed.
    """
    if value is None:
        if setting.nullable:
            return None
        raise _refuse(setting, value)
    result = _COERCERS[setting.kind](setting, value)
    return None if setting.zero_is_none and result == 0 else result


def expected(setting: Setting) -> str:
    """Say in words which values *setting* takes."""
    words = _WORDS[setting.kind]
    if setting.kind == "choice":
        words = "one of " + ", ".join(repr(choice) for choice in setting.choices)
    if setting.kind in {"int", "limit"} and setting.unit:
        words = f"a whole number of {setting.unit}"
    words += _range(setting)
    return f"{words}, or None" if setting.nullable else words


def _range(setting: Setting) -> str:
    if setting.low is not None and setting.high is not None:
        return f" from {setting.low:g} to {setting.high:g}"
    return "" if setting.low is None else f", at least {setting.low:g}"


def _refuse(setting: Setting, value: Any) -> Misconfigured:
    return Misconfigured(
        f"the setting {setting.name} must be {expected(setting)}, not {_show(setting, value)}"
    )


def _show(setting: Setting, value: Any) -> str:
    """Describe a refused value by its type, and by itself where that is short and no secret."""
    kind = type(value).__name__
    if setting.secret or not isinstance(value, (str, int, float, timedelta, type(None))):
        return f"a value of type {kind}"
    text = repr(mask(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _bool(setting: Setting, value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in _YES | _NO:
        return value.strip().lower() in _YES
    if isinstance(value, (bool, int)) and value in (0, 1):
        return bool(value)
    raise _refuse(setting, value)


def _int(setting: Setting, value: Any) -> int:
    number = _plain_number(setting, value)
    if not math.isfinite(number) or number != int(number):
        raise _refuse(setting, value)
    return int(_bounded(setting, number, value))


def _limit(setting: Setting, value: Any) -> int | None:
    return None if _plain_number(setting, value) == math.inf else _int(setting, value)


def _seconds(setting: Setting, value: Any) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    number = float(_plain_number(setting, seconds))
    if not math.isfinite(number):
        raise _refuse(setting, value)
    return _bounded(setting, number, value)


def _plain_number(setting: Setting, value: Any) -> int | float:
    number = _read_number(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or math.isnan(number):
        raise _refuse(setting, value)
    return number


def _read_number(text: str) -> int | float | None:
    try:
        return int(text) if text.strip().lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return None


def _bounded(setting: Setting, number: float, value: Any) -> float:
    low, high = setting.low, setting.high
    if low is not None and number < low:
        raise _refuse(setting, value)
    if high is not None and number > high:
        raise _refuse(setting, value)
    return number


def _text(setting: Setting, value: Any) -> str:
    if not isinstance(value, str):
        raise _refuse(setting, value)
    return value


def _choice(setting: Setting, value: Any) -> str:
    text = _text(setting, value)
    for choice in setting.choices:
        if text.strip().lower() == choice.lower():
            return choice
    raise _refuse(setting, value)


def _list(setting: Setting, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(piece.strip() for piece in value.split(",") if piece.strip())
    if not isinstance(value, Iterable) or isinstance(value, (Mapping, bytes)):
        raise _refuse(setting, value)
    items = list(value)
    if not all(isinstance(item, str) for item in items):
        raise _refuse(setting, value)
    return tuple(sorted(items) if isinstance(value, (set, frozenset)) else items)


def _mapping(setting: Setting, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _refuse(setting, value)
    return dict(value)


def _switch(setting: Setting, value: Any) -> bool | dict[str, Any]:
    return _mapping(setting, value) if isinstance(value, Mapping) else _bool(setting, value)


def _object(_setting: Setting, value: Any) -> Any:
    return value


_COERCERS: Final[dict[str, Callable[[Setting, Any], Any]]] = {
    "bool": _bool,
    "int": _int,
    "limit": _limit,
    "seconds": _seconds,
    "text": _text,
    "choice": _choice,
    "list": _list,
    "mapping": _mapping,
    "switch": _switch,
    "object": _object,
}

_WORDS: Final[dict[str, str]] = {
    "bool": "True or False",
    "int": "a whole number",
    "limit": "a whole number",
    "seconds": "a number of seconds or a timedelta",
    "text": "text",
    "choice": "",
    "list": "a list of names",
    "mapping": "a mapping with text as keys",
    "switch": "True, False, or a mapping with text as keys",
    "object": "anything",
}
