"""Records as JSON text: kombu's bytes for what kombu encodes, tagged values of ours beyond it."""

import json
import sys
from functools import cache
from typing import Any, Final

from upshot.codec.jsonread import hook
from upshot.codec.jsontypes import TYPE, holds_lookalike, shaped, tagged

CONTENT_TYPE: Final = "application/json"
_MARK: Final = f'"{TYPE}"'
_MARK_BYTES: Final = _MARK.encode("ascii")
_plain_decode: Final = json.JSONDecoder().decode


class JsonText:
    """Encodes and decodes JSON as kombu does.

    Args:
        extended: write types that kombu refuses as tagged values, and protect mappings that look
            like tagged values; reading understands them always.
        importable: modules that may be imported to find an exception class.
    """

    def __init__(self, *, extended: bool, importable: frozenset[str] = frozenset()) -> None:
        self._extended = extended
        self._encode = (_ExtendedEncoder if extended else _Encoder)().encode
        self._decode = json.JSONDecoder(object_hook=hook(importable)).decode

    def encode(self, value: Any) -> bytes:
        """Return *value* as ASCII JSON.

        Raises:
            Exception: whatever the encoding of *value* comes to, RecursionError included.
        """
        try:
            text = self._encode(value)
        except (TypeError, ValueError):
            if not self._extended:
                raise
            text = self._encode(shaped(value))
        else:
            if self._extended and _MARK in text and holds_lookalike(value):
                text = self._encode(shaped(value))
        return text.encode("ascii")

    def decode(self, data: bytes) -> Any:
        """Return the value that *data* holds.

        Raises:
            ValueError: it is no JSON in UTF-8.
            RecursionError: it is nested too deeply.
            SecurityError: it names an exception class that is none.
        """
        text = data.decode("utf-8")
        return self._decode(text) if is_typed(data) else _plain_decode(text)


class _Encoder(json.JSONEncoder):
    """Encodes what kombu encodes; kombu is imported when a type beyond JSON first appears."""

    def default(self, o: Any) -> Any:
        return _kombu_default()(o)


class _ExtendedEncoder(json.JSONEncoder):
    """Encodes what kombu encodes, and the types of `upshot.codec.jsontypes`."""

    def default(self, o: Any) -> Any:
        try:
            return _kombu_default()(o)
        except TypeError:
            if hasattr(o, "__json__"):
                raise
            return tagged(o, self.encode)


@cache
def _kombu_default() -> Any:
    from kombu.utils.json import JSONEncoder

    return JSONEncoder().default


def is_typed(data: bytes) -> bool:
    """Tell whether *data* seems to hold tagged values."""
    return _MARK_BYTES in data


def is_replaced() -> bool:
    """Tell whether the application registered an encoder of its own as "json"."""
    serialization = sys.modules.get("kombu.serialization")
    if serialization is None:
        return False
    known = serialization.registry._encoders.get("json")  # noqa: SLF001 kombu has no public way to look at it
    return known is not None and known.encoder is not sys.modules["kombu.utils.json"].dumps


def is_decoder_replaced() -> bool:
    """Tell whether the application registered a decoder of its own for JSON."""
    serialization = sys.modules.get("kombu.serialization")
    if serialization is None:
        return False
    known = serialization.registry._decoders.get(CONTENT_TYPE)  # noqa: SLF001 kombu has no public way to look at it
    return known is not None and known is not sys.modules["kombu.utils.json"].loads
