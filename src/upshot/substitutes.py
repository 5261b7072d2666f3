"""Records that stand in for others: of a task whose process is gone, of a result nobody can store."""

from dataclasses import replace

from upshot import states
from upshot.errors import EncodeError, ResultNotSerializable, TaskLost, TooLarge
from upshot.owner import is_gone
from upshot.record import TaskRecord


def living(record: TaskRecord) -> TaskRecord:
    """Return *record*, as LOST if it is unfinished and the process that owns it is gone."""
    if record.owner is None or record.ready or not is_gone(record.owner):
        return record
    text = f"process {record.owner.pid} on {record.owner.host} ended before the task did"
    return replace(record, state=states.LOST, result=TaskLost(text))


def unstorable(record: TaskRecord, error: EncodeError | TooLarge) -> TaskRecord:
    """Return the FAILURE that is stored for a finished *record* after *error*."""
    return replace(
        record,
        state=states.FAILURE,
        result=ResultNotSerializable(f"the result of the task cannot be stored: {error}"),
        traceback=None,
        args=None,
        kwargs=None,
    )
