"""Filtering and summarising records for stores that only enumerate them."""

from upshot.record import TaskRecord
from upshot.states import is_final
from upshot.stores.contract import Envelope, Filter


def matches(record: TaskRecord, wanted: Filter) -> bool:
    """Tell whether *record* meets every condition of *wanted*."""
    if wanted.states is not None and record.state not in wanted.states:
        return False
    exact = (
        (wanted.name, record.name),
        (wanted.worker, record.worker),
        (wanted.queue, record.queue),
        (wanted.group, record.group),
    )
    if any(want is not None and want != have for want, have in exact):
        return False
    when = record.done or record.started or record.created
    if wanted.since is not None and (when is None or when < wanted.since):
        return False
    return wanted.until is None or (when is not None and when < wanted.until)


def summary(envelope: Envelope) -> TaskRecord | None:
    """Return the record without its value, or None where the document has to be read.

    That is so where the store indexes too little, and for unfinished tasks, whose owner stands
    in the document only.
    """
    if envelope.updated is None or not is_final(envelope.order):
        return None
    return TaskRecord(
        id=envelope.id,
        state=envelope.state,
        attempt=envelope.attempt,
        created=envelope.created,
        started=envelope.started,
        done=envelope.done,
        name=envelope.name,
        worker=envelope.worker,
        queue=envelope.queue,
        group=envelope.group,
        parent=envelope.parent,
        labels=envelope.labels,
    )
