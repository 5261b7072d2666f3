"""Exceptions in and out of records, for callers that handle them apart from a record."""

from collections.abc import Mapping
from typing import Any, Final

from upshot.codec.describing import mapping_of, traceback_text
from upshot.codec.jsontext import JsonText
from upshot.codec.pickling import picklable, unpickled
from upshot.codec.rebuilding import not_a_mapping, rebuilt

__all__ = ["EXCEPTION_ABLE_CODECS", "exception_to_python", "prepare_exception", "traceback_text"]

EXCEPTION_ABLE_CODECS: Final = frozenset({"pickle"})
"""Serializers that carry exceptions as they are."""

_plain: Final = JsonText(extended=False)


def prepare_exception(exc: BaseException, serializer: str = "json") -> Any:
    """Return what a record stores for *exc*; never raises.

    Args:
        exc: any exception, those outside `Exception` included.
        serializer: name of the serializer of the record.

    Returns:
        An exception that can be pickled for "pickle", else the mapping that Celery writes, with
        its keys `exc_type`, `exc_message` and `exc_module` in this order.
    """
    if serializer in EXCEPTION_ABLE_CODECS:
        return picklable(exc)
    return mapping_of(exc, _plain.encode)


def exception_to_python(
    found: Any,
    details: Mapping[str, Any] | None = None,
    *,
    importable: frozenset[str] = frozenset(),
) -> BaseException | None:
    """Return the exception that a stored form stands for; an exception stays itself.

    Args:
        found: the stored form; None or empty is no exception.
        details: what the stored mapping has no place for, where it is kept beside it.
        importable: modules that may be imported to find a class.

    Raises:
        TypeError: *found* is neither an exception nor a mapping, nor can it become one.
        ValueError: the mapping does not tell the type.
        SecurityError: the type names something that is no exception class.
    """
    if isinstance(found, BaseException):
        return unpickled(found, details, importable=importable)
    if not found:
        return None
    if not isinstance(found, Mapping):
        try:
            found = dict(found)
        except (TypeError, ValueError) as exc:
            raise not_a_mapping(found) from exc
    return rebuilt(found, details, importable=importable)
