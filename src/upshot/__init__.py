"""Keeps what tasks return: stored anywhere, delivered at once, never lost, never counted twice."""

import logging

from upshot import errors, states
from upshot.backend import Backend
from upshot.local import App, chord, group
from upshot.record import Failure, Outcome, Success, TaskRecord
from upshot.results import (
    AsyncResult,
    EagerResult,
    GroupResult,
    ResultSet,
    allow_join_result,
    connect,
)

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "App",
    "AsyncResult",
    "Backend",
    "EagerResult",
    "Failure",
    "GroupResult",
    "Outcome",
    "ResultSet",
    "Success",
    "TaskRecord",
    "allow_join_result",
    "chord",
    "connect",
    "errors",
    "group",
    "states",
]
