"""The URL of a SQLite store: which file, how long to wait for it, how safely to write."""

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote

from upshot.errors import Misconfigured
from upshot.urls import mask

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds to wait for a file that another process is writing."""

SYNCHRONOUS: Final = ("NORMAL", "FULL")

_PARAMETERS: Final = ("timeout", "synchronous")
_LONGEST_TIMEOUT: Final = 86_400.0
_EXAMPLES: Final = "sqlite:///results.db (relative) or sqlite:////var/lib/myapp/results.db"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a SQLite store lies, and how it is opened.

    Attributes:
        path: the file, absolute.
        timeout: seconds to wait while another process holds it.
        synchronous: "NORMAL" survives a killed process, "FULL" also a power cut.
    """

    path: Path
    timeout: float = DEFAULT_TIMEOUT
    synchronous: str = "NORMAL"


def parse(url: str, synchronous: str) -> Place:
    """Return the place that *url* names.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `sqlite://` for the file in the
            user's state directory; `?timeout=SECONDS` and `?synchronous=FULL` are optional.
        synchronous: what holds unless the URL says otherwise.

    Raises:
        Misconfigured: it names no file, a database in memory, or a parameter is wrong.
    """
    _, mark, rest = url.partition("://")
    location, _, query = rest.partition("?")
    if not mark:
        raise Misconfigured(f"{mask(url)!r} is no URL of a SQLite file; write {_EXAMPLES}")
    given = _parameters(query)
    return Place(
        _path(unquote(location)),
        _timeout(given.get("timeout")),
        _synchronous(given.get("synchronous", synchronous)),
    )


def locate(path: str | os.PathLike[str], timeout: float, synchronous: str) -> Place:
    """Return the place of a file named directly, with the same checks.

    Args:
        path: the file, relative to the working directory or absolute.
        timeout: seconds to wait while another process holds it.
        synchronous: "NORMAL" or "FULL".

    Raises:
        Misconfigured: one of them cannot be used.
    """
    return Place(_absolute(os.fspath(path)), _timeout(str(timeout)), _synchronous(synchronous))


def _path(location: str) -> Path:
    if not location:
        from upshot.settings import default_sqlite_path

        return default_sqlite_path()
    if not location.startswith("/"):
        raise Misconfigured(
            f"{mask(f'sqlite://{location}')} has a server in place of a file; write {_EXAMPLES}"
        )
    return _absolute(location[1:])


def _absolute(name: str) -> Path:
    if ":memory:" in name:
        raise Misconfigured(
            f"SQLite cannot keep results in {name!r}, which every connection would have for itself:"
            " use memory:// for results in memory, or name a file"
        )
    if name.startswith("file:"):
        raise Misconfigured(f"{name!r} is in SQLite's own notation; write {_EXAMPLES}")
    if not name or name.endswith("/"):
        raise Misconfigured(f"the SQLite URL names no file; write {_EXAMPLES}")
    if "\0" in name:
        raise Misconfigured("the name of a SQLite file cannot hold a NUL character")
    return Path(os.path.realpath(Path(name).expanduser() if name.startswith("~/") else name))


def _parameters(query: str) -> dict[str, str]:
    given = dict(parse_qsl(query, keep_blank_values=True))
    for name in given:
        if name not in _PARAMETERS:
            near = get_close_matches(name, _PARAMETERS)
            hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(_PARAMETERS)}"
            raise Misconfigured(f"a SQLite URL has no parameter {name!r}; {hint}")
    return given


def _timeout(text: str | None) -> float:
    if text is None:
        return DEFAULT_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_TIMEOUT:
        raise Misconfigured(
            f"timeout of a SQLite store must be seconds from 0 to {_LONGEST_TIMEOUT:g}, not {mask(text)!r}"
        )
    return seconds


def _synchronous(text: str) -> str:
    level = text.upper()
    if level not in SYNCHRONOUS:
        raise Misconfigured(
            f"synchronous of a SQLite store must be {' or '.join(SYNCHRONOUS)}, not {mask(text)!r}"
        )
    return level
