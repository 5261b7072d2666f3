"""The result backend under the names that Celery's callers know, thin over `upshot.core`."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, Self

from upshot import states
from upshot.codec import Codec
from upshot.codec.exceptions import exception_to_python
from upshot.codec.handles import is_handle
from upshot.core import DEFAULT, Lifetime, Records, Written, utc_now
from upshot.errors import Misconfigured, ResultTimeout, TaskRevoked, Unsupported
from upshot.followup import call_errbacks as run_errbacks
from upshot.followup import chained_ids
from upshot.meta import Meta, meta_of, record_of, ref_of
from upshot.record import Ref, check_id
from upshot.retry import safe_to_retry
from upshot.settings import Settings, default_backend_url
from upshot.stores.contract import Listens, Store
from upshot.stores.registry import open_store
from upshot.urls import mask

_UNSET: Final = object()


class Backend:
    """Stores task states and results in one place and reads them back.

    Safe for threads, and usable after a fork. Close it with `close`, or use it as a context
    manager; a store that was handed in is left open.

    Args:
        url: where results are kept; None takes `result_backend`, then `UPSHOT_BACKEND`, then a
            SQLite file in the user's state directory.
        settings: names and values, strictly checked.
        store: a ready store instead of a URL.
        make_result: turns a `Ref` into the handles that `restore_group` returns.
        serializer: name of the codec, in place of `result_serializer`.
        accept: content that may be decoded, in place of `result_accept_content`.
        expires: seconds to keep records, in place of `result_expires`; None for ever.
        max_cached_results: size of the cache, in place of `result_cache_max`.
    """

    READY_STATES: Final = states.READY_STATES
    UNREADY_STATES: Final = states.UNREADY_STATES
    EXCEPTION_STATES: Final = states.EXCEPTION_STATES
    PROPAGATE_STATES: Final = states.PROPAGATE_STATES

    supports_native_join = True
    persistent = True
    thread_safe = True

    def __init__(
        self,
        url: str | None = None,
        *,
        settings: Settings | Mapping[str, Any] | None = None,
        store: Store | None = None,
        make_result: Callable[[Ref, "Backend"], Any] | None = None,
        serializer: str | None = None,
        accept: Iterable[str] | None = None,
        expires: Any = _UNSET,
        max_cached_results: Any = _UNSET,
    ) -> None:
        conf = settings if isinstance(settings, Settings) else Settings.from_mapping(settings)
        if expires is not _UNSET:
            conf = conf.replaced(result_expires=expires)
        if max_cached_results is not _UNSET:
            conf = conf.replaced(result_cache_max=max_cached_results)
        self.settings = conf
        self.url = url if url is not None or store is not None else default_backend_url(conf)
        self._owned = store is None
        self._reopen = partial(
            Backend, settings=conf, make_result=make_result, serializer=serializer, accept=accept
        )
        self.make_result = make_result
        self.codec = Codec.from_settings(conf, serializer=serializer, accept=accept)
        opened = open_store(self.url, conf) if store is None and self.url is not None else store
        if opened is None:
            raise Misconfigured("give a backend URL or a store")
        self.store = opened
        self.expires: float | None = conf["result_expires"]
        self.records = Records(opened, self.codec, conf)

    @property
    def supports_autoexpire(self) -> bool:
        """Whether the store deletes expired records by itself."""
        return self.store.traits.expiry == "native"

    @property
    def is_async(self) -> bool:
        """Whether the store pushes news, so that waiting needs no polling."""
        return isinstance(self.store, Listens)

    def as_uri(self, *, include_password: bool = False) -> str:
        """Return the URL, its secrets masked unless *include_password*."""
        url = self.url or f"{type(self.store).__name__.lower()}://"
        return url if include_password else mask(url)

    def store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None = None,
        request: Any = None,
        *,
        ttl: Lifetime = DEFAULT,
    ) -> Any:
        """Write a state and return the result as it was prepared for storing.

        Args:
            task_id: which task.
            result: value, exception or progress data.
            state: name of the state.
            traceback: text of the remote traceback.
            request: the task's request, or anything with some of its attributes.
            ttl: seconds to keep it, in place of the default.
        """
        return self._write(task_id, result, state, traceback, request, ttl).record.result

    def mark_as_started(self, task_id: str, **meta: Any) -> Any:
        """Store STARTED with *meta*, such as pid and hostname, as the result."""
        return self.store_result(task_id, meta, states.STARTED)

    def mark_as_done(
        self,
        task_id: str,
        result: Any,
        request: Any = None,
        store_result: bool = True,
        state: str = states.SUCCESS,
    ) -> None:
        """Store the value, then report the part if the request belongs to a chord."""
        if store_result and not getattr(request, "ignore_result", False):
            self.store_result(task_id, result, state, request=request)
        self._report_part(request)

    def mark_as_failure(
        self,
        task_id: str,
        exc: BaseException,
        traceback: str | None = None,
        request: Any = None,
        store_result: bool = True,
        call_errbacks: bool = True,
        state: str = states.FAILURE,
    ) -> None:
        """Store the failure, report the chord part, fail the rest of the chain, call errbacks.

        When a SUCCESS stands, which nothing replaces, neither chain nor errbacks are touched.
        """
        if store_result:
            written = self._write(task_id, exc, state, traceback, request)
            if written.saved.order >= states.order(states.SUCCESS):
                return
        self._report_part(request)
        for follower in chained_ids(request):
            self.store_result(follower, exc, state, traceback)
        if call_errbacks:
            run_errbacks(request, exc, traceback)

    def mark_as_retry(
        self,
        task_id: str,
        exc: BaseException | None,
        traceback: str | None = None,
        request: Any = None,
        store_result: bool = True,
        state: str = states.RETRY,
    ) -> None:
        """Store the cause of a retry; never a chord part."""
        if store_result:
            self.store_result(task_id, exc, state, traceback, request)

    def mark_as_revoked(
        self,
        task_id: str,
        reason: str = "",
        request: Any = None,
        store_result: bool = True,
        state: str = states.REVOKED,
    ) -> None:
        """Store that the task was revoked, and report the chord part."""
        error = TaskRevoked(reason)
        if store_result:
            self.store_result(task_id, error, state, request=request)
        self._report_part(request)

    def get_task_meta(self, task_id: str, *, cache: bool = True) -> Meta:
        """Return the meta of *task_id*; without a record, `{"status": "PENDING", "result": None}`.

        Where submissions are recorded the status of an absent one is UNKNOWN or EXPIRED.
        """
        self._warn_when_eager()
        return meta_of(self.records.load(task_id, cache=cache))

    def get_state(self, task_id: str) -> str:
        """Return the name of the state."""
        return self.records.load(task_id).state

    get_status = get_state

    def get_result(self, task_id: str) -> Any:
        """Return the value, the exception, or the progress data."""
        return self.records.load(task_id).result

    def get_traceback(self, task_id: str) -> str | None:
        """Return the text of the remote traceback."""
        return self.records.load(task_id).traceback

    def reload_task_result(self, task_id: str) -> None:
        """Read the record anew, past the cache."""
        self.records.load(task_id, cache=False)

    def is_cached(self, task_id: str) -> bool:
        """Tell whether the result can be had without asking the store."""
        return self.records.cached(task_id)

    def forget(self, task_id: str) -> None:
        """Remove the record from the cache and the store; unknown ids are no error."""
        self.records.forget((task_id,))

    def wait_for(
        self,
        task_id: str,
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,  # noqa: ARG002 stores of messages need it
        on_interval: Callable[[], object] | None = None,
    ) -> Meta:
        """Return the meta once the task is finished; `ResultTimeout` after *timeout* seconds."""
        return meta_of(
            self.records.wait(task_id, timeout, interval=interval, on_interval=on_interval)
        )

    def wait_for_pending(
        self,
        result: Any,
        timeout: float | None = None,
        interval: float = 0.5,
        on_interval: Callable[[], object] | None = None,
        on_message: Callable[[Meta], object] | None = None,
        propagate: bool = True,
        callback: Callable[[str, Any], object] | None = None,
        no_ack: bool = True,  # noqa: ARG002 stores of messages need it
    ) -> Any:
        """Wait for *result*, hand it the meta, and return what its `maybe_throw` does."""
        self.refuse_messages(on_message)
        record = self.records.wait(
            result.id,
            timeout,
            interval=interval,
            on_interval=on_interval,
            on_update=None if on_message is None else lambda seen: on_message(meta_of(seen)),
        )
        if on_message is not None:
            on_message(meta_of(record))
        result._maybe_set_cache(meta_of(record))  # noqa: SLF001 the name Celery's results have
        return result.maybe_throw(propagate=propagate, callback=callback)

    def refuse_messages(self, on_message: object) -> None:
        """Raise `Misconfigured` if a callback for messages is given and the store cannot push."""
        if on_message is not None and not self.is_async:
            raise Misconfigured(
                f"on_message needs a store that pushes news; {self.as_uri()} is polled. "
                "Use on_interval, or update_state and `upshot watch`"
            )

    def get_many(
        self,
        task_ids: Iterable[str],
        timeout: float | None = None,
        interval: float = 0.5,
        on_interval: Callable[[], object] | None = None,
    ) -> Iterator[tuple[str, Meta]]:
        """Yield `(id, meta)` as tasks finish; `ResultTimeout` if *timeout* leaves some."""
        missing = set(task_ids)
        for record in self.records.wait_many(
            missing, timeout, interval=interval, on_interval=on_interval
        ):
            missing.discard(record.id)
            yield record.id, meta_of(record)
        if missing:
            raise ResultTimeout(f"{len(missing)} tasks are not ready after {timeout} s")

    def save_group(self, group_id: str, result: Any) -> Any:
        """Keep the members of a group; returns *result*."""
        ref = ref_of(result)
        self.records.put_group(Ref(group_id, ref.parent, ref.members or ()))
        return result

    def restore_group(self, group_id: str) -> Any:
        """Return the group as a result object, or None when it is not known."""
        ref = self.records.get_group(group_id)
        return None if ref is None else self._handle(ref)

    def delete_group(self, group_id: str) -> None:
        """Forget the list of members, not the members."""
        self.records.drop_group(group_id)

    def cleanup(self) -> None:
        """Delete what has expired; cheap, and harmless when run twice."""
        self.records.purge()

    def prepare_value(self, result: Any) -> Any:
        """Return a result object as its tuple, and every other value as it is."""
        return result.as_tuple() if is_handle(result) else result

    def prepare_exception(self, exc: BaseException, serializer: str | None = None) -> Any:
        """Return *exc* in the form that the codec stores."""
        return self.codec.prepare_exception(exc, serializer)

    def exception_to_python(self, exc: Any) -> BaseException | None:
        """Return the exception that a stored form stands for."""
        importable = frozenset(self.settings["upshot_exception_modules"])
        return exception_to_python(exc, importable=importable)

    def encode_result(self, result: Any, state: str) -> Any:
        """Return what a record of *state* holds for *result*."""
        if state in states.EXCEPTION_STATES and isinstance(result, BaseException):
            return result
        return self.prepare_value(result)

    def encode(self, data: Any) -> bytes:
        """Encode *data* with the configured codec."""
        return self.codec.dumps(data)

    def decode(self, payload: bytes | None) -> Any:
        """Decode what `encode` made; None and nothing stay None."""
        return self.codec.loads(payload) if payload else None

    def meta_from_decoded(self, meta: Meta) -> Meta:
        """Replace the stored form of an exception by the exception; done twice it changes nothing."""
        if meta.get("status") in states.EXCEPTION_STATES:
            meta["result"] = self.exception_to_python(meta.get("result"))
        return meta

    def decode_result(self, payload: bytes | None) -> Meta:
        """Decode a stored meta."""
        return self.meta_from_decoded(self.decode(payload) or {})

    def exception_safe_to_retry(self, exc: BaseException) -> bool:
        """Tell whether a failed store call may be repeated."""
        return safe_to_retry(exc)

    def close(self) -> None:
        """End the listener, and close the store if this object opened it."""
        self.records.inbox.close()
        if self._owned:
            self.records.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Backend {self.as_uri()}>"

    def __reduce__(self) -> Any:
        if not self._owned:
            raise TypeError("a backend made from a ready store cannot be pickled; give it a URL")
        return self._reopen, (self.url,)

    def _write(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None,
        request: Any,
        ttl: Lifetime = DEFAULT,
    ) -> Written:
        record = record_of(
            check_id(task_id),
            self.encode_result(result, state),
            state,
            traceback=traceback,
            request=request,
            now=utc_now(),
            extended=self.settings["result_extended"],
        )
        return self.records.save(record, ttl=ttl)

    def _report_part(self, request: Any) -> None:
        if getattr(request, "chord", None):
            raise Unsupported(
                "this backend does not join chords of workers yet; upshot.local joins its own"
            )

    def _handle(self, ref: Ref) -> Any:
        return ref if self.make_result is None else self.make_result(ref, self)

    def _warn_when_eager(self) -> None:
        if self.settings["task_always_eager"] and not self.settings["task_store_eager_result"]:
            text = "eager results are not stored, so none can be read: set task_store_eager_result"
            warnings.warn(text, RuntimeWarning, stacklevel=4)
