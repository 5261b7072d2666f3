"""Which record goes first when a bounded memory store is full."""

from collections import OrderedDict


class Recency:
    """Ids by last use; finished records go before unfinished ones, the longest unused first."""

    def __init__(self) -> None:
        self._finished: OrderedDict[str, None] = OrderedDict()
        self._unfinished: OrderedDict[str, None] = OrderedDict()

    def wrote(self, task_id: str, *, final: bool) -> None:
        """Note that a record was written."""
        self.dropped(task_id)
        (self._finished if final else self._unfinished)[task_id] = None

    def used(self, task_id: str) -> None:
        """Note that a record was read."""
        held = self._finished if task_id in self._finished else self._unfinished
        held.move_to_end(task_id)

    def dropped(self, task_id: str) -> None:
        """Note that a record is gone."""
        self._finished.pop(task_id, None)
        self._unfinished.pop(task_id, None)

    def victim(self, spare: str) -> str:
        """Return the id that has to go; never *spare*, the one just written."""
        for held in (self._finished, self._unfinished):
            for task_id in held:
                if task_id != spare:
                    return task_id
        return spare
