"""The embedded runtime: tasks that run in threads of this process, without a broker."""

from upshot.local.app import App
from upshot.local.canvas import Chord, Group, chord, group
from upshot.local.running import Running, current_task
from upshot.local.signals import Interrupted
from upshot.local.signature import Signature
from upshot.local.task import Task

__all__ = [
    "App",
    "Chord",
    "Group",
    "Interrupted",
    "Running",
    "Signature",
    "Task",
    "chord",
    "current_task",
    "group",
]
