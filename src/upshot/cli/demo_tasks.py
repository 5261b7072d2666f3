"""What the demo's tasks do: measure one file, and put all measures into one report.

Plain functions of plain arguments; nothing here knows of tasks, stores or terminals. Source files
are compiled and never run.
"""

import ast
import hashlib
import io
import os
import stat
import time
import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypedDict

from upshot.record import Failure, Outcome

MAX_SOURCE: Final = 8 * 1024 * 1024
"""Above this many bytes a Python file is hashed like any other file, not compiled."""
LISTED: Final = 10
"""How many slowest and largest files a report names."""

_CHUNK: Final = 1024 * 1024
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class SourceMeasure(TypedDict):
    """What is told of a Python file; `seconds` is the processor time it took."""

    kind: str
    bytes: int
    lines: int
    words: int
    functions: int
    longest_line: int
    seconds: float


class OtherMeasure(TypedDict):
    """What is told of any other file."""

    kind: str
    bytes: int
    sha256: str
    seconds: float


class Failed(TypedDict):
    """A file that could not be measured, and why."""

    file: str
    error: str
    message: str


class Report(TypedDict):
    """What a whole run came to; `files` counts all members, those that failed included."""

    root: str
    files: int
    python: dict[str, int]
    other: dict[str, int]
    slowest: list[dict[str, Any]]
    largest: list[dict[str, Any]]
    failures: list[Failed]


def measure(root: str, name: str) -> SourceMeasure | OtherMeasure:
    """Measure one file, as Python source if it is called `*.py`, else by size and hash.

    Args:
        root: the directory.
        name: the file, relative to it.

    Raises:
        OSError: it cannot be read, has vanished, or is no regular file.
        SyntaxError: it is no valid Python.
        ValueError: it is no text at all.
    """
    path = Path(root, name)
    try:
        with _opened(path) as file:
            bulk = os.fstat(file.fileno()).st_size
            if path.suffix == ".py" and bulk <= MAX_SOURCE:
                return measure_source(file.read(), str(path))
            return measure_other(file)
    except Exception as error:
        error.add_note(f"while measuring {path}")
        raise


def measure_source(source: bytes, path: str) -> SourceMeasure:
    """Count lines, words and functions of Python source, and find its longest line.

    Args:
        source: the content of the file.
        path: its name, for error messages.
    """
    begun = time.thread_time()
    tree = ast.parse(source, path)
    compile(tree, path, "exec", dont_inherit=True)
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    lines = [line.rstrip("\n") for line in io.StringIO(source.decode(encoding), newline=None)]
    return {
        "kind": "python",
        "bytes": len(source),
        "lines": len(lines),
        "words": sum(len(line.split()) for line in lines),
        "functions": sum(isinstance(node, _FUNCTIONS) for node in ast.walk(tree)),
        "longest_line": max(map(len, lines), default=0),
        "seconds": round(time.thread_time() - begun, 6),
    }


def measure_other(file: io.BufferedIOBase) -> OtherMeasure:
    """Hash a file in pieces, so that its size does not matter."""
    begun = time.thread_time()
    digest = hashlib.sha256()
    length = 0
    while piece := file.read(_CHUNK):
        digest.update(piece)
        length += len(piece)
    return {
        "kind": "other",
        "bytes": length,
        "sha256": digest.hexdigest(),
        "seconds": round(time.thread_time() - begun, 6),
    }


def shown(name: str) -> str:
    """Return a file name as text that can be stored: bytes that are no text are spelled out."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def summarise(parts: Sequence[Outcome], root: str, names: Sequence[str]) -> Report:
    """Put the measures of all files into one report.

    Args:
        parts: what measuring each file came to.
        root: the directory.
        names: the files, in the order of *parts*.
    """
    python = {"files": 0, "bytes": 0, "lines": 0, "words": 0, "functions": 0, "longest_line": 0}
    other = {"files": 0, "bytes": 0}
    failures: list[Failed] = []
    measured: list[dict[str, Any]] = []
    for name, outcome in zip(names, parts, strict=True):
        if isinstance(outcome, Failure):
            failures.append(_failed(name, outcome.error))
            continue
        part = outcome.value
        totals = python if part["kind"] == "python" else other
        totals["files"] += 1
        for key in totals.keys() - {"files", "longest_line"}:
            totals[key] += part[key]
        if totals is python:
            python["longest_line"] = max(python["longest_line"], part["longest_line"])
        measured.append({"file": name, "bytes": part["bytes"], "seconds": part["seconds"]})
    return {
        "root": root,
        "files": len(names),
        "python": python,
        "other": other,
        "slowest": sorted(measured, key=lambda file: -file["seconds"])[:LISTED],
        "largest": sorted(measured, key=lambda file: -file["bytes"])[:LISTED],
        "failures": failures,
    }


def _opened(path: Path) -> io.BufferedReader:
    # Non-blocking: a pipe that took the file's place since the walk must not hold the worker.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        file = os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return file
    file.close()
    raise OSError(f"{path} is not a regular file")


def _failed(name: str, error: BaseException) -> Failed:
    return {"file": name, "error": type(error).__name__, "message": _reason(error)}


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, SyntaxError) and error.msg:
        return f"{error.msg}, line {error.lineno}" if error.lineno else error.msg
    return str(error) or type(error).__name__
