"""Whether a store can be used, found out step by step; steps are data, nothing is printed.

The check works on the store itself, beneath retries and caches, so that the first thing that is
wrong shows at once and under its own name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Literal

from upshot import errors
from upshot.ops.probe import Probe, ProbeFailed, Skip
from upshot.settings import Settings

Status = Literal["ok", "failed", "skipped"]
Reason = Literal[
    "address",
    "package missing",
    "not supported",
    "unreachable",
    "refused",
    "too large",
    "damaged",
    "wrong answer",
    "defect",
]

_STEPS: Final[tuple[tuple[str, Callable[[Probe], str]], ...]] = (
    ("address", Probe.address),
    ("driver", Probe.driver),
    ("connect", Probe.connect),
    ("write", Probe.write),
    ("read back", Probe.read),
    ("guard", Probe.guard),
    ("list", Probe.listing),
    ("push", Probe.push),
    ("forget", Probe.forget),
)
_REASONS: Final[tuple[tuple[type[Exception], Reason], ...]] = (
    (errors.Misconfigured, "address"),
    (errors.MissingExtra, "package missing"),
    (errors.Unsupported, "not supported"),
    (errors.Unavailable, "unreachable"),
    (errors.OutcomeUnknown, "unreachable"),
    (errors.Refused, "refused"),
    (errors.TooLarge, "too large"),
    (errors.Damaged, "damaged"),
    (ProbeFailed, "wrong answer"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """How one step of a check went.

    Attributes:
        name: what was looked at: address, driver, connect, write, read back, guard, list, push or
            forget, in this order.
        status: "skipped" when the store does not offer it.
        detail: what was found, or why it failed.
        seconds: how long it took.
        error: what was raised, when it failed.
    """

    name: str
    status: Status
    detail: str
    seconds: float
    error: Exception | None = None

    @property
    def reason(self) -> Reason | None:
        """The kind of failure; None unless the step failed."""
        if self.status != "failed":
            return None
        return next((name for kind, name in _REASONS if isinstance(self.error, kind)), "defect")


def check(url: str, settings: Settings) -> Iterator[Step]:
    """Look at a store, and yield each step as it ends; the first failure is the last step.

    What the check writes has an id of its own, `upshot-check-...`, and is removed again whatever
    happens; should even that fail, it expires after two minutes.

    Args:
        url: address of the store.
        settings: what it is opened with.
    """
    probe = Probe(url, settings)
    try:
        for name, look in _STEPS:
            step = _taken(name, look, probe)
            yield step
            if step.status == "failed":
                return
    finally:
        probe.close()


def _taken(name: str, look: Callable[[Probe], str], probe: Probe) -> Step:
    begun = perf_counter()
    try:
        found = look(probe)
    except Skip as reason:
        return Step(name, "skipped", str(reason), perf_counter() - begun)
    except Exception as error:  # noqa: BLE001 whatever a driver raises is what the check is for
        detail = str(error) or type(error).__name__
        return Step(name, "failed", detail, perf_counter() - begun, error)
    return Step(name, "ok", found, perf_counter() - begun)
