"""The fan-ins of the memory store by id; whoever calls holds the store's lock."""

from itertools import islice

from upshot.errors import Misconfigured
from upshot.stores.contract import Arrival, Join, JoinView, Page, Part
from upshot.stores.memory.due import Due
from upshot.stores.memory.join import FanIn
from upshot.stores.memory.ordered import Ordered

_ABSENT = Arrival(status="absent")


class JoinTable:
    """Joins with their slots; each change restarts the time they are kept."""

    def __init__(self) -> None:
        self._fans: dict[str, FanIn] = {}
        self._expiry: dict[str, int] = {}
        self._due: Due[str] = Due()
        self._ids = Ordered(self._fans)

    def open(self, join: Join, now: int) -> bool:
        """Store *join* unless it is there; members that came earlier count."""
        fan = self._get(join.id, now) or FanIn()
        if fan.join is not None:
            return False
        fan.join, fan.opened = join, now
        if join.size is not None:
            fan.learn(join.size, seal=True)
        self._keep(join.id, fan, now)
        return True

    def grow(
        self, join_id: str, add: int, size: int | None, lease: float, now: int, *, seal: bool
    ) -> Arrival:
        """Expect more members; claim the join if that completes it."""
        fan = self._get(join_id, now) or FanIn()
        if fan.token or fan.settled is not None:
            return fan.arrival()
        fan.added += add
        if size is not None or seal:
            fan.learn(size, seal=seal)
        token = fan.claim(lease, now)
        self._keep(join_id, fan, now)
        return fan.arrival(token)

    def arrive(self, part: Part, lease: float, now: int) -> Arrival:
        """Fill the slot of *part*; claim the join if that added the last member."""
        fan = self._get(part.join, now) or FanIn()
        if fan.settled is not None:
            return fan.arrival()
        added = fan.fill(part)
        token = fan.claim(lease, now) if added else None
        self._keep(part.join, fan, now)
        return fan.arrival(token)

    def look(self, join_id: str, now: int) -> Arrival:
        """Tell where a join stands."""
        fan = self._get(join_id, now)
        return fan.arrival() if fan else _ABSENT

    def parts(self, join_id: str, cursor: str | None, limit: int, now: int) -> Page[Part]:
        """Return the next filled slots."""
        fan = self._get(join_id, now)
        parts = fan.parts() if fan else []
        start = _offset(cursor)
        end = start + max(limit, 1)
        return Page(parts[start:end], str(end) if end < len(parts) else None)

    def claim(self, join_id: str, lease: float, now: int) -> str | None:
        """Take a complete join that nobody holds."""
        fan = self._get(join_id, now)
        token = fan.claim(lease, now) if fan else None
        if fan and token:
            self._keep(join_id, fan, now)
        return token

    def settle(self, join_id: str, token: str, now: int) -> bool:
        """Leave the tombstone, if *token* still holds the claim."""
        fan = self._get(join_id, now)
        if fan is None or fan.token is None or fan.token != token:
            return False
        fan.settle()
        self._keep(join_id, fan, now)
        return True

    def view(self, join_id: str, now: int) -> JoinView | None:
        """Return a join and its progress."""
        fan = self._get(join_id, now)
        return fan.view() if fan else None

    def unsettled(self, cursor: str | None, limit: int, now: int) -> Page[JoinView]:
        """Return the next joins that are opened and not settled, by id."""
        views = (
            view
            for join_id in self._ids.walk(cursor or "", after=True)
            if (view := self.view(join_id, now)) and view.arrival.status != "settled"
        )
        taken = list(islice(views, max(limit, 1)))
        more = next(views, None) is not None
        return Page(taken, taken[-1].join.id if more else None)

    def purge(self, now: int, limit: int) -> int:
        """Remove up to *limit* joins whose time is over."""
        due = self._due.take(now, limit)
        for join_id in due:
            del self._fans[join_id]
            del self._expiry[join_id]
        if due:
            self._ids.stale()
        return len(due)

    def _get(self, join_id: str, now: int) -> FanIn | None:
        return self._fans.get(join_id) if self._expiry.get(join_id, now) > now else None

    def _keep(self, join_id: str, fan: FanIn, now: int) -> None:
        if join_id not in self._fans:
            self._ids.stale()
        self._fans[join_id] = fan
        self._expiry[join_id] = fan.expires(now)
        self._due.set(join_id, self._expiry[join_id])


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal():
        raise Misconfigured(f"{cursor!r} is no cursor of this store; start again without one")
    return int(cursor)
