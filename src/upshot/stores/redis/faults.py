"""What goes wrong with Redis, as the contract's errors."""

from typing import Final

from redis import exceptions

from upshot.errors import OutcomeUnknown, Refused, StoreClosed, Unavailable, UpshotError
from upshot.stores.redis.words import ANSWERS, ENDS_SESSION
from upshot.urls import mask

# redis-py takes the code off the answers it knows.
_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.NoPermissionError, "NOPERM "),
    (exceptions.BusyLoadingError, "LOADING "),
    (exceptions.ReadOnlyError, "READONLY "),
)
_REFUSALS: Final = (exceptions.AuthenticationError, exceptions.ResponseError)


def answered(error: Exception, where: str) -> UpshotError:
    """Return the error for an answer of the server that says no.

    Args:
        error: the answer.
        where: the masked URL.
    """
    text = _coded(error)
    for mark, kind, words in ANSWERS:
        if mark in text:
            return kind(f"Redis at {where}: {words} (the server said: {mask(text)})")
    return Refused(f"Redis at {where} refused: {mask(text)}")


def ends_session(error: Exception) -> bool:
    """Tell whether the connection that got this answer should not be used again."""
    return any(mark in str(error) for mark in ENDS_SESSION)


def unreachable(error: Exception, where: str) -> UpshotError:
    """Return the error for a connection that could not be made, or not logged in over."""
    text = mask(_coded(error) or type(error).__name__)
    if isinstance(error, _REFUSALS) or any(mark in text for mark, _, _ in ANSWERS):
        return answered(error, where)
    if "certificate" in text.lower():
        return Refused(
            f"Redis at {where}: the TLS certificates do not fit: name the authority in "
            f"ssl_ca_certs, your own in ssl_certfile and ssl_keyfile ({text})"
        )
    if isinstance(error, (exceptions.TimeoutError, TimeoutError)):
        return Unavailable(
            f"Redis at {where} did not answer in time: check the address and the network, or "
            f"raise redis_socket_connect_timeout ({text})"
        )
    return Unavailable(
        f"Redis at {where} cannot be reached: check that it runs and that the address is right "
        f"({text})"
    )


def lost(error: Exception, where: str, *, unsure: bool) -> UpshotError:
    """Return the error for a connection that broke in the middle of a call.

    Args:
        error: what the socket said.
        where: the masked URL.
        unsure: whether a write had been sent, which may have been done.
    """
    late = isinstance(error, (exceptions.TimeoutError, TimeoutError))
    what = "gave no answer within redis_socket_timeout" if late else "broke the connection off"
    what += f" ({mask(str(error) or type(error).__name__)})"
    if unsure:
        return OutcomeUnknown(
            f"Redis at {where} {what}: the write may or may not have been done, and can be "
            "repeated safely"
        )
    return Unavailable(f"Redis at {where} {what}; trying again may help")


def exhausted(where: str, limit: int, waited: float) -> Unavailable:
    """Return the error for a call that found no free connection."""
    return Unavailable(
        f"Redis at {where}: all {limit} connections were busy for {waited:g} s: raise "
        "redis_max_connections, or run fewer threads"
    )


def closed(where: str) -> StoreClosed:
    """Return the error for a call after `close`."""
    return StoreClosed(f"Redis at {where}: this store or listener is closed; open a new one")


def _coded(error: Exception) -> str:
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "")
    text = str(error)
    return text if text.startswith(code) else code + text
