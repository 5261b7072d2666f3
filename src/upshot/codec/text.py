"""Text made of foreign objects: bounded in length, and never failing."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")
D = TypeVar("D")

MAX_TEXT: Final = 65_536
"""Longest piece of a stored exception, in characters or encoded bytes."""

MAX_TRACEBACK: Final = 262_144
"""Longest stored traceback, in characters."""

_MAX_SHOWN: Final = 200


def guarded(call: Callable[[], T], default: D) -> T | D:
    """Return what *call* returns, or *default* if foreign code in it raises anything."""
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 foreign __repr__ and friends may raise anything at all
        return default


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """Return *text*, cut to *limit* characters with a remark of how many are missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text) - limit} more characters)"


def encodable(text: str) -> str:
    """Return *text* with lone surrogates written out, so that every serializer takes it."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def safe_repr(value: Any) -> str:
    """Return `repr(value)`, or a stand-in when it fails."""
    text = guarded(lambda: repr(value), None)
    if not isinstance(text, str):
        return f"<unprintable {class_name(type(value))} object>"
    return str.__str__(text)


def shown(value: object) -> str:
    """Return *value* for an error message: short, on one line."""
    text = value if isinstance(value, str) else safe_repr(value)
    text = encodable(shortened(text, _MAX_SHOWN))
    return text if text.isprintable() else ascii(text)


def class_name(cls: type) -> str:
    """Return the `__qualname__` of *cls* without asking its metaclass."""
    name: str = vars(type)["__qualname__"].__get__(cls)
    return name


def module_name(cls: type) -> str | None:
    """Return the name of the module that *cls* says it is from."""
    name = guarded(lambda: cls.__module__, None)
    return name if isinstance(name, str) else None
