"""Waiting for all members of a chord: one slot for each member, filled once."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from upshot import states
from upshot.errors import ChordError
from upshot.record import Failure, Outcome, Success, TaskRecord

Policy = Literal["fail", "collect"]
POLICIES: tuple[Policy, ...] = ("fail", "collect")

_NAMED = 5
"""How many failed members a `ChordError` names in its message; its `failed` holds all."""


class Join:
    """Collects the final records of members and hands them over once, in order.

    Args:
        ids: of the members, in order.
        on_full: called once with the records in the order of *ids*, by whoever brings the last.
    """

    def __init__(self, ids: Iterable[str], on_full: Callable[[Sequence[TaskRecord]], None]) -> None:
        self._slots: dict[str, TaskRecord | None] = dict.fromkeys(ids)
        self._missing = len(self._slots)
        self._on_full = on_full
        self._lock = threading.Lock()

    def arrive(self, record: TaskRecord) -> None:
        """Fill the slot of a member; repeated, late and foreign arrivals change nothing."""
        with self._lock:
            if self._slots.get(record.id, record) is not None:
                return
            self._slots[record.id] = record
            self._missing -= 1
            if self._missing:
                return
            full = [slot for slot in self._slots.values() if slot is not None]
        self._on_full(full)


def outcomes(records: Iterable[TaskRecord]) -> list[Outcome]:
    """Return what each finished member came to."""
    return [
        Success(record.result)
        if record.state == states.SUCCESS
        else Failure(record.result, record.traceback)
        for record in records
    ]


def body_argument(
    records: Sequence[TaskRecord], policy: Policy, *, group: str, body: str
) -> list[Any]:
    """Return what the body of a chord receives.

    Args:
        records: the final records of the members, in order.
        policy: "collect" passes outcomes; "fail" passes values, and does not run the body when a
            member has none.
        group: id of the header.
        body: name of the body's task.

    Raises:
        ChordError: members failed and the policy is "fail"; the first error is its cause.
    """
    if policy == "collect":
        return outcomes(records)
    failed = [record for record in records if record.state != states.SUCCESS]
    if not failed:
        return [record.result for record in records]
    named = ", ".join(f"{record.id} ({_told(record)})" for record in failed[:_NAMED])
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    raise ChordError(
        f"{len(failed)} of {len(records)} members of group {group} failed, so {body} did not "
        f"run: {named}{more}",
        failed=[record.id for record in failed],
    ) from failed[0].result


def _told(record: TaskRecord) -> str:
    try:
        text = str(record.result)
    except Exception:  # noqa: BLE001 a foreign exception may do anything
        text = ""
    return f"{record.state}: {type(record.result).__name__}" + (f": {text}" if text else "")
