"""Runs jobs at once in the thread that submits them, for tests and debugging.

Values and errors pass through the same codec as stored ones, so that what cannot be stored does
not work here either.
"""

from collections.abc import Callable, Sequence
from typing import Any

from upshot import states
from upshot.backend import Backend
from upshot.codec import Codec
from upshot.core import Lifetime, utc_now
from upshot.errors import EncodeError
from upshot.local import engine
from upshot.local.job import Ending, Job, finished, unfinished
from upshot.local.run import attempt
from upshot.local.running import Running
from upshot.record import Ref, TaskRecord
from upshot.results import AsyncResult, EagerResult
from upshot.settings import Settings
from upshot.substitutes import unstorable


class Eager:
    """Runs each job when it is sent; retries follow at once, without a pause.

    Args:
        settings: of the app.
        backend: gives the backend, which is opened only if eager results are stored.
    """

    def __init__(self, settings: Settings, backend: Callable[[], Backend]) -> None:
        self._settings = settings
        self._open = backend
        self._codec = Codec.from_settings(settings)
        self._stores = bool(settings["task_store_eager_result"])
        self._results: dict[str, EagerResult[Any]] = {}

    @property
    def backend(self) -> Backend | None:
        """The backend of the app if eager results are stored there."""
        return self._open() if self._stores else None

    def send(self, jobs: Sequence[Job], *, waiting: Job | None = None) -> None:  # noqa: ARG002 a waiting job leaves no trace here
        """See `Engine.send`."""
        for job in jobs:
            self._run(job)

    def proceed(self, job: Job, ending: Ending | None = None) -> None:
        """See `Engine.proceed`."""
        if ending is None:
            self._run(job)
        else:
            self._end(job, ending, None)

    def result(self, job: Job) -> AsyncResult[Any]:
        """See `Engine.result`."""
        result = self._results.pop(job.id)
        if self._settings["task_eager_propagates"]:
            result.maybe_throw()
        return result

    def make_room(self, task_id: str) -> None:
        """See `Engine.make_room`."""
        if self._stores:
            engine.make_room(self._open(), task_id)

    def keep_group(self, ref: Ref, ttl: Lifetime, *, again: bool = False) -> None:
        """See `Engine.keep_group`."""
        if self._stores and not again:
            self._open().records.put_group(ref, ttl=ttl)

    def _run(self, job: Job) -> None:
        while True:
            run = Running(job, utc_now(), self._reporter(job))
            ending = attempt(run)
            if isinstance(ending.result, KeyboardInterrupt):
                raise ending.result
            if ending.state != states.RETRY:
                break
            job = job.again()
        self._end(job, ending, run)

    def _reporter(self, job: Job) -> Callable[[str, Any], None]:
        def report(state: str, meta: Any) -> None:
            if job.stored and self._stores:
                record = unfinished(
                    job, state, result=meta, extended=self._settings["result_extended"]
                )
                self._open().records.save(record, ttl=job.task.options.result_expires)

        return report

    def _end(self, job: Job, ending: Ending, run: Running | None) -> None:
        record = finished(
            job,
            ending,
            extended=self._settings["result_extended"],
            started=run.started if run else None,
            children=run.children if run else (),
        )
        record, read = self._round_trip(record)
        if self._stores and engine.keeps(self._settings, job, record.state):
            record = engine.store_final(self._open().records, job, record)
        self._results[job.id] = EagerResult(
            job.id,
            read.result if job.stored or read.state != states.SUCCESS else None,
            read.state,
            traceback=read.traceback,
            name=job.task.name,
        )
        if job.on_end is not None:
            job.on_end(record)

    def _round_trip(self, record: TaskRecord) -> tuple[TaskRecord, TaskRecord]:
        """Return the record as it would be stored, and as it would be read."""
        now = utc_now()
        try:
            envelope = self._codec.pack(record, now=now, ttl=None)
        except EncodeError as error:
            record = unstorable(record, error)
            envelope = self._codec.pack(record, now=now, ttl=None)
        return record, self._codec.unpack(envelope)
