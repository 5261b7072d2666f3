"""Opening backends, and turning plain references into the handles that they stand for.

The classes of handles register here when their modules load, so that a task's handle and a
group's can each lead to the other without importing it.
"""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from upshot.backend import Backend
from upshot.record import Ref
from upshot.settings import Settings

Maker = Callable[[Ref, Backend], Any]

_makers: dict[str, Maker] = {}
_default: list[Backend] = []
_default_lock = Lock()


def register(kind: str, maker: Maker) -> None:
    """Let *maker* build the handles of *kind*, "task" or "group"."""
    _makers[kind] = maker


def from_ref(ref: Ref, backend: Backend) -> Any:
    """Return the handle that *ref* stands for: a group's, or a single task's."""
    return _makers["task" if ref.members is None else "group"](ref, backend)


def connect(
    url: str | None = None, *, settings: Settings | Mapping[str, Any] | None = None
) -> Backend:
    """Open a backend that hands out the handles of `upshot.results`.

    Args:
        url: where results are kept; None takes the default rule, see `Backend`.
        settings: names and values, strictly checked.
    """
    return Backend(url, settings=settings, make_result=from_ref)


def default_backend() -> Backend:
    """Return the backend of handles that were made without one, opened on first use."""
    with _default_lock:
        if not _default:
            _default.append(connect())
        return _default[0]
