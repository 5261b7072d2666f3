import enum
import json
import math
import subprocess
import sys
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import kombu.utils.json
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codec.support import (
    Colour,
    Point,
    Right,
    Slotted,
    Watchful,
    codec,
    document,
    read,
    success,
    there_and_back,
)
from upshot.errors import EncodeError
from upshot.record import Ref

USING = codec()
PLAIN = codec(upshot_extended_types=False)

EXACT = [
    datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-3))),
    datetime(2026, 1, 2),  # noqa: DTZ001
    date(2026, 1, 2),
    time(1, 2, 3),
    Decimal("-0.00"),
    uuid4(),
    b"text",
    b"\xff\xfe",
    10**5000,
    -(1 << 20_000),
    math.inf,
    {1, 2, 3},
    {(1, "a"), Colour.RED, None},
    frozenset({"x"}),
    timedelta(days=-1, microseconds=3),
    1 + 2j,
    bytearray(b"\x00a"),
    deque([1, (2,)], maxlen=4),
    range(1, 9, 2),
    Fraction(1, 3),
    Path("/tmp/x"),
    Colour.BLUE,
    Right.READ,
    Right.READ | Right.WRITE,
    Point(1, ("a", "b")),
    Slotted({"deep": Point(2)}),
    {(1, 2): "tuple key", 3: "int key"},
    {"__type__": "bytes", "__value__": "x"},
    {"__type__": "upshot:set", "__value__": [1]},
    {"__type__": "nobody knows", "__value__": None},
    [{"__type__": {"__type__": 1, "__value__": 2}, "__value__": {1}}],
    {"a": {datetime(2026, 1, 2, tzinfo=UTC): {Colour.RED: {1}}}},
    "\ud800",
    '"__type__"',
    {"__type__": "datetime", "__value__": "x", "more": datetime(2026, 1, 2, tzinfo=UTC)},
]


# Names by type alone: a UUID or the order of a set would differ between parallel runs.
NAMES = [type(value).__name__ for value in EXACT]


@pytest.mark.covers("pain X4", "SER-07", "CON-15", "contract D4")
@pytest.mark.parametrize("value", EXACT, ids=NAMES)
def test_a_value_comes_back_by_type_and_value(value: Any) -> None:
    back = there_and_back([value, {"k": value}], USING)
    assert back == [value, {"k": value}]
    assert type(back[0]) is type(value)


@pytest.mark.covers("pain X4")
def test_not_a_number_comes_back() -> None:
    assert math.isnan(there_and_back(math.nan, USING))


def test_plain_data_keeps_kombus_form() -> None:
    assert there_and_back(((1, 2), OrderedDict(a=(3,))), USING) == [[1, 2], {"a": [3]}]
    assert there_and_back({1: "a", None: "b"}, USING) == {"1": "a", "null": "b"}


@pytest.mark.covers("SER-10")
@pytest.mark.parametrize(
    "value", [{1}, timedelta(1), Colour.RED, Point(1), {(1,): 2}, 1j, ValueError("x")], ids=repr
)
def test_without_extended_types_what_kombu_refuses_is_refused(value: Any) -> None:
    with pytest.raises(EncodeError) as caught:
        document(success(value), PLAIN)
    assert caught.value.path == "result"


def test_extended_types_are_read_even_where_they_are_not_written() -> None:
    assert read(document(success({1, 2}), USING), PLAIN).result == {1, 2}


def test_without_extended_types_a_lookalike_keeps_kombus_bytes() -> None:
    value = {"__type__": "bytes", "__value__": "x"}
    assert b'"result": {"__type__": "bytes", "__value__": "x"}' in document(success(value), PLAIN)
    odd = {"__type__": "uuid", "__value__": "no uuid"}
    assert there_and_back(odd, PLAIN) == odd


@pytest.mark.covers("pain X4")
def test_an_exception_as_a_value_comes_back() -> None:
    back = there_and_back([ValueError("x", {1}), KeyError("k")], USING)
    assert [type(e) for e in back] == [ValueError, KeyError]
    assert back[0].args == ("x", {1})


def test_an_exception_group_as_a_value_comes_back() -> None:
    back = there_and_back(ExceptionGroup("two", [ValueError("a"), KeyError("b")]), USING)
    assert [repr(e) for e in back.exceptions] == ["ValueError('a')", "KeyError('b')"]


@pytest.mark.covers("SER-03")
def test_a_handle_becomes_its_tuple() -> None:
    ref = Ref("a", Ref("p"))
    assert there_and_back(ref, PLAIN) == [["a", [["p", None], None]], None]


class Handle:
    def __init__(self, task_id: str) -> None:
        self.id = task_id

    def as_tuple(self) -> tuple[Any, Any]:
        return (self.id, None), None


class Version:
    def as_tuple(self) -> tuple[int, int]:
        return (1, 2)


@pytest.mark.covers("SER-03")
def test_only_a_result_object_becomes_its_tuple() -> None:
    assert there_and_back(Handle("a"), PLAIN) == [["a", None], None]
    assert there_and_back([Handle("a")], USING) == [[["a", None], None]]
    assert there_and_back(Decimal("1.5"), USING) == Decimal("1.5")
    with pytest.raises(EncodeError):
        document(success(Version()), USING)
    pickled = codec(serializer="pickle", accept=["pickle"])
    assert there_and_back(Ref("a"), pickled) == Ref("a")


class Registered:
    pass


def test_a_type_registered_with_kombu_goes_kombus_way() -> None:
    kombu.utils.json.register_type(
        Registered, "registered-for-test", lambda o: "x", lambda o: Registered()
    )
    assert isinstance(there_and_back([Registered()], PLAIN)[0], Registered)
    assert isinstance(there_and_back({(1,): Registered()}, USING)[(1,)], Registered)


class Jsonable:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __json__(self) -> Any:
        return self.answer


def test_an_object_with_json_of_its_own_goes_kombus_way() -> None:
    assert there_and_back({"a": Jsonable({"b": 1})}, USING) == {"a": {"b": 1}}
    with pytest.raises(EncodeError):
        document(success(Jsonable(object())), USING)


class Model:
    def model_dump(self) -> dict[str, Any]:
        return {"when": datetime(2026, 1, 2, tzinfo=UTC)}


def test_a_model_is_stored_as_plain_data() -> None:
    assert there_and_back([Model()], USING) == [{"when": datetime(2026, 1, 2, tzinfo=UTC)}]


def tagged(name: str, value: Any) -> bytes:
    inner = {"__type__": name, "__value__": value}
    return json.dumps({"status": "SUCCESS", "result": inner, "task_id": "e1"}).encode()


@pytest.mark.covers("SEC-06", "contract D4")
@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("upshot:enum", {"class": "gone:Colour", "name": "RED", "value": 5}, 5),
        ("upshot:enum", {"class": "os:system", "name": "x", "value": 5}, 5),
        ("upshot:enum", {"class": "tests.codec.support:Colour", "name": "GONE", "value": 5}, 5),
        ("upshot:dataclass", {"class": "gone:Point", "fields": {"x": 1}}, {"x": 1}),
        ("upshot:dataclass", {"class": "os:environ", "fields": {"x": 1}}, {"x": 1}),
        ("upshot:dataclass", {"class": "tests.codec.support:Point", "fields": {"y": 1}}, {"y": 1}),
        ("upshot:dataclass", {"class": "tests.codec.support:Point", "fields": {}}, {}),
    ],
)
def test_a_class_that_does_not_fit_gives_plain_data(name: str, value: Any, plain: Any) -> None:
    assert read(tagged(name, value), USING).result == plain


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("upshot:timedelta", [10**30, 0, 0]),
        ("upshot:set", [[1]]),
        ("upshot:int", "zz"),
        ("upshot:fraction", [1, 0]),
        ("upshot:fraction", ["1e999999999"]),
        ("upshot:fraction", ["1e999999999", 1]),
        ("upshot:dict", [[[], 1]]),
        ("upshot:enum", None),
        ("datetime", "yesterday"),
        ("uuid", {"hex": "0", "mind": 1}),
        ("base64", 5),
        (["a"], "b"),
        (None, "b"),
    ],
)
def test_a_value_that_its_tag_refuses_stays_data(name: Any, value: Any) -> None:
    assert read(tagged(name, value), USING).result == {"__type__": name, "__value__": value}


@pytest.mark.covers("SEC-06")
def test_a_dataclass_is_rebuilt_without_running_its_code() -> None:
    data = document(success(Watchful(1)), USING)
    Watchful.built.clear()
    assert read(data, USING).result.x == 1
    assert Watchful.built == []


class Reacting:
    def __get__(self, instance: object, owner: type) -> int:
        return 0

    def __set__(self, instance: object, value: int) -> None:
        pytest.fail("code of the application ran")


@dataclass
class Reactive:
    x: int = Reacting()  # type: ignore[assignment]


@pytest.mark.covers("SEC-06")
def test_a_dataclass_whose_fields_run_code_stays_plain_data() -> None:
    stored = {"class": f"{__name__}:Reactive", "fields": {"x": 1}}
    assert read(tagged("upshot:dataclass", stored), USING).result == {"x": 1}


class Guarded(enum.Flag):
    A = 1

    @classmethod
    def _missing_(cls, value: object) -> Any:
        pytest.fail("code of the application ran")


def test_an_enum_is_looked_up_without_running_its_code() -> None:
    stored = {"class": f"{__name__}:Guarded", "name": "B", "value": 64}
    assert read(tagged("upshot:enum", stored), USING).result == 64


def test_reading_typed_values_needs_no_kombu() -> None:
    data = document(success([EXACT[0], b"x", {Colour.RED}, uuid4()]), USING)
    code = (
        "import sys; from upshot.codec import Codec; from upshot.stores.contract import Envelope\n"
        "settings, data = eval(sys.stdin.read())\n"
        "record = Codec.from_settings(settings).unpack(Envelope(id='e1', document=data))\n"
        "assert 'kombu' not in sys.modules, 'kombu was imported'\n"
        "print(record.result[1:3])"
    )
    from tests.codec.support import DEFAULTS

    done = subprocess.run(
        [sys.executable, "-c", code],
        input=repr((DEFAULTS, data)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[b'x', {'r'}]\n"


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.timedeltas()
    | st.uuids()
    | st.sets(st.integers() | st.text())
    | st.sampled_from(["__type__", "__value__", "upshot:dict", "bytes"])
)
keys = st.text() | st.sampled_from(["__type__", "__value__"])
values = st.recursive(
    leaves, lambda v: st.lists(v) | st.dictionaries(keys, v) | st.dictionaries(st.uuids(), v)
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(values)
def test_any_data_comes_back(value: Any) -> None:
    assert there_and_back(value, USING) == value
    assert USING.loads(USING.dumps(value)) == value
