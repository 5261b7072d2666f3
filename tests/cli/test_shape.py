import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

from upshot.cli.shape import error_json, plain, record_json, summary_json, unreadable_json
from upshot.errors import Damaged, RemoteError
from upshot.record import Ref, TaskRecord


class Colour(Enum):
    RED = "r"


def test_plain_values_stay() -> None:
    value = {"a": [1, 2.5, True, None, "x"]}

    assert plain(value) == value


def test_what_json_lacks_becomes_text() -> None:
    value = {
        1: math.nan,
        "inf": -math.inf,
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "raw": b"\x00\xff",
        "set": {7},
        "tuple": (1, Colour.RED),
        "money": Decimal("1.10"),
    }

    shown = plain(value)

    assert shown == {
        "1": "nan",
        "inf": "-inf",
        "when": "2026-01-02T00:00:00+00:00",
        "day": "2026-01-02",
        "raw": "AP8=",
        "set": [7],
        "tuple": [1, "r"],
        "money": "Decimal('1.10')",
    }
    json.dumps(shown, allow_nan=False)


def test_depth_is_bounded() -> None:
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]

    json.dumps(plain(deep))


def test_errors_keep_notes_and_causes() -> None:
    error = ValueError("outer")
    error.__cause__ = KeyError("inner")
    error.add_note("while testing")

    assert error_json(error) == {
        "type": "ValueError",
        "message": "outer",
        "notes": ["while testing"],
        "cause": {"type": "KeyError", "message": "'inner'", "notes": [], "cause": None},
    }


def test_suppressed_context_is_no_cause() -> None:
    error = ValueError("outer")
    error.__context__ = KeyError("inner")
    assert error_json(error)["cause"]["type"] == "KeyError"

    error.__suppress_context__ = True
    assert error_json(error)["cause"] is None


def test_error_whose_text_fails_is_shown_all_the_same() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert error_json(Odd())["message"] == "<its text cannot be shown: RuntimeError>"


def test_circular_causes_end() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first

    json.dumps(error_json(first))


def test_remote_error_bears_its_remote_name() -> None:
    class Gone(RemoteError):
        remote_type = "shop.errors.Gone"

    assert error_json(Gone("x"))["type"] == "shop.errors.Gone"


def test_record_has_every_field_always() -> None:
    bare = record_json(TaskRecord(id="a"))

    assert list(bare) == [
        "id",
        "state",
        "name",
        "attempt",
        "created",
        "started",
        "done",
        "worker",
        "queue",
        "group",
        "parent",
        "labels",
        "result",
        "error",
        "traceback",
        "args",
        "kwargs",
        "children",
    ]
    assert list(bare)[:12] == list(summary_json(TaskRecord(id="a")))


def test_record_tells_value_and_error_apart() -> None:
    good = TaskRecord(
        id="a",
        state="SUCCESS",
        result={"n": 1},
        done=datetime(2026, 11, 20, 18, 30, tzinfo=UTC),
        children=(Ref("b", members=(Ref("c"),)),),
    )
    bad = TaskRecord(id="a", state="FAILURE", result=ValueError("no"), traceback="Traceback ...")

    shown = record_json(good)
    assert (shown["result"], shown["error"]) == ({"n": 1}, None)
    assert shown["done"] == "2026-11-20T18:30:00Z"
    assert shown["children"] == [{"id": "b", "members": [{"id": "c", "members": None}]}]
    shown = record_json(bad)
    assert (shown["result"], shown["error"]["message"]) == (None, "no")
    assert shown["traceback"] == "Traceback ..."


def test_unreadable_record_says_why_without_secrets() -> None:
    error = Damaged("record x of redis://:geheim@h/0 is damaged", task_id="x")

    assert unreadable_json(error) == {
        "id": "x",
        "state": None,
        "unreadable": {
            "type": "Damaged",
            "message": "record x of redis://:**@h/0 is damaged",
        },
    }
