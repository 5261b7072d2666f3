"""How much each tier of tests does: `UPSHOT_TIER` is quick (the default), heavy or soak."""

import os
from dataclasses import dataclass
from typing import Final

from upshot.testing import Effort


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The counts of one tier.

    Attributes:
        name: the tier.
        effort: how hard the conformance suite tries.
        history: how many moments of a history are tried in every order.
        memory_history: the same for the memory store, where a write costs next to nothing.
        examples: examples of a hypothesis test.
        steps: steps of one example of a state machine.
        writers: processes that write the same data at the same time.
        writes: writes of each.
        openers: processes that open one new store at the same time.
        cuts: connections that are cut in one test.
        timeout: seconds that one test may take.
    """

    name: str
    effort: Effort
    history: int
    memory_history: int
    examples: int
    steps: int
    writers: int
    writes: int
    openers: int
    cuts: int
    timeout: int


_TIERS: Final = (
    Scale(
        name="quick",
        effort=Effort(),
        history=6,
        memory_history=7,
        examples=40,
        steps=30,
        writers=8,
        writes=50,
        openers=50,
        cuts=20,
        timeout=120,
    ),
    Scale(
        name="heavy",
        effort=Effort(threads=16, processes=16, writes=200, ids=20_000, claimants=32, limit=60.0),
        history=8,
        memory_history=8,
        examples=400,
        steps=60,
        writers=16,
        writes=500,
        openers=100,
        cuts=200,
        timeout=600,
    ),
    Scale(
        name="soak",
        effort=Effort(threads=32, processes=32, writes=1000, ids=100_000, limit=300.0),
        history=8,
        memory_history=8,
        examples=4000,
        steps=100,
        writers=32,
        writes=5000,
        openers=200,
        cuts=2000,
        timeout=3600,
    ),
)


def chosen(name: str) -> Scale:
    """Return the tier of that name.

    Raises:
        ValueError: there is no such tier.
    """
    for scale in _TIERS:
        if scale.name == name:
            return scale
    known = ", ".join(scale.name for scale in _TIERS)
    raise ValueError(f"UPSHOT_TIER is {name!r}, and has to be one of {known}")


SCALE: Final = chosen(os.environ.get("UPSHOT_TIER", "quick"))
