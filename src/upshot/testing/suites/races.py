"""`Store` under writers that race: threads on one object, and processes on the same data."""

import json
import random
import threading
from collections.abc import Sequence

from upshot import states
from upshot.stores.contract import Envelope, Store
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import assert_reads_as, found, make_envelope
from upshot.testing.histories import ATTEMPTS
from upshot.testing.processes import run_processes
from upshot.testing.waiting import run_threads


class ThreadsSuite:
    """One store object, many threads; the final record is exact."""

    def test_threads_write_records_of_their_own(self, store: Store, declared: Declared) -> None:
        effort = declared.effort
        run_threads(effort.threads, lambda n: write_own(store, n, effort.writes))
        assert_all_written(store, effort.threads, effort.writes)

    def test_threads_write_the_same_record(self, store: Store, declared: Declared) -> None:
        effort = declared.effort
        won = run_threads(effort.threads, lambda n: write_same(store, n, effort.writes))
        assert_one_winner(store, won)

    def test_threads_climb_the_attempts_of_one_record(
        self, store: Store, declared: Declared
    ) -> None:
        effort = declared.effort
        run_threads(effort.threads, lambda n: climb(store, n, effort.writes))
        assert_highest(store, effort.threads, effort.writes)

    def test_a_reader_never_sees_half_a_write(self, store: Store, declared: Declared) -> None:
        sent = [_marked("id", n) for n in range(declared.effort.writes * 4)]
        by_document = {envelope.document: envelope for envelope in sent}
        over = threading.Event()
        store.save(sent[0])

        def read() -> int:
            count = 0
            while not over.is_set() or not count:
                loaded = found(store.load(["id"]), "id")
                assert_reads_as(loaded, by_document[loaded.document])
                count += 1
            return count

        def write() -> int:
            try:
                for envelope in sent:
                    store.save(envelope)
            finally:
                over.set()
            return len(sent)

        run_threads(3, lambda n: read() if n else write())

    def test_threads_delete_and_write_without_error(self, store: Store, declared: Declared) -> None:
        def work(number: int) -> None:
            for n in range(declared.effort.writes):
                if number % 2:
                    store.delete(["id"])
                else:
                    store.save(make_envelope("id", "STARTED", n))
                    store.load(["id"])

        run_threads(declared.effort.threads, work)
        sent = make_envelope("id", "SUCCESS")
        assert store.save(sent).accepted
        assert_reads_as(store.load(["id"])["id"], sent)


class ProcessesSuite:
    """Many processes over the same data; the final record is exact."""

    def test_processes_write_records_of_their_own(
        self, store: Store, opener: Opener, declared: Declared
    ) -> None:
        effort = declared.effort
        run_processes(opener, write_own, [(n, effort.writes) for n in range(effort.processes)])
        assert_all_written(store, effort.processes, effort.writes)

    def test_processes_write_the_same_record(
        self, store: Store, opener: Opener, declared: Declared
    ) -> None:
        effort = declared.effort
        arguments = [(n, effort.writes) for n in range(effort.processes)]
        assert_one_winner(store, run_processes(opener, write_same, arguments))

    def test_processes_climb_the_attempts_of_one_record(
        self, store: Store, opener: Opener, declared: Declared
    ) -> None:
        effort = declared.effort
        run_processes(opener, climb, [(n, effort.writes) for n in range(effort.processes)])
        assert_highest(store, effort.processes, effort.writes)


def write_own(store: Store, number: int, count: int) -> None:
    """Write *count* records that nobody else writes, each from PENDING to its end."""
    for n in range(count):
        for state in ("PENDING", "STARTED", "SUCCESS"):
            saved = store.save(make_envelope(f"own-{number}-{n}", state, result=[number, n]))
            assert saved.accepted
            assert saved.order == states.order(state)


def write_same(store: Store, number: int, count: int) -> list[int]:
    """Write one record *count* times, a SUCCESS now and then; return the accepted ones."""
    choice = random.Random(number)  # noqa: S311 an order of writes is no secret
    accepted = []
    for n in range(count):
        state, attempt = choice.choice(ATTEMPTS)
        if n == count // 2:
            state, attempt = states.SUCCESS, number
        mark = number * count + n
        sent = make_envelope("same", state, attempt, result=mark)
        saved = store.save(sent)
        assert saved.order >= sent.order
        assert saved.order == sent.order or not saved.accepted
        if saved.accepted and state == states.SUCCESS:
            accepted.append(mark)
    return accepted


def climb(store: Store, number: int, count: int) -> None:
    """Write FAILURE of ever higher attempts, each attempt of this writer alone."""
    for n in range(count):
        store.save(make_envelope("climb", "STARTED", n, result=[number, n]))
        store.save(make_envelope("climb", "FAILURE", n * 100 + number, result=[number, n]))


def assert_all_written(store: Store, writers: int, count: int) -> None:
    """Fail unless every record of `write_own` is there, exactly."""
    names = {f"own-{w}-{n}": [w, n] for w in range(writers) for n in range(count)}
    answer = store.load(names)
    assert set(answer) == set(names)
    for name, marks in names.items():
        document = _document(found(answer, name))
        assert (document["status"], document["result"]) == ("SUCCESS", marks)


def assert_one_winner(store: Store, won: Sequence[Sequence[int]]) -> None:
    """Fail unless one SUCCESS of `write_same` was accepted, and that one stands."""
    winners = [mark for marks in won for mark in marks]
    assert len(winners) == 1, f"{len(winners)} writes of SUCCESS were accepted"
    document = _document(found(store.load(["same"]), "same"))
    assert (document["status"], document["result"]) == ("SUCCESS", winners[0])


def assert_highest(store: Store, writers: int, count: int) -> None:
    """Fail unless the highest attempt of `climb` stands."""
    document = _document(found(store.load(["climb"]), "climb"))
    assert document["status"] == "FAILURE"
    assert document["result"] == [writers - 1, count - 1]


def _marked(task_id: str, n: int) -> Envelope:
    return make_envelope(
        task_id, "STARTED", n, result="x" * (n * 37 % 3000), name=f"n{n}", worker=f"w{n}"
    )


def _document(envelope: Envelope) -> dict[str, object]:
    assert isinstance(envelope.document, bytes)
    document: dict[str, object] = json.loads(envelope.document)
    return document
