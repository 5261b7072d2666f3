"""The writes of one task in every arrival order; all have to end in the same final record."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, permutations, product
from typing import Final

from upshot import states
from upshot.stores.contract import Batches, Envelope, Store
from upshot.testing.envelopes import PROGRESS, STATES, found, make_envelope

Moment = tuple[str, int]
"""A state and its attempt."""

ATTEMPTS: Final[tuple[Moment, ...]] = tuple(
    (state, attempt) for state, attempt in product(STATES, (0, 1, 2)) if state != states.SUCCESS
)
"""Every moment short of success."""

RECOVERED: Final[tuple[Moment, ...]] = (
    ("PENDING", 0),
    ("STARTED", 0),
    ("FAILURE", 1),
    ("SUCCESS", 0),
    ("LOST", 1),
    ("RETRY", 0),
    ("STARTED", 1),
    (PROGRESS, 1),
)
"""Two attempts that crossed each other: the first succeeded after all."""

FAILED: Final[tuple[Moment, ...]] = (
    ("FAILURE", 1),
    ("STARTED", 1),
    ("FAILURE", 0),
    ("LOST", 1),
    ("RETRY", 1),
    ("REVOKED", 1),
    ("PENDING", 0),
    ("STARTED", 2),
)
"""A task whose last finished attempt failed while others spoke of it too."""

_CHUNK: Final = 400


def standing(history: Iterable[Moment]) -> Moment:
    """Return the moment that has to stand once all of *history* was written."""
    return max(history, key=lambda moment: states.order(*moment))


def check_every_order(store: Store, history: Sequence[Moment], *, prefix: str = "order") -> int:
    """Write *history* in every order, each under an id of its own, and look at what stands.

    Args:
        store: where to write; in batches if it takes them.
        history: the moments, of which the largest has to be a finished one.
        prefix: begins every id; use another one for another history.

    Returns:
        The number of orders tried.

    Raises:
        AssertionError: an order ended in another record.
    """
    best = standing(history)
    assert best[0] in states.READY_STATES, f"{best} may not be the end of a history"
    written = {moment: make_envelope("-", *moment, ttl=600.0) for moment in history}
    orders = permutations(history)
    count = 0
    while chunk := list(islice(orders, _CHUNK)):
        names = {f"{prefix}-{count + n}": order for n, order in enumerate(chunk)}
        _write(store, (replace(written[m], id=name) for name in names for m in names[name]))
        answer = store.load(names)
        for name, order in names.items():
            ended = found(answer, name).document
            assert ended == written[best].document, f"{order} ended in {ended!r}"
        store.delete(names)
        count += len(chunk)
    return count


def _write(store: Store, envelopes: Iterator[Envelope]) -> None:
    if isinstance(store, Batches):
        store.save_many(list(envelopes))
        return
    for envelope in envelopes:
        store.save(envelope)
