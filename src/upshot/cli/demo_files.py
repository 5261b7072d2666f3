"""Which files the demo measures: a walk that follows no links and survives what it cannot read."""

import os
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LEFT_OUT: Final = frozenset({"site-packages", "dist-packages", "__pycache__"})
"""Names of directories that the walk does not enter."""


@dataclass(frozen=True)
class Found:
    """What a walk came to.

    Attributes:
        root: the directory, absolute.
        files: the regular files beneath it, relative to it, in order.
        unreadable: directories that could not be read, and why.
        more: whether a limit left files out.
    """

    root: Path
    files: list[str]
    unreadable: dict[str, str] = field(default_factory=dict)
    more: bool = False


def standard_library() -> Path:
    """Return the directory of Python's own standard library."""
    return Path(sysconfig.get_path("stdlib"))


def find(root: Path, limit: int | None = None) -> Found:
    """Walk *root* and list its regular files.

    Symbolic links are not followed, so a walk always ends and counts nothing twice; sockets,
    pipes and devices are left out, as are installed packages and caches.

    Args:
        root: the directory to walk.
        limit: stop after this many files; None for all.

    Raises:
        OSError: *root* itself cannot be read.
    """
    root = root.resolve()
    os.scandir(root).close()
    files: list[str] = []
    unreadable: dict[str, str] = {}
    for name in _walk(root, unreadable):
        if len(files) == limit:
            return Found(root, files, unreadable, more=True)
        files.append(name)
    return Found(root, files, unreadable)


def _walk(root: Path, unreadable: dict[str, str]) -> Iterator[str]:
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(root / inside) as entries:
                ordered = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            unreadable[inside] = error.strerror or str(error)
            continue
        deeper = []
        for entry in ordered:
            name = os.path.join(inside, entry.name)  # noqa: PTH118 a relative name, joined many thousand times
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in LEFT_OUT:
                    deeper.append(name)
            elif entry.is_file(follow_symlinks=False):
                yield name
        waiting.extend(reversed(deeper))
