"""Exceptions on their way out of a record.

The true class is used where it is loaded and accepts the stored arguments; everything else comes
back as a `RemoteError` that bears its name. Nothing outside `Exception` is ever instantiated.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from upshot.codec.classes import find_exception
from upshot.codec.describing import MAX_LINKS, TRACEBACK, RemoteTraceback
from upshot.codec.remote import remote_error
from upshot.codec.text import shown

_BASE: Final = vars(BaseException)
_MAX_DEPTH: Final = MAX_LINKS
_METHODS: Final = frozenset(dir(BaseException))
_BUILT_IN: Final[Mapping[str, tuple[type[Exception], ...]]] = {
    "filename": (OSError,),
    "filename2": (OSError,),
    "path": (ImportError,),
    "name": (ImportError, NameError, AttributeError),
}
_own: Final = _BASE["__dict__"].__get__

Described = Mapping[str, Any]


def rebuilt(
    found: Described,
    details: Described | None = None,
    *,
    importable: frozenset[str] = frozenset(),
) -> Exception:
    """Return the exception that a stored mapping stands for.

    Args:
        found: the mapping of type, arguments and module.
        details: what Celery's mapping has no place for; None where *found* holds it too.
        importable: modules that may be imported to find a class.

    Raises:
        ValueError: the type of the exception is missing.
        SecurityError: the type names something that is no exception class.
    """
    return _Reader(importable).link(found, found if details is None else details)


def with_relatives(
    exc: BaseException, details: Described, *, importable: frozenset[str] = frozenset()
) -> BaseException:
    """Give *exc* the cause and context that *details* describe, where it has none."""
    if _BASE["__cause__"].__get__(exc) is None and _BASE["__context__"].__get__(exc) is None:
        _Reader(importable).relate(exc, details, 0)
    return exc


def with_traceback_text(exc: BaseException, text: str | None) -> None:
    """Let *exc* show the *text* of its remote traceback, as an attribute and when it is printed."""
    own = _own(exc)
    if text and TRACEBACK not in own:
        own[TRACEBACK] = text
        _add_notes(exc, [RemoteTraceback(f"\nRemote traceback:\n{text.rstrip()}")])


class _Reader:
    """Rebuilds an exception and its relatives, as many as one record may hold."""

    def __init__(self, importable: frozenset[str]) -> None:
        self._importable = importable
        self._left = MAX_LINKS

    def link(self, found: Described, details: Described, depth: int = 0) -> Exception:
        self._left -= 1
        exc_type = found.get("exc_type")
        if not isinstance(exc_type, str):
            raise ValueError("the stored exception does not tell its type")  # noqa: TRY004 Celery's error for it
        module = found.get("exc_module")
        module = module if isinstance(module, str) else None
        message = found.get("exc_message", ())
        args = tuple(message) if isinstance(message, list | tuple) else (message,)
        cls = find_exception(module, exc_type, self._importable, message)
        members = [
            member
            for stored in _sequence(details.get("members"))
            if (member := self._relative(stored, depth)) is not None
        ]
        if members and cls is not None and issubclass(cls, BaseExceptionGroup):
            args = (args[0] if args else "", members)
        exc = None if cls is None else _constructed(cls, args)
        if exc is None:
            text = details.get("text")
            exc = remote_error(module, exc_type, args, text if isinstance(text, str) else None)
            if members:
                _own(exc)["exceptions"] = tuple(members)
        self._complete(exc, details, depth)
        return exc

    def _relative(self, stored: object, depth: int) -> Exception | None:
        if not isinstance(stored, Mapping) or self._left <= 0 or depth >= _MAX_DEPTH:
            return None
        try:
            return self.link(stored, stored, depth + 1)
        except ValueError:
            return None

    def _complete(self, exc: Exception, details: Described, depth: int) -> None:
        attributes = details.get("attributes")
        if isinstance(attributes, Mapping):
            for name, value in attributes.items():
                _set(exc, name, value)
        notes = [note for note in _sequence(details.get("notes")) if isinstance(note, str)]
        _add_notes(exc, notes)
        self.relate(exc, details, depth)

    def relate(self, exc: BaseException, details: Described, depth: int) -> None:
        context = self._relative(details.get("context"), depth)
        cause = self._relative(details.get("cause"), depth)
        if context is not None:
            _BASE["__context__"].__set__(exc, context)
        if cause is not None:
            _BASE["__cause__"].__set__(exc, cause)
        if details.get("suppress") is True:
            exc.__suppress_context__ = True


def _constructed(cls: type[Exception], args: tuple[Any, ...]) -> Exception | None:
    try:
        exc = cls(*args)
        if not issubclass(type(exc), Exception):
            return None
        _BASE["args"].__set__(exc, args)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 a foreign constructor may refuse in any way
        return None
    return exc


def _set(exc: Exception, name: object, value: Any) -> None:
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("__"):
        return
    if isinstance(exc, _BUILT_IN.get(name, ())):
        base = next(b for b in type(exc).__mro__ if name in vars(b))
        if base.__module__ == "builtins":
            vars(base)[name].__set__(exc, value)
            return
    if name in _METHODS:
        return
    own = _own(exc)
    if isinstance(value, list) and isinstance(own.get(name), tuple):
        value = tuple(value)
    own[name] = value


def _add_notes(exc: BaseException, notes: Sequence[str]) -> None:
    if not notes:
        return
    own = _own(exc)
    present = own.get("__notes__")
    own["__notes__"] = [*(present if isinstance(present, list) else ()), *notes]


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def not_a_mapping(value: object) -> TypeError:
    """Return the error for a stored exception that is neither an exception nor a mapping."""
    return TypeError(
        "a stored exception must be a mapping with its type, arguments and module, "
        f"not {type(value).__name__} {shown(value)}"
    )
