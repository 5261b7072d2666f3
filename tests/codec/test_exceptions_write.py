import asyncio
import threading
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
from upshot.codec.exceptions import prepare_exception, traceback_text
from upshot.errors import RemoteError

SERIALIZERS = ["json", "yaml", "msgpack", "pickle"]


class HostileError(Exception):
    @property
    def args(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no args")

    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no cause")

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no dict")

    def __repr__(self) -> str:
        raise SystemExit(1)

    def __str__(self) -> str:
        raise KeyError("no str")

    def __reduce__(self) -> Any:
        raise RuntimeError("no pickle")


class Unprintable:
    def __repr__(self) -> str:
        raise GeneratorExit


class OddMeta(type):
    def __getattribute__(cls, name: str) -> Any:
        if name in {"__module__", "__qualname__", "__name__"}:
            raise RuntimeError(name)
        return super().__getattribute__(name)


class OddError(Exception, metaclass=OddMeta):
    pass


class NumberedModuleError(Exception):
    pass


NumberedModuleError.__module__ = 5  # type: ignore[assignment]


def local_error() -> Exception:
    class LocalError(Exception):
        pass

    return LocalError("here")


def in_circles() -> Exception:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__context__ = second, first
    second.__cause__ = second
    return first


def endless() -> Exception:
    head = last = ValueError("0")
    for n in range(5000):
        last.__cause__ = ValueError(str(n))
        last = last.__cause__
    return head


def noted(*notes: Any) -> Exception:
    exc = ValueError("noted")
    exc.__notes__ = list(notes)
    return exc


def carrying(**attributes: Any) -> Exception:
    exc = ValueError("carrying")
    vars(exc).update(attributes)
    return exc


class Rude(BaseException):
    pass


CORPUS = [
    ValueError("plain"),
    ValueError(),
    asyncio.CancelledError("stop"),
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration(5),
    Rude("rude"),
    HostileError("x"),
    OddError("x"),
    NumberedModuleError("x"),
    ValueError(Unprintable(), threading.Lock(), object),
    ValueError("x" * 1_000_000, ["y" * 1_000_000], Unprintable),
    ValueError(*range(100_000)),
    ValueError(list(range(1_000_000)), dict.fromkeys(range(1_000_000))),
    ValueError("\ud800 lone", b"\xff"),
    ValueError({"__type__": "bytes", "__value__": "x"}),
    CodedError(5),
    KeywordOnlyError(reason="kw"),
    ShopError.StockError("nested"),
    local_error(),
    in_circles(),
    endless(),
    noted("a", "\ud800", "z" * 1_000_000, 5),
    noted(*["n"] * 10_000),
    carrying(lock=threading.Lock(), big="x" * 1_000_000, ok=1, **{"not a name": 1}),
    carrying(**{f"a{n}": "x" * 60_000 for n in range(1000)}),
    BaseExceptionGroup("group", [SystemExit(1), ExceptionGroup("in", [KeyError("k")])]),
    ExceptionGroup("wide", [ValueError(n) for n in range(1000)]),
    OSError(2, "gone", "/tmp/x"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    ImportError("no", name="m", path="p"),
]


@pytest.mark.covers("pain X1", "pain X2", "SER-10")
@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("exc", CORPUS, ids=lambda e: type.__repr__(type(e)))
def test_storing_an_exception_never_raises(exc: BaseException, serializer: str) -> None:
    using = codec(serializer=serializer, accept=[serializer])
    record = failure(exc, traceback=traceback_text(exc))
    written = document(record, using)
    assert len(written) < 2_000_000
    back = read(written, using)
    assert isinstance(back.result, Exception)
    assert isinstance(traceback_text(back.result), str)
    again = read(document(back, using), using)
    assert type(again.result).__name__ == type(back.result).__name__


@pytest.mark.covers("EXC-03")
def test_the_mapping_has_celerys_order_and_unstorable_arguments_as_text() -> None:
    thing = object()
    prepared = prepare_exception(ShopError.StockError("x", thing, {"a": thing}))
    assert list(prepared) == ["exc_type", "exc_message", "exc_module"]
    assert prepared == {
        "exc_type": "ShopError.StockError",
        "exc_message": ["x", repr(thing), repr({"a": thing})],
        "exc_module": "tests.codec.support",
    }


@pytest.mark.covers("EXC-01", "EXC-02")
def test_pickle_carries_the_exception_or_what_comes_nearest() -> None:
    whole = ValueError("x")
    assert prepare_exception(whole, "pickle") is whole

    class LocalError(LookupError):
        pass

    nearest = prepare_exception(LocalError("x"), "pickle")
    assert type(nearest) is LookupError
    assert nearest.args == ("x",)


@pytest.mark.covers("EXC-02", "EXC-05")
def test_pickle_falls_back_to_a_wrapper_that_readers_unwrap() -> None:
    exc = local_error()
    exc.args = ("x", threading.Lock())
    wrapper = prepare_exception(exc, "pickle")
    assert (wrapper.exc_module, wrapper.exc_cls_name) == (
        __name__,
        "local_error.<locals>.LocalError",
    )
    assert wrapper.exc_args == ("x", repr(exc.args[1]))
    using = codec(serializer="pickle", accept=["pickle"])
    back = read(document(failure(exc), using), using).result
    assert isinstance(back, RemoteError)
    assert back.remote_type == f"{__name__}.local_error.<locals>.LocalError"
    assert back.args == wrapper.exc_args


@pytest.mark.covers("pain X1")
def test_what_is_cut_says_so() -> None:
    prepared = prepare_exception(ValueError("x" * 100_000))
    assert prepared["exc_message"][0].endswith("xxx... (34464 more characters)")
    assert prepare_exception(ValueError(*range(101)))["exc_message"][-1] == "... (1 more arguments)"
