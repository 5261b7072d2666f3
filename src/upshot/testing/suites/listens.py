"""`Listens`: news of accepted writes, confirmations and gaps."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Protocol

from upshot.stores.contract import (
    Batches,
    Confirmed,
    Envelope,
    Event,
    Gap,
    Joins,
    Listener,
    Listens,
    News,
    Part,
    Store,
)
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import HOSTILE_IDS, make_envelope
from upshot.testing.processes import OtherProcess


class ListeningStore(Store, Listens, Protocol):
    """What these tests are handed."""


class ListeningBatcher(Store, Listens, Batches, Protocol):
    """What the tests of batches are handed."""


class ListeningJoiner(Store, Listens, Joins, Protocol):
    """What the tests of joins are handed."""


class Ear:
    """Everything one listener has heard.

    Args:
        listener: whom to ask.
        limit: seconds to wait at most for something.
    """

    def __init__(self, listener: Listener, limit: float) -> None:
        self.listener = listener
        self.limit = limit
        self.heard: list[Event] = []

    def until(self, enough: Callable[[list[Event]], bool], what: str) -> None:
        """Listen until *enough* was heard."""
        deadline = time.monotonic() + self.limit
        while not enough(self.heard):
            assert time.monotonic() < deadline, f"not heard: {what}; but {self.heard}"
            self.heard += self.listener.next(0.2)

    def want(self, *ids: str) -> None:
        """Want *ids* and wait until that is confirmed."""
        self.heard.clear()
        self.listener.want(ids, ())
        self.until(lambda heard: confirmed(heard) >= set(ids), f"confirmation of {ids}")

    def until_news(self, *ids: str) -> None:
        """Listen until there were news of all *ids*."""
        self.until(lambda heard: news(heard) >= set(ids), f"news of {ids}")


class ListensSuite:
    """What is confirmed is heard; what may have been missed is a gap."""

    def test_the_start_is_a_gap(self, store: ListeningStore, declared: Declared) -> None:
        with _ear(store, declared) as ear:
            ear.until(lambda heard: any(isinstance(e, Gap) for e in heard), "the first gap")

    def test_wanted_ids_are_confirmed(self, store: ListeningStore, declared: Declared) -> None:
        with _ear(store, declared) as ear:
            ear.want("a", "b")
            ear.want("b", "c")
            ear.want(*[f"id-{n}" for n in range(300)])

    def test_a_write_of_another_store_object_is_news(
        self, store: ListeningStore, another: Opener, declared: Declared
    ) -> None:
        other = another()
        with _ear(store, declared) as ear:
            ear.want("id")
            for state in ("STARTED", "SUCCESS"):
                ear.heard.clear()
                sent = make_envelope("id", state)
                other.save(sent)
                ear.until_news("id")
                _assert_documents_right(ear.heard, {"id": {sent.document}})

    def test_a_write_of_the_same_store_object_is_news(
        self, store: ListeningStore, declared: Declared
    ) -> None:
        with _ear(store, declared) as ear:
            ear.want("id")
            store.save(make_envelope("id"))
            ear.until_news("id")

    def test_news_of_many_ids(
        self, store: ListeningStore, another: Opener, declared: Declared
    ) -> None:
        other = another()
        names = [f"id-{n}" for n in range(200)]
        with _ear(store, declared) as ear:
            ear.want(*names)
            sent = {name: make_envelope(name, result=name) for name in names}
            for envelope in sent.values():
                other.save(envelope)
            ear.until_news(*names)
            right = {name: {envelope.document} for name, envelope in sent.items()}
            _assert_documents_right(ear.heard, right)

    def test_news_of_hostile_ids(
        self, store: ListeningStore, another: Opener, declared: Declared
    ) -> None:
        other = another()
        with _ear(store, declared) as ear:
            ear.want(*HOSTILE_IDS)
            for name in HOSTILE_IDS:
                ear.heard.clear()
                other.save(make_envelope(name))
                ear.until_news(name)
                assert news(ear.heard) == {name}

    def test_news_of_large_documents(
        self, store: ListeningStore, another: Opener, declared: Declared
    ) -> None:
        other = another()
        with _ear(store, declared) as ear:
            ear.want("id", "control")
            sent = make_envelope("id", result="x" * (1 << 20))
            other.save(sent)
            other.save(make_envelope("control"))
            ear.until_news("id", "control")
            _assert_documents_right(
                [e for e in ear.heard if isinstance(e, News) and e.id == "id"],
                {"id": {sent.document}},
            )

    def test_unwanted_ids_are_no_news(
        self, store: ListeningStore, another: Opener, declared: Declared
    ) -> None:
        other = another()
        with _ear(store, declared) as ear:
            ear.want("wanted")
            other.save(make_envelope("unwanted"))
            other.save(make_envelope("wanted"))
            ear.until_news("wanted")
            assert news(ear.heard) == {"wanted"}

    def test_dropped_ids_are_no_news(
        self, store: ListeningStore, another: Opener, declared: Declared
    ) -> None:
        other = another()
        with _ear(store, declared) as ear:
            ear.want("dropped", "kept")
            ear.listener.want((), ("dropped", "never wanted"))
            ear.want("later")
            other.save(make_envelope("dropped"))
            for name in ("kept", "later"):
                other.save(make_envelope(name))
            ear.until_news("kept", "later")
            assert news(ear.heard) == {"kept", "later"}
            ear.want("dropped")
            other.save(make_envelope("dropped", "SUCCESS", result="again"))
            other.delete(["dropped"])
            other.save(make_envelope("dropped"))
            ear.until_news("dropped")

    def test_two_listeners_hear_the_same(
        self, store: ListeningStore, another: Opener, declared: Declared
    ) -> None:
        with _ear(store, declared) as first, _ear(store, declared) as second:
            first.want("id", "first")
            second.want("id", "second")
            other = another()
            for name in ("id", "first", "second"):
                other.save(make_envelope(name))
            first.until_news("id", "first")
            second.until_news("id", "second")
            assert "second" not in news(first.heard)
            assert "first" not in news(second.heard)

    def test_nothing_heard_is_empty(self, store: ListeningStore, declared: Declared) -> None:
        with _ear(store, declared) as ear:
            ear.want("id")
            while ear.listener.next(0.05):
                pass
            assert list(ear.listener.next(0.0)) == []
            assert list(ear.listener.next(0.05)) == []

    def test_wake_ends_a_running_wait(self, store: ListeningStore, declared: Declared) -> None:
        with _ear(store, declared) as ear:
            ear.want("id")
            while ear.listener.next(0.05):
                pass
            answers: list[Collection[Event]] = []
            thread = threading.Thread(
                target=lambda: answers.append(ear.listener.next(None)),
                name="upshot-testing-listener",
                daemon=True,
            )
            thread.start()
            thread.join(0.1)
            assert thread.is_alive()
            ear.listener.wake()
            thread.join(declared.effort.limit)
            assert not thread.is_alive()
            assert [list(answer) for answer in answers] == [[]]

    def test_wake_ends_the_next_wait(self, store: ListeningStore, declared: Declared) -> None:
        with _ear(store, declared) as ear:
            ear.want("id")
            while ear.listener.next(0.05):
                pass
            for _ in range(3):
                ear.listener.wake()
                ear.listener.next(None)

    def test_wakes_do_not_pile_up_nor_swallow_news(
        self, store: ListeningStore, declared: Declared
    ) -> None:
        with _ear(store, declared) as ear:
            ear.want("id")
            for _ in range(1000):
                ear.listener.wake()
            store.save(make_envelope("id"))
            ear.until_news("id")
            while ear.listener.next(0.05):
                pass
            assert list(ear.listener.next(0.05)) == []

    def test_closing_twice_is_harmless(self, store: ListeningStore) -> None:
        listener = store.listen()
        listener.want(("id",), ())
        listener.close()
        listener.close()
        assert store.save(make_envelope("id")).accepted

    def test_listeners_that_nobody_reads_block_no_writer(
        self, store: ListeningStore, another: Opener, declared: Declared
    ) -> None:
        other = another()
        with _ear(store, declared) as ear:
            ear.want("id")
            for n in range(declared.effort.writes * 20):
                other.save(make_envelope("id", "STARTED", n, result="x" * 1000))
            ear.until(lambda heard: any(isinstance(e, News | Gap) for e in heard), "news or a gap")


class ListensBatchesSuite:
    """A batch announces each accepted write."""

    def test_a_batch_is_news(self, store: ListeningBatcher, declared: Declared) -> None:
        names = [f"id-{n}" for n in range(20)]
        with _ear(store, declared) as ear:
            ear.want(*names)
            store.save_many([make_envelope(name) for name in names])
            ear.until_news(*names)


class ListensJoinsSuite:
    """A record that arrives at a join is announced like any other."""

    def test_an_arrival_is_news(self, store: ListeningJoiner, declared: Declared) -> None:
        with _ear(store, declared) as ear:
            ear.want("member")
            sent: Envelope = make_envelope("member")
            part = Part(
                join="j", id="member", index=0, order=sent.order, state="SUCCESS", document=b"1"
            )
            store.arrive(part, sent, 60.0)
            ear.until_news("member")


class SharedListensSuite:
    """News cross from process to process."""

    def test_a_write_of_another_process_is_news(
        self, store: ListeningStore, opener: Opener, declared: Declared
    ) -> None:
        with OtherProcess(opener) as other, _ear(store, declared) as ear:
            ear.want("id", "other")
            for name in ("id", "other"):
                other.call("save", make_envelope(name))
            ear.until_news("id", "other")


def confirmed(heard: Collection[Event]) -> set[str]:
    """Return every id that was confirmed."""
    return {task_id for event in heard if isinstance(event, Confirmed) for task_id in event.ids}


def news(heard: Collection[Event]) -> set[str]:
    """Return every id of which there were news."""
    return {event.id for event in heard if isinstance(event, News)}


@contextmanager
def _ear(store: Listens, declared: Declared) -> Iterator[Ear]:
    with closing(store.listen()) as listener:
        yield Ear(listener, declared.effort.limit)


def _assert_documents_right(
    heard: Collection[Event], right: Mapping[str, Collection[object]]
) -> None:
    for event in heard:
        if isinstance(event, News) and event.document is not None:
            assert event.document in right[event.id]
