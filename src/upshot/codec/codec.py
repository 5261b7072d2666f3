"""The codec: records to envelopes and back, as the settings say.

What is written is plain JSON text, byte for byte as Celery writes it, or, where it is compressed
or made by another serializer, a header line and the payload. What is read is recognised value by
value, so that records of every earlier configuration stay readable.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Self

from upshot import states
from upshot.codec.describing import RELATIVES, details_of, mapping_of
from upshot.codec.exceptions import EXCEPTION_ABLE_CODECS, exception_to_python
from upshot.codec.handles import is_handle, ref_of
from upshot.codec.pickling import picklable
from upshot.codec.reading import ours_of, record_of, state_of
from upshot.codec.rebuilding import with_traceback_text
from upshot.codec.remote import remote_error
from upshot.codec.sealing import Sealer, Wire
from upshot.codec.text import class_name, module_name
from upshot.codec.writing import as_utc, document_of
from upshot.errors import ContentDisallowed, Damaged, EncodeError, SecurityError, TooLarge
from upshot.record import Ref, TaskRecord
from upshot.stores.contract import Envelope

_REFUSALS: Final = (ContentDisallowed, SecurityError, TooLarge)
_CURE: Final = "; write it again or forget it"


class Codec:
    """Packs records into envelopes and unpacks them; safe to share between threads.

    Args:
        sealer: turns values into bytes and back.
        extended: write name, arguments, worker and queue where Celery does with
            `result_extended`; else they go among upshot's own fields.
        importable: modules that may be imported to find an exception class.

    Attributes:
        serializer: name of the serializer that writes.
        accept: content types that are read.
    """

    def __init__(
        self, sealer: Sealer, *, extended: bool = False, importable: frozenset[str] = frozenset()
    ) -> None:
        self.serializer = sealer.serializer
        self.accept = sealer.accept
        self._sealer = sealer
        self._extended = extended
        self._importable = importable

    @classmethod
    def from_settings(
        cls,
        settings: Mapping[str, Any],
        *,
        serializer: str | None = None,
        accept: Iterable[str] | None = None,
        wire: Wire = "upshot",
    ) -> Self:
        """Build the codec that the settings describe.

        Args:
            settings: every setting, coerced.
            serializer: name of a serializer in place of `result_serializer`.
            accept: names or content types in place of `result_accept_content` and `accept_content`.
            wire: "celery" writes no header line and never compresses, for plain Celery peers.

        Raises:
            Misconfigured: a serializer or compression of that name is not known.
            MissingExtra: the package of a serializer is not installed.
        """
        importable = frozenset(settings["upshot_exception_modules"] or ())
        return cls(
            Sealer.from_settings(settings, serializer, accept, wire, importable),
            extended=bool(settings["result_extended"]),
            importable=importable,
        )

    def pack(
        self, record: TaskRecord, *, now: datetime, ttl: float | None, tombstone: float = 0.0
    ) -> Envelope:
        """Return the envelope of *record*; any exception as its result can be packed.

        Args:
            record: what to store.
            now: time of this write, aware; also when a finished record was done, if it says not.
            ttl: seconds until it expires; None keeps it.
            tombstone: seconds beyond *ttl* for which the id is remembered.

        Raises:
            EncodeError: the value cannot be encoded; its `path` names the offending element.
        """
        order = record.order
        done = (record.done or now) if record.ready else None
        return Envelope(
            id=record.id,
            document=self._packed(record, order, done),
            order=order,
            state=record.state,
            attempt=record.attempt,
            created=as_utc(record.created),
            started=as_utc(record.started),
            done=as_utc(done),
            updated=as_utc(now),
            name=record.name,
            worker=record.worker,
            queue=record.queue,
            group=record.group,
            parent=record.parent,
            labels=record.labels,
            ttl=ttl,
            tombstone=tombstone,
        )

    def unpack(self, envelope: Envelope) -> TaskRecord:
        """Return the record in *envelope*, of which only `id` and `document` need be there.

        Raises:
            Damaged: it cannot be read.
            ContentDisallowed: its serializer is not accepted; it was not decoded.
            SecurityError: its exception names something that is no exception class.
            TooLarge: it decompresses to more than `upshot_max_decompressed`.
        """
        task_id = envelope.id
        try:
            return self._unpacked(envelope)
        except _REFUSALS as exc:
            raise type(exc)(f"task {task_id}: {exc}") from exc.__cause__
        except Damaged as exc:
            raise Damaged(f"task {task_id}: {exc}{_CURE}", task_id=task_id) from exc.__cause__
        except Exception as exc:
            raise Damaged(
                f"task {task_id}: the record cannot be read: {exc}{_CURE}", task_id=task_id
            ) from exc

    def dumps(self, value: Any) -> bytes:
        """Return *value* as a document to be kept beside records.

        Raises:
            EncodeError: it cannot be encoded.
        """
        return self._sealer.seal(value, "value")

    def loads(self, data: bytes) -> Any:
        """Return the value of a kept document.

        Raises:
            Damaged: it cannot be read.
            ContentDisallowed: its serializer is not accepted.
            SecurityError: an exception in it names something that is no exception class.
            TooLarge: it decompresses to more than `upshot_max_decompressed`.
        """
        try:
            return self._sealer.open(data)
        except (Damaged, *_REFUSALS):
            raise
        except Exception as exc:
            raise Damaged(f"the kept document cannot be read: {exc}") from exc

    def dump_ref(self, ref: Ref) -> bytes:
        """Return the document of a group, as Celery stores it."""
        return self._sealer.seal({"result": ref.as_tuple()}, "group")

    def load_ref(self, group_id: str, data: bytes) -> Ref:
        """Return the group of which *data* is the document.

        Raises:
            Damaged: it cannot be read, or a member of it is missing.
            ContentDisallowed: its serializer is not accepted.
            TooLarge: it decompresses to more than `upshot_max_decompressed`.
        """
        kept = self.loads(data)
        stored = kept.get("result") if isinstance(kept, Mapping) else None
        ref = ref_of(stored)
        if ref is None or ref.members is None or len(ref.members) != len(stored[1]):  # type: ignore[index]
            raise Damaged(f"the stored members of group {group_id} cannot be read")
        return Ref(group_id, ref.parent, ref.members)

    def prepare_exception(self, exc: BaseException, serializer: str | None = None) -> Any:
        """Return what a record of *serializer*, or of this codec's, stores for *exc*; never raises."""
        if (serializer or self.serializer) in EXCEPTION_ABLE_CODECS:
            return picklable(exc)
        return mapping_of(exc, self._sealer.encode)

    def _packed(self, record: TaskRecord, order: int, done: datetime | None) -> bytes:
        try:
            result, error = self._stored(record)
            document = document_of(record, result, error, done=done, extended=self._extended)
            return self._sealer.seal_record(document, order, record.state, record.attempt)
        except (EncodeError, KeyboardInterrupt):
            raise
        except BaseException as exc:
            # A value whose methods raise must not leave its task without any record.
            raise EncodeError(
                f"result is of type {class_name(type(record.result))}, whose methods raise "
                f"{class_name(type(exc))}. Put plain data in its place"
            ) from exc

    def _stored(self, record: TaskRecord) -> tuple[Any, Mapping[str, Any]]:
        value = record.result
        if isinstance(value, BaseException) and record.state in states.EXCEPTION_STATES:
            stored = self.prepare_exception(value)
            details = details_of(value, self._sealer.encode)
            if stored is value:  # the pickle of an exception lacks nothing but its relatives
                details = {k: v for k, v in details.items() if k in RELATIVES}
            return stored, details
        if self.serializer not in EXCEPTION_ABLE_CODECS and is_handle(value):
            value = value.as_tuple()
        return value, {}

    def _unpacked(self, envelope: Envelope) -> TaskRecord:
        stored = envelope.document
        document = stored if isinstance(stored, Mapping) else self._sealer.open(stored)
        if not isinstance(document, Mapping):
            raise Damaged("the record is no mapping")
        state = state_of(document)
        if envelope.state not in {"", state}:
            raise Damaged(f"its state is {envelope.state} in the store and {state} in the document")
        result = document.get("result")
        if state in states.EXCEPTION_STATES and result is not None:
            result = self._exception(result, document)
        return record_of(document, envelope.id, state, result, envelope.attempt)

    def _exception(self, stored: Any, document: Mapping[Any, Any]) -> BaseException | None:
        error = ours_of(document).get("error")
        details = error if isinstance(error, Mapping) else {}
        exc = exception_to_python(stored, details, importable=self._importable)
        if exc is None:
            return None
        if not isinstance(exc, Exception):
            exc = remote_error(module_name(type(exc)), class_name(type(exc)), exc.args)
        text = document.get("traceback")
        with_traceback_text(exc, text if isinstance(text, str) else None)
        return exc
