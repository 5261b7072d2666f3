"""Stores with one deliberate bug each, which the suite has to catch."""

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from upshot import states
from upshot.errors import Damaged
from upshot.stores.contract import Envelope, Saved, Store, Traits
from upshot.stores.memory import from_url

Save = Callable[[Store, Envelope], Saved]

_PAIR: Final = threading.Barrier(2)


class Mutant:
    """The memory store reduced to the four required methods, with another way to save."""

    def __init__(self, name: str, save: Save) -> None:
        self._store = from_url(f"memory://{name}", {})
        self._save = save

    @property
    def traits(self) -> Traits:
        return self._store.traits

    def save(self, envelope: Envelope) -> Saved:
        return self._save(self._store, envelope)

    def load(self, ids: Collection[str]) -> Mapping[str, Envelope | Damaged]:
        return self._store.load(ids)

    def delete(self, ids: Collection[str]) -> None:
        self._store.delete(ids)

    def close(self) -> None:
        self._store.close()


def sound(store: Store, envelope: Envelope) -> Saved:
    """No bug at all."""
    return store.save(envelope)


def last_write_wins(store: Store, envelope: Envelope) -> Saved:
    """No guard."""
    store.delete([envelope.id])
    return store.save(envelope)


def equal_finals_replaced(store: Store, envelope: Envelope) -> Saved:
    """A finished record gives way to one of the same order."""
    standing = store.load([envelope.id]).get(envelope.id)
    if isinstance(standing, Envelope) and standing.order == envelope.order:
        store.delete([envelope.id])
    return store.save(envelope)


def attempts_forgotten(store: Store, envelope: Envelope) -> Saved:
    """Every record counts as of the first attempt."""
    order = states.order(envelope.state)
    return replace(store.save(replace(envelope, order=order)), order=envelope.order)


def refusals_prolong(store: Store, envelope: Envelope) -> Saved:
    """A refused write restarts the time to live of what stands."""
    saved = store.save(envelope)
    standing = store.load([envelope.id]).get(envelope.id)
    if not saved.accepted and isinstance(standing, Envelope):
        store.delete([envelope.id])
        store.save(replace(standing, ttl=envelope.ttl))
    return saved


def guard_outside_the_lock(store: Store, envelope: Envelope) -> Saved:
    """Looks first and writes later; two successes always look before either writes."""
    standing = store.load([envelope.id]).get(envelope.id)
    if isinstance(standing, Envelope) and not states.supersedes(envelope.order, standing.order):
        return Saved(accepted=False, order=standing.order)
    if envelope.state == states.SUCCESS:
        with suppress(threading.BrokenBarrierError):
            _PAIR.wait(5.0)
    store.delete([envelope.id])
    return store.save(envelope)


MUTANTS: Final[dict[str, tuple[Save, str]]] = {
    "last_write_wins": (last_write_wins, "test_every_pair_of_moments"),
    "equal_finals_replaced": (
        equal_finals_replaced,
        "test_the_first_of_two_finished_records_stays",
    ),
    "attempts_forgotten": (attempts_forgotten, "test_the_highest_attempt"),
    "refusals_prolong": (refusals_prolong, "test_a_refused_write_does_not_prolong"),
    "guard_outside_the_lock": (guard_outside_the_lock, "test_threads_write_the_same_record"),
}
"""Each bug with one test that has to see it."""


def opener_of(save: Save, name: str) -> Callable[[], Any]:
    """Return an opener of stores that save in this way, over one set of data."""
    return partial(Mutant, name, save)
