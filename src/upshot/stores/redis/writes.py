"""What is sent to Redis for a guarded write, and how many writes go in one trip."""

import secrets
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from upshot.errors import TooLarge, Unsupported
from upshot.stores.contract import Envelope
from upshot.stores.keyvalue import Keys
from upshot.stores.redis.calls import Script
from upshot.stores.redis.link import Command

SAVE: Final = Script("order.lua", "save.lua")
MAX_VALUE: Final = 512 * 1024 * 1024

_LARGE: Final = 16 * 1024
_WAITING_MS: Final = 60_000
_IDS: Final = 500
_TRIP_BYTES: Final = 8 * 1024 * 1024
_LONGEST: Final = 1e12


def names_of(keys: Keys, task_id: str) -> tuple[str, str]:
    """Return the keys of a record and of its tombstone."""
    return keys.task(task_id), keys.beside("seen", task_id)


def write(keys: Keys, envelope: Envelope) -> list[Command]:
    """Return the commands of one guarded write; the answer of the last is its outcome.

    A large document is sent once, to a key of its own that the script renames; what is handed
    through a script is copied several times.

    Raises:
        TooLarge: Redis takes no document of that size.
    """
    document = envelope.document
    if not isinstance(document, bytes):
        raise Unsupported("Redis keeps whole documents, not fields")
    check_size(document, f"the record of {envelope.id!r}")
    life: int | str = "" if envelope.ttl is None else milliseconds(envelope.ttl)
    memory: int | str = ""
    if envelope.ttl is not None and envelope.tombstone > 0:
        memory = milliseconds(envelope.ttl + envelope.tombstone)
    names = names_of(keys, envelope.id)
    if len(document) <= _LARGE:
        return [SAVE(names, (envelope.order, life, memory, document))]
    waiting = keys.beside(f"new-{secrets.token_hex(8)}", envelope.id)
    return [
        ("SET", waiting, document, "PX", _WAITING_MS),
        SAVE((*names, waiting), (envelope.order, life, memory, "")),
    ]


def milliseconds(seconds: float) -> int:
    """Return *seconds* as Redis takes them: at least one millisecond."""
    return max(1, round(min(seconds, _LONGEST) * 1000))


def check_size(data: bytes, what: str) -> None:
    """Refuse what Redis would refuse only after it was sent.

    Raises:
        TooLarge: it is above `MAX_VALUE`.
    """
    if len(data) > MAX_VALUE:
        raise TooLarge(
            f"{what} has {len(data)} bytes, and Redis takes {MAX_VALUE} at most; nothing was "
            "written: store a reference to the value instead"
        )


def chunks(ids: Collection[str]) -> Iterator[list[str]]:
    """Yield the different *ids* in portions for one trip each."""
    every = list(dict.fromkeys(ids))
    for start in range(0, len(every), _IDS):
        yield every[start : start + _IDS]


def trips(writes: Sequence[list[Command]]) -> Iterator[list[list[Command]]]:
    """Yield *writes* in portions for one trip each, bounded by number and by size."""
    trip: list[list[Command]] = []
    size = 0
    for one in writes:
        bulk = sum(len(part) for command in one for part in command if isinstance(part, bytes))
        if trip and (len(trip) >= _IDS or size + bulk > _TRIP_BYTES):
            yield trip
            trip, size = [], 0
        trip.append(one)
        size += bulk
    if trip:
        yield trip
