"""Exceptions in pickled records, which carry the objects themselves."""

import pickle
from collections.abc import Mapping
from typing import Any, Final

from upshot.codec.describing import mapping_of
from upshot.codec.rebuilding import rebuilt, with_relatives
from upshot.codec.text import MAX_TEXT, guarded, safe_repr, shortened
from upshot.errors import UpshotError

_MAX_PICKLE: Final = 8 * MAX_TEXT
_TOO_GENERAL: Final = frozenset({Exception, BaseException, object})


class PickledError(UpshotError):
    """Stands in a pickle for an exception that cannot be pickled.

    Attributes:
        exc_module: name of the module of its class.
        exc_cls_name: dotted name of its class.
        exc_args: its arguments; those that cannot be pickled are their repr.
        text: its repr.
    """

    def __init__(
        self, exc_module: str | None, exc_cls_name: str, exc_args: tuple[Any, ...], text: str
    ) -> None:
        super().__init__(exc_module, exc_cls_name, exc_args, text)
        self.exc_module = exc_module
        self.exc_cls_name = exc_cls_name
        self.exc_args = exc_args
        self.text = text


def picklable(exc: BaseException) -> Exception:
    """Return *exc* if it survives pickling and is not huge, else what comes nearest to it.

    That is an instance of the nearest base class which can be built from the same arguments, or a
    `PickledError`. Exceptions outside `Exception` always become one, so that readers never meet
    a SystemExit.
    """
    if isinstance(exc, Exception):
        if _survives(exc):
            return exc
        for base in type(exc).__mro__:
            if base in _TOO_GENERAL:
                break
            nearest = guarded(lambda base=base: base(*exc.args), None)  # type: ignore[misc]
            if isinstance(nearest, Exception) and _survives(nearest):
                return nearest
    described = mapping_of(exc, _round_trip)
    return PickledError(
        described["exc_module"],
        described["exc_type"],
        tuple(described["exc_message"]),
        shortened(safe_repr(exc)),
    )


def unpickled(
    exc: BaseException,
    details: Mapping[str, Any] | None = None,
    *,
    importable: frozenset[str] = frozenset(),
) -> BaseException:
    """Return the exception that *exc*, read from a pickle, stands for.

    Args:
        exc: what was read; Celery's wrapper is known too.
        details: what a pickle loses.
        importable: modules that may be imported to find a class.
    """
    if type(exc).__name__ not in {"PickledError", "UnpickleableExceptionWrapper"}:
        return with_relatives(exc, details, importable=importable) if details else exc
    own = vars(exc)
    described = {
        "exc_type": own.get("exc_cls_name"),
        "exc_module": own.get("exc_module"),
        "exc_message": own.get("exc_args", ()),
    }
    return rebuilt(described, details, importable=importable)


def _round_trip(value: Any) -> bytes:
    data = pickle.dumps(value)
    pickle.loads(data)  # noqa: S301 it was pickled in the line above
    return data


def _survives(exc: Exception) -> bool:
    size = guarded(lambda: len(_round_trip(exc)), None)
    return size is not None and size <= _MAX_PICKLE
