"""Stand-ins for exceptions whose class cannot be used here."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from upshot.codec.text import encodable
from upshot.errors import RemoteError

_MAX_NAME: Final = 200
_MAX_CLASSES: Final = 256
MESSAGE: Final = "remote_message"
"""Attribute of a stand-in that holds its text where the arguments do not tell it."""


def remote_error(
    module: str | None, qualname: str, args: tuple[Any, ...], message: str | None = None
) -> RemoteError:
    """Return an instance of a `RemoteError` subclass that bears the remote type's name.

    Args:
        module: name of the remote class's module.
        qualname: its dotted name.
        args: the arguments of the exception.
        message: its text, where it is not that of *args*.
    """
    error = _remote_class(_clean(module or ""), _clean(qualname) or "RemoteError")(*args)
    if message is not None:
        vars(error)[MESSAGE] = message
    return error


def restore(
    module: str, qualname: str, args: tuple[Any, ...], state: Mapping[str, Any]
) -> RemoteError:
    """Rebuild a stand-in from its pickle."""
    error = remote_error(module, qualname, args)
    vars(error).update(state)
    return error


@lru_cache(maxsize=_MAX_CLASSES)
def _remote_class(module: str, qualname: str) -> type[RemoteError]:
    def describe(self: RemoteError) -> str:
        message = vars(self).get(MESSAGE)
        return message if isinstance(message, str) else Exception.__str__(self)

    def reduce(self: RemoteError) -> tuple[Any, ...]:
        return restore, (module, qualname, self.args, dict(vars(self)))

    members = {
        "__module__": module or "upshot.errors",
        "__qualname__": qualname,
        "__doc__": "Stands for an exception whose class is not available here.",
        "__str__": describe,
        "__reduce__": reduce,
        "remote_type": f"{module}.{qualname}" if module else qualname,
    }
    return type(qualname.rpartition(".")[2] or qualname, (RemoteError,), members)


def _clean(name: str) -> str:
    return "".join(c for c in encodable(name[:_MAX_NAME]) if c.isprintable())
