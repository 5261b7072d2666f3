"""`Batches`: several guarded writes in one trip, as if made one by one."""

import random
from collections.abc import Sequence
from typing import Protocol

import pytest

from upshot.errors import TooLarge
from upshot.stores.contract import Batches, Envelope, Store
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import HOSTILE_IDS, assert_reads_as, found, make_envelope
from upshot.testing.histories import ATTEMPTS
from upshot.testing.waiting import run_threads, wait_until


class BatchingStore(Store, Batches, Protocol):
    """What these tests are handed."""


class BatchesSuite:
    """A batch equals its writes in order."""

    def test_an_empty_batch(self, store: BatchingStore) -> None:
        assert list(store.save_many([])) == []

    @pytest.mark.parametrize("seed", range(10))
    def test_a_batch_equals_sequential_saves(self, store: BatchingStore, seed: int) -> None:
        choice = random.Random(seed)  # noqa: S311 an order of writes is no secret
        sequence = [(choice.randrange(4), *choice.choice(ATTEMPTS)) for _ in range(60)]
        singly = [make_envelope(f"s{i}", s, a, result=n) for n, (i, s, a) in enumerate(sequence)]
        batch = [make_envelope(f"b{i}", s, a, result=n) for n, (i, s, a) in enumerate(sequence)]
        expected = [store.save(envelope) for envelope in singly]
        assert list(store.save_many(batch)) == expected
        alone, together = (store.load([f"{kind}{i}" for i in range(4)]) for kind in "sb")
        assert {name[1:] for name in alone} == {name[1:] for name in together}
        for name in alone:
            last = _index(singly, found(alone, name))
            assert last == _index(batch, found(together, "b" + name[1:]))

    def test_a_large_batch(self, store: BatchingStore, declared: Declared) -> None:
        sent = [make_envelope(f"id-{n}", result=n) for n in range(declared.effort.ids)]
        answers = store.save_many(sent)
        assert len(answers) == len(sent)
        assert all(saved.accepted for saved in answers)
        assert not any(saved.accepted for saved in store.save_many(sent))
        answer = store.load([envelope.id for envelope in sent])
        for envelope in sent:
            assert_reads_as(answer[envelope.id], envelope)

    def test_hostile_ids_in_one_batch(self, store: BatchingStore) -> None:
        sent = [make_envelope(name, result=n) for n, name in enumerate(HOSTILE_IDS)]
        assert all(saved.accepted for saved in store.save_many(sent))
        answer = store.load(HOSTILE_IDS)
        for envelope in sent:
            assert_reads_as(answer[envelope.id], envelope)

    def test_small_and_large_documents_in_one_batch(self, store: BatchingStore) -> None:
        sizes = (10, 200_000, 0, 70_000, 1_000_000, 5)
        sent = [make_envelope(f"id-{n}", result="x" * size) for n, size in enumerate(sizes)]
        assert all(saved.accepted for saved in store.save_many(sent))
        late = [make_envelope(envelope.id, "RETRY", 1) for envelope in sent]
        assert not any(saved.accepted for saved in store.save_many(late))
        answer = store.load([envelope.id for envelope in sent])
        for envelope in sent:
            assert_reads_as(answer[envelope.id], envelope)

    def test_batches_race_with_batches(
        self, store: BatchingStore, another: Opener, declared: Declared
    ) -> None:
        stores = [store, another()]
        names = [f"id-{n}" for n in range(20)]

        def work(number: int) -> list[bool]:
            order = names if number % 2 else names[::-1]
            batch = [make_envelope(name, "SUCCESS", result=number) for name in order]
            started = [make_envelope(name, "STARTED") for name in order]
            mine = stores[number % 2]
            assert isinstance(mine, Batches)
            mine.save_many(started)
            answers = dict(zip(order, mine.save_many(batch), strict=True))
            return [answers[name].accepted for name in names]

        won = run_threads(declared.effort.threads, work)
        assert [sum(column) for column in zip(*won, strict=True)] == [1] * len(names)


class BatchesExpirySuite:
    """Time to live within a batch."""

    def test_each_write_has_a_ttl_of_its_own(
        self, store: BatchingStore, declared: Declared
    ) -> None:
        store.save_many(
            [
                make_envelope("kept", ttl=None),
                make_envelope("short", ttl=0.2),
                make_envelope("long", ttl=3600.0),
            ]
        )
        names = ["kept", "short", "long"]
        wait_until(
            lambda: set(store.load(names)) == {"kept", "long"},
            "the end of the short-lived one",
            limit=declared.effort.limit,
        )


class BatchesLimitSuite:
    """The largest document within a batch."""

    def test_a_value_too_large_is_refused_by_name(
        self, store: BatchingStore, declared: Declared
    ) -> None:
        limit = declared.traits.max_value
        assert limit is not None
        with pytest.raises(TooLarge):
            store.save_many([make_envelope("large", document=bytes(limit + 1))])
        assert not store.load(["large"])


def _index(sent: Sequence[Envelope], loaded: Envelope) -> int:
    return next(n for n, envelope in enumerate(sent) if envelope.document == loaded.document)
