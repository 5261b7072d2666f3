"""Subscribe, look, wait: the one loop behind every blocking call."""

from collections.abc import Callable, Collection, Generator, Mapping
from math import isnan
from time import monotonic

from upshot import states
from upshot.delivery.inbox import Inbox
from upshot.delivery.poller import PollDelay
from upshot.errors import ResultTimeout, UpshotError
from upshot.record import TaskRecord

Wait = Generator[TaskRecord, None, dict[str, TaskRecord]]
Look = Callable[[Collection[str]], Mapping[str, TaskRecord | UpshotError]]


def completed(
    ids: Collection[str],
    look: Look,
    inbox: Inbox,
    delay: PollDelay,
    *,
    timeout: float | None,
    on_interval: Callable[[], object] | None,
    on_update: Callable[[TaskRecord], object] | None,
) -> Wait:
    """Yield each finished record once, as it completes, until all are or *timeout* is over.

    Args:
        ids: what to wait for, without duplicates.
        look: reads records, in one trip.
        inbox: wakes this thread.
        delay: the pauses between looks when nothing wakes it.
        timeout: most seconds; None for ever, 0 for one look.
        on_interval: called on every pass.
        on_update: called with each unfinished record that differs from the one before.

    Returns:
        The records last seen of those that are not finished, by id.

    Raises:
        ValueError: *timeout* is not a number.
    """
    if timeout is not None and isnan(timeout):
        raise ValueError("a timeout of nan seconds is neither over nor not; None waits for ever")
    deadline = None if timeout is None else monotonic() + timeout
    pending = dict.fromkeys(ids)
    last: dict[str, TaskRecord] = {}
    with inbox.waiting(pending) as waiter:
        wanted: Collection[str] = list(pending)
        while pending:
            for record in _finished(look(wanted), last, on_update):
                del pending[record.id]
                yield record
            if not pending or (deadline is not None and monotonic() >= deadline):
                break
            if on_interval is not None:
                on_interval()
            pause = delay.next(pushed=inbox.pushes and on_interval is None)
            left = pause + 1 if deadline is None else max(0.0, deadline - monotonic())
            rung = waiter.wait(min(pause, left))
            if rung:
                delay.reset()
            # The last look before time is up goes over everything: a stored result is no timeout.
            wanted = [i for i in (rung if rung and left > pause else pending) if i in pending]
    return {i: last[i] for i in pending}


def too_late(record: TaskRecord, timeout: float | None) -> ResultTimeout:
    """Return the error of a wait for one task that has ended with *record*, and why it may be."""
    if record.state == states.UNKNOWN:
        return ResultTimeout(
            f"no result of task {record.id} after {timeout} s, and no record of it: it was never "
            "submitted to this store, was forgotten, or expired long ago"
        )
    if record.state == states.EXPIRED:
        return ResultTimeout(
            f"no result of task {record.id} after {timeout} s: it has expired, see result_expires"
        )
    return ResultTimeout(
        f"task {record.id} is not ready after {timeout} s, it is {record.state}; it goes on, ask "
        "again later"
    )


def _finished(
    found: Mapping[str, TaskRecord | UpshotError],
    last: dict[str, TaskRecord],
    on_update: Callable[[TaskRecord], object] | None,
) -> list[TaskRecord]:
    ready = []
    for task_id, record in found.items():
        if isinstance(record, UpshotError):
            raise record
        if record.ready:
            ready.append(record)
        else:
            known, last[task_id] = last.get(task_id), record
            if on_update is not None and record.known and known != record:
                on_update(record)
    return ready
