"""Handles of stored results, and the backend they are read from."""

from upshot.blocking import allow_join_result, inside_task
from upshot.results.eager import EagerResult
from upshot.results.handles import connect, default_backend, from_ref
from upshot.results.sets import GroupResult, ResultSet
from upshot.results.single import AsyncResult

__all__ = [
    "AsyncResult",
    "EagerResult",
    "GroupResult",
    "ResultSet",
    "allow_join_result",
    "connect",
    "default_backend",
    "from_ref",
    "inside_task",
]
