"""Finding what `upshot get` was asked for, waiting for it if that was asked too."""

from upshot import states
from upshot.cli.screen import note
from upshot.core import Records
from upshot.errors import ResultTimeout, UnknownTask, UpshotError
from upshot.record import TaskRecord
from upshot.stores.contract import Keeps

Member = TaskRecord | UpshotError


def task_of(records: Records, task_id: str, patience: float | None) -> TaskRecord:
    """Return the record of *task_id*, finished or not.

    Args:
        records: where to look.
        task_id: which task.
        patience: seconds to wait until it is finished; None for ever, 0 for a single look.

    Raises:
        UnknownTask: the store has no record of it, or it has expired.
        ResultTimeout: it was not finished in time.
    """
    record = records.load(task_id)
    if record.ready:
        return record
    if patience != 0:
        if not record.known:
            note(f"no record of {task_id} yet; waiting for one, Ctrl-C ends")
        try:
            return records.wait(task_id, patience)
        except ResultTimeout:
            record = records.load(task_id)
            if record.known:
                raise ResultTimeout(
                    f"task {task_id} is not finished after {patience:g} s, its state is"
                    f" {record.state}; it goes on, ask again later"
                ) from None
    if record.state == states.EXPIRED:
        raise UnknownTask(f"the result of {task_id} has expired and is gone")
    if not record.known:
        raise UnknownTask(
            f"no record of {task_id}: it was never submitted to this store, was forgotten, or"
            " expired long ago; `upshot list` shows what is there"
        )
    return record


def members_of(records: Records, group_id: str, patience: float | None) -> dict[str, Member] | None:
    """Return the records of a group's members by id, in order; None when it is no group.

    Args:
        records: where to look.
        group_id: which group.
        patience: seconds to wait until all are finished; None for ever, 0 for a single look.
    """
    group = records.get_group(group_id) if isinstance(records.store, Keeps) else None
    if group is None:
        return None
    ids = [member.id for member in group.members or ()]
    found = records.load_many(ids)
    unfinished = [i for i, r in found.items() if isinstance(r, TaskRecord) and not r.ready]
    if patience != 0 and unfinished:
        for record in records.wait_many(unfinished, patience):
            found[record.id] = record
        late = [i for i in unfinished if not _finished(found[i])]
        found.update(records.load_many(late))
    return {task_id: found[task_id] for task_id in ids}


def _finished(member: Member) -> bool:
    return isinstance(member, TaskRecord) and member.ready
