"""What the embedded runtime says about options, submissions and chords that cannot be, whole."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from upshot.errors import (
    ChordError,
    DuplicateTask,
    EncodeError,
    Misconfigured,
    Unavailable,
    Unsupported,
    UpshotError,
    WouldBlock,
)
from upshot.local import App, chord, group

pytestmark = pytest.mark.covers("ERR-01")

LIMIT = 30


def add(x: int, y: int) -> int:
    return x + y


def fails(x: int) -> int:
    raise ValueError(f"no {x}")


def another_app() -> Any:
    return App("other", backend="memory://other").task(name="alien")(lambda values: 1).s()


@pytest.fixture
def app() -> Iterator[App]:
    with App("shop", backend=f"memory://{uuid.uuid4()}", workers=2) as made:
        made.task(name="add")(add)
        made.task(name="fails")(fails)
        made.task(name="total")(sum)
        yield made
        assert made.tasks["add"].delay(1, 2).get(LIMIT) == 3


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"pool": "processes"},
            Unsupported,
            "app 'shop': pool='processes' is not built yet; use pool='threads'",
        ),
        (
            {"pool": "greenlets"},
            Misconfigured,
            "app 'shop': pool='greenlets' is neither 'threads' nor 'processes'",
        ),
        ({"workers": 0}, Misconfigured, "app 'shop': workers=0 is less than 1"),
        ({"workers": 1.5}, Misconfigured, "app 'shop': workers=1.5 is no whole number"),
        (
            {"settings": {"resul_expires": 1}},
            Misconfigured,
            (
                "'resul_expires' (did you mean result_expires?) is not a setting; `upshot settings`"
                " lists all of them"
            ),
        ),
    ],
)
def test_options_of_an_app(options: dict[str, Any], kind: type[UpshotError], message: str) -> None:
    with pytest.raises(kind) as caught:
        App("shop", **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_retries": -1}, "max_retries=-1 is negative; 0 turns retries off"),
        ({"max_retries": True}, "max_retries=True is no whole number"),
        (
            {"backoff": "slow"},
            (
                "backoff='slow' is neither a number of seconds nor a function from the number of "
                "the retry to seconds"
            ),
        ),
        (
            {"time_limit": 3},
            (
                "time_limit=3 cannot be kept with pool='threads', because a thread cannot be ended "
                "from outside; leave it out and give what the task waits for a timeout of its own"
            ),
        ),
        (
            {"result_expires": "soon"},
            "result_expires='soon' is no number of seconds; None keeps results for ever",
        ),
        (
            {"autoretry_for": ("ValueError",)},
            "autoretry_for must hold exception classes, not 'ValueError'",
        ),
    ],
)
def test_options_of_a_task(app: App, options: dict[str, Any], message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        app.task(name="odd", **options)(add)
    assert str(caught.value) == f"task odd: {message}"
    assert "odd" not in app.tasks


@pytest.mark.parametrize(
    ("work", "kind", "message"),
    [
        (
            lambda app: app.task(name="add")(fails),
            DuplicateTask,
            (
                "app 'shop' already has a task 'add': give one of the two functions another name "
                "with @app.task(name=...)"
            ),
        ),
        (
            lambda app: app.task(5),
            Misconfigured,
            "@shop.task takes its options by name, and decorates a function, not 5",
        ),
        (
            lambda app: app.tasks["add"].delay(1),
            TypeError,
            "task add(x: int, y: int) -> int: missing a required argument: 'y'",
        ),
        (
            lambda app: app.tasks["add"].apply_async((1, 2), task_id="x" * 156),
            ValueError,
            "a task id has at most 155 characters, this one has 156",
        ),
        (
            lambda app: group(cast("Any", 7))(),
            TypeError,
            "a group takes signatures such as task.s(1), not int: 7",
        ),
        (
            lambda app: group()(),
            ValueError,
            "an empty group does not know its app: write group([], app=app), or leave it out",
        ),
        (
            lambda app: group(app.tasks["add"].s(1, 2).set(task_id="a") for _ in range(2))(),
            ValueError,
            "2 members of the group have the same task id 'a': give each its own",
        ),
        (
            lambda app: group(app.tasks["add"].s(1, 2), another_app()),
            Misconfigured,
            "the tasks of a group belong to different apps; make one group for each app",
        ),
        (
            lambda app: group([cast("Any", group(app.tasks["add"].s(1, 2)))]),
            Unsupported,
            (
                "groups and chords inside of groups and chords are not built yet; send the inner "
                "one from a task of its own"
            ),
        ),
        (
            lambda app: chord([app.tasks["add"].s(1, 2)], on_error="ignore"),  # type: ignore[call-overload]
            Misconfigured,
            "on_error='ignore' is neither 'fail' nor 'collect'",
        ),
        (
            lambda app: chord([app.tasks["add"].s(1, 2)])(),
            ValueError,
            "a chord needs a body: write chord(header)(body)",
        ),
        (
            lambda app: chord([app.tasks["add"].s(1, 2)])(another_app()),
            Misconfigured,
            "the header and the body of a chord belong to different apps",
        ),
        (
            lambda app: chord([app.tasks["add"].s(1, 2).set(task_id="a")])(
                app.tasks["total"].s().set(task_id="a")
            ),
            ValueError,
            "the body and a member of the chord have the same id a: give each its own",
        ),
    ],
)
def test_what_cannot_be_sent(
    app: App, work: Callable[[App], Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        work(app)
    assert (type(caught.value), str(caught.value)) == (kind, message)
    assert not app.backend.records.load("a").known


def test_what_a_task_may_not_do(app: App) -> None:
    @app.task(name="closes")
    def closes() -> None:
        app.close()

    @app.task(name="finishes", bind=True)
    def finishes(self: Any) -> None:
        self.update_state("SUCCESS")

    @app.task(name="shows", bind=True)
    def shows(self: Any) -> None:
        self.update_state(meta=object())

    def told(kind: type[Exception], work: Callable[[], object]) -> str:
        with pytest.raises(kind) as caught:
            work()
        return str(caught.value)

    assert told(WouldBlock, lambda: closes.delay().get(LIMIT)) == (
        "a task of app 'shop' cannot close it: it would wait for itself"
    )
    assert told(ValueError, lambda: finishes.delay().get(LIMIT)) == (
        "update_state cannot set 'SUCCESS', which the runtime sets itself; use a name of your own, "
        "such as 'PROGRESS'"
    )
    assert told(EncodeError, lambda: shows.delay().get(LIMIT)) == (
        "result is of type object, which json cannot store: object is no type that JSON or upshot "
        "knows. Put plain data in its place, such as text, numbers, lists and dicts"
    )


def test_members_of_a_chord_that_failed(app: App) -> None:
    header = [app.tasks["fails"].s(n).set(task_id=f"member-{n}") for n in range(7)]
    result = chord([*header, app.tasks["add"].s(1, 2)])(app.tasks["total"].s())
    with pytest.raises(ChordError) as caught:
        result.get(LIMIT)
    assert result.parent is not None
    told = ", ".join(f"member-{n} (FAILURE: ValueError: no {n})" for n in range(5))
    assert str(caught.value) == (
        f"7 of 8 members of group {result.parent.id} failed, so total did not run: {told} and 2 more"
    )


def test_an_app_that_takes_no_more() -> None:
    with App("shop", backend=f"memory://{uuid.uuid4()}") as closed:
        task = closed.task(name="add")(add)
    with pytest.raises(UpshotError) as caught:
        task.delay(1, 2)
    assert str(caught.value) == (
        "app 'shop' is closed and takes no more tasks; submit them before close(), or within its "
        "`with` block"
    )
    with App("shop", backend=f"memory://{uuid.uuid4()}") as interrupted:
        task = interrupted.task(name="add")(add)
        interrupted.interrupt()
        with pytest.raises(UpshotError) as caught:
            task.delay(1, 2)
    assert str(caught.value) == (
        "app 'shop' was interrupted and takes no more tasks; make a new App"
    )


@pytest.mark.covers("SEC-04", "pain P4")
def test_a_store_that_is_not_there_runs_nothing() -> None:
    ran: list[int] = []
    with (
        App("shop", backend="redis://:Zq7xK@127.0.0.1:1/0") as app,
        pytest.raises(Unavailable) as caught,
    ):
        app.task(name="append")(ran.append).delay(1)
    assert str(caught.value) == (
        "Redis at redis://:**@127.0.0.1:1/0 cannot be reached: check that it runs and that the "
        "address is right (Error 111 connecting to 127.0.0.1:1. Connection refused.)"
    )
    assert ran == []
