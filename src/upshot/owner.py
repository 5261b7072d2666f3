"""Who holds an unfinished task, and whether that process is gone.

An `Owner` names a process in a way that another process of the same machine can check later. The
answer errs on one side only: where nothing can be known, the owner is taken to be alive.
"""

import os
import socket
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import final

from upshot.record import Owner

_PROC = Path("/proc")
_DEAD = frozenset("ZXx")
_START_TIME = 19
"""Place of the start time in `/proc/PID/stat`, counted from the field after the command's name."""


def current() -> Owner:
    """Return the owner that stands for this process; a forked child gets its own."""
    return _owner_of(os.getpid())


def is_gone(owner: Owner) -> bool:
    """Tell whether the process *owner* is certainly gone.

    True only for a process of this host that has ended, whose pid belongs to another process by
    now, or that ran before the last boot. Processes of other hosts and of other pid namespaces
    (containers that share a host name), and any process on Windows, cannot be judged from here.

    Args:
        owner: the process in question, as `current` returned it there.

    Returns:
        True when it cannot come back; False when it lives or cannot be judged.
    """
    here = current()
    if owner == here or owner.host != here.host:
        return False
    mine, theirs = _Mark.parse(here.started), _Mark.parse(owner.started)
    if mine is None or theirs is None:
        return not _exists(owner.pid)
    if theirs.boot != mine.boot:
        return True
    if theirs.namespace != mine.namespace:
        return False
    stat = _stat(owner.pid)
    if stat is None:
        return not _exists(owner.pid)
    return stat[0] in _DEAD or stat[_START_TIME] != theirs.ticks


@final
@dataclass(frozen=True, slots=True)
class _Mark:
    """What tells two processes with one pid apart: the boot, the pid namespace, the start time."""

    boot: str
    namespace: str
    ticks: str

    @classmethod
    def parse(cls, text: str) -> "_Mark | None":
        parts = text.split("/")
        return cls(*parts) if len(parts) == 3 else None  # noqa: PLR2004 the three fields above

    def __str__(self) -> str:
        return f"{self.boot}/{self.namespace}/{self.ticks}"


@lru_cache(maxsize=4)
def _owner_of(pid: int) -> Owner:
    return Owner(socket.gethostname(), pid, _mark_of(pid))


def _mark_of(pid: int) -> str:
    stat = _stat(pid)
    if stat is None:
        return ""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (_PROC / str(pid) / "ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return ""
    return str(_Mark(boot, namespace, stat[_START_TIME]))


def _stat(pid: int) -> list[str] | None:
    """Return the fields of a process after its command's name, or None where they are hidden."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _exists(pid: int) -> bool:
    # On Windows signal 0 is Ctrl-C: asking would interrupt the process.
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
