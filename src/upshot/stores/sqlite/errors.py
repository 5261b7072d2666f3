"""Turns what SQLite and the file system raise into errors that say what to do."""

import errno
import sqlite3
from typing import Final

from upshot.errors import (
    Damaged,
    Misconfigured,
    Refused,
    TooLarge,
    Unavailable,
    UpshotError,
)
from upshot.stores.sqlite.url import Place

_RIGHTS: Final = "this user needs to read and write the file and its directory"
_REPAIR: Final = "move it away and a new one is made, or recover it with `sqlite3 FILE .recover`"

_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_MISPLACED: Final = frozenset({errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP})
_CROWDED: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO})

_IS_LOCKED: Final = (
    Unavailable,
    (
        "{path} has been locked by another process for {timeout:g} s: try again, or allow more with"
        " ?timeout=SECONDS"
    ),
)
_IS_FORBIDDEN: Final = (Refused, "{path} cannot be used ({reason}): " + _RIGHTS)
_IS_BROKEN: Final = (Damaged, "{path} is damaged or no SQLite file ({reason}): " + _REPAIR)
_IS_FOREIGN: Final = (
    Damaged,
    "the tables in {path} are not those of upshot ({reason}): " + _REPAIR,
)
_IS_FULL: Final = (
    Unavailable,
    "there is no room to write to {path} ({reason}): free some space; nothing was written",
)
_FAILS: Final = (
    Unavailable,
    (
        "reading or writing {path} failed ({reason}): check the disk, its free space and the limit on"
        " file sizes; nothing was written"
    ),
)
_IS_TOO_LARGE: Final = (TooLarge, "a record is larger than SQLite can hold in {path} ({reason})")
_IS_UNKNOWN: Final = (Unavailable, "SQLite failed on {path} ({reason})")

_MEANINGS: Final[dict[int | None, tuple[type[UpshotError], str]]] = {
    **dict.fromkeys(_LOCKED, _IS_LOCKED),
    sqlite3.SQLITE_READONLY: _IS_FORBIDDEN,
    sqlite3.SQLITE_PERM: _IS_FORBIDDEN,
    sqlite3.SQLITE_AUTH: _IS_FORBIDDEN,
    sqlite3.SQLITE_CANTOPEN: _IS_FORBIDDEN,
    sqlite3.SQLITE_CORRUPT: _IS_BROKEN,
    sqlite3.SQLITE_NOTADB: _IS_BROKEN,
    sqlite3.SQLITE_FORMAT: _IS_BROKEN,
    sqlite3.SQLITE_ERROR: _IS_FOREIGN,
    sqlite3.SQLITE_FULL: _IS_FULL,
    sqlite3.SQLITE_IOERR: _FAILS,
    sqlite3.SQLITE_TOOBIG: _IS_TOO_LARGE,
}


def is_locked(exc: sqlite3.Error) -> bool:
    """Tell whether waiting may help."""
    return _code(exc) in _LOCKED


def explain(exc: sqlite3.Error, place: Place) -> UpshotError:
    """Return the error to raise in place of *exc*, which concerns the file at *place*."""
    kind, text = _MEANINGS.get(_code(exc), _IS_UNKNOWN)
    return kind(text.format(path=place.path, timeout=place.timeout, reason=exc))


def explain_file(exc: OSError, place: Place) -> UpshotError:
    """Return the error to raise where the file of *place* could not be made or looked at."""
    reason, path = exc.strerror or str(exc), place.path
    if exc.errno in _MISPLACED:
        return Misconfigured(f"results cannot be kept in {path} ({reason}): name another file")
    if exc.errno in _CROWDED:
        return Unavailable(f"{path} cannot be made ({reason}): free some space and try again")
    return Refused(f"{path} cannot be made or opened ({reason}): {_RIGHTS}")


def _code(exc: sqlite3.Error) -> int | None:
    # An error that Python's module raised on its own has none.
    code: int | None = getattr(exc, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
