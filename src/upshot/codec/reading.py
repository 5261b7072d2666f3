"""A record out of a decoded document; whatever is odd in it is cleaned or refused as damaged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from upshot import states
from upshot.codec.handles import refs_of
from upshot.codec.writing import OURS, RESERVED, as_utc
from upshot.errors import Damaged
from upshot.record import Owner, TaskRecord

_NOTHING: Final[Mapping[str, Any]] = {}


def state_of(document: Mapping[Any, Any]) -> str:
    """Return the state that *document* tells.

    Raises:
        Damaged: it tells none, or one that cannot be stored.
    """
    state = document.get("status")
    if not isinstance(state, str) or not state or state in states.ABSENT_STATES:
        raise Damaged("the record has no usable status")
    return state


def ours_of(document: Mapping[Any, Any]) -> Mapping[str, Any]:
    """Return the fields of *document* that Celery's do not have."""
    return _mapping(document.get(OURS)) or _NOTHING


def record_of(
    document: Mapping[Any, Any], task_id: str, state: str, result: Any, attempt: int
) -> TaskRecord:
    """Return the record that *document* holds.

    Args:
        document: the decoded document, its fields in any order and of any type.
        task_id: the id under which it was stored; what the document says is not believed.
        state: what `state_of` returned.
        result: the value or the rebuilt exception.
        attempt: number of retries, where the document does not tell it.
    """
    ours = ours_of(document)
    get = document.get
    done = get("date_done")
    return TaskRecord(
        id=task_id,
        state=state,
        result=result,
        traceback=_text(get("traceback")),
        children=refs_of(get("children")),
        attempt=_attempt(document, attempt),
        created=_moment(ours.get("created")) if ours else None,
        started=_moment(ours.get("started")) if ours else None,
        done=_moment(done) if done is not None and state in states.READY_STATES else None,
        name=_text(get("name") or ours.get("name")),
        args=_tuple(get("args", ours.get("args"))),
        kwargs=_mapping(get("kwargs", ours.get("kwargs"))),
        worker=_text(get("worker") or ours.get("worker")),
        queue=_text(get("queue") or ours.get("queue")),
        group=_text(get("group_id")),
        parent=_text(get("parent_id")),
        stamps=_stamps(document, ours),
        labels=_labels(ours.get("labels")) if ours else {},
        owner=_owner(ours.get("owner")) if ours else None,
    )


def _attempt(document: Mapping[Any, Any], known: int) -> int:
    for value in (document.get("attempt"), document.get("retries"), known):
        if type(value) is int and 0 <= value <= states.MAX_ATTEMPT:
            return value
    return 0


def _moment(value: Any) -> datetime | None:
    try:
        return as_utc(datetime.fromisoformat(value) if isinstance(value, str) else value)
    except (ValueError, OverflowError, AttributeError, TypeError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _tuple(value: Any) -> tuple[Any, ...] | None:
    return tuple(value) if isinstance(value, list | tuple) else None


def _mapping(value: Any) -> Mapping[str, Any] | None:
    if value is None:
        return None
    return value if type(value) is dict or isinstance(value, Mapping) else None


def _labels(value: Any) -> dict[str, str]:
    found: Mapping[Any, Any] = _mapping(value) or _NOTHING
    return {k: v for k, v in found.items() if isinstance(k, str) and isinstance(v, str)}


def _owner(value: Any) -> Owner | None:
    found = _mapping(value) or _NOTHING
    host, pid, started = found.get("host"), found.get("pid"), found.get("started")
    if not isinstance(host, str) or type(pid) is not int or not isinstance(started, str):
        return None
    return Owner(host, pid, started)


def _stamps(document: Mapping[Any, Any], ours: Mapping[str, Any]) -> Mapping[str, Any] | None:
    own = _mapping(ours.get("stamps"))
    names = document.get("stamped_headers")
    if not isinstance(names, list | tuple):
        return own
    found = {
        name: document[name]
        for name in names
        if isinstance(name, str) and name not in RESERVED and name in document
    }
    return {**found, **(own or {})}
