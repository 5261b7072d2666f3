"""Telling the serializer of a stored value from its first bytes."""

import re
from typing import Final

from upshot.codec.jsontext import CONTENT_TYPE as JSON
from upshot.codec.serializers import MSGPACK, PICKLE, YAML

_PICKLE_PROTOCOLS: Final = frozenset({2, 3, 4, 5})
_MSGPACK_MAPS: Final = frozenset({*range(0x81, 0x90), 0xDE, 0xDF})
_YAML_START: Final = re.compile(rb"(?:---|%YAML|[A-Za-z_][\w .-]{0,100}:(?:\s|$))")
_JSON_START: Final = re.compile(rb'\s*(?:[\[{"0-9-]|true|false|null|NaN|Infinity)')


def recognise(data: bytes) -> str | None:
    """Return the content type of bare *data*, or None where nothing tells it."""
    first = data[:2]
    if not first:
        return None
    if first[0] == 0x80 and len(first) > 1 and first[1] in _PICKLE_PROTOCOLS:  # noqa: PLR2004 pickle's PROTO opcode
        return PICKLE
    if first[0] in _MSGPACK_MAPS:
        return MSGPACK
    if _YAML_START.match(data):
        return YAML
    if _JSON_START.match(data):
        return JSON
    return None
