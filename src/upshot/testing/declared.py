"""What a subclass of the conformance suite declares about its store, and how hard it is tried."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from upshot.stores import contract
from upshot.stores.contract import Store, Traits

Opener = Callable[[], Store]
"""Opens another store object over the same data; picklable, so that a process can do it too."""

CAPABILITIES: Final[dict[str, Any]] = {
    "Batches": contract.Batches,
    "Remembers": contract.Remembers,
    "Keeps": contract.Keeps,
    "Swaps": contract.Swaps,
    "Lists": contract.Lists,
    "Queries": contract.Queries,
    "Purges": contract.Purges,
    "Listens": contract.Listens,
    "Joins": contract.Joins,
}
"""The protocols a store may implement beyond `Store`, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard the suite tries.

    Attributes:
        threads: threads that write at the same time.
        processes: processes that write at the same time.
        writes: writes of each of them.
        ids: ids that are loaded in one call.
        claimants: threads that complete a join at the same time.
        limit: seconds after which something awaited counts as missing.
    """

    threads: int = 8
    processes: int = 8
    writes: int = 50
    ids: int = 2000
    claimants: int = 16
    limit: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The declarations of one subclass, handed to the tests as the fixture `declared`.

    Attributes:
        capabilities: names of the protocols the store implements.
        traits: the promises it makes.
        shares_processes: whether other processes see the same data.
        effort: how hard to try.
    """

    capabilities: frozenset[str]
    traits: Traits
    shares_processes: bool
    effort: Effort
