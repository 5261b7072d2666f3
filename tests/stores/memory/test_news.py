"""The memory store's listener beyond what every listener does."""

import os
import signal

import pytest

from upshot.stores.contract import Confirmed, Gap, News
from upshot.stores.memory import MemoryStore
from upshot.stores.memory.news import MemoryListener
from upshot.testing.envelopes import make_envelope
from upshot.testing.waiting import run_threads

pytestmark = pytest.mark.store("memory")


def test_an_overflow_is_a_gap_after_which_news_goes_on() -> None:
    store = MemoryStore()
    listener = MemoryListener(store._data, backlog=5)
    listener.want(["id"], [])
    for n in range(20):
        store.save(make_envelope("id", "STARTED", n))
    events = listener.next(1)
    assert len(events) == 6
    assert isinstance(events[0], Gap)
    assert events[1] == Confirmed(frozenset({"id"}))
    assert [type(event) for event in events[2:]] == [News, News, News, Gap]
    store.save(make_envelope("id", document=b"final"))
    assert listener.next(1) == [News("id", b"final")]


def test_a_signal_handler_may_wake_the_listener_it_interrupts() -> None:
    listener = MemoryStore().listen()
    assert len(listener.next(0)) == 1
    before = signal.signal(signal.SIGUSR1, lambda *_: listener.wake())
    try:
        for _ in range(100):
            os.kill(os.getpid(), signal.SIGUSR1)
            assert listener.next(20) == []
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_closed_listener_hears_nothing_and_leaves_nothing() -> None:
    store = MemoryStore()
    listener = store.listen()
    listener.want(["a", "b"], [])
    listener.close()
    listener.close()
    store.save(make_envelope("a"))
    assert listener.next(None) == []
    assert not store._data.board._wanted


def test_listeners_come_and_go_while_others_write() -> None:
    store = MemoryStore()

    def work(number: int) -> int:
        heard = 0
        for n in range(100):
            listener = store.listen()
            listener.want([f"id-{number}"], [])
            store.save(make_envelope(f"id-{number}", "STARTED", n))
            heard += sum(isinstance(event, News) for event in listener.next(5))
            listener.close()
        return heard

    assert run_threads(4, work) == [100] * 4
    assert not store._data.board._wanted
