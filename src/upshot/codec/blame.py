"""Finding the element because of which a value cannot be encoded."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import Any, Final

from upshot.codec.text import class_name, guarded, shown
from upshot.errors import EncodeError
from upshot.urls import mask

_MAX_DEPTH: Final = 200
_MAX_PATH: Final = 300
_MAX_KEY: Final = 50


def encode_error(
    value: Any, path: str, encode: Callable[[Any], object], how: str, cause: BaseException
) -> EncodeError:
    """Return the error that names the offending element of *value*.

    Args:
        value: what could not be encoded.
        path: how *value* itself is called in the message.
        encode: encodes any part of the value, or raises.
        how: name of the serializer.
        cause: what encoding the whole value raised.
    """
    seen = {id(value)}
    for _ in range(_MAX_DEPTH):
        offender = _offender(value, path, encode)
        if offender is None:
            break
        path, value, cause = offender
        if id(value) in seen:
            return EncodeError(
                f"{_cut(path)} refers back to a value that contains it: break the circle", path=path
            )
        seen.add(id(value))
    else:
        return EncodeError(
            f"{_cut(path)} is nested too deeply to be stored: flatten it", path=_cut(path)
        )
    reason = guarded(lambda: str(cause), "") or type(cause).__name__
    return EncodeError(
        f"{_cut(path)} is of type {class_name(type(value))}, which {how} cannot store: "
        f"{mask(shown(reason))}. Put plain data in its place, such as text, numbers, lists and dicts",
        path=_cut(path),
    )


def _offender(
    value: Any, path: str, encode: Callable[[Any], object]
) -> tuple[str, Any, BaseException] | None:
    for place, child in guarded(lambda: list(_children(value, path)), []):
        try:
            encode(child)
        except Exception as exc:  # noqa: BLE001 foreign encoders raise anything
            return place, child, exc
    return None


def _children(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"{path}[{_key(key)}]", item) for key, item in value.items())
    elif isinstance(value, list | tuple | deque):
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, AbstractSet):
        yield from ((f"{path}{{{_key(item)}}}", item) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from ((f"{path}.{f.name}", getattr(value, f.name, None)) for f in fields(value))


def _key(key: Any) -> str:
    text = guarded(lambda: repr(key), "?")
    return text if len(text) <= _MAX_KEY else f"{text[:_MAX_KEY]}..."


def _cut(path: str) -> str:
    return path if len(path) <= _MAX_PATH else f"{path[:_MAX_PATH]}..."
