import bz2
import gzip
import json
import logging
import pickle
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import serialization

from tests.codec.support import NOW, codec, document, failure, read, success
from upshot.codec import serializers
from upshot.errors import ContentDisallowed, Damaged, Misconfigured
from upshot.record import Ref

dumps: Any = serialization.dumps
DOC = {"status": "SUCCESS", "result": [1, "x"], "traceback": None, "task_id": "e1"}
BARE = {
    "json": json.dumps(DOC).encode(),
    "pickle": pickle.dumps(DOC, protocol=4),
    "old pickle": pickle.dumps(DOC, protocol=2),
    "msgpack": dumps(DOC, serializer="msgpack")[2],
    "yaml": dumps(DOC, serializer="yaml")[2].encode(),
    "compact json": json.dumps(DOC, separators=(",", ":"), indent=1).encode(),
}
ALL = codec(accept=["json", "pickle", "yaml", "msgpack"])


@pytest.mark.covers("SER-08", "CON-41", "contract D7", "SER-05")
@pytest.mark.parametrize("form", BARE)
def test_a_bare_value_is_recognised_whatever_wrote_it(form: str) -> None:
    assert read(BARE[form], ALL).result == [1, "x"]


@pytest.mark.covers("SER-04", "SER-08", "CON-41", "CFG-02")
@pytest.mark.parametrize("wire", ["upshot", "celery"])
@pytest.mark.parametrize("name", ["json", "pickle", "yaml", "msgpack"])
def test_every_serializer_reads_what_every_other_wrote(name: str, wire: str) -> None:
    writer = codec(serializer=name, accept=[name], wire=wire)
    record = success({"a": [1, "ü"]}, children=(Ref("kid", Ref("p")),), args=(1,), attempt=1)
    data = document(record, writer)
    assert data.startswith(b"upshot/1 ") is (wire == "upshot" and name != "json")
    assert read(data, ALL) == record
    assert read(document(failure(KeyError("k")), writer), ALL).result.args == ("k",)
    assert ALL.loads(writer.dumps({"a": [1]})) == {"a": [1]}
    group = Ref("g", None, (Ref("a"), Ref("b")))
    assert ALL.load_ref("g", writer.dump_ref(group)) == group


def test_the_header_tells_the_order_without_decoding() -> None:
    writer = codec(serializer="msgpack", accept=["msgpack"])
    envelope = writer.pack(success(1), now=NOW, ttl=None)
    assert isinstance(envelope.document, bytes)
    line = envelope.document.partition(b"\n")[0].decode()
    assert line == f"upshot/1 {envelope.order} SUCCESS 0 application/x-msgpack binary -"


class Bomb:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("a pickle was decoded",))


@pytest.mark.covers("SEC-03", "SEC-06", "CFG-03", "CFG-04", "SER-05")
@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps({"status": Bomb()}),
        pickle.dumps({"status": Bomb()}, protocol=2),
        zlib.compress(pickle.dumps({"status": Bomb()})),
        b"upshot/1 1 SUCCESS 0 application/x-python-serialize binary -\n" + pickle.dumps(Bomb()),
        b"upshot/1 1 SUCCESS 0 application/x-foreign binary -\nx",
        BARE["yaml"],
        BARE["msgpack"],
    ],
)
def test_what_is_not_accepted_is_refused_and_not_decoded(data: bytes) -> None:
    with pytest.raises(ContentDisallowed, match=r"^task e1: .* not accepted here"):
        read(data, codec())
    with pytest.raises(ContentDisallowed):
        codec().loads(data)
    with pytest.raises(ContentDisallowed):
        codec().load_ref("g", data)


@pytest.mark.covers("SEC-03", "CFG-03", "CFG-04")
def test_the_constructor_comes_before_the_result_list_and_that_before_the_general() -> None:
    lists = {"accept_content": ["yaml"], "result_accept_content": ["msgpack"]}
    json_only = codec(accept=["application/json"], **lists)
    assert json_only.accept == {"application/json"}
    assert read(BARE["json"], json_only).result == [1, "x"]
    for refused in ("yaml", "msgpack"):
        with pytest.raises(ContentDisallowed):
            read(BARE[refused], json_only)
    assert codec(**lists).accept == {"application/x-msgpack"}
    assert codec(accept_content=["yaml"]).accept == {"application/x-yaml"}
    with pytest.raises(ContentDisallowed):
        read(BARE["json"], codec(accept_content=["yaml"]))


@pytest.mark.covers("CFG-02", "CFG-03")
def test_an_unknown_serializer_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(Misconfigured, match=r"result_serializer names 'jsom'.*did you mean 'json'"):
        codec(result_serializer="jsom")
    with pytest.raises(Misconfigured, match="result_accept_content names 'pikle'"):
        codec(result_accept_content=["json", "pikle"])


@pytest.mark.covers("SEC-06")
def test_pickle_is_warned_of_once(caplog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serializers, "_warned", set())
    for _ in range(3):
        codec(serializer="pickle", accept=["pickle"])
        codec(accept=["json", "pickle"])
    assert [(r.levelno, r.name) for r in caplog.records] == [
        (logging.WARNING, "upshot.codec.serializers")
    ]
    assert "can run code" in caplog.text


def test_writing_what_is_not_accepted_is_warned_of(
    caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serializers, "_warned", set())
    codec(serializer="yaml", accept=["json"])
    assert "cannot be read here" in caplog.text


@pytest.fixture
def registry() -> Iterator[Any]:
    known = serialization.registry
    before = [
        dict(vars(known)[name]) for name in vars(known) if isinstance(vars(known)[name], dict)
    ]
    yield known
    names = [name for name in vars(known) if isinstance(vars(known)[name], dict)]
    for name, content in zip(names, before, strict=True):
        vars(known)[name].clear()
        vars(known)[name].update(content)


@pytest.mark.covers("SER-08", "SER-09", "CON-41", "SEC-03")
@pytest.mark.parametrize("wire", ["upshot", "celery"])
@pytest.mark.parametrize("mark", ["{my}", "my:", "\x80\x02", "["])
def test_a_custom_serializer_lives_beside_json(registry: Any, wire: str, mark: str) -> None:
    registry.register(
        "myformat",
        lambda data: mark + json.dumps(data)[::-1],
        lambda data: json.loads(
            (data if isinstance(data, str) else data.decode())[len(mark) :][::-1]
        ),
        "application/x-myformat",
        "utf-8",
    )
    settings: dict[str, Any] = {
        "result_serializer": "myformat",
        "result_accept_content": ["myformat", "json", "pickle"],
    }
    mine = codec(wire=wire, **settings)
    data = document(success(["x"]), mine)
    assert mark.encode() in data
    assert read(data, mine).result == ["x"]
    assert read(BARE["json"], mine).result == [1, "x"]
    if wire == "upshot":
        assert read(data, codec(accept=["myformat"])).result == ["x"]
        with pytest.raises(ContentDisallowed):
            read(data, codec())


@pytest.mark.covers("SER-08", "CON-41")
def test_json_registered_anew_lives_beside_kombus(registry: Any) -> None:
    old = document(success({1, 2}), codec())
    plain = document(success([1, "x"]), codec())
    registry.register(
        "json",
        lambda data: b"mine" + json.dumps(data).encode(),
        lambda data: json.loads(bytes(data).split(b"mine")[1]),
        "application/json",
        "utf-8",
    )
    new = document(success([5]), codec())
    assert b"mine" in new
    assert read(new, codec()).result == [5]
    assert read(old, codec()).result == {1, 2}
    assert read(plain, codec()).result == [1, "x"]


@pytest.mark.parametrize(
    "data", [b"", b"   ", b"\x00\x01", b"upshot/1 ", b"<xml/>", b"\xff\xff", b"\x80\x09"]
)
def test_what_nothing_recognises_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged) as caught:
        read(data, codec())
    assert caught.value.task_id == "e1"


@pytest.mark.parametrize(
    "data", [gzip.compress(BARE["json"]), bz2.compress(BARE["json"]), zlib.compress(BARE["json"])]
)
@pytest.mark.covers("CMP-01", "CON-16")
def test_a_bare_compressed_value_is_recognised(data: bytes) -> None:
    assert read(data, codec()).result == [1, "x"]
