"""Envelopes as rows of the table of records, and back."""

import json
from datetime import datetime
from typing import Any

from upshot.errors import Damaged, Unsupported
from upshot.stores import clock
from upshot.stores.contract import Envelope

Row = tuple[Any, ...]


def to_row(envelope: Envelope, now: int) -> Row:
    """Return the values of `save.sql` for *envelope*, written at *now* (microseconds).

    Raises:
        Unsupported: its document is not encoded.
    """
    if not isinstance(envelope.document, bytes):
        raise Unsupported("the SQLite store keeps encoded documents, not columns")
    expires: int | None = None
    gone: int | None = None
    if envelope.ttl is not None:
        expires = clock.after(now, envelope.ttl)
        gone = clock.after(expires, envelope.tombstone)
    updated, created = envelope.updated, envelope.created
    started, done = envelope.started, envelope.done
    return (
        envelope.id,
        envelope.order,
        envelope.document,
        envelope.state,
        envelope.attempt,
        created and clock.to_micros(created),
        started and clock.to_micros(started),
        done and clock.to_micros(done),
        clock.to_micros(updated) if updated else now,
        envelope.name,
        envelope.worker,
        envelope.queue,
        envelope.group,
        envelope.parent,
        json.dumps(dict(envelope.labels)) if envelope.labels else None,
        expires,
        gone,
        now,
    )


def printable(row: Row) -> Row:
    """Return *row* with half characters, which SQLite refuses, written as escapes."""
    return tuple(
        value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for value in row
    )


def from_row(row: Row, now: int) -> Envelope | Damaged:
    """Return the envelope in a row of `load.sql`, read at *now* (microseconds).

    Only the order and the document have to be sound: the other columns are copies.
    """
    task_id, order, document, state, attempt, created, started, done, updated = row[:9]
    name, worker, queue, group, parent, labels, expires, gone = row[9:]
    if not (isinstance(order, int) and isinstance(document, bytes)):
        return Damaged(
            f"the stored record of {task_id!r} is damaged (order {order!r}, document of type"
            f" {type(document).__name__}): write it again or forget it",
            task_id=task_id,
        )
    ends = isinstance(expires, int)
    return Envelope(
        id=task_id,
        document=document,
        order=order,
        state=_text(state) or "",
        attempt=attempt if isinstance(attempt, int) else 0,
        created=_time(created),
        started=_time(started),
        done=_time(done),
        updated=_time(updated),
        name=_text(name),
        worker=_text(worker),
        queue=_text(queue),
        group=_text(group),
        parent=_text(parent),
        labels=_labels(labels) if labels is not None else {},
        ttl=clock.seconds_between(now, expires) if ends else None,
        tombstone=clock.seconds_between(expires, gone) if ends and isinstance(gone, int) else 0.0,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: object) -> datetime | None:
    if not isinstance(value, int):
        return None
    try:
        return clock.from_micros(value)
    except OverflowError:
        return None


def _labels(value: object) -> dict[str, str]:
    try:
        labels = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return {}
    return labels if isinstance(labels, dict) else {}
