"""What the end of a task sets off beside its own record: the rest of its chain, and errbacks."""

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_log = logging.getLogger(__name__)


def chained_ids(request: Any) -> Iterator[str]:
    """Yield the ids of the tasks that would have run after the task of *request*."""
    for element in getattr(request, "chain", None) or ():
        options = element.get("options") if isinstance(element, Mapping) else None
        if options and options.get("task_id"):
            yield options["task_id"]


def call_errbacks(request: Any, exc: BaseException, traceback: str | None) -> None:
    """Call the error callbacks of *request* that are plain functions of this process.

    One that takes a single argument gets the id, any other `(request, exc, traceback)`. What an
    errback raises is logged, and the others still run.
    """
    for errback in getattr(request, "errbacks", None) or ():
        if not callable(errback):
            _log.warning("errback %r is no function of this process and was not called", errback)
            continue
        try:
            if _takes_id_only(errback):
                errback(getattr(request, "id", None))
            else:
                errback(request, exc, traceback)
        except Exception:  # noqa: BLE001 a user's callback may raise anything
            _log.exception("errback %r failed", errback)


def _takes_id_only(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return len(parameters) == 1 and not any(p.kind is p.VAR_POSITIONAL for p in parameters)
