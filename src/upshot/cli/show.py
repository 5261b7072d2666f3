"""How `upshot get` shows a task or a group, and which exit code each comes to."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pprint import pformat
from typing import Any, Final

from upshot import states
from upshot.cli import exits, shape
from upshot.cli.lookup import Member
from upshot.cli.screen import document, note, pairs, say, table
from upshot.cli.text import age, count, duration, moment, one_line, shortened
from upshot.errors import UpshotError
from upshot.record import TaskRecord

MEMBERS_SHOWN: Final = 20
"""Members of a group that are listed; failed ones come first."""

_ERROR_WIDTH: Final = 80
_VALUE_WIDTH: Final = 100
_URGENCY: Final = (states.FAILURE, states.LOST, states.REVOKED)


def show_task(record: TaskRecord, *, as_json: bool, traceback: bool) -> int:
    """Print a task and return the exit code."""
    if as_json:
        document(shape.record_json(record))
        return task_code(record)
    now = datetime.now(UTC)
    pairs({**_facts(record, now), **_failure(record, traceback=traceback)})
    if record.state == states.SUCCESS:
        say()
        say(pretty(record.result))
    elif traceback and record.traceback:
        say()
        say(record.traceback.rstrip("\n"))
    return task_code(record)


def show_group(group_id: str, members: Mapping[str, Member], *, as_json: bool) -> int:
    """Print a group's members and return the exit code."""
    counts = Counter(_state(member) for member in members.values())
    if as_json:
        document(
            {
                "id": group_id,
                "size": len(members),
                "counts": dict(counts.most_common()),
                "members": [_member_json(i, member) for i, member in members.items()],
            }
        )
        return group_code(members)
    tally = ", ".join(f"{number} {state}" for state, number in counts.most_common())
    pairs({"group": group_id, "members": f"{count(len(members), 'task')}: {tally or 'empty'}"})
    if members:
        say()
        shown = sorted(members.items(), key=lambda item: _urgency(item[1]))[:MEMBERS_SHOWN]
        table(
            ("ID", "STATE", "TASK", "TOOK", "ERROR"),
            [_cells(i, member) for i, member in shown],
            right=("TOOK",),
            cut=("TASK", "ERROR"),
        )
    if len(members) > MEMBERS_SHOWN:
        note(
            f"{len(members) - MEMBERS_SHOWN} more; `upshot list --group {group_id}"
            f" --limit {len(members)}` lists all"
        )
    return group_code(members)


def task_code(record: TaskRecord) -> int:
    """Return the exit code for the state of a task."""
    if record.state == states.SUCCESS:
        return exits.OK
    return exits.FAILED if record.ready else exits.NOT_READY


def group_code(members: Mapping[str, Member]) -> int:
    """Return the exit code for a group: what is worst in the order 1, 5, 3, 4, 0."""
    codes = set()
    for member in members.values():
        if isinstance(member, UpshotError):
            codes.add(exits.code_of(member))
        else:
            codes.add(task_code(member) if member.known else exits.UNKNOWN_ID)
    worst = (exits.FAILED, exits.STORE, exits.NOT_READY, exits.UNKNOWN_ID)
    return next((code for code in worst if code in codes), exits.OK)


def pretty(value: Any) -> str:
    """Return a value for reading: text as it is, anything else as a literal."""
    return value if isinstance(value, str) else pformat(value, width=_VALUE_WIDTH, sort_dicts=False)


def _facts(record: TaskRecord, now: datetime) -> dict[str, str]:
    facts = {"id": record.id, "state": record.state, "task": record.name or ""}
    if record.attempt:
        facts["attempt"] = (
            f"{record.attempt + 1}, after {count(record.attempt, 'retry', 'retries')}"
        )
    if record.created:
        facts["submitted"] = f"{moment(record.created)} ({age(record.created, now)})"
    if record.started:
        facts["started"] = moment(record.started)
    if record.done:
        facts["finished"] = moment(record.done) + _took(record)
    facts["worker"] = record.worker or ""
    facts["queue"] = record.queue or ""
    facts["group"] = record.group or ""
    facts["parent"] = record.parent or ""
    facts["labels"] = ", ".join(f"{key}={text}" for key, text in record.labels.items())
    if not record.ready and record.result is not None and not _is_error(record.result):
        facts["progress"] = pretty(record.result)
    return {name: text for name, text in facts.items() if text}


def _failure(record: TaskRecord, *, traceback: bool) -> dict[str, str]:
    if not _is_error(record.result):
        return {}
    shown = shape.error_json(record.result)
    facts = {"error": _error_line(shown)}
    if shown["notes"]:
        facts["note"] = "\n".join(shown["notes"])
    causes = []
    while (shown := shown["cause"]) is not None:
        causes.append(_error_line(shown))
    if causes:
        facts["caused by"] = "\n".join(causes)
    if record.traceback and not traceback:
        lines = record.traceback.rstrip("\n").count("\n") + 1
        facts["traceback"] = f"{count(lines, 'line')}; --traceback shows them"
    return facts


def _error_line(shown: Mapping[str, Any]) -> str:
    return f"{shown['type']}: {shown['message']}" if shown["message"] else str(shown["type"])


def _is_error(value: object) -> bool:
    return isinstance(value, BaseException)


def _took(record: TaskRecord) -> str:
    if record.started is None or record.done is None:
        return ""
    return f" (took {duration((record.done - record.started).total_seconds())})"


def _state(member: Member) -> str:
    return "unreadable" if isinstance(member, UpshotError) else member.state


def _urgency(member: Member) -> int:
    state = _state(member)
    if state in _URGENCY:
        return _URGENCY.index(state)
    return len(_URGENCY) + (1 if state == states.SUCCESS else 0)


def _member_json(task_id: str, member: Member) -> dict[str, Any]:
    if isinstance(member, UpshotError):
        return {**shape.unreadable_json(member), "id": task_id}
    return shape.summary_json(member)


def _cells(task_id: str, member: Member) -> tuple[str, ...]:
    if isinstance(member, UpshotError):
        return (task_id, "unreadable", "", "", shortened(one_line(str(member)), _ERROR_WIDTH))
    error = ""
    if _is_error(member.result):
        error = shortened(one_line(_error_line(shape.error_json(member.result))), _ERROR_WIDTH)
    span = ""
    if member.started and member.done:
        span = duration((member.done - member.started).total_seconds())
    return task_id, member.state, member.name or "", span, error
