"""What people meet who may not do everything: children without rights, and the errors they get."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from upshot.errors import UpshotError
from upshot.testing.processes import ForkedChild

NOBODY = 65534


def error_of(work: Callable[[], object]) -> UpshotError:
    """Return the error that *work* raises."""
    try:
        work()
    except UpshotError as exc:
        return exc
    raise AssertionError("no error")


def as_nobody(work: Callable[[], None]) -> None:
    """Run *work* in a child without any rights of its own."""

    def child() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        work()

    ForkedChild(child).wait()


@contextmanager
def public_directory() -> Iterator[Path]:
    """Give a directory that other users can reach; those of `tmp_path` they cannot."""
    directory = Path(tempfile.mkdtemp(prefix="upshot-public-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
