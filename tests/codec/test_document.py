import json
from datetime import timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import celery
import pytest
from celery.backends.base import KeyValueStoreBackend
from celery.result import AsyncResult, GroupResult

from tests.codec.support import NOW, ShopError, codec, document, failure, read, success
from upshot import states
from upshot.record import Owner, Ref, TaskRecord
from upshot.stores.contract import Envelope

NO_CHILDREN = Ref("kid", Ref("p"), None)


def celerys_document(record: TaskRecord, *, extended: bool, request: bool = True) -> bytes:
    """Let Celery build and encode the document of *record*, with its clock at NOW."""
    app = celery.Celery("interop", set_as_current=False, backend="cache+memory://")
    app.conf.update(result_extended=extended, result_serializer="json")
    app.now = lambda: record.done
    backend = KeyValueStoreBackend(app=app)
    kid = AsyncResult("kid", app=app, parent=AsyncResult("p", app=app))
    stamps = dict(record.stamps or {})
    asked = SimpleNamespace(
        id=record.id,
        group=record.group,
        parent_id=record.parent,
        children=[kid] if record.children else [],
        task=record.name,
        args=record.args,
        kwargs=record.kwargs,
        hostname=record.worker,
        retries=record.attempt,
        delivery_info={"routing_key": record.queue},
        stamps=stamps,
        stamped_headers=list(stamps),
    )
    meta = backend._get_result_meta(
        result=backend.encode_result(record.result, record.state),
        state=record.state,
        traceback=record.traceback,
        request=asked if request else None,
    )
    meta["task_id"] = record.id
    encoded = backend.encode(meta)
    assert isinstance(encoded, str)
    return encoded.encode()


VALUES = [
    3,
    None,
    "käse \ud83d\ude00 \x00",
    [1.5, float("inf"), -(10**30), True],
    {"a": {"b": (1, 2)}, "n": None, 3: "x", True: 0},
    NOW,
    NOW.date(),
    NOW.timetz(),
    Decimal("1.10"),
    UUID(int=7),
    b"text",
    b"\xff\x00",
]


@pytest.mark.covers("META-01", "SER-07", "contract D1", "contract D3", "contract D4")
@pytest.mark.parametrize("extended_types", [True, False])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_written_as_celery_writes_it(value: Any, extended_types: bool) -> None:
    record = success(value, children=(NO_CHILDREN,))
    using = codec(upshot_extended_types=extended_types)
    assert document(record, using) == celerys_document(record, extended=False)


@pytest.mark.covers("META-03", "META-04", "contract D1", "contract D2")
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"group": "G", "parent": "P"},
        {"stamps": {"monitoring_id": ["m1"], "z": ["1", "2"]}},
        {"queue": None, "kwargs": {"when": NOW}},
    ],
    ids=str,
)
def test_extended_fields_stand_where_celery_has_them(fields: dict[str, Any]) -> None:
    described: dict[str, Any] = {
        "name": "t.add",
        "args": (1, 2),
        "kwargs": {"a": 1},
        "worker": "w@h",
        "queue": "celery",
    }
    record = success(3, children=(NO_CHILDREN,), **(described | fields))
    written = document(record, codec(result_extended=True))
    assert written == celerys_document(record, extended=True)
    assert read(written, codec()) == record


@pytest.mark.covers("contract D2", "CON-07")
def test_the_example_of_the_contract_byte_for_byte() -> None:
    record = success(
        3,
        children=(Ref("kid"),),
        group="G",
        parent="P",
        name="t.add",
        args=(1, 2),
        kwargs={"a": 1},
        worker="w@h",
        queue="celery",
        stamps={"monitoring_id": ["m1"]},
    )
    assert document(record, codec(result_extended=True)) == (
        b'{"status": "SUCCESS", "result": 3, "traceback": null, "children": [[["kid", null], null]], '
        b'"date_done": "2026-11-20T15:56:16.277445+00:00", "group_id": "G", "parent_id": "P", '
        b'"name": "t.add", "args": [1, 2], "kwargs": {"a": 1}, "worker": "w@h", "retries": 0, '
        b'"queue": "celery", "stamped_headers": ["monitoring_id"], "monitoring_id": ["m1"], '
        b'"task_id": "e1"}'
    )


@pytest.mark.covers("META-04")
def test_without_a_request_there_are_no_extended_fields() -> None:
    record = success(3)
    written = document(record, codec(result_extended=True))
    assert written == celerys_document(record, extended=True, request=False)


@pytest.mark.covers("META-02")
@pytest.mark.parametrize("state", [states.STARTED, states.RETRY, "PROGRESS"])
def test_an_unfinished_record_has_no_date(state: str) -> None:
    record = TaskRecord(id="e1", state=state, result=None, done=NOW)
    envelope = codec().pack(record, now=NOW, ttl=None)
    assert envelope.done is None
    assert isinstance(envelope.document, bytes)
    assert json.loads(envelope.document)["date_done"] is None
    assert codec().unpack(envelope).done is None


@pytest.mark.covers("META-02", "META-07")
def test_a_finished_record_is_dated_by_the_write_unless_it_says_when() -> None:
    later = NOW + timedelta(hours=1)
    assert codec().pack(TaskRecord(id="e1", state="SUCCESS"), now=later, ttl=None).done == later
    local = success(1)
    assert codec().pack(local, now=later, ttl=None).done == NOW


@pytest.mark.covers("contract D3")
def test_the_offset_of_a_local_time_is_kept_and_read_as_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    record = TaskRecord(id="e1", state="SUCCESS", result=1, done=there)
    written = document(record, codec())
    assert b'"2026-11-20T21:26:16.277445+05:30"' in written
    assert read(written, codec()).done == NOW
    assert str(read(written, codec()).done).endswith("+00:00")


@pytest.mark.covers("EXC-03", "CON-34", "contract D5")
def test_an_exception_is_written_as_celery_writes_it() -> None:
    exc = ShopError.StockError("none left", 3, object, Decimal(2), b"\xff")
    record = failure(exc, traceback="Traceback ...")
    for using in (codec(), codec(upshot_extended_types=False)):
        assert document(record, using) == celerys_document(record, extended=False, request=False)


def test_attempts_stand_second_and_what_celery_lacks_before_the_id() -> None:
    record = TaskRecord(
        id="e1",
        state="STARTED",
        result={"pid": 1},
        attempt=2,
        created=NOW,
        started=NOW,
        name="t.add",
        args=(1, {2}),
        kwargs={},
        worker="w",
        queue="q",
        labels={"k": "v"},
        owner=Owner("h", 1, "x"),
        stamps={"s": ["1"]},
    )
    written = document(record, codec())
    assert written.startswith(b'{"status": "STARTED", "attempt": 2, "result": {"pid": 1}, ')
    assert list(json.loads(written))[-2:] == ["upshot", "task_id"]
    assert read(written, codec()) == record


def test_a_stamp_cannot_take_the_place_of_a_field() -> None:
    record = success(1, name="n", stamps={"status": ["x"], "task_id": ["y"], "ok": ["z"]})
    written = document(record, codec(result_extended=True))
    assert json.loads(written)["status"] == "SUCCESS"
    assert read(written, codec()).stamps == record.stamps


def test_the_envelope_carries_what_stores_index() -> None:
    record = success(
        1, name="n", worker="w", queue="q", group="g", parent="p", created=NOW, attempt=3
    )
    envelope = codec().pack(record, now=NOW, ttl=5.0, tombstone=7.0)
    assert envelope == Envelope(
        id="e1",
        document=envelope.document,
        order=states.order("SUCCESS", 3),
        state="SUCCESS",
        attempt=3,
        created=NOW,
        done=NOW,
        updated=NOW,
        name="n",
        worker="w",
        queue="q",
        group="g",
        parent="p",
        ttl=5.0,
        tombstone=7.0,
    )


@pytest.mark.covers("contract D6")
def test_a_group_is_written_as_celery_writes_it() -> None:
    app = celery.Celery("interop", set_as_current=False)
    member = AsyncResult("a", app=app, parent=AsyncResult("p", app=app))
    inner = GroupResult("g2", [AsyncResult("c", app=app)], app=app)
    theirs = GroupResult("g1", [member, inner], app=app)
    ours = Ref("g1", None, (Ref("a", Ref("p")), Ref("g2", None, (Ref("c"),))))
    written = codec().dump_ref(ours)
    assert written == json.dumps({"result": theirs.as_tuple()}).encode()
    assert codec().load_ref("g1", written) == ours


def test_arguments_that_cannot_be_stored_become_their_text() -> None:
    thing = lambda: None  # noqa: E731
    record = success(3, args=(1, thing), kwargs={"deep": [thing, 2]}, name="n")
    for extended in (True, False):
        back = read(document(record, codec(result_extended=extended)), codec())
        assert back.result == 3
        assert back.args == (1, repr(thing))
        assert back.kwargs == {"deep": [repr(thing), 2]}
