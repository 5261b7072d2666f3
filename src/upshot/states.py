"""State names, and the one integer that orders every write.

A store compares integers and knows nothing else about states: of two records the larger
`order` stands; of two equal ones the later stands while unfinished, the first once finished.
"""

from typing import Final

PENDING: Final = "PENDING"
RECEIVED: Final = "RECEIVED"
STARTED: Final = "STARTED"
RETRY: Final = "RETRY"
SUCCESS: Final = "SUCCESS"
FAILURE: Final = "FAILURE"
REVOKED: Final = "REVOKED"
LOST: Final = "LOST"
REJECTED: Final = "REJECTED"
IGNORED: Final = "IGNORED"
UNKNOWN: Final = "UNKNOWN"
EXPIRED: Final = "EXPIRED"

READY_STATES: Final = frozenset({SUCCESS, FAILURE, REVOKED, LOST})
UNREADY_STATES: Final = frozenset({PENDING, RECEIVED, STARTED, REJECTED, RETRY})
EXCEPTION_STATES: Final = frozenset({RETRY, FAILURE, REVOKED, LOST})
PROPAGATE_STATES: Final = frozenset({FAILURE, REVOKED, LOST})
ABSENT_STATES: Final = frozenset({UNKNOWN, EXPIRED})
"""States that are read but never written: the store has no record."""

MAX_ATTEMPT: Final = (1 << 36) - 1

_FINISHED: Final = 1 << 40
_SUCCEEDED: Final = 2 << 40
_CUSTOM_RANK: Final = 3
_RANKS: Final = {
    PENDING: 0,
    RECEIVED: 1,
    STARTED: 2,
    RETRY: 4,
    LOST: 8,
    REVOKED: 9,
    FAILURE: 10,
}


def order(state: str, attempt: int = 0) -> int:
    """Return the integer by which a write of *state* is compared with others of the same id.

    SUCCESS is largest whatever its attempt. Among other finished states the newer attempt wins,
    then LOST < REVOKED < FAILURE; among unfinished ones the newer attempt, then
    PENDING < RECEIVED < STARTED < custom states < RETRY.

    Args:
        state: a state name; any unknown non-empty text is a custom, unfinished state.
        attempt: number of retries before this run, counted from 0.

    Returns:
        An integer below 2**53, so it is exact in Lua and JSON and fits a SQL bigint.

    Raises:
        ValueError: *attempt* is negative or above `MAX_ATTEMPT`, or *state* cannot be stored.
    """
    if not 0 <= attempt <= MAX_ATTEMPT:
        raise ValueError(f"attempt must be between 0 and {MAX_ATTEMPT}, not {attempt}")
    if not state or state in ABSENT_STATES:
        raise ValueError(f"{state!r} is no state that can be stored")
    if state == SUCCESS:
        return _SUCCEEDED
    place = attempt << 4 | _RANKS.get(state, _CUSTOM_RANK)
    return _FINISHED | place if state in READY_STATES else place


def is_final(number: int) -> bool:
    """Tell whether *number*, made by `order`, belongs to a finished state."""
    return number >= _FINISHED


def supersedes(new: int, standing: int) -> bool:
    """Decide the guarded write: may a record of order *new* replace one of order *standing*?"""
    return new > standing or (new == standing and not is_final(new))
