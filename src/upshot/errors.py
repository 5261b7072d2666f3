"""Every error upshot raises: one flat tree under `UpshotError`.

A class that replaces a well-known foreign type also inherits that type, so that callers who
catch the built-in one keep working. Messages say what failed, where, and what to do; secrets in
them are masked before the error is built.
"""

from collections.abc import Sequence
from typing import Any


class UpshotError(Exception):
    """The root of every error that upshot raises."""


class Unavailable(UpshotError, ConnectionError):
    """The store cannot be reached, or dropped the connection; trying again may help."""


class StoreClosed(UpshotError, ConnectionError):
    """The store or backend was closed by this program; trying again cannot help."""


class Refused(UpshotError, PermissionError):
    """The store answered and said no: wrong credentials, missing rights, read-only."""


class TooLarge(UpshotError, ValueError):
    """A value, key or decompressed document is above a limit; nothing was written."""


class Unsupported(UpshotError, NotImplementedError):
    """The store, or this release, cannot do what was asked."""


class Misconfigured(UpshotError, ValueError):
    """A setting, URL or combination of them is wrong; the message names the nearest right one."""


class MissingExtra(UpshotError, ImportError):
    """A driver is not installed; the message holds the `pip install` line that cures it."""


class Damaged(UpshotError):
    """A stored record cannot be read; other records are unharmed.

    Attributes:
        task_id: the id of the record, or None where it is not known.
    """

    def __init__(self, message: str, *, task_id: str | None = None) -> None:
        super().__init__(message)
        self.task_id = task_id


class OutcomeUnknown(UpshotError, ConnectionError):
    """A write was sent and no answer came; repeating it is safe, because writes are guarded."""


class EncodeError(UpshotError, TypeError):
    """A value cannot be encoded.

    Attributes:
        path: where in the value the offending element stands, such as `result['a'][2]`.
    """

    def __init__(self, message: str, *, path: str = "result") -> None:
        super().__init__(message)
        self.path = path


class ContentDisallowed(UpshotError):
    """Stored content has a type outside the accepted list; it was not decoded."""


class SecurityError(UpshotError):
    """A stored record names something that must not be called; nothing was executed."""


class BackendStoreError(UpshotError):
    """Writing failed after every retry.

    Attributes:
        task_id: the id that was to be written.
        state: the state that was to be written.
    """

    def __init__(self, message: str, *, task_id: str, state: str) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.state = state


class BackendGetMetaError(UpshotError):
    """Reading failed after every retry.

    Attributes:
        task_id: the id that was to be read.
    """

    def __init__(self, message: str, *, task_id: str) -> None:
        super().__init__(message)
        self.task_id = task_id


class ResultTimeout(UpshotError, TimeoutError):
    """The wait ended before the task did; the task itself goes on."""


class NoResult(UpshotError):
    """No result can ever come: the task ignores it, or no backend is configured."""


class UnknownTask(UpshotError, LookupError):
    """The store has no record of this id: never submitted, forgotten, or expired."""


class WouldBlock(UpshotError, RuntimeError):
    """A task waited for another task, which can deadlock; see `allow_join_result`."""


class Closed(UpshotError, RuntimeError):
    """The app was closed or interrupted and takes no more tasks."""


class DuplicateTask(UpshotError, ValueError):
    """Two functions of one app would have the same task name."""


class TaskRevoked(UpshotError):
    """The task was revoked before it finished; the message is the reason."""


class TaskLost(UpshotError):
    """The process that owned the task is gone, so the task will never finish."""


class ResultNotSerializable(UpshotError):
    """What the task returned could not be encoded; the message names the offending element."""


class ChordError(UpshotError):
    """A member of a chord failed, so the body did not run.

    Attributes:
        failed: the ids of the members that failed, in order.
    """

    def __init__(self, message: str, *, failed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.failed = tuple(failed)


class RemoteError(UpshotError):
    """A stored exception whose class is not available here.

    Readers get an instance of a subclass that bears the remote type's name.

    Attributes:
        remote_type: the dotted name of the remote class.
        args: the arguments of the remote exception, as far as they could be stored.
    """

    remote_type = ""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
