"""Store objects from opening to the end: closing, forking, and what outlives them."""

from collections.abc import Callable

import pytest

from upshot.stores.contract import Store
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import CONTRACT_ERRORS, assert_reads_as, make_envelope
from upshot.testing.processes import ForkedChild, OtherProcess


class LifecycleSuite:
    """Any number of store objects, in any process, closed at any time."""

    def test_closing_twice_is_harmless(self, another: Opener) -> None:
        other = another()
        other.save(make_envelope("id"))
        other.close()
        other.close()

    def test_closing_one_object_leaves_the_others_alone(
        self, store: Store, another: Opener
    ) -> None:
        sent = make_envelope("id")
        other = another()
        other.save(sent)
        other.close()
        assert_reads_as(store.load(["id"])["id"], sent)
        assert store.save(make_envelope("after")).accepted

    def test_using_a_closed_store_is_a_typed_error(self, store: Store, another: Opener) -> None:
        store.save(make_envelope("id"))
        other = another()
        other.load(["id"])
        other.close()
        with pytest.raises(CONTRACT_ERRORS):
            other.load(["id"])
        with pytest.raises(CONTRACT_ERRORS):
            other.save(make_envelope("id"))
        with pytest.raises(CONTRACT_ERRORS):
            other.delete(["id"])
        other.close()
        assert set(store.load(["id"])) == {"id"}

    def test_an_unused_store_closes(self, another: Opener) -> None:
        another().close()

    def test_a_forked_child_has_connections_of_its_own(
        self, store: Store, declared: Declared
    ) -> None:
        sent = make_envelope("before")
        store.save(sent)
        store.load(["before"])

        def child() -> None:
            assert_reads_as(store.load(["before"])["before"], sent)
            _write_and_read(store, "child", 50)
            store.close()
            store.close()

        forked = ForkedChild(child)
        _write_and_read(store, "parent", 50)
        forked.wait()
        assert_reads_as(store.load(["before"])["before"], sent)
        _write_and_read(store, "afterwards", 5)
        if declared.shares_processes:
            assert len(store.load([f"child-{n}" for n in range(50)])) == 50

    def test_children_of_children(self, store: Store) -> None:
        store.save(make_envelope("before"))

        def child() -> None:
            _write_and_read(store, "child", 5)
            ForkedChild(lambda: _write_and_read(store, "grandchild", 5)).wait()
            _write_and_read(store, "child again", 5)

        ForkedChild(child).wait()
        _write_and_read(store, "parent", 5)

    def test_a_child_may_leave_without_closing(self, store: Store) -> None:
        store.save(make_envelope("before"))
        for _ in range(3):
            ForkedChild(lambda: None).wait()
            _write_and_read(store, "parent", 5)

    def test_a_store_closed_before_the_fork_stays_closed(self, another: Opener) -> None:
        other = another()
        other.save(make_envelope("id"))
        other.close()

        def child() -> None:
            other.close()
            with pytest.raises(CONTRACT_ERRORS):
                other.load(["id"])

        ForkedChild(child).wait()


class SharedSuite:
    """Data seen from every process."""

    def test_a_write_is_seen_by_other_processes(self, store: Store, opener: Opener) -> None:
        with OtherProcess(opener) as other:
            for n in range(30):
                mine = make_envelope(f"mine-{n}", result=n)
                store.save(mine)
                assert_reads_as(other.call("load", [mine.id])[mine.id], mine)
                theirs = make_envelope(f"theirs-{n}", result=n)
                other.call("save", theirs)
                assert_reads_as(store.load([theirs.id])[theirs.id], theirs)
                other.call("delete", [mine.id])
                assert not store.load([mine.id])

    def test_a_record_outlives_the_process_that_wrote_it(
        self, store: Store, opener: Opener
    ) -> None:
        sent = make_envelope("id")
        with OtherProcess(opener) as other:
            other.call("save", sent)
        assert_reads_as(store.load(["id"])["id"], sent)


class SurvivalSuite:
    """Records that outlive every store object, and a restart of what holds them."""

    def test_records_survive_a_restart(
        self, store: Store, opener: Opener, restart: Callable[[], None]
    ) -> None:
        sent = make_envelope("id", ttl=None)
        later = make_envelope("timed", ttl=3600.0)
        store.save(sent)
        store.save(later)
        store.close()
        restart()
        fresh = opener()
        try:
            assert_reads_as(fresh.load(["id"])["id"], sent)
            assert_reads_as(fresh.load(["timed"])["timed"], later)
            assert not fresh.save(make_envelope("id", "STARTED")).accepted
        finally:
            fresh.close()


def _write_and_read(store: Store, name: str, count: int) -> None:
    for n in range(count):
        sent = make_envelope(f"{name}-{n}", result=[name, n])
        assert store.save(sent).accepted or name in {"parent", "child again"}
        assert set(store.load([sent.id])) == {sent.id}
