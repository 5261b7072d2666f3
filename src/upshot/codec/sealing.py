"""Values to stored bytes and back: serializer, compression and header line around them."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, Self

from upshot.codec import compression, header, jsontext, serializers
from upshot.codec.blame import encode_error
from upshot.codec.jsontext import JsonText
from upshot.codec.recognise import recognise
from upshot.codec.text import shown
from upshot.codec.writing import without_objects
from upshot.errors import Damaged, EncodeError
from upshot.urls import mask

_log = logging.getLogger(__name__)

Wire = Literal["upshot", "celery"]
Content = tuple[str, str, bytes]

_JSON: Final = jsontext.CONTENT_TYPE
_RECORD: Final = b'{"status": "'
_BINARY: Final = frozenset({serializers.PICKLE, serializers.MSGPACK})


class Sealer:
    """Turns values into bytes that tell by themselves how they are to be read.

    Args:
        serializer: name of the serializer that writes.
        accept: content types that are read.
        json: writes and reads JSON.
        wire: "celery" writes no header line and never compresses.
        compression: name of a compression from `compression.canonical`, or None.
        level: 1 to 9, or None for the default.
        threshold: documents of fewer bytes are not compressed.
        limit: most bytes that a document may decompress to.
    """

    def __init__(
        self,
        serializer: str,
        accept: frozenset[str],
        json: JsonText,
        *,
        wire: Wire,
        compression: str | None,
        level: int | None,
        threshold: int,
        limit: int,
    ) -> None:
        self.serializer = serializer
        self.accept = accept
        self._json = json
        self._own_type = serializers.content_type_of(serializer, "result_serializer")
        self._registered = serializers.Registered(serializer)
        self._headed = wire == "upshot"
        self._compression = compression if self._headed else None
        self._level = level
        self._threshold = threshold
        self._limit = limit

    @classmethod
    def from_settings(
        cls,
        settings: Mapping[str, Any],
        serializer: str | None,
        accept: Iterable[str] | None,
        wire: Wire,
        importable: frozenset[str],
    ) -> Self:
        """Build it from the settings; the arguments stand above them."""
        serializer = serializer or settings["result_serializer"]
        accepted = _accepted(settings, accept)
        serializers.warn_once(serializer, accepted)
        name = settings["result_compression"]
        return cls(
            serializer,
            accepted,
            JsonText(extended=settings["upshot_extended_types"], importable=importable),
            wire=wire,
            compression=compression.canonical(name) if name else None,
            level=settings["result_compression_level"],
            threshold=settings["upshot_compression_threshold"],
            limit=settings["upshot_max_decompressed"],
        )

    def encode(self, value: Any) -> bytes:
        """Return the payload of *value* alone.

        Raises:
            Exception: whatever the serializer raises.
        """
        return self._content(value)[2]

    def seal_record(self, document: dict[str, Any], order: int, state: str, attempt: int) -> bytes:
        """Return the stored form of a record's document.

        Arguments of the task that cannot be encoded are stored as their repr.

        Raises:
            EncodeError: another part of it cannot be encoded.
        """
        try:
            content = self._content(document)
        except Exception:  # noqa: BLE001 serializers raise anything
            clean = without_objects(document, self.encode)
            try:
                content = self._content(clean)
            except Exception as exc:
                raise self._blamed(clean, exc) from exc
        return self._sealed(content, order, state, attempt)

    def seal(self, value: Any, name: str) -> bytes:
        """Return the stored form of a value that is no record.

        Args:
            value: the value.
            name: what it is called in an error's path.

        Raises:
            EncodeError: it cannot be encoded.
        """
        try:
            content = self._content(value)
        except Exception as exc:
            raise encode_error(value, name, self.encode, self.serializer, exc) from exc
        return self._sealed(content, 0, header.NO_STATE, 0)

    def open(self, data: bytes) -> Any:
        """Return the value of a stored form.

        Raises:
            ContentDisallowed: its serializer is not accepted.
            TooLarge: it decompresses to more than the limit.
            Exception: it is damaged, in whatever way.
        """
        data = bytes(data)
        if data.startswith(header.MAGIC):
            head, payload = header.split(data)
            serializers.check_accepted(head.content_type, self.accept)
            if head.compression is not None:
                payload = compression.decompressed(payload, head.compression, self._limit)
            return self._value(payload, head.content_type, head.content_encoding)
        return self._open_bare(data)

    def _open_bare(self, data: bytes) -> Any:
        packed = None if data[:1] == b"{" else compression.bare_compression(data)
        if packed is not None:
            name, payload = packed
            data = compression.decompressed(payload, name, self._limit)
        told = _JSON if data[:1] == b"{" else recognise(data)
        content_type = told or self._own_type
        if told is None and (content_type == _JSON or not data):
            raise Damaged(f"nothing tells how the record was encoded: {mask(shown(data[:40]))}")
        serializers.check_accepted(content_type, self.accept)
        try:
            return self._value(data, content_type, _encoding(content_type))
        except (Damaged, ValueError):
            own = self._own_type
            if own in {content_type, _JSON} or own not in self.accept:
                raise
            return serializers.decode(data, own, _encoding(own))

    def _value(self, data: bytes, content_type: str, encoding: str) -> Any:
        if content_type != _JSON:
            return serializers.decode(data, content_type, encoding)
        if jsontext.is_decoder_replaced() and not jsontext.is_typed(data):
            try:
                return serializers.decode(data, content_type, encoding)
            except Damaged:
                return self._json.decode(data)
        return self._json.decode(data)

    def _content(self, value: Any) -> Content:
        if self.serializer == "json" and not jsontext.is_replaced():
            return _JSON, "utf-8", self._json.encode(value)
        return self._registered.encode(value)

    def _sealed(self, content: Content, order: int, state: str, attempt: int) -> bytes:
        content_type, encoding, payload = content
        if not self._headed:
            return payload
        packing = None
        if self._compression is not None and len(payload) >= self._threshold:
            packed = compression.compressed(payload, self._compression, self._level)
            if len(packed) < len(payload):
                packing, payload = self._compression, packed
        if (
            packing is None
            and content_type == _JSON
            and (payload.startswith(_RECORD) or (order == 0 and not jsontext.is_replaced()))
        ):
            return payload
        head = header.Header(order, state, attempt, content_type, encoding, packing)
        return head.line() + payload

    def _blamed(self, document: dict[str, Any], cause: Exception) -> EncodeError:
        for name, value in document.items():
            try:
                self._content(value)
            except Exception as exc:  # noqa: BLE001 serializers raise anything
                return encode_error(value, name, self.encode, self.serializer, exc)
        return encode_error(document.get("result"), "result", self.encode, self.serializer, cause)


def _accepted(settings: Mapping[str, Any], accept: Iterable[str] | None) -> frozenset[str]:
    chosen = settings["result_accept_content"]
    if accept is not None:
        return serializers.accepted_types(accept, "accept")
    if chosen is not None:
        return serializers.accepted_types(chosen, "result_accept_content")
    return serializers.accepted_types(settings["accept_content"], "accept_content")


def _encoding(content_type: str) -> str:
    return "binary" if content_type in _BINARY else "utf-8"
