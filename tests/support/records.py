"""Records over a memory store, a clock that stands still, and calls that wait in a thread."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from upshot import states
from upshot.codec import Codec
from upshot.core import Records
from upshot.record import TaskRecord
from upshot.settings import Settings
from upshot.stores.memory import MemoryStore


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def make_records(store: MemoryStore | None = None, **settings: Any) -> Records:
    conf = Settings.from_mapping(settings)
    return Records(store or MemoryStore(), Codec.from_settings(conf), conf)


def done(task_id: str, value: object = None) -> TaskRecord:
    return TaskRecord(id=task_id, state=states.SUCCESS, result=value)


def in_thread(function: Callable[[], object]) -> Callable[[], object]:
    box: list[object] = []

    def run() -> None:
        try:
            box.append(function())
        except Exception as error:
            box.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def result() -> object:
        thread.join(30)
        assert not thread.is_alive(), "the wait never ended"
        return box[0]

    return result
