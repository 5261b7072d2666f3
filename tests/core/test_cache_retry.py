"""The cache above the store, and the retrying of what may pass."""

import itertools
import threading
from dataclasses import replace

import pytest

from tests.support.records import make_records
from tests.support.stores import counted, failing
from upshot import states
from upshot.cache import LRUCache
from upshot.errors import (
    BackendGetMetaError,
    BackendStoreError,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from upshot.record import TaskRecord
from upshot.retry import RetryPolicy, longest_sleep, safe_to_retry
from upshot.stores.contract import Envelope, Saved
from upshot.stores.memory import MemoryStore

FAST = {
    "result_backend_always_retry": True,
    "result_backend_base_sleep_between_retries_ms": 0,
}


@pytest.mark.covers("GET-01", "CCH-02", "CON-02")
def test_only_a_success_is_read_once() -> None:
    store = MemoryStore()
    records = make_records(store)
    records.save(TaskRecord(id="ok", state=states.SUCCESS, result=1))
    records.save(TaskRecord(id="bad", state=states.FAILURE, result=ValueError()))
    counts = counted(store)
    for _ in range(3):
        records.load("ok")
    assert counts["load"] == 1
    for _ in range(3):
        records.load("bad")
    assert counts["load"] == 4
    records.load("ok", cache=False)
    assert counts["load"] == 5


@pytest.mark.covers("CCH-01", "CFG-05")
def test_the_cache_can_be_turned_off() -> None:
    store = MemoryStore()
    records = make_records(store, result_cache_max=-1)
    records.save(TaskRecord(id="ok", state=states.SUCCESS, result=1))
    counts = counted(store)
    records.load("ok")
    records.load("ok")
    assert counts["load"] == 2
    assert not records.cached("ok")


@pytest.mark.covers("CCH-04")
def test_the_least_recently_used_value_leaves_first() -> None:
    cache: LRUCache[int] = LRUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    assert len(cache) == 2


@pytest.mark.parametrize("limit", [0, None])
@pytest.mark.covers("CFG-05")
def test_zero_and_none_mean_no_limit(limit: int | None) -> None:
    cache: LRUCache[int] = LRUCache(limit)
    for i in range(5000):
        cache.put(str(i), i)
    assert len(cache) == 5000


def test_the_cache_stands_many_threads() -> None:
    cache: LRUCache[int] = LRUCache(10)
    errors = []

    def work() -> None:
        try:
            for i in range(2000):
                cache.put(str(i % 25), i)
                cache.get(str((i * 7) % 25))
                cache.drop(str((i * 3) % 25))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(cache) <= 10


@pytest.mark.covers("RTY-01", "RTY-05")
def test_only_what_may_pass_is_worth_a_retry() -> None:
    assert safe_to_retry(Unavailable("down"))
    assert safe_to_retry(OutcomeUnknown("no answer"))
    assert not safe_to_retry(Refused("wrong password"))
    assert not safe_to_retry(ValueError())


@pytest.mark.covers("RTY-02", "CFG-08")
def test_with_retry_off_the_store_s_error_comes_through_unchanged() -> None:
    store = MemoryStore()
    records = make_records(store)
    error = Unavailable("down")
    failing(store, "save", [error])
    with pytest.raises(Unavailable) as caught:
        records.save(TaskRecord(id="a"))
    assert caught.value is error


@pytest.mark.covers("RTY-04", "RTY-02", "GET-01")
def test_transient_errors_are_retried_for_writing_reading_groups_and_forgetting() -> None:
    store = MemoryStore()
    records = make_records(store, **FAST)
    left = {
        name: failing(store, name, [Unavailable("down"), OutcomeUnknown("cut")])
        for name in ("save", "load", "delete")
    }
    records.save(TaskRecord(id="a", state=states.SUCCESS, result=1))
    assert records.load("a").result == 1
    records.forget(["a"])
    assert left == {"save": [], "load": [], "delete": []}


@pytest.mark.covers("RTY-02")
def test_a_permanent_error_is_not_retried() -> None:
    store = MemoryStore()
    records = make_records(store, **FAST)
    left = failing(store, "save", [Refused("no"), Refused("no")])
    with pytest.raises(Refused):
        records.save(TaskRecord(id="a"))
    assert len(left) == 1


@pytest.mark.covers("GET-02", "CFG-09")
def test_exhausted_retries_name_task_and_state() -> None:
    store = MemoryStore()
    records = make_records(store, result_backend_max_retries=2, **FAST)
    left = failing(store, "save", [Unavailable(str(i)) for i in range(9)])
    with pytest.raises(BackendStoreError) as stored:
        records.save(TaskRecord(id="a", state=states.STARTED))
    assert (stored.value.task_id, stored.value.state) == ("a", states.STARTED)
    assert isinstance(stored.value.__cause__, Unavailable)
    assert len(left) == 6
    failing(store, "load", [Unavailable(str(i)) for i in range(9)])
    with pytest.raises(BackendGetMetaError) as read:
        records.load("a")
    assert read.value.task_id == "a"


@pytest.mark.covers("RTY-03", "CON-36", "CFG-10", "CFG-11")
def test_sleeps_are_jittered_below_a_doubling_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    policy = RetryPolicy(enabled=True, max_retries=12, base_ms=10, max_ms=1000)

    def fail() -> None:
        raise Unavailable("down")

    with pytest.raises(Unavailable):
        policy.call(fail)
    bounds = [longest_sleep(10, 1000, n) for n in range(1, 13)]
    assert bounds[:4] == [20, 40, 80, 160]
    assert bounds[-1] == 1000
    assert len(slept) == 12
    for pause, bound in itertools.zip_longest(slept, bounds):
        assert 0 <= pause * 1000 <= bound


def test_a_write_repeated_because_its_answer_was_lost_is_not_refused_by_itself() -> None:
    store = MemoryStore()
    records = make_records(store, **FAST)
    save, lost = store.save, [OutcomeUnknown("the answer was lost")]

    def answerless(envelope: Envelope) -> Saved:
        saved = save(envelope)
        if lost:
            raise lost.pop()
        return saved

    store.save = answerless  # type: ignore[method-assign]
    record = TaskRecord(id="a", state=states.SUCCESS, result=1)
    assert records.save(record).saved.accepted
    assert not lost
    assert not records.save(replace(record, result=2)).saved.accepted
