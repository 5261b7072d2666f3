"""Runs jobs in worker threads, from submission to the stored end."""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from upshot import states
from upshot.backend import Backend
from upshot.core import Lifetime, utc_now
from upshot.errors import Closed, TaskRevoked, UpshotError, WouldBlock
from upshot.local import engine
from upshot.local.job import Ending, Job, finished, unfinished
from upshot.local.lifetime import GRACE, Resident, lifetime
from upshot.local.pool import Pool
from upshot.local.progress import Progress
from upshot.local.run import attempt
from upshot.local.running import Running, running_in
from upshot.record import Ref, TaskRecord
from upshot.results import AsyncResult
from upshot.settings import Settings

_log = logging.getLogger(__name__)
INTERRUPTED = "interrupted"
_TURN = 0.05


def default_workers() -> int:
    """Return how many threads an app has unless told: the processors and four, at most 32."""
    return min(32, (os.cpu_count() or 1) + 4)


class Threaded:
    """The queue and the workers of one app.

    Args:
        name: of the app, for messages.
        settings: of the app.
        backend: gives the backend, opened on first use.
        owner: the app, told to `lifetime` with the first submission.
        workers: most threads.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        backend: Callable[[], Backend],
        owner: Resident,
        workers: int | None,
    ) -> None:
        self._name = name
        self._settings = settings
        self._open = backend
        self._owner = owner
        self._workers = workers or default_workers()
        self._closing = False
        self.after_fork()

    def after_fork(self) -> None:
        """Begin with an empty queue: what was queued before a fork belongs to the parent."""
        self._lock = threading.Lock()
        self._pool: Pool[Job] = Pool(self._run, self._workers, name="upshot-worker")
        self._flusher: Pool[Progress] = Pool(Progress.flush, 1, name="upshot-progress")
        self._waiting: dict[str, Job] = {}
        self._interrupted_at: float | None = None
        self._revoked = threading.Event()
        self._watched = False

    @property
    def backend(self) -> Backend:
        """The backend of the app, opened now if it was not."""
        return self._open()

    def send(self, jobs: Sequence[Job], *, waiting: Job | None = None) -> None:
        """See `Engine.send`.

        Raises:
            Closed: the app is closed or was interrupted.
            UpshotError: the store refuses the records; then nothing runs.
        """
        self._check_open()
        self._record(jobs if waiting is None else (*jobs, waiting))
        with self._lock:
            new, self._watched = not self._watched, True
        if new:
            lifetime.join(self._owner)
        if waiting is not None:
            self._waiting[waiting.id] = waiting
        if not self._pool.put(jobs):
            for job in jobs:
                self._revoke(job)
            self._check_open()

    def proceed(self, job: Job, ending: Ending | None = None) -> None:
        """See `Engine.proceed`."""
        if self._waiting.pop(job.id, None) is None:
            return
        if self._interrupted_at is not None:
            self._revoke(job)
        elif ending is not None:
            self._end(job, ending)
        elif not self._pool.put((job,)):
            self._revoke(job)

    def result(self, job: Job) -> AsyncResult[Any]:
        """See `Engine.result`."""
        return AsyncResult(job.id, self.backend, ignored=not job.stored)

    def make_room(self, task_id: str) -> None:
        """See `Engine.make_room`."""
        engine.make_room(self.backend, task_id)

    def keep_group(self, ref: Ref, ttl: Lifetime, *, again: bool = False) -> None:
        """See `Engine.keep_group`."""
        if not again:
            self._check_open()
        try:
            self.backend.records.put_group(ref, ttl=ttl)
        except UpshotError as error:
            if not again:
                raise
            _log.warning("the members of group %s were not stored anew: %s", ref.id, error)

    def interrupt(self) -> None:
        """Revoke what has not begun; running tasks have `GRACE` seconds from now."""
        with self._lock:
            if self._interrupted_at is not None:
                return
            self._interrupted_at = time.monotonic()
        try:
            for job in self._pool.stop():
                # Whoever closes has stopped waiting for this: the rest reads as LOST.
                if self._closing and not self._patience():
                    return
                self._revoke(job)
            for job in list(self._waiting.values()):
                self.proceed(job)
        finally:
            self._revoked.set()

    def refuse_inside(self) -> None:
        """Raise `WouldBlock` if a task of this app asks."""
        if running_in(self._owner) is not None:
            raise WouldBlock(
                f"a task of app {self._name!r} cannot close it: it would wait for itself"
            )

    def drain(self) -> None:
        """Take no more jobs from outside, and wait for those there are."""
        self._closing = True
        self._pool.drain()
        if self._interrupted_at is not None:
            self._settle()
        left = self._pool.running
        if left:
            _log.warning("app %s: %d running tasks did not end in time", self._name, left)
        self._pool.stop()
        self._flusher.stop()

    def _settle(self) -> None:
        # In short turns, because a second signal ends the patience.
        while self._patience():
            if self._revoked.wait(_TURN) and self._pool.settle(_TURN):
                return

    def _patience(self) -> float:
        now = time.monotonic()
        until = (self._interrupted_at or now) + GRACE
        ordered = lifetime.deadline()
        return max(0.0, (until if ordered is None else min(until, ordered)) - now)

    def _check_open(self) -> None:
        if self._interrupted_at is not None:
            raise Closed(
                f"app {self._name!r} was interrupted and takes no more tasks; make a new App"
            )
        if self._closing and running_in(self._owner) is None:
            raise Closed(
                f"app {self._name!r} is closed and takes no more tasks; submit them before "
                "close(), or within its `with` block"
            )

    def _record(self, jobs: Sequence[Job]) -> None:
        extended = self._settings["result_extended"]
        batches: dict[Lifetime, list[TaskRecord]] = {}
        for job in jobs:
            if job.stored:
                record = unfinished(job, states.PENDING, extended=extended)
                batches.setdefault(job.task.options.result_expires, []).append(record)
        for ttl, batch in batches.items():
            self.backend.records.submit(batch, ttl=ttl)

    def _run(self, job: Job) -> None:
        started = utc_now()

        def report(state: str, meta: Any) -> None:
            self._save(job, state, result=meta, started=started)

        progress = Progress(report, self._flusher.put_later)
        run = Running(job, started, progress.update if job.stored else _discard)
        if job.stored and self._settings["task_track_started"]:
            self._note(job, states.STARTED, started=started)
        ending = attempt(run)
        progress.close()
        if ending.state != states.RETRY:
            self._end(job, ending, run)
            return
        if job.stored:
            self._note(
                job,
                states.RETRY,
                result=ending.result,
                traceback=ending.traceback,
                started=started,
            )
        if not self._pool.put_later(job.again(), ending.pause):
            self._revoke(job.again())

    def _end(self, job: Job, ending: Ending, run: Running | None = None) -> None:
        record = finished(
            job,
            ending,
            extended=self._settings["result_extended"],
            started=run.started if run else None,
            children=run.children if run else (),
        )
        if engine.keeps(self._settings, job, record.state):
            record = engine.store_final(self.backend.records, job, record)
        if job.on_end is not None:
            job.on_end(record)

    def _revoke(self, job: Job) -> None:
        self._waiting.pop(job.id, None)
        self._end(job, Ending(state=states.REVOKED, result=TaskRevoked(INTERRUPTED)))

    def _note(self, job: Job, state: str, **fields: Any) -> None:
        try:
            self._save(job, state, **fields)
        except Exception:  # noqa: BLE001 the task goes on: only its end has to be stored
            _log.warning("%s of task %s was not stored", state, job.id, exc_info=True)

    def _save(self, job: Job, state: str, **fields: Any) -> None:
        record = unfinished(job, state, extended=self._settings["result_extended"], **fields)
        self.backend.records.save(record, ttl=job.task.options.result_expires)


def _discard(_state: str, _meta: Any) -> None:
    """Drop the progress of a task whose result is ignored."""
