"""Between records and the plain mapping ("meta") that Celery's callers know.

A meta has the keys `status`, `result`, `traceback`, `children`, `date_done`, `task_id`, and the
extended ones where they were stored.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from upshot import states
from upshot.codec import handles
from upshot.errors import Damaged
from upshot.record import Ref, TaskRecord

Meta = dict[str, Any]


def meta_of(record: TaskRecord) -> Meta:
    """Return a fresh mapping of *record*; an absent one has `status` and `result` only."""
    meta: Meta = {"status": record.state, "result": record.result}
    if not record.known or (record.state == states.PENDING and record.created is None):
        return meta
    children = record.children
    meta["traceback"] = record.traceback
    meta["children"] = None if children is None else [child.as_tuple() for child in children]
    meta["date_done"] = None if record.done is None else record.done.isoformat()
    extras = {
        "group_id": record.group,
        "parent_id": record.parent,
        "name": record.name,
        "args": None if record.args is None else list(record.args),
        "kwargs": record.kwargs,
        "worker": record.worker,
        "retries": record.attempt or None,
        "queue": record.queue,
    }
    meta.update({key: value for key, value in extras.items() if value is not None})
    meta["task_id"] = record.id
    return meta


def record_of(
    task_id: str,
    result: Any,
    state: str,
    *,
    traceback: str | None,
    request: Any,
    now: datetime,
    extended: bool,
) -> TaskRecord:
    """Build the record of a write from what Celery's callers hand over.

    Args:
        task_id: the id.
        result: value, exception, or progress data.
        state: name of the state.
        traceback: text, or anything that prints as one.
        request: the task's request, of any class, or None; missing attributes count as None.
        now: time of the write, aware.
        extended: whether name, arguments, worker and queue are stored too.
    """

    def asked(name: str) -> Any:
        return getattr(request, name, None)

    described: dict[str, Any] = {}
    if extended and request is not None:
        delivery = asked("delivery_info") or {}
        stamped = asked("stamped_headers")
        described = {
            "name": asked("task"),
            "args": None if asked("args") is None else tuple(asked("args")),
            "kwargs": asked("kwargs"),
            "worker": asked("hostname"),
            "queue": delivery.get("routing_key"),
            "stamps": {h: (asked("stamps") or {}).get(h) for h in stamped} if stamped else None,
        }
    return TaskRecord(
        id=task_id,
        state=state,
        result=result,
        traceback=None if traceback is None else str(traceback),
        children=None if request is None else refs_of(asked("children") or ()),
        attempt=asked("retries") or 0,
        done=now if state in states.READY_STATES else None,
        group=asked("group"),
        parent=asked("parent_id"),
        **described,
    )


def refs_of(children: Iterable[Any]) -> tuple[Ref, ...]:
    """Return plain handles of *children*, given as result objects or their tuples."""
    return tuple(ref_of(child) for child in children)


def ref_of(handle: Any) -> Ref:
    """Return the plain form of a result object, or of the tuple or list that stands for one.

    Raises:
        Damaged: it is neither.
    """
    if isinstance(handle, Ref):
        return handle
    found = handles.ref_of(handle.as_tuple() if handles.is_handle(handle) else handle)
    if found is None:
        raise Damaged(f"{handle!r} does not stand for a result")
    return found
