"""One fan-in of the memory store: which members are in, how many are expected, who holds the claim.

Everything here is decided on values; the table of joins and its lock stand elsewhere.
"""

import uuid
from dataclasses import dataclass, field, replace
from typing import Literal

from upshot.stores import clock
from upshot.stores.contract import Arrival, Join, JoinView, Part

_FAR = clock.to_micros(clock.LATEST)

_ORPHAN_TTL = 86_400.0
"""Seconds that members wait for a join that nobody has opened yet."""


@dataclass(slots=True)
class FanIn:
    """A join as it stands; `join` is None while members came before its opener.

    Attributes:
        join: what was opened; after settling without its body.
        opened: when, in microseconds.
        slots: parts by member id, in order of arrival.
        added: members expected beyond the size.
        known: largest size heard of that does not seal.
        sealed: the size, once the opener has told it.
        token: the claim, once taken.
        lease_until: when the claim may be taken anew, in microseconds.
        settled: number of members of a finished join, whose slots are gone.
    """

    join: Join | None = None
    opened: int = 0
    slots: dict[str, Part] = field(default_factory=dict)
    added: int = 0
    known: int = 0
    sealed: int | None = None
    token: str | None = None
    lease_until: int | None = None
    settled: int | None = None

    @property
    def size(self) -> int | None:
        """Number of members expected in all, None while unsealed."""
        return None if self.sealed is None else self.sealed + self.added

    @property
    def complete(self) -> bool:
        """Whether exactly the expected members are in and somebody could be told."""
        return self.join is not None and self.settled is None and len(self.slots) == self.size

    def expires(self, now: int) -> int:
        """Return when the join is to be forgotten if nothing changes after *now*."""
        ttl = self.join.ttl if self.join else _ORPHAN_TTL
        return clock.FOREVER if ttl is None else clock.after(now, ttl)

    def learn(self, size: int | None, *, seal: bool) -> None:
        """Take note of a size; only *seal* makes it count, and none is ever lowered."""
        largest = max(size or 0, self.known, self.sealed or 0)
        if seal or self.sealed is not None:
            self.sealed = largest
        else:
            self.known = largest

    def fill(self, part: Part) -> bool:
        """Put *part* into its slot; return whether that added a member."""
        standing = self.slots.get(part.id)
        if self.token or self.settled is not None:
            return False
        if standing is None or part.order > standing.order:
            self.slots[part.id] = part
        return standing is None

    def claim(self, lease: float, now: int) -> str | None:
        """Take a complete join that nobody holds at *now*; return the token or None."""
        held = self.lease_until is not None and self.lease_until > now
        if held or not self.complete:
            return None
        self.token = uuid.uuid4().hex
        self.lease_until = clock.after(now, lease)
        return self.token

    def settle(self) -> None:
        """Keep nothing but the tombstone."""
        self.settled = len(self.slots)
        self.slots = {}
        self.token = self.lease_until = None
        if self.join:
            self.join = replace(self.join, body=b"")

    def arrival(self, token: str | None = None) -> Arrival:
        """Tell where the join stands, with the claim if the caller has just taken it."""
        status: Literal["open", "claimed", "settled", "absent"] = "open"
        if self.settled is not None:
            status = "settled"
        elif self.join is None:
            status = "absent"
        elif self.token:
            status = "claimed"
        arrived = self.settled if self.settled is not None else len(self.slots)
        return Arrival(status=status, arrived=arrived, size=self.size, token=token)

    def parts(self) -> list[Part]:
        """Return the filled slots in the order the body wants them."""
        parts = list(self.slots.values())
        if self.join is None or self.join.ordered:
            parts.sort(key=lambda part: (part.index is None, part.index or 0))
        return parts

    def view(self) -> JoinView | None:
        """Return the join and its progress, None before it is opened."""
        if self.join is None:
            return None
        lease = self.lease_until
        return JoinView(
            join=self.join,
            arrival=self.arrival(),
            opened=clock.from_micros(self.opened),
            lease_until=None if lease is None else clock.from_micros(min(lease, _FAR)),
        )
