"""The JSON that reading commands print: stable names, plain JSON types, times as ISO 8601 UTC."""

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from upshot.codec.describing import RemoteTraceback
from upshot.errors import RemoteError, UpshotError
from upshot.record import Ref, TaskRecord
from upshot.urls import mask

_MAX_DEPTH = 200


def record_json(record: TaskRecord) -> dict[str, Any]:
    """Return everything that is known of a task."""
    error = record.result if isinstance(record.result, BaseException) else None
    return {
        **summary_json(record),
        "result": None if error is not None else plain(record.result),
        "error": None if error is None else error_json(error),
        "traceback": record.traceback,
        "args": plain(record.args),
        "kwargs": plain(record.kwargs),
        "children": [_ref(child) for child in record.children or ()],
    }


def summary_json(record: TaskRecord) -> dict[str, Any]:
    """Return what a listing shows of a task: everything except values and errors."""
    return {
        "id": record.id,
        "state": record.state,
        "name": record.name,
        "attempt": record.attempt,
        "created": _time(record.created),
        "started": _time(record.started),
        "done": _time(record.done),
        "worker": record.worker,
        "queue": record.queue,
        "group": record.group,
        "parent": record.parent,
        "labels": dict(record.labels),
    }


def unreadable_json(error: UpshotError) -> dict[str, Any]:
    """Return the place holder of a record that cannot be read; its state is null."""
    return {
        "id": getattr(error, "task_id", None),
        "state": None,
        "unreadable": {"type": type(error).__name__, "message": mask(str(error))},
    }


def error_json(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """Return an exception: type, message, notes, and its cause in the same form."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {
        "type": type_name(error),
        "message": message(error),
        "notes": [
            str(note)
            for note in getattr(error, "__notes__", ())
            # The text of the traceback has a place of its own.
            if not isinstance(note, RemoteTraceback)
        ],
        "cause": error_json(cause, depth + 1) if cause is not None and depth < _MAX_DEPTH else None,
    }


def type_name(error: BaseException) -> str:
    """Return the dotted name of the class, that of the remote one where it is not loaded here."""
    if isinstance(error, RemoteError) and error.remote_type:
        return error.remote_type
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def message(error: BaseException) -> str:
    """Return the text of *error*, also of one whose `str` fails."""
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 a stored exception may be of any class
        return f"<its text cannot be shown: {type(fault).__name__}>"


def plain(value: Any, depth: int = 0) -> Any:
    """Return *value* in plain JSON types.

    Times are ISO 8601 text, bytes base64 text, sets lists, enumerations their values, numbers
    without a JSON form (NaN, infinity) text; whatever else JSON has no form for is its `repr`.
    """
    simple: Callable[[Any], Any] = _repr
    match value:
        case Enum():
            return plain(value.value, depth + 1)
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping() if depth < _MAX_DEPTH:
            return {str(key): plain(item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth < _MAX_DEPTH:
            return [plain(item, depth + 1) for item in value]
        case bytes() | bytearray():
            simple = _base64
        case date():
            simple = _iso
        case BaseException():
            simple = error_json
    return simple(value)


def _iso(value: date) -> str:
    return value.isoformat()


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as fault:  # noqa: BLE001 a value may be of any class, and of any depth
        return f"<{type(value).__name__} that cannot be shown: {type(fault).__name__}>"


def _base64(value: bytes | bytearray) -> str:
    return base64.b64encode(value).decode("ascii")


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _ref(ref: Ref) -> dict[str, Any]:
    members = None if ref.members is None else [_ref(member) for member in ref.members]
    return {"id": ref.id, "members": members}
