"""What a command's exit code says, and how an error becomes one code and one line."""

from typing import Final

from upshot import errors

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NOT_READY: Final = 3
UNKNOWN_ID: Final = 4
STORE: Final = 5
BUG: Final = 70
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
TERMINATED: Final = 143

TABLE: Final = (
    (OK, "all is well"),
    (FAILED, "the task failed, was revoked or is lost"),
    (USAGE, "wrong usage, address or setting, or a package is missing"),
    (NOT_READY, "the task is not finished, or the wait timed out"),
    (UNKNOWN_ID, "the store knows no such id, or its record has expired"),
    (STORE, "the store cannot be reached, refuses, or cannot be read"),
    (BUG, "a defect of upshot itself; --debug shows where"),
    (INTERRUPTED, "interrupted with Ctrl-C (143: by SIGTERM)"),
)
"""Code and meaning, as `upshot --help` prints them."""

_CODES: Final = (
    (errors.UnknownTask, UNKNOWN_ID),
    (errors.ResultTimeout, NOT_READY),
    (errors.Misconfigured, USAGE),
    (errors.MissingExtra, USAGE),
    (errors.Unsupported, USAGE),
    (errors.NoResult, USAGE),
    (errors.Unavailable, STORE),
    (errors.Refused, STORE),
    (errors.OutcomeUnknown, STORE),
    (errors.Damaged, STORE),
    (errors.ContentDisallowed, STORE),
    (errors.SecurityError, STORE),
    (errors.TooLarge, STORE),
    (errors.BackendStoreError, STORE),
    (errors.BackendGetMetaError, STORE),
    (errors.UpshotError, FAILED),
)


def code_of(error: BaseException) -> int:
    """Return the exit code that stands for *error*."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return BUG


def worded(error: BaseException) -> str:
    """Return *error* as one line for people, secrets masked and control characters shown."""
    from upshot.cli.text import one_line

    if isinstance(error, errors.UpshotError):
        return one_line(str(error) or type(error).__name__)
    return one_line(
        f"unexpected {type(error).__name__}: {error}; this is a defect of upshot,"
        " run the command again with --debug and report what it prints"
    )
