import json
import pickle
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.codec.support import NOW, Colour, codec, document, failure, read, success
from upshot.codec import Codec
from upshot.errors import ContentDisallowed, Damaged, SecurityError, TooLarge
from upshot.record import Ref, TaskRecord
from upshot.stores.contract import Envelope

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
USING = codec()
OPEN = codec(accept=["json", "msgpack", "yaml"], upshot_max_decompressed=100_000)
REFUSALS = (Damaged, ContentDisallowed, SecurityError, TooLarge)


def stored(**fields: Any) -> bytes:
    return json.dumps({"status": "SUCCESS", "result": 1, **fields}).encode()


@pytest.mark.covers("SEC-02", "SEC-01", "contract 12.1", "pain X1")
@pytest.mark.parametrize("deep", [False, True])
def test_a_stored_attack_executes_nothing(tmp_path: Path, *, deep: bool) -> None:
    mark = tmp_path / "executed"
    attack = {"exc_module": "os", "exc_type": "system", "exc_message": f"touch {mark}"}
    harmless = {"exc_module": "builtins", "exc_type": "ValueError", "exc_message": []}
    if deep:
        fields: dict[str, Any] = {"result": harmless, "upshot": {"error": {"cause": attack}}}
    else:
        fields = {"result": attack}
    with pytest.raises(SecurityError, match=r"os\.system") as caught:
        read(stored(status="FAILURE", **fields), USING)
    assert str(mark) in str(caught.value)
    tagged = {"__type__": "upshot:error", "__value__": attack}
    with pytest.raises(SecurityError):
        read(stored(result=[tagged]), USING)
    assert not mark.exists()
    assert read(stored(), USING).result == 1


@pytest.mark.covers("contract 12.10")
def test_a_stored_exit_does_not_end_the_reader() -> None:
    data = stored(
        status="FAILURE",
        result={"exc_type": "SystemExit", "exc_module": "builtins", "exc_message": [0]},
    )
    assert isinstance(read(data, USING).result, Exception)
    pickled = codec(serializer="pickle", accept=["pickle"])
    raw = pickle.dumps({"status": "FAILURE", "result": SystemExit(3)})
    assert type(read(raw, pickled).result).__name__ == "SystemExit"
    assert isinstance(read(raw, pickled).result, Exception)


@pytest.mark.covers("contract D1", "META-01", "SER-06")
def test_a_document_of_celery_is_read_in_any_order_and_with_foreign_fields() -> None:
    fields = {
        "zzz": {"foreign": 1},
        "task_id": "e1",
        "retries": 4,
        "queue": "q",
        "worker": "w",
        "kwargs": {"a": 1},
        "args": [1],
        "name": "t.add",
        "parent_id": "P",
        "group_id": "G",
        "date_done": "2026-11-20T17:56:16.277445+02:00",
        "children": [[["kid", None], None], [["g", "p"], [[["m", None], None]]]],
        "traceback": None,
        "result": 3,
        "status": "SUCCESS",
    }
    assert read(json.dumps(fields).encode(), USING) == TaskRecord(
        id="e1",
        state="SUCCESS",
        result=3,
        children=(Ref("kid"), Ref("g", Ref("p"), (Ref("m"),))),
        attempt=4,
        done=NOW,
        name="t.add",
        args=(1,),
        kwargs={"a": 1},
        worker="w",
        queue="q",
        group="G",
        parent="P",
    )


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("date_done", "2026-11-20T15:56:16Z", datetime(2026, 11, 20, 15, 56, 16, tzinfo=UTC)),
        ("date_done", "2026-11-20T15:56:16", datetime(2026, 11, 20, 15, 56, 16, tzinfo=UTC)),
        ("date_done", "0001-01-01T00:00:00+23:59", None),
        ("date_done", "soon", None),
        ("date_done", 5, None),
        ("date_done", {}, None),
    ],
)
@pytest.mark.covers("contract D3", "CON-08")
def test_a_date_is_read_as_utc_or_not_at_all(field: str, value: Any, expected: Any) -> None:
    assert read(stored(date_done=value), USING).done == expected


ODD: list[Any] = [None, 0, -1, 1.5, True, "", "text", [], [1], [[]], {}, {"a": []}, [["x"]], 10**30]


@pytest.mark.covers("contract 12.1")
@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("state", ["SUCCESS", "STARTED"])
def test_odd_fields_are_cleaned(state: str, value: Any) -> None:
    names = ["traceback", "children", "date_done", "group_id", "parent_id", "name", "args"]
    names += ["kwargs", "worker", "retries", "queue", "stamped_headers", "upshot", "task_id"]
    inner = ["created", "started", "labels", "owner", "error", "stamps", "args", "name"]
    for name in [*names, "attempt"]:
        check(read(stored(status=state, **{name: value}), USING))
    check(read(stored(status=state, upshot=dict.fromkeys(inner, value)), USING))
    check(read(stored(status=state, upshot={"owner": {"host": value, "pid": value}}), USING))


def check(record: TaskRecord) -> None:
    assert record.id == "e1"
    assert record.traceback is None or isinstance(record.traceback, str)
    assert record.children is None or all(isinstance(c, Ref) for c in record.children)
    assert record.done is None or record.done.tzinfo is UTC
    assert type(record.attempt) is int
    assert record.order > 0 or record.state != "SUCCESS"
    assert record.args is None or isinstance(record.args, tuple)
    texts = (record.name, record.worker, record.queue, record.group, record.parent)
    assert all(text is None or isinstance(text, str) for text in texts)
    assert record.labels == {} or all(isinstance(v, str) for v in record.labels.values())


@pytest.mark.covers("contract 12.1", "EXC-06")
@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b"[1]",
        b"1",
        b"null",
        b'"text"',
        b"{}",
        stored(status=None),
        stored(status=5),
        stored(status=""),
        stored(status="UNKNOWN"),
        stored(status="EXPIRED"),
        stored(status="FAILURE", result="text"),
        stored(status="FAILURE", result=5),
        stored(status="FAILURE", result=[1]),
        stored(status="FAILURE", result={"exc_module": "builtins"}),
        stored(status="FAILURE", result={"exc_type": 5}),
        b'{"status": "SUCCESS", "result": "\xff"}',
        b'{"status": "SUCCESS", "result": ' + b"9" * 5000 + b"}",
        b'{"status": "SUCCESS", "result": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"status": "SUCCESS", "result": ' + b'{"__type__":' * 100_000,
        b"upshot/1 x SUCCESS 0 application/json utf-8 -\n{}",
        b"upshot/1 1 SUCCESS 0 application/json utf-8 -" + b"x" * 2000 + b"\n{}",
        b"upshot/1 1 SUCCESS 0 application/json utf-8 zlib\n{}",
    ],
    ids=lambda d: repr(d[:60]),
)
def test_a_damaged_record_says_so_and_names_its_task(data: bytes) -> None:
    with pytest.raises(Damaged, match=r"^task e1: ") as caught:
        read(data, USING)
    assert caught.value.task_id == "e1"


@pytest.mark.parametrize(
    "line", [b"", b"1 X 0 a/b utf-8", b"1 X 0 a/b utf-8 - -", b"1 X y a/b c -"]
)
def test_a_header_that_is_not_whole_is_damaged(line: bytes) -> None:
    with pytest.raises(Damaged, match="header line"):
        read(b"upshot/1 " + line + b"\n{}", USING)


@pytest.mark.covers("META-02")
def test_an_unfinished_document_has_no_date_whatever_it_says() -> None:
    when = NOW.isoformat()
    assert read(stored(status="STARTED", date_done=when), USING).done is None
    assert read(stored(date_done=when), USING).done == NOW


@pytest.mark.covers("META-03", "CON-07")
def test_stamps_are_read_by_name_and_never_from_fields_of_the_record() -> None:
    data = stored(stamped_headers=["a", "status", 5, "gone"], a=["1"], b=["2"])
    assert read(data, USING).stamps == {"a": ["1"]}


@pytest.mark.covers("contract 12.1")
def test_a_chain_of_causes_without_end_is_cut() -> None:
    cause: dict[str, Any] = {"exc_type": "KeyError", "exc_module": "builtins"}
    for _ in range(150):
        cause = {"exc_type": "KeyError", "exc_module": "builtins", "cause": cause}
    for error in ({"cause": cause}, {"members": [cause] * 100, "cause": cause}):
        data = stored(status="FAILURE", result=cause, upshot={"error": error})
        length, found = 0, read(data, USING).result
        while found is not None:
            found, length = found.__cause__, length + 1
        assert length <= 51
        assert (length == 1) is ("members" in error)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"result": 5}', b'{"result": [["g", null], null]}'])
def test_a_damaged_group_says_so(data: bytes) -> None:
    with pytest.raises(Damaged):
        USING.load_ref("g", data)


def test_a_group_with_an_unreadable_member_is_not_read_in_part() -> None:
    with pytest.raises(Damaged, match="group g"):
        USING.load_ref("g", b'{"result": [["g", null], [[["a", null], null], 5]]}')


def test_a_very_long_chain_of_parents_is_cut_not_refused() -> None:
    ref = Ref("0")
    for n in range(5000):
        ref = Ref(str(n), ref)
    record = success(1, children=(ref,))
    back = read(document(record, USING), USING)
    assert back.children is not None
    assert back.children[0].id == "4999"


def test_the_envelope_tells_the_attempt_where_the_document_does_not() -> None:
    assert USING.unpack(Envelope(id="e1", document=stored(), attempt=3)).attempt == 3
    assert USING.unpack(Envelope(id="e1", document=stored(attempt=2), attempt=3)).attempt == 2


def test_a_document_may_come_decoded() -> None:
    assert USING.unpack(Envelope(id="e1", document=json.loads(stored()))).result == 1


def survives(using: Codec, data: bytes) -> None:
    refusal: Exception | None = None
    try:
        check(read(data, using))
    except REFUSALS as exc:
        refusal = exc
    assert refusal is None or str(refusal).startswith("task e1: ")
    with suppress(*REFUSALS):
        using.loads(data)
        using.load_ref("g", data)


SEEDS = [
    document(failure(ValueError("x", {1}), traceback="t"), USING),
    document(success([Colour.RED, {1: b"x"}, "a" * 50], children=(Ref("k"),)), USING),
    document(success("abc" * 1000), codec(result_compression="gzip")),
    document(success("abc" * 1000), codec(result_compression="bzip2")),
    document(success([1]), codec(serializer="msgpack", accept=["msgpack"])),
    document(success([1]), codec(serializer="yaml", accept=["yaml"])),
    document(success([1]), codec(serializer="pickle", accept=["pickle"])),
]


@pytest.mark.covers("contract 12.1", "pain X3")
@UNHURRIED
@given(st.binary(max_size=200))
@example(b"\x81\xa6status\xc1")
@example(b"a: &a [*a]")
@example(b"a: 2026-99-99")
@example(b"upshot/1 " + b"9" * 900 + b" X 0 application/json utf-8 -\n{}")
def test_random_bytes_give_a_worded_refusal(data: bytes) -> None:
    survives(OPEN, data)
    survives(USING, data)


@pytest.mark.covers("contract 12.1")
@pytest.mark.parametrize("seed", range(len(SEEDS)))
@UNHURRIED
@given(data=st.data())
def test_cut_and_changed_documents_give_a_worded_refusal(seed: int, data: Any) -> None:
    raw = bytearray(SEEDS[seed])
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    survives(OPEN, bytes(raw[: data.draw(st.integers(0, len(raw)))]))


NAMES = st.text(max_size=3) | st.sampled_from(
    [
        "exc_type",
        "exc_module",
        "exc_message",
        "cause",
        "context",
        "members",
        "notes",
        "attributes",
        "__type__",
        "__value__",
        "error",
        "owner",
        "created",
        "stamps",
        "class",
        "fields",
        "name",
        "value",
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["ValueError", "os"]),
    lambda v: st.lists(v, max_size=4) | st.dictionaries(NAMES, v, max_size=6),
    max_leaves=20,
)
TAGS = [
    "upshot:" + name
    for name in ["enum", "dataclass", "error", "dict", "set", "tuple", "range", "path", "int"]
]


@UNHURRIED
@given(
    state=st.sampled_from(["SUCCESS", "FAILURE", "RETRY", "X"]),
    result=json_values,
    ours=json_values,
    tag=st.sampled_from(TAGS),
)
def test_well_formed_nonsense_gives_a_worded_refusal(
    state: str, result: Any, ours: Any, tag: str
) -> None:
    survives(USING, stored(status=state, result=result, upshot=ours))
    survives(USING, stored(status=state, result={"__type__": tag, "__value__": result}))


@pytest.mark.covers("pain X3")
def test_everything_but_the_value_is_readable_without_the_classes() -> None:
    data = (
        b'{"status": "FAILURE", "result": {"exc_type": "Gone.Error", "exc_message": ["m"], '
        b'"exc_module": "gone"}, "traceback": "Traceback: text", '
        b'"date_done": "2026-11-20T15:56:16.277445+00:00", "task_id": "e1"}'
    )
    record = read(data, USING)
    assert (record.state, record.done, record.traceback) == ("FAILURE", NOW, "Traceback: text")
    assert (str(record.result), type(record.result).__qualname__) == ("m", "Gone.Error")


def test_a_document_that_contradicts_its_store_is_damaged() -> None:
    packed = USING.pack(TaskRecord(id="a", state="STARTED"), now=NOW, ttl=None)
    with pytest.raises(Damaged, match="SUCCESS in the store and STARTED in the document"):
        USING.unpack(replace(packed, state="SUCCESS"))
