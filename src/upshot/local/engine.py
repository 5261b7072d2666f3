"""What both ways of running jobs share: the interface, and the rules of what is stored."""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from upshot import states
from upshot.backend import Backend
from upshot.core import Lifetime, Records
from upshot.local.job import Ending, Job
from upshot.record import Ref, TaskRecord
from upshot.results import AsyncResult
from upshot.settings import Settings

_log = logging.getLogger(__name__)


class Engine(Protocol):
    """Runs jobs, in threads or at once."""

    @property
    def backend(self) -> Backend | None:
        """Where handles read; None if they need no store."""

    def send(self, jobs: Sequence[Job], *, waiting: Job | None = None) -> None:
        """Record *jobs* and *waiting* as submitted, and run the *jobs*.

        Args:
            jobs: what may run now, in order.
            waiting: a job that runs once `proceed` is called for it.
        """

    def proceed(self, job: Job, ending: Ending | None = None) -> None:
        """Run a job that was waiting, with the arguments it has now, or end it with *ending*."""

    def result(self, job: Job) -> AsyncResult[Any]:
        """Return the handle of a job that was sent, or that waits."""

    def make_room(self, task_id: str) -> None:
        """Forget a finished record of *task_id* if the settings say so."""

    def keep_group(self, ref: Ref, ttl: Lifetime, *, again: bool = False) -> None:
        """Store the members of a group, a second time if *again*: then an error is only logged."""


def keeps(settings: Settings, job: Job, state: str) -> bool:
    """Tell whether the record of *job* in *state* is stored."""
    if job.stored:
        return True
    return state in states.PROPAGATE_STATES and bool(settings["task_store_errors_even_if_ignored"])


def store_final(records: Records, job: Job, record: TaskRecord) -> TaskRecord:
    """Store a final record; return the final record that stands.

    An error of the store is logged once: the worker has nobody to raise it to.
    """
    try:
        written = records.save(record, ttl=job.task.options.result_expires)
        if written.saved.accepted:
            return written.record
        standing = records.load(job.id, cache=False)
    except Exception:  # noqa: BLE001 the next task must run all the same
        _log.exception(
            "%s of task %s (%s) could not be stored; its last record stands",
            record.state,
            record.id,
            record.name,
        )
        return record
    return standing if standing.ready else written.record


def make_room(backend: Backend, task_id: str) -> None:
    """Forget a finished record of *task_id* if `upshot_rerun` is "forget"."""
    if backend.settings["upshot_rerun"] != "forget":
        return
    if backend.records.load(task_id, cache=False).ready:
        backend.records.forget((task_id,))


def longest(settings: Settings, lifetimes: Sequence[Lifetime]) -> float | None:
    """Return the longest of *lifetimes*, in seconds; None if one is for ever."""
    default: float | None = settings["result_expires"]
    known: list[float] = []
    for lifetime in lifetimes or [default]:
        seconds = lifetime if isinstance(lifetime, int | float | None) else default
        if seconds is None:
            return None
        known.append(seconds)
    return max(known)
