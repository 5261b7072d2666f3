"""Names of keys, and what the head of a stored document tells."""

import json
import pickle

import msgpack
import pytest
from celery import Celery
from hypothesis import given
from hypothesis import strategies as st

from upshot import states
from upshot.codec.header import Header
from upshot.record import MAX_ID
from upshot.stores.keyvalue import HEAD, Keys, envelope_of, order_of, peek

STATES = sorted(
    states.READY_STATES | {"PENDING", "RECEIVED", "STARTED", "RETRY", "PROGRESS", "ä b"}
)
ATTEMPTS = (0, 1, 9, 10, 12_345, states.MAX_ATTEMPT)


def json_document(state: str, attempt: int = 0, **rest: object) -> bytes:
    early = {"attempt": attempt} if attempt else {}
    return json.dumps({"status": state, **early, "result": None, **rest}).encode()


@pytest.mark.covers("KV-01", "contract D1")
@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("state", STATES)
def test_state_and_attempt_are_told_from_json(state: str, attempt: int) -> None:
    document = json_document(state, attempt, padding="x" * 200)
    assert peek(document) == (state, attempt)
    assert peek(document[:HEAD]) == (state, attempt)
    assert order_of(document) == states.order(state, attempt)


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("state", STATES)
def test_state_and_attempt_are_told_from_the_header_line(state: str, attempt: int) -> None:
    order = states.order(state, attempt)
    header = Header(order, state, attempt, "application/x-yaml", "utf-8", "zstd")
    document = header.line() + b"\xff" * 200
    assert peek(document) == (state, attempt)
    assert order_of(document) == order
    assert envelope_of("id", document).order == order


@pytest.mark.covers("contract D7")
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_the_state_is_told_from_a_pickled_document(state: str, protocol: int) -> None:
    document = pickle.dumps({"status": state, "result": ValueError("x" * 200)}, protocol)
    assert peek(document) == (state, 0)


@pytest.mark.covers("contract D7")
@pytest.mark.parametrize("state", [*STATES, "s" * 40])
@pytest.mark.parametrize("fields", [1, 14, 20])
def test_the_state_is_told_from_a_msgpack_document(state: str, fields: int) -> None:
    rest = {f"field {n}": "x" * 20 for n in range(fields)}
    document = msgpack.packb({"status": state, **rest})
    assert peek(document) == (state, 0)


@pytest.mark.covers("contract D7")
@pytest.mark.parametrize("serializer", ["json", "pickle", "msgpack"])
def test_the_state_is_told_from_what_celery_writes(serializer: str) -> None:
    app = Celery(set_as_current=False, backend="cache+memory://", broker="memory://")
    app.conf.update(result_serializer=serializer, result_extended=True)
    document = app.backend.encode(app.backend._get_result_meta({"a": 1}, "SUCCESS", None, None))
    raw = document.encode() if isinstance(document, str) else document
    assert peek(raw) == ("SUCCESS", 0)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b'{"status": "SUCC',
        b'{"status": ""}',
        b'{"status": "UNKNOWN", "result": 1}',
        b'{"status": "EXPIRED", "result": 1}',
        b'{"status": null, "result": 1}',
        b'{"status": "STARTED", "attempt": 99999999999}',
        b'{"status": "STARTED", "attempt": 999999999999}',
        b'{"status": "STARTED", "attempt": -1}',
        b'{"status": "STARTED", "attempt": 1',
        b'{"status": "STARTED", "att',
        b'{"result": 1, "status": "SUCCESS"}',
        b'{"status": "' + b"x" * 90 + b'", "attempt": 1}',
        b"upshot/1 9999999999999 SUCCESS 0 a b -\n",
        b"upshot/1 x SUCCESS 0 a b -\n",
        b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x06status\x94\x8c\x07SUC",
        b"\x82\xa6status\xa7SUC",
        b"\x82\xa6status",
        b"\x82\xa6status\xd9",
        b"\x82\xa6status\xc0",
        b"\x00" * 200,
        b"\xff" * 200,
    ],
)
def test_what_tells_nothing_is_not_guessed(document: bytes) -> None:
    assert peek(document) is None
    assert order_of(document) is None
    envelope = envelope_of("id", document)
    assert (envelope.order, envelope.state, envelope.attempt) == (0, "", 0)
    assert envelope.document == document


@given(st.binary(max_size=200))
def test_no_document_makes_it_fail(document: bytes) -> None:
    envelope_of("id", document)


@pytest.mark.covers("KV-01", "contract §7")
def test_keys_are_celerys() -> None:
    keys = Keys()
    assert keys.task("id") == "celery-task-meta-id"
    assert keys.kept("group", "id") == "celery-taskset-meta-id"
    assert keys.kept("join", "id") == "upshot-join-id"


@pytest.mark.covers("pain S15")
@pytest.mark.parametrize("prefix", [None, "", "app", "app_", "app-", "app.", "app:", "a/b"])
def test_the_global_prefix_is_joined_as_celery_does(prefix: str | None) -> None:
    app = Celery(set_as_current=False, backend="cache+memory://", broker="memory://")
    app.conf.result_backend_transport_options = {"global_keyprefix": prefix}
    keys = Keys.under(prefix)
    assert keys.task("id").encode() == app.backend.get_key_for_task("id")
    assert keys.kept("group", "id").encode() == app.backend.get_key_for_group("id")
    assert keys.beside("seen", "id").startswith(keys.prefix)


def slot_tag(key: str) -> str:
    """Return what Redis Cluster hashes of *key*."""
    start = key.find("{")
    end = key.find("}", start + 1)
    return key[start + 1 : end] if start >= 0 and end > start + 1 else key


@given(
    st.text(st.sampled_from("ab{}"), min_size=1, max_size=8),
    st.sampled_from(["", "app:", "{app}:"]),
)
def test_keys_of_one_record_share_a_slot(task_id: str, prefix: str) -> None:
    keys = Keys.under(prefix)
    key = keys.task(task_id)
    if "}" in key and slot_tag(key) == key:
        return
    assert slot_tag(keys.beside("seen", task_id)) == slot_tag(key)


def test_keys_of_different_records_differ() -> None:
    ids = ["a", "{a}", "a}", "A", "x" * MAX_ID, "seen", "{celery-task-meta-a}"]
    keys = Keys()
    made = {name for one in ids for name in (keys.task(one), keys.beside("seen", one))}
    assert len(made) == 2 * len(ids)
