"""Reading tagged values; a value that cannot be rebuilt here comes back as plain data."""

import sys
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import EnumMeta, Flag
from fractions import Fraction
from pathlib import Path
from types import MemberDescriptorType
from typing import Any, Final
from uuid import UUID

from upshot.codec.classes import find_loaded, is_class, names_of
from upshot.codec.jsontypes import PREFIX, TYPE, VALUE, looks_tagged
from upshot.codec.rebuilding import rebuilt
from upshot.errors import SecurityError

Decoder = Callable[[Any], Any]


def hook(importable: frozenset[str]) -> Callable[[dict[str, Any]], Any]:
    """Return the function that a JSON decoder calls with every mapping.

    Args:
        importable: modules that may be imported to find an exception class.
    """
    decoders: dict[str, Decoder] = {
        **_DECODERS,
        PREFIX + "error": lambda v: rebuilt(v, importable=importable),
    }

    def untagged(found: dict[str, Any]) -> Any:
        if not looks_tagged(found):
            return found
        name = found[TYPE]
        decode = decoders.get(name) if isinstance(name, str) else None
        try:
            return _kombus(found) if decode is None else decode(found[VALUE])
        except SecurityError:
            raise
        except Exception:  # noqa: BLE001 odd data stays data, whatever a decoder makes of it
            return found

    return untagged


def _kombus(found: dict[str, Any]) -> Any:
    """Decode a type that the application registered with kombu, which is loaded then."""
    kombu_json: Any = sys.modules.get("kombu.utils.json")
    return found if kombu_json is None else kombu_json.object_hook(found)


def _find(path: str) -> Any:
    module, _, qualname = path.partition(":")
    found = find_loaded(module, qualname)
    return found if is_class(found) else None


def _enum(stored: Mapping[str, Any]) -> Any:
    cls, name, value = _find(stored["class"]), stored["name"], stored["value"]
    if cls is None or not issubclass(type(cls), EnumMeta):
        return value
    members = names_of(cls)["_member_map_"]
    if name in members:
        return members[name]
    if issubclass(cls, Flag) and type(value) is int and _source(cls, "_missing_") is Flag:
        return cls(value)
    return value


def _dataclass(stored: Mapping[str, Any]) -> Any:
    cls, values = _find(stored["class"]), stored["fields"]
    if cls is None or "__dataclass_fields__" not in names_of(cls) or not isinstance(values, dict):
        return values
    complete = _completed(cls, values)
    if complete is None or any(_is_foreign(cls, name) for name in complete):
        return values
    made = object.__new__(cls)
    for name, value in complete.items():
        object.__setattr__(made, name, value)
    return made


def _completed(cls: type, values: dict[str, Any]) -> dict[str, Any] | None:
    """Return *values* with plain defaults for missing fields; None where they do not fit."""
    declared = {f.name: f for f in fields(cls)}
    if not values.keys() <= declared.keys():
        return None
    complete = dict(values)
    for name in declared.keys() - values.keys():
        if declared[name].default is NO_DEFAULT:
            return None
        complete[name] = declared[name].default
    return complete


def _is_foreign(cls: type, name: str) -> bool:
    """Tell whether setting the attribute would run code of the class."""
    base = _source(cls, name)
    kind = None if base is None else type(names_of(base)[name])
    return hasattr(kind, "__set__") and kind is not MemberDescriptorType


def _source(cls: type, name: str) -> type | None:
    """Return the class that an attribute of *cls* comes from."""
    return next((base for base in cls.__mro__ if name in names_of(base)), None)


def _fraction(numerator: Any, denominator: Any) -> Fraction:
    # From text, an exponent of a few digits would be worked out for hours.
    if type(numerator) is not int or type(denominator) is not int:
        raise TypeError("a fraction is made of two integers")
    return Fraction(numerator, denominator)


_KOMBU: Final[Mapping[str, Decoder]] = {
    "bytes": lambda v: v.encode("utf-8"),
    "base64": lambda v: b64decode(v.encode("ascii")),
    "datetime": datetime.fromisoformat,
    "date": lambda v: datetime.fromisoformat(v).date(),
    "time": time.fromisoformat,
    "decimal": Decimal,
    "uuid": lambda v: UUID(**v),
}

_OURS: Final[Mapping[str, Decoder]] = {
    "int": lambda v: int(v, 16),
    "dict": lambda v: {key: item for key, item in v},  # noqa: C416 dict() would take strings for pairs
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "timedelta": lambda v: timedelta(*v),
    "complex": lambda v: complex(*v),
    "bytearray": lambda v: bytearray(b64decode(v.encode("ascii"))),
    "deque": lambda v: deque(*v),
    "range": lambda v: range(*v),
    "fraction": lambda v: _fraction(*v),
    "path": Path,
    "enum": _enum,
    "dataclass": _dataclass,
}

_DECODERS: Final[Mapping[str, Decoder]] = {
    **_KOMBU,
    **{PREFIX + name: decode for name, decode in _OURS.items()},
}
