"""Envelopes as real tasks would send them, and what to expect when they are read back."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

from upshot import errors, states
from upshot.errors import Damaged
from upshot.stores.contract import Envelope

CONTRACT_ERRORS: Final = (
    errors.Unavailable,
    errors.Refused,
    errors.TooLarge,
    errors.Unsupported,
    errors.Misconfigured,
    errors.Damaged,
    errors.OutcomeUnknown,
    errors.StoreClosed,
)
"""Everything a store may raise."""

PROGRESS: Final = "PROGRESS"
"""The custom state of the suite."""

STATES: Final = (
    states.PENDING,
    states.RECEIVED,
    states.STARTED,
    PROGRESS,
    states.RETRY,
    states.LOST,
    states.REVOKED,
    states.FAILURE,
    states.SUCCESS,
)

HOSTILE_IDS: Final = (
    "a",
    "A",
    "a ",
    " a",
    "it's",
    'say "hi"',
    "`id`;--",
    "100%",
    "100_",
    "1000",
    "*",
    "?",
    "[ab]",
    "{ab}",
    "a\\b",
    "../../etc/passwd",
    "/",
    ".",
    "..",
    "a:b|c,d",
    "-1",
    "null",
    "caf\u00e9",
    "cafe\u0301",
    "STRASSE",
    "stra\u00dfe",
    "\u65e5\u672c\u8a9e",
    "\U0001f600\U0001f680",
    "x" * 155,
    "x" * 154,
    "\u00e9" * 155,
    "\U0001f600" * 155,
)
"""Ids that are legal and that careless quoting, globbing, folding or measuring confuses."""

_UNCHECKED: Final = frozenset({"id", "document", "order", "state", "attempt"})
_STORE_OWNED: Final = frozenset({"updated", "ttl", "tombstone", "version"})


def make_document(
    task_id: str, state: str = states.SUCCESS, attempt: int = 0, *, result: object = None
) -> bytes:
    """Return the JSON document that a worker would store for this moment of a task.

    Args:
        task_id: the task id.
        state: name of the state.
        attempt: number of retries before this run.
        result: the value of the field `result`; anything `json` takes.
    """
    ready = state in states.READY_STATES
    document: dict[str, object] = {"status": state}
    if attempt:
        document["attempt"] = attempt
    document |= {
        "result": result,
        "traceback": None,
        "children": [],
        "date_done": "2026-11-20T15:56:16.277445+00:00" if ready else None,
        "task_id": task_id,
    }
    return json.dumps(document).encode()


def make_envelope(
    task_id: str,
    state: str = states.SUCCESS,
    attempt: int = 0,
    *,
    result: object = None,
    **changes: Any,
) -> Envelope:
    """Return an envelope such as the core would hand to a store.

    Args:
        task_id: the task id.
        state: name of the state.
        attempt: number of retries before this run.
        result: the value within the document; give each write its own to tell them apart.
        changes: fields of the envelope to set otherwise, such as `ttl` (seconds, None keeps;
            an hour unless given) or `group`.

    Returns:
        An envelope whose order, state and attempt agree with its document.
    """
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "document": make_document(task_id, state, attempt, result=result),
        "order": states.order(state, attempt),
        "state": state,
        "attempt": attempt,
        "created": now,
        "updated": now,
        "done": now if state in states.READY_STATES else None,
        "name": "conformance.task",
        "worker": "worker@host",
        "queue": "celery",
        "ttl": 3600.0,
    }
    return Envelope(id=task_id, **(values | changes))


def found(answer: Mapping[str, Envelope | Damaged], task_id: str) -> Envelope:
    """Return the envelope of *task_id* in the answer of `load`, or fail."""
    assert task_id in answer, f"{task_id!r} was saved and is not there"
    envelope = answer[task_id]
    assert isinstance(envelope, Envelope), f"{task_id!r} reads as {envelope!r}"
    return envelope


def assert_reads_as(loaded: Envelope | Damaged, sent: Envelope) -> None:
    """Fail unless *loaded* is what was *sent*, each index field being right or at its default."""
    assert isinstance(loaded, Envelope), f"{sent.id!r} reads as {loaded!r}"
    assert loaded.id == sent.id
    assert loaded.document == sent.document
    told = (loaded.order, loaded.state, loaded.attempt)
    assert told in {(0, "", 0), (sent.order, sent.state, sent.attempt)}
    for item in fields(Envelope):
        if item.name in _UNCHECKED | _STORE_OWNED:
            continue
        value, right = getattr(loaded, item.name), getattr(sent, item.name)
        assert value == right or not value, f"{item.name} of {sent.id!r}: {value!r}, not {right!r}"
