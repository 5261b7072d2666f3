"""Types that JSON lacks, written as tagged values `{"__type__": ..., "__value__": ...}`.

kombu knows a few of them; their tags are read here too, so that reading needs no kombu. The tags
that begin with `upshot:` are ours. A mapping of the user's that only looks like a tagged value is
written as pairs.
"""

from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, Final

from upshot.codec.describing import Encodes, description_of
from upshot.codec.handles import is_handle
from upshot.codec.text import class_name, module_name

TYPE: Final = "__type__"
VALUE: Final = "__value__"
PREFIX: Final = "upshot:"

_ATOMS: Final = frozenset({str, float, bool, type(None)})
_SAFE_BITS: Final = 10_000
_JSON_KEYS: Final = (str, int, float, type(None))


def tag(name: str, value: Any) -> dict[str, Any]:
    """Return *value* under the tag *name* of ours."""
    return {TYPE: PREFIX + name, VALUE: value}


def looks_tagged(value: dict[Any, Any]) -> bool:
    """Tell whether *value* would be taken for a tagged value."""
    return len(value) == 2 and TYPE in value and VALUE in value  # noqa: PLR2004 the two keys of a tagged value


def holds_lookalike(value: Any) -> bool:
    """Tell whether any mapping in plain *value* would be taken for a tagged value."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if looks_tagged(item):
                return True
            todo.extend(item.values())
        elif isinstance(item, list | tuple):
            todo.extend(item)
    return False


def shaped(value: Any, *, exact: bool = False) -> Any:
    """Return *value* in a form whose JSON reads back as it.

    Args:
        value: anything; objects that JSON lacks stay as they are.
        exact: keep tuples and the types of keys too, which kombu's form of plain data does not.
    """
    if type(value) in _ATOMS:
        return value
    if exact and isinstance(value, Enum):
        return _of_enum(value)
    if type(value) is int:
        return value if value.bit_length() < _SAFE_BITS else tag("int", hex(value))
    if isinstance(value, dict):
        return _shaped_dict(value, exact=exact)
    if isinstance(value, list | tuple):
        items = [shaped(item, exact=exact) for item in value]
        return tag("tuple", items) if exact and isinstance(value, tuple) else items
    return value


def tagged(value: Any, encodes: Encodes) -> Any:
    """Return the tagged form of an object that kombu refuses.

    Args:
        value: the object.
        encodes: encodes one value, for the parts of an exception.

    Raises:
        TypeError: the type is not known here.
    """
    if isinstance(value, Enum):
        return _of_enum(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _of_dataclass(value)
    if isinstance(value, BaseException):
        return tag("error", description_of(value, encodes))
    for kind, encode in _ENCODERS.items():
        if isinstance(value, kind):
            return encode(value)
    if is_handle(value):
        return value.as_tuple()
    if callable(getattr(type(value), "model_dump", None)):
        return value.model_dump()
    raise TypeError(f"{class_name(type(value))} is no type that JSON or upshot knows")


def _shaped_dict(value: dict[Any, Any], *, exact: bool) -> dict[Any, Any]:
    kinds = (str,) if exact else _JSON_KEYS
    if looks_tagged(value) or not all(isinstance(key, kinds) for key in value):
        pairs = value.items()
        return tag("dict", [[shaped(k, exact=True), shaped(v, exact=True)] for k, v in pairs])
    return {key: shaped(item, exact=exact) for key, item in value.items()}


def _of_enum(value: Enum) -> dict[str, Any]:
    plain = shaped(value.value, exact=True)
    return tag("enum", {"class": _path(type(value)), "name": value.name, "value": plain})


def _of_dataclass(value: Any) -> dict[str, Any]:
    stored = {f.name: shaped(getattr(value, f.name), exact=True) for f in fields(value)}
    return tag("dataclass", {"class": _path(type(value)), "fields": stored})


def _path(cls: type) -> str:
    return f"{module_name(cls)}:{class_name(cls)}"


def _items(values: Any) -> list[Any]:
    with suppress(Exception):  # what has no order is written as it comes
        values = sorted(values)
    return [shaped(value, exact=True) for value in values]


_ENCODERS: Final[Mapping[type, Callable[[Any], dict[str, Any]]]] = {
    set: lambda v: tag("set", _items(v)),
    frozenset: lambda v: tag("frozenset", _items(v)),
    timedelta: lambda v: tag("timedelta", [v.days, v.seconds, v.microseconds]),
    complex: lambda v: tag("complex", [v.real, v.imag]),
    bytearray: lambda v: tag("bytearray", b64encode(v).decode("ascii")),
    deque: lambda v: tag("deque", [[shaped(i, exact=True) for i in v], v.maxlen]),
    range: lambda v: tag("range", [v.start, v.stop, v.step]),
    Fraction: lambda v: tag("fraction", [v.numerator, v.denominator]),
    PurePath: lambda v: tag("path", str(v)),
}
