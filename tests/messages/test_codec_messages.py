"""What is said about values that cannot be stored and records that cannot be read, word for word."""

import json
import pickle
import uuid
import zlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from upshot import errors
from upshot.codec import Codec
from upshot.errors import Misconfigured
from upshot.record import TaskRecord
from upshot.results import connect
from upshot.settings import Settings
from upshot.stores.contract import Envelope
from upshot.testing.envelopes import make_document, make_envelope

SECRET = "Zq7xK"
CURE = "; write it again or forget it"
TRUST = "Add it to result_accept_content if you trust everybody who can write to the store"
PLAIN = "Put plain data in its place, such as text, numbers, lists and dicts"
HEADER = b"upshot/1 %d SUCCESS 0 %s\n"
DONE = 2 << 40


class Odd:
    """A type of the user's."""


def codec(**settings: Any) -> Codec:
    return Codec.from_settings(Settings.from_mapping(settings))


def circle() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


@pytest.mark.covers("pain X2", "ERR-01")
@pytest.mark.parametrize(
    ("serializer", "value", "path", "message"),
    [
        (
            "json",
            {"password": SECRET, "rows": [1, {"f": Odd()}]},
            "result['rows'][1]['f']",
            (
                "result['rows'][1]['f'] is of type Odd, which json cannot store: Odd is no type "
                f"that JSON or upshot knows. {PLAIN}"
            ),
        ),
        (
            "msgpack",
            [Odd()],
            "result[0]",
            (
                "result[0] is of type Odd, which msgpack cannot store: can not serialize 'Odd' "
                f"object. {PLAIN}"
            ),
        ),
        (
            "json",
            circle(),
            "result[0]",
            "result[0] refers back to a value that contains it: break the circle",
        ),
    ],
)
def test_values_that_cannot_be_stored(serializer: str, value: Any, path: str, message: str) -> None:
    record = TaskRecord(id="t", state="SUCCESS", result=value)
    with pytest.raises(errors.EncodeError) as caught:
        codec(result_serializer=serializer).pack(record, now=datetime.now(UTC), ttl=None)
    assert (caught.value.path, str(caught.value)) == (path, message)


@pytest.mark.covers("pain X2", "SEC-04")
def test_a_result_that_cannot_be_stored_becomes_a_failure_that_says_so() -> None:
    with connect("memory://unstorable") as backend:
        backend.mark_as_done("good", 1)
        backend.mark_as_done("bad", {"password": SECRET, "rows": [Odd()]})
        found = backend.records.load("bad")
        assert (found.state, type(found.result)) == ("FAILURE", errors.ResultNotSerializable)
        assert str(found.result) == (
            "the result of the task cannot be stored: result['rows'][0] is of type Odd, which json "
            f"cannot store: Odd is no type that JSON or upshot knows. {PLAIN}"
        )
        assert backend.get_result("good") == 1
        with pytest.raises(errors.EncodeError):
            backend.store_result("progress", Odd(), "PROGRESS")
        assert not backend.records.load("progress").known


def attack(name: str, *args: str) -> bytes:
    module, _, kind = name.rpartition(".")
    stored = {"exc_type": kind, "exc_module": module, "exc_message": args}
    return make_document("bad", "FAILURE", result=stored)


UNREADABLE = [
    ("empty", b"", "Damaged", f"nothing tells how the record was encoded: b''{CURE}"),
    (
        "garbage",
        b"\x00redis://u:Zq7xK@h",
        "Damaged",
        f"nothing tells how the record was encoded: b'\\x00redis://u:**@h'{CURE}",
    ),
    (
        "cut",
        make_document("bad", result="long")[:36],
        "Damaged",
        (
            "the record cannot be read: Unterminated string starting at: line 1 column 33 (char 32)"
            f"{CURE}"
        ),
    ),
    ("list", b"[1, 2]", "Damaged", f"the record is no mapping{CURE}"),
    ("no-status", b'{"result": 1}', "Damaged", f"the record has no usable status{CURE}"),
    (
        "no-type",
        make_document("bad", "FAILURE", result={"exc_message": ["x"]}),
        "Damaged",
        f"the record cannot be read: the stored exception does not tell its type{CURE}",
    ),
    (
        "header",
        b"upshot/1 12 SUCCESS\nxx",
        "Damaged",
        f"the header line of the record is damaged{CURE}",
    ),
    (
        "compression",
        HEADER % (DONE, b"application/json utf-8 lzma") + b"xx",
        "Damaged",
        f"the record is compressed with 'lzma', which cannot be read here{CURE}",
    ),
    (
        "broken",
        HEADER % (DONE, b"application/json utf-8 application/x-gzip") + b"xx",
        "Damaged",
        (
            "the compressed record is broken: Error -3 while decompressing data: incorrect header "
            f"check{CURE}"
        ),
    ),
    (
        "bomb",
        HEADER % (DONE, b"application/json utf-8 application/x-gzip") + zlib.compress(bytes(2000)),
        "TooLarge",
        (
            "the record decompresses to more than 1000 bytes and was not read; raise "
            "upshot_max_decompressed if it is yours"
        ),
    ),
    (
        "pickle",
        pickle.dumps({"status": "SUCCESS", "result": SECRET}),
        "ContentDisallowed",
        (
            "the record is stored as 'pickle', which is not accepted here and was not decoded; "
            f"accepted are application/json. {TRUST}"
        ),
    ),
    (
        "foreign",
        HEADER % (DONE, b"application/x-nothing utf-8 -") + b"xx",
        "ContentDisallowed",
        (
            "the record is stored as 'application/x-nothing', which is not accepted here and was "
            f"not decoded; accepted are application/json. {TRUST}"
        ),
    ),
    (
        "attack",
        attack("os.system", "curl redis://u:Zq7xK@h"),
        "SecurityError",
        (
            "a stored exception names os.system, which is no exception class; nothing was called "
            "(its payload: ['curl redis://u:**@h']). Find out who wrote it, then forget the record"
        ),
    ),
]


@pytest.mark.covers("SEC-01", "SEC-02", "SEC-03", "SEC-04", "ERR-01", "contract 12.1")
@pytest.mark.parametrize(
    ("document", "kind", "message"),
    [row[1:] for row in UNREADABLE],
    ids=[row[0] for row in UNREADABLE],
)
@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_a_record_that_cannot_be_read_harms_only_itself(
    tmp_path: Path, store: str, document: bytes, kind: str, message: str
) -> None:
    url = f"memory://{uuid.uuid4()}" if store == "memory" else f"sqlite:///{tmp_path}/r.db"
    with closing(connect(url, settings={"upshot_max_decompressed": 1000})) as backend:
        state = "FAILURE" if b"exc_message" in document else "SUCCESS"
        backend.store.save(make_envelope("bad", state, document=document))
        backend.mark_as_done("good", 1)
        found = backend.records.load_many(["bad", "good"])
        assert found["good"].result == 1  # type: ignore[union-attr]
        error = found["bad"]
        assert (type(error).__name__, str(error)) == (kind, f"task bad: {message}")
        with pytest.raises(getattr(errors, kind)):
            backend.get_result("bad")
        backend.forget("bad")
        backend.mark_as_done("bad", 2)
        assert backend.get_result("bad") == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"result_serializer": "jsn"},
            (
                "result_serializer names 'jsn', but no serializer of that name is registered with "
                "kombu; did you mean 'json'?"
            ),
        ),
        (
            {"accept_content": ["pickel"]},
            (
                "accept_content names 'pickel', but no serializer of that name is registered with "
                "kombu; did you mean 'pickle'?"
            ),
        ),
        (
            {"result_compression": "gzp"},
            (
                "result_compression is 'gzp', but only 'gzip' and 'bzip2' are known; did you mean "
                "'gzip'?"
            ),
        ),
    ],
)
def test_names_of_nothing(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        codec(**settings)
    assert str(caught.value) == message


@pytest.mark.covers("ERR-01")
def test_a_document_that_contradicts_the_store() -> None:
    envelope = make_envelope("t", "SUCCESS", document=make_document("t", "STARTED"))
    with pytest.raises(errors.Damaged) as caught:
        codec().unpack(envelope)
    assert str(caught.value) == (
        f"task t: its state is SUCCESS in the store and STARTED in the document{CURE}"
    )


def test_documents_that_are_kept() -> None:
    for document in (b'{"result": 7}', b"[]"):
        with pytest.raises(errors.Damaged) as caught:
            codec().load_ref("g", document)
        assert str(caught.value) == "the stored members of group g cannot be read"
    with pytest.raises(errors.Damaged) as caught:
        codec().unpack(Envelope(id="t", document=json.dumps({"status": 7}).encode()))
    assert caught.value.task_id == "t"
