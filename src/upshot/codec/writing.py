"""A record as the mapping that is encoded: Celery's fields in Celery's order, then ours."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from upshot.codec.text import encodable, safe_repr, shortened
from upshot.record import TaskRecord

OURS: Final = "upshot"
"""The one field that Celery's documents do not have."""

RESERVED: Final = frozenset(
    {
        "status",
        "attempt",
        "result",
        "traceback",
        "children",
        "date_done",
        "group_id",
        "parent_id",
        "name",
        "args",
        "kwargs",
        "worker",
        "retries",
        "queue",
        "stamped_headers",
        OURS,
        "task_id",
    }
)
"""Names of fields that a stamp cannot have."""

_DESCRIPTION: Final = ("name", "args", "kwargs", "worker", "queue", "stamps")


def document_of(
    record: TaskRecord,
    result: Any,
    error: Mapping[str, Any],
    *,
    done: datetime | None,
    extended: bool,
) -> dict[str, Any]:
    """Return the document of *record*.

    Args:
        record: the record.
        result: its value, or the stored form of its exception.
        error: what the stored form of the exception leaves out.
        done: when it was finished; None while unfinished.
        extended: write name, arguments, worker and queue where Celery does, else among ours.
    """
    document: dict[str, Any] = {"status": record.state}
    if record.attempt:
        document["attempt"] = record.attempt
    document["result"] = result
    traceback = record.traceback
    document["traceback"] = None if traceback is None else encodable(traceback)
    children = record.children
    document["children"] = None if children is None else [child.as_tuple() for child in children]
    document["date_done"] = None if done is None else done.isoformat()
    if record.group:
        document["group_id"] = record.group
    if record.parent:
        document["parent_id"] = record.parent
    ours = _ours(record)
    if extended:
        _extend(document, record, ours)
    else:
        for name in _DESCRIPTION:
            value = getattr(record, name)
            if value is not None:
                ours[name] = value
    if error:
        ours["error"] = error
    if ours:
        document[OURS] = ours
    document["task_id"] = record.id
    return document


def without_objects(document: dict[str, Any], encodes: Any) -> dict[str, Any]:
    """Return *document* with those arguments replaced by their repr that cannot be encoded."""
    clean = dict(document)
    if isinstance(clean.get(OURS), dict):
        clean[OURS] = dict(clean[OURS])
    for fields in (clean, clean.get(OURS) or {}):
        for name in _DESCRIPTION:
            if name in fields:
                fields[name] = _shown(fields[name], encodes)
    return clean


def _shown(value: Any, encodes: Any) -> Any:
    try:
        encodes(value)
    except Exception:  # noqa: BLE001 foreign encoders raise anything
        if isinstance(value, Mapping):
            return {str(key): _shown(item, encodes) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [_shown(item, encodes) for item in value]
        return encodable(shortened(safe_repr(value)))
    return value


def _ours(record: TaskRecord) -> dict[str, Any]:
    ours: dict[str, Any] = {}
    if record.created is not None:
        ours["created"] = record.created.isoformat()
    if record.started is not None:
        ours["started"] = record.started.isoformat()
    if record.labels:
        ours["labels"] = dict(record.labels)
    if record.owner is not None:
        owner = record.owner
        ours["owner"] = {"host": owner.host, "pid": owner.pid, "started": owner.started}
    return ours


def _extend(document: dict[str, Any], record: TaskRecord, ours: dict[str, Any]) -> None:
    """Add Celery's extended fields, which appear together or, without a request, not at all."""
    if all(getattr(record, name) is None for name in _DESCRIPTION):
        return
    document["name"] = record.name
    document["args"] = record.args
    document["kwargs"] = record.kwargs
    document["worker"] = record.worker
    document["retries"] = record.attempt
    document["queue"] = record.queue
    stamps = record.stamps
    if not stamps:
        return
    document["stamped_headers"] = list(stamps)
    for name, value in stamps.items():
        if name in RESERVED:
            ours.setdefault("stamps", {})[name] = value
        else:
            document[name] = value


def as_utc(moment: datetime | None) -> datetime | None:
    """Return *moment* in UTC; one without a zone is taken to be UTC."""
    if moment is None or moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
