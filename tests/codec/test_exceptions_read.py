import json
import pickle
import sys
import traceback
from types import ModuleType
from typing import Any

import pytest

from tests.codec.support import (
    CodedError,
    KeywordOnlyError,
    ShopError,
    codec,
    document,
    failure,
    read,
)
from upshot.codec.exceptions import exception_to_python, traceback_text
from upshot.errors import ChordError, RemoteError, SecurityError

USING = codec()


def back(exc: BaseException, **fields: Any) -> Any:
    return read(document(failure(exc, **fields), USING), USING).result


def named(exc_type: Any, exc_module: Any = None, exc_message: Any = ("m",)) -> Any:
    return exception_to_python(
        {"exc_message": exc_message, "exc_module": exc_module, "exc_type": exc_type}
    )


@pytest.mark.covers("EXC-07", "EXC-08", "EXC-03", "pain X1")
@pytest.mark.parametrize(
    "exc",
    [
        ValueError("x", 1),
        KeyError("k"),
        ShopError.StockError("none"),
        CodedError(5),
        OSError(2, "gone", "/tmp/x"),
        ImportError("no", name="m", path="p"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        ChordError("failed", failed=("a", "b")),
        FileNotFoundError(2, "gone", "a", None, "b"),
    ],
    ids=repr,
)
def test_the_true_exception_comes_back_where_its_class_is_loaded(exc: Exception) -> None:
    exc.add_note("a note")
    found = back(exc)
    assert type(found) is type(exc)
    assert found.args == exc.args
    assert str(found) == str(exc)
    assert vars(found) == vars(exc)


@pytest.mark.covers("pain X1", "EXC-08")
def test_a_constructor_that_refuses_gives_a_stand_in_that_tells_everything() -> None:
    exc = KeywordOnlyError(reason="kw")
    exc.add_note("a note")
    found = back(exc, traceback="Traceback: here")
    assert isinstance(found, RemoteError)
    assert type(found).__name__ == "KeywordOnlyError"
    assert found.remote_type == "tests.codec.support.KeywordOnlyError"
    assert str(found) == "because kw"
    assert found.reason == "kw"  # type: ignore[attr-defined]
    assert found.remote_traceback == "Traceback: here"  # type: ignore[attr-defined]
    assert found.__notes__[0] == "a note"
    copy = pickle.loads(pickle.dumps(found))
    assert (type(copy), str(copy), vars(copy)) == (type(found), str(found), vars(found))
    again = back(found)
    assert (type(again), str(again), again.args) == (type(found), str(found), found.args)


class ExplodingError(Exception):
    armed = False

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if self.armed:
            raise SystemExit(1)


def test_a_constructor_may_raise_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    data = document(failure(ExplodingError("x")), USING)
    monkeypatch.setattr(ExplodingError, "armed", True)
    found = read(data, USING).result
    assert isinstance(found, RemoteError)
    assert type(found).__name__ == "ExplodingError"


@pytest.mark.covers("EXC-07", "EXC-09", "pain X3", "CON-04")
def test_an_unknown_class_gives_a_stand_in_of_its_name() -> None:
    found = named("Shop.GoneError", "shop_that_is_not_here", ["a", 1])
    assert isinstance(found, RemoteError)
    assert found.args == ("a", 1)
    assert found.remote_type == "shop_that_is_not_here.Shop.GoneError"
    assert traceback.format_exception_only(found) == [
        "shop_that_is_not_here.Shop.GoneError: ('a', 1)\n"
    ]
    assert "shop_that_is_not_here" not in sys.modules
    assert type(named("Shop.GoneError", "shop_that_is_not_here")) is type(found)


@pytest.mark.covers("EXC-08")
def test_a_single_value_is_the_only_argument() -> None:
    assert named("ValueError", "builtins", "text").args == ("text",)


@pytest.mark.covers("CON-04")
def test_a_listed_module_is_imported(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "listed_for_upshot.py").write_text("class FarError(Exception): pass")
    (tmp_path / "broken_for_upshot.py").write_text("raise RuntimeError('broken')")
    monkeypatch.syspath_prepend(tmp_path)
    using = codec(upshot_exception_modules=["listed_for_upshot", "broken_for_upshot"])
    for module in ("listed_for_upshot", "broken_for_upshot", "other_for_upshot"):
        stored = {"exc_type": "FarError", "exc_message": [], "exc_module": module}
        data = json.dumps({"status": "FAILURE", "result": stored})
        found = read(data.encode(), using).result
        assert isinstance(found, RemoteError) is (module != "listed_for_upshot")
        assert repr(read(data.encode(), using).result) == repr(found)
    sys.modules.pop("listed_for_upshot")
    assert [record.args for record in caplog.records] == [("broken_for_upshot",)]


@pytest.mark.covers("contract 12.10", "CON-04")
@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_nothing_outside_exception_is_ever_instantiated(name: str) -> None:
    found = named(name, "builtins", [3])
    assert isinstance(found, RemoteError)
    assert isinstance(found, Exception)
    assert type(found).__name__ == name
    assert found.args == (3,)


@pytest.mark.covers("EXC-04", "EXC-05")
def test_nothing_stays_nothing_and_an_exception_itself() -> None:
    assert exception_to_python(None) is None
    assert exception_to_python({}) is None
    exc = ValueError("x")
    assert exception_to_python(exc) is exc


@pytest.mark.covers("EXC-06")
def test_a_form_that_is_no_mapping() -> None:
    pairs = [("exc_type", "KeyError"), ("exc_module", "builtins"), ("exc_message", ["k"])]
    assert repr(exception_to_python(pairs)) == "KeyError('k')"
    with pytest.raises(TypeError, match="must be a mapping"):
        exception_to_python(5)
    with pytest.raises(TypeError, match="must be a mapping"):
        exception_to_python("text")
    with pytest.raises(ValueError, match="does not tell its type"):
        exception_to_python({"exc_module": "builtins"})


class Tempting(ModuleType):
    def __getattr__(self, name: str) -> Any:
        raise AssertionError("code of a module ran")


class TemptingMeta(type):
    def __getattr__(cls, name: str) -> Any:
        raise AssertionError("code of a metaclass ran")


class Holder(metaclass=TemptingMeta):
    pass


@pytest.mark.covers("SEC-01", "SEC-06")
def test_no_code_runs_while_a_class_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tempting", Tempting("tempting"))
    assert isinstance(named("Gone", "tempting"), RemoteError)
    assert isinstance(named("Holder.Gone", __name__), RemoteError)
    monkeypatch.setitem(sys.modules, "tempting", object())
    assert isinstance(named("__class__", "tempting"), RemoteError)


@pytest.mark.covers("SEC-01")
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "dict"),
        ("subprocess", "Popen"),
        ("os", "path.join"),
        (__name__, "Holder"),
        (__name__, "USING"),
    ],
)
def test_what_is_no_exception_class_is_refused_by_name(module: str, name: str) -> None:
    with pytest.raises(SecurityError, match=f"names {module}.{name}.*payload: touch /tmp"):
        named(name, module, "touch /tmp")


@pytest.mark.covers("pain X6", "EXC-09")
def test_chain_notes_and_traceback_print_at_the_caller() -> None:
    def fail() -> None:
        try:
            vars(Holder)["deep"]
        except KeyError as exc:
            exc.add_note("a note of the cause")
            raise ValueError("outer") from exc

    try:
        fail()
    except ValueError as exc:
        text = traceback_text(exc)
        record = read(document(failure(exc, traceback=text), USING), USING)
    found = record.result
    assert record.traceback == text
    assert repr(found.__cause__) == "KeyError('deep')"
    assert found.__cause__.__notes__ == ["a note of the cause"]
    printed = "".join(traceback.format_exception(found))
    assert 'vars(Holder)["deep"]' in printed
    assert "direct cause of the following" in printed
    assert text.strip() in printed
    stored = document(failure(found), USING)
    assert b"remote" not in stored
    again = read(stored, USING).result
    assert not hasattr(again, "__notes__")
    assert type(pickle.loads(pickle.dumps(found)).__notes__[0]) is str


@pytest.mark.covers("pain X6")
@pytest.mark.parametrize("serializer", ["json", "pickle", "yaml", "msgpack"])
def test_context_suppression_and_groups_come_back(serializer: str) -> None:
    using = codec(serializer=serializer, accept=[serializer])
    exc = ExceptionGroup("two", [ValueError("a"), ExceptionGroup("in", [KeyError("b")])])
    exc.__context__ = ValueError("context")
    exc.__suppress_context__ = True
    found = read(document(failure(exc), using), using).result
    assert type(found) is ExceptionGroup
    assert repr(found.exceptions) == repr(exc.exceptions)
    assert repr(found.__context__) == "ValueError('context')"
    assert found.__suppress_context__


def test_a_pickled_exception_is_not_described_beside_itself() -> None:
    using = codec(serializer="pickle", accept=["pickle"])
    exc = CodedError(5)
    exc.add_note("only once")
    exc.__cause__ = ValueError("the cause")
    data = document(failure(exc), using)
    assert b"attributes" not in data
    found = read(data, using).result
    assert (found.code, found.__notes__, repr(found.__cause__)) == (
        5,
        ["only once"],
        "ValueError('the cause')",
    )


def test_a_group_of_what_must_not_be_instantiated_is_a_stand_in() -> None:
    found = back(BaseExceptionGroup("g", [SystemExit(1)]))
    assert isinstance(found, RemoteError)
    assert type(found).__name__ == "BaseExceptionGroup"
    assert [type(e).__name__ for e in found.exceptions] == ["SystemExit"]  # type: ignore[attr-defined]


def test_stored_attributes_cannot_reach_behind_the_exception() -> None:
    details = {
        "attributes": {
            "__class__": 1,
            "args": 2,
            "with_traceback": 3,
            "__x__": 6,
            "no name": 4,
            "ok": 5,
        },
        "notes": "text",
        "cause": [1],
        "context": {"exc_type": 1},
        "members": {"a": 1},
    }
    found = exception_to_python(
        {"exc_type": "ValueError", "exc_module": "builtins", "exc_message": ["x"]}, details
    )
    assert vars(found) == {"ok": 5}
    assert found is not None
    assert found.__cause__ is None
    assert found.args == ("x",)


def test_odd_names_still_make_a_stand_in() -> None:
    for name in ("", "a\x00b", "\ud800", "x" * 10_000, "a..b", "Ω.é"):
        found = named(name, name)
        assert isinstance(found, RemoteError)
        assert len(type(found).__name__) <= 200
        assert pickle.loads(pickle.dumps(found)).args == ("m",)
