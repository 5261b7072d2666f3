import socket
from typing import Any

import pytest

from tests.codec.support import NOW, Point, Slotted, codec, success
from upshot.errors import EncodeError
from upshot.record import TaskRecord

THING = lambda: None  # noqa: E731


def failing(value: Any, serializer: str = "json") -> EncodeError:
    using = codec(serializer=serializer, accept=[serializer])
    with pytest.raises(EncodeError) as caught:
        using.pack(success(value), now=NOW, ttl=None)
    return caught.value


@pytest.mark.covers("SER-10", "pain X2")
@pytest.mark.parametrize(
    ("value", "path"),
    [
        (THING, "result"),
        ({"rows": [1, 2, 3, Slotted(THING)]}, "result['rows'][3].x"),
        ({"rows": [{"when": (0, THING)}]}, "result['rows'][0]['when'][1]"),
        ([Point(1, tags=(THING,))], "result[0].tags[0]"),  # type: ignore[arg-type]
        ({1: THING}, "result[1]"),
        ([[], [{"a": {"b": [THING]}}], THING], "result[1][0]['a']['b'][0]"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_the_path_of_the_offending_element_is_named(value: Any, path: str) -> None:
    error = failing(value)
    assert error.path == path
    assert str(error).startswith(f"{path} is of type function, which json cannot store: ")


@pytest.mark.covers("SER-10")
@pytest.mark.parametrize("serializer", ["yaml", "msgpack", "pickle"])
def test_the_path_is_named_with_every_serializer(serializer: str) -> None:
    with socket.socket() as open_socket:
        error = failing({"rows": [1, {"to": open_socket}]}, serializer)
    assert error.path == "result['rows'][1]['to']"
    assert f"which {serializer} cannot store" in str(error)


@pytest.mark.covers("pain X2")
def test_a_cycle_is_named() -> None:
    value: dict[str, Any] = {"a": [1]}
    value["a"].append(value)
    assert (
        str(failing(value))
        == "result['a'][1] refers back to a value that contains it: break the circle"
    )


@pytest.mark.covers("pain X2")
@pytest.mark.parametrize("serializer", ["json", "yaml", "msgpack"])
def test_a_value_nested_too_deeply_is_refused(serializer: str) -> None:
    value: Any = []
    for _ in range(20_000):
        value = [value]
    error = failing(value, serializer)
    assert "nested too deeply" in str(error)
    assert len(error.path) < 400
    while value:
        value = value.pop()


class Hostile:
    def __json__(self) -> Any:
        raise RuntimeError("no\nway")

    def __repr__(self) -> str:
        raise SystemExit(3)


def test_code_that_fails_while_encoding_is_blamed() -> None:
    error = failing({"a": Hostile()})
    assert error.path == "result['a']"
    assert r"no\nway" in str(error)
    assert isinstance(error.__cause__, RuntimeError)


def test_labels_and_kept_values_have_paths_too() -> None:
    record = TaskRecord(id="e1", state="STARTED", labels={"k": THING})  # type: ignore[dict-item]
    with pytest.raises(EncodeError) as caught:
        codec().pack(record, now=NOW, ttl=None)
    assert caught.value.path == "upshot['labels']['k']"
    with pytest.raises(EncodeError) as caught:
        codec().dumps([THING])
    assert caught.value.path == "value[0]"


class Leaving(dict[str, int]):
    def items(self) -> Any:
        raise SystemExit(3)


class Broken(list[int]):
    def __iter__(self) -> Any:
        raise ValueError("no items today")


def _no_class(_: object) -> Any:
    raise ValueError("no class today")


Liar = type("Liar", (Exception,), {"__class__": property(_no_class)})


@pytest.mark.covers("SER-10", "pain X2")
@pytest.mark.parametrize(
    ("value", "path"), [(Broken([1]), "result"), ([0, Broken([1])], "result[1]")]
)
def test_a_value_whose_methods_raise_is_named(value: Any, path: str) -> None:
    error = failing(value)
    assert error.path == path
    assert "Broken" in str(error)


def test_a_value_cannot_end_the_program_that_stores_it() -> None:
    assert "SystemExit" in str(failing(Leaving(a=1)))


@pytest.mark.covers("pain X1")
def test_an_exception_that_does_not_tell_its_class_is_stored() -> None:
    record = TaskRecord(id="a", state="FAILURE", result=Liar("what happened"))
    read = codec().unpack(codec().pack(record, now=NOW, ttl=None))
    assert "what happened" in str(read.result)
