"""Exceptions on their way into a record; nothing here raises, whatever the exception is like.

An exception becomes the mapping Celery writes (type, arguments, module), and apart from it the
details which that mapping has no place for: notes, attributes, text, members of a group, and the
chain of causes. All of it together is bounded.
"""

import reprlib
import traceback
from collections.abc import Callable, Sized
from typing import Any, Final

from upshot.codec.remote import MESSAGE
from upshot.codec.text import (
    MAX_TEXT,
    MAX_TRACEBACK,
    class_name,
    encodable,
    guarded,
    module_name,
    safe_repr,
    shortened,
    shown,
)

Encodes = Callable[[Any], Sized]
"""Encodes a value as the record would be, or raises."""

TRACEBACK: Final = "remote_traceback"
"""Attribute of a restored exception that holds the text of its remote traceback."""

MAX_LINKS: Final = 50
"""Most exceptions that one record describes: causes, contexts and members of groups."""

RELATIVES: Final = frozenset({"cause", "context", "suppress"})
"""Those details that tell of other exceptions in the chain."""

_SIZED: Final = (str, bytes, bytearray, list, tuple, dict, set, frozenset)
_MAX_ITEMS: Final = 100
_MAX_TOTAL: Final = 8 * MAX_TEXT
_NOT_STORED: Final = frozenset({"__notes__", MESSAGE, TRACEBACK})
_BASE: Final = vars(BaseException)
_BUILT_IN: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (OSError, ("filename", "filename2")),
    (ImportError, ("name", "path")),
    (NameError, ("name",)),
    (AttributeError, ("name",)),
)


class RemoteTraceback(str):
    """A note that shows where the exception was raised; it is not stored again."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str.__str__(self),)


def mapping_of(exc: BaseException, encodes: Encodes) -> dict[str, Any]:
    """Return the mapping that Celery stores for *exc*.

    Args:
        exc: any exception.
        encodes: used to tell which arguments can be stored; the others become their repr.
    """
    return _Writer(exc, encodes).mapping(exc)


def details_of(exc: BaseException, encodes: Encodes) -> dict[str, Any]:
    """Return what the mapping of *exc* leaves out; empty where that is nothing."""
    return _Writer(exc, encodes).details(exc)


def description_of(exc: BaseException, encodes: Encodes) -> dict[str, Any]:
    """Return mapping and details of *exc* in one."""
    return _Writer(exc, encodes).link(exc)


def traceback_text(exc: BaseException) -> str:
    """Return the traceback of every link of the chain of *exc* as text; never fails."""
    text = guarded(lambda: "".join(traceback.format_exception(exc)), None)
    if text is None:
        text = f"{class_name(type(exc))}: its traceback cannot be shown\n"
    return encodable(shortened(text, MAX_TRACEBACK))


class _Writer:
    """Describes one exception and its relatives, each once, within the limit of size."""

    def __init__(self, exc: BaseException, encodes: Encodes) -> None:
        self._encodes = encodes
        self._left = _MAX_TOTAL
        self._seen = {id(exc)}

    def link(self, exc: BaseException) -> dict[str, Any]:
        return {**self.mapping(exc), **self.details(exc)}

    def mapping(self, exc: BaseException) -> dict[str, Any]:
        args = guarded(lambda: tuple(exc.args), None)
        if args is None:
            args = _BASE["args"].__get__(exc)
        cls = type(exc)  # an exception may lie about its class, or fail to tell
        stored = [self._stored(arg) for arg in args[:_MAX_ITEMS]]
        if issubclass(cls, BaseExceptionGroup) and len(stored) > 1:
            stored[1] = self._text(safe_repr(args[1]))
        if len(args) > _MAX_ITEMS:
            stored.append(f"... ({len(args) - _MAX_ITEMS} more arguments)")
        return {"exc_type": class_name(cls), "exc_message": stored, "exc_module": module_name(cls)}

    def details(self, exc: BaseException) -> dict[str, Any]:
        found: dict[str, Any] = {
            "text": self._own_text(exc),
            "notes": self._notes(exc),
            "attributes": self._attributes(exc),
            "members": [self.link(m) for m in _members(exc) if self._is_new(m)],
        }
        for name in ("cause", "context"):
            other = _BASE[f"__{name}__"].__get__(exc)
            if other is not None and self._is_new(other):
                found[name] = self.link(other)
        found["suppress"] = _BASE["__suppress_context__"].__get__(exc) and "cause" not in found
        return {key: value for key, value in found.items() if value}

    def _is_new(self, exc: BaseException) -> bool:
        if id(exc) in self._seen or len(self._seen) >= MAX_LINKS:
            return False
        self._seen.add(id(exc))
        return True

    def _fits(self, value: Any) -> bool:
        room = min(MAX_TEXT, self._left)
        if isinstance(value, _SIZED) and len(value) > room:
            return False
        size = guarded(lambda: len(self._encodes(value)), None)
        if size is None or size > room:
            return False
        self._left -= size
        return True

    def _stored(self, value: Any) -> Any:
        if self._fits(value):
            return value
        if type(value) is str:
            return self._text(value)
        huge = isinstance(value, _SIZED) and len(value) > MAX_TEXT
        return self._text(guarded(lambda: reprlib.repr(value), "...") if huge else safe_repr(value))

    def _text(self, text: str) -> str:
        text = encodable(shortened(text)) if self._left > MAX_TEXT else shown(text)
        self._left -= len(text)
        return text

    def _own_text(self, exc: BaseException) -> str | None:
        if module_name(type(exc)) == "builtins":
            return None
        text = guarded(lambda: str.__str__(str(exc)), None)
        plain = guarded(lambda: BaseException.__str__(exc), None)
        return None if text is None or text == plain else self._text(text)

    def _notes(self, exc: BaseException) -> list[str]:
        notes = _dict_of(exc).get("__notes__")
        if not isinstance(notes, list):
            return []
        own = [n for n in notes if isinstance(n, str) and not isinstance(n, RemoteTraceback)]
        return [self._text(str.__str__(note)) for note in own[:_MAX_ITEMS]]

    def _attributes(self, exc: BaseException) -> dict[str, Any]:
        pairs = list(_dict_of(exc).items())[:_MAX_ITEMS]
        for base, names in _BUILT_IN:
            if issubclass(type(exc), base):
                own = [(name, vars(base)[name].__get__(exc)) for name in names]
                pairs += [(name, value) for name, value in own if value is not None]
        return {
            name: value
            for name, value in pairs
            if type(name) is str
            and name.isidentifier()
            and name not in _NOT_STORED
            and self._fits(value)
        }


def _members(exc: BaseException) -> tuple[BaseException, ...]:
    if not issubclass(type(exc), BaseExceptionGroup):
        return ()
    members: tuple[BaseException, ...] = vars(BaseExceptionGroup)["exceptions"].__get__(exc)
    return members


def _dict_of(exc: BaseException) -> dict[Any, Any]:
    found = guarded(lambda: object.__getattribute__(exc, "__dict__"), None)
    return found if isinstance(found, dict) else {}
