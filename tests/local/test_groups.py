import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from upshot.errors import Misconfigured, Unsupported
from upshot.local import App, chord, group
from upshot.results import GroupResult, connect

LIMIT = 60.0


@pytest.mark.covers("RST-05", "EXA-05")
def test_a_group_gives_its_values_in_order(app: App) -> None:
    @app.task
    def square(x: int) -> int:
        return x * x

    result = group(square.s(i) for i in range(100))()

    assert result.get(timeout=LIMIT) == [i * i for i in range(100)]
    assert result.completed_count() == 100


def test_two_thousand_members_are_recorded_in_one_call_and_all_run(memory: App) -> None:
    store: Any = memory.backend.store
    calls: list[int] = []
    save_many = store.save_many

    def counted(envelopes: Any) -> Any:
        calls.append(len(envelopes))
        return save_many(envelopes)

    store.save_many = counted

    @memory.task
    def add(x: int, y: int) -> int:
        return x + y

    result = group(add.s(i, 1) for i in range(2000))()

    assert sum(result.get(timeout=LIMIT)) == sum(range(1, 2001))
    assert calls == [2000]


@pytest.mark.covers("RST-04", "pain C11")
def test_a_group_is_restored_by_its_id(app: App, url: str) -> None:
    @app.task
    def square(x: int) -> int:
        return x * x

    sent = group(square.s(2), square.s(3)).apply_async(group_id="mine")

    restored = GroupResult.restore("mine", connect(url))
    assert restored is not None
    assert restored.get(timeout=LIMIT) == [4, 9]
    assert [r.id for r in restored] == [r.id for r in sent]
    assert [r.record().group for r in sent] == ["mine", "mine"]


def test_errors_are_values_when_asked_for(app: App) -> None:
    @app.task
    def odd(x: int) -> int:
        if x % 2:
            raise ValueError(x)
        return x

    result = group(odd.s(i) for i in range(4))()

    values = result.get(timeout=LIMIT, propagate=False)
    assert values[0::2] == [0, 2]
    assert [str(v) for v in values[1::2]] == ["1", "3"]


def test_an_empty_group_needs_its_app_and_restores_as_an_empty_group(app: App, url: str) -> None:
    with pytest.raises(ValueError, match=r"write group\(\[\], app=app\)"):
        group([])()

    result = group([], app=app)()

    assert result.get(timeout=LIMIT) == []
    restored = GroupResult.restore(result.id, connect(url))
    assert restored is not None
    assert len(restored) == 0


def test_a_member_that_cannot_be_sent_keeps_all_back(memory: App) -> None:
    ran: list[int] = []

    @memory.task
    def work(x: int) -> None:
        ran.append(x)

    def members() -> Iterator[Any]:
        yield work.s(1)
        raise OSError("the list ended early")

    with pytest.raises(OSError, match="the list ended early"):
        group(members())()
    with pytest.raises(TypeError, match="missing a required argument"):
        group(work.s(1), work.s())()
    with pytest.raises(ValueError, match="the same task id"):
        group(work.s(1).set(task_id="x"), work.s(2).set(task_id="x"))()
    memory.close()
    assert ran == []


def test_what_is_no_signature_is_refused(memory: App) -> None:
    @memory.task
    def work(x: int) -> int:
        return x

    with pytest.raises(TypeError, match=r"takes signatures such as task\.s\(1\), not int: 3"):
        group(work.s(1), 3)  # type: ignore[arg-type]
    with pytest.raises(Unsupported, match="not built yet"):
        group([group(work.s(1))])  # type: ignore[list-item]
    with pytest.raises(Unsupported, match="not built yet"):
        group([chord([work.s(1)], work)])  # type: ignore[list-item]


def test_tasks_of_two_apps_make_no_group(memory: App) -> None:
    other = App("other", backend="memory://other")

    @memory.task
    def one() -> None: ...

    @other.task
    def two() -> None: ...

    with pytest.raises(Misconfigured, match="different apps"):
        group(one.s(), two.s())
    with pytest.raises(Misconfigured, match="different apps"):
        chord([one.s()])(two.si())


def test_signatures_take_arguments_before_their_own(memory: App) -> None:
    @memory.task
    def join(*args: Any, **kwargs: Any) -> list[Any]:
        return [*args, *sorted(kwargs.items())]

    partial = join.s(3, a=1)

    assert partial.delay(1, 2, b=2).get(timeout=LIMIT) == [1, 2, 3, ["a", 1], ["b", 2]]
    assert partial(0) == [0, 3, ("a", 1)]
    assert join.si(3).delay(1).get(timeout=LIMIT) == [3]
    assert repr(partial) == f"{join.name}(3, a=1)"
    chosen = partial.set(task_id="chosen").delay()
    assert chosen.id == "chosen"
    assert partial.task_id is None


def test_a_long_group_is_stored_anew_so_that_it_outlives_its_members(memory: App) -> None:
    go = threading.Event()
    puts: list[float | None] = []
    store: Any = memory.backend.store
    put = store.put

    def counted(kind: str, key: str, data: bytes, ttl: float | None, **more: Any) -> bool:
        puts.append(ttl)
        return bool(put(kind, key, data, ttl, **more))

    store.put = counted

    @memory.task(result_expires=5.0)
    def brief() -> None:
        go.wait(0.2)

    @memory.task(result_expires=7.0)
    def longer() -> None: ...

    result = group(brief.s(), longer.s())()
    result.get(timeout=LIMIT)
    memory.close()

    assert puts == [7.0, 7.0]


def test_values_of_many_groups_do_not_mix(app: App) -> None:
    @app.task
    def pair(x: int, y: int) -> list[int]:
        return [x, y]

    results = [group(pair.s(x, y) for y in range(5))() for x in range(10)]

    found = itertools.chain.from_iterable(r.get(timeout=LIMIT) for r in results)
    assert list(found) == [[x, y] for x in range(10) for y in range(5)]
