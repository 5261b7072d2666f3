"""The file of a SQLite store: made for its owner only, in a directory for its owner only."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from upshot.errors import Misconfigured

Identity = tuple[int, int]

_FILE_MODE: Final = 0o600
_DIRECTORY_MODE: Final = 0o700


def ensure(path: Path) -> None:
    """Make the file and the directories above it unless they are there.

    What exists keeps its permissions. SQLite gives its `-wal` and `-shm` files those of the file.

    Args:
        path: the file, absolute and without symbolic links.

    Raises:
        OSError: it cannot be made.
        Misconfigured: something that is no file stands there.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        _make_directory(path.parent)
        _make_file(path)
        return
    if stat.S_ISDIR(mode):
        raise Misconfigured(f"{path} is a directory: name a file in it, such as {path}/results.db")
    if not stat.S_ISREG(mode):
        raise Misconfigured(f"{path} is no ordinary file: name another one")


def identify(path: Path) -> Identity | None:
    """Return what tells this file from any other that may take its name; None if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _make_directory(directory: Path) -> None:
    missing = [place for place in (directory, *directory.parents) if not os.path.lexists(place)]
    for place in reversed(missing):
        try:
            place.mkdir(_DIRECTORY_MODE)
        except FileExistsError:
            continue


def _make_file(path: Path) -> None:
    # Opening the file and closing it again would drop the locks that other connections of this
    # process may have taken meanwhile; making a node does not open it.
    try:
        os.mknod(path, stat.S_IFREG | _FILE_MODE)
    except FileExistsError:
        return
    except (AttributeError, PermissionError) as exc:
        if isinstance(exc, PermissionError) and exc.errno != errno.EPERM:
            raise
        _open_once(path)


def _open_once(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _FILE_MODE))
    except FileExistsError:
        return
