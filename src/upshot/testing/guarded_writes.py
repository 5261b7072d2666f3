"""A hypothesis state machine: any store against the smallest model of a guarded write."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from upshot import states
from upshot.stores.contract import Batches, Envelope, Store
from upshot.testing.declared import Opener
from upshot.testing.envelopes import STATES, found, make_document, make_envelope

PlainWriter = Callable[[str, bytes], None]
"""Writes a document under an id as a process without the guard would."""

_NAMES: Final = st.sampled_from(("a", "b"))
_MOMENTS: Final = st.tuples(st.sampled_from(STATES), st.integers(0, 3))
_EXAMPLES: Final = count()


@dataclass(frozen=True)
class Standing:
    """What has to stand under an id: its order, and the document that tells it from others."""

    order: int
    document: object


class Model:
    """A guarded store in a dictionary."""

    def __init__(self) -> None:
        self.records: dict[str, Standing] = {}

    def save(self, envelope: Envelope) -> tuple[bool, int]:
        """Write by the rule; return whether it was accepted, and the order that stands."""
        there = self.records.get(envelope.id)
        accepted = there is None or states.supersedes(envelope.order, there.order)
        if accepted:
            self.records[envelope.id] = Standing(envelope.order, envelope.document)
        return accepted, self.records[envelope.id].order


def guarded_write_machine(  # noqa: C901 the rules of the class within are counted
    opener: Opener, write_plain: PlainWriter | None = None
) -> type[RuleBasedStateMachine]:
    """Return a state machine that compares a store with the model, write by write.

    It saves in any order, one by one and in batches, repeats writes, deletes, reads through a
    second store object, and lets an unguarded writer in where there can be one. Run it with
    `hypothesis.stateful.run_state_machine_as_test`.

    Args:
        opener: opens a store object; called twice an example. All examples may share the data:
            each has ids of its own.
        write_plain: writes a document without the guard, where others may do so.
    """

    class GuardedWrites(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.model = Model()
            self.prefix = f"example-{next(_EXAMPLES)}-"
            self.stores: list[Store] = [opener(), opener()]
            self.marks = count()
            self.written: list[Envelope] = []

        def teardown(self) -> None:
            self.stores[0].delete([self.prefix + name for name in ("a", "b")])
            for store in self.stores:
                store.close()

        @initialize()
        def nothing_is_there(self) -> None:
            self.compare()

        @rule(name=_NAMES, moment=_MOMENTS, through=st.integers(0, 1))
        def save(self, name: str, moment: tuple[str, int], through: int) -> None:
            self.write(self.envelope(name, *moment), self.stores[through])

        @rule(data=st.data(), through=st.integers(0, 1))
        def save_again(self, data: st.DataObject, through: int) -> None:
            if self.written:
                self.write(data.draw(st.sampled_from(self.written)), self.stores[through])

        @rule(writes=st.lists(st.tuples(_NAMES, _MOMENTS), max_size=6))
        def save_many(self, writes: list[tuple[str, tuple[str, int]]]) -> None:
            store = self.stores[0]
            envelopes = [self.envelope(name, *moment) for name, moment in writes]
            if not isinstance(store, Batches):
                for envelope in envelopes:
                    self.write(envelope, store)
                return
            answers = [(saved.accepted, saved.order) for saved in store.save_many(envelopes)]
            assert answers == [self.model.save(envelope) for envelope in envelopes]
            self.compare()

        @rule(names=st.sets(_NAMES), through=st.integers(0, 1))
        def delete(self, names: set[str], through: int) -> None:
            ids = [self.prefix + name for name in names]
            self.stores[through].delete(ids)
            for task_id in ids:
                self.model.records.pop(task_id, None)
            self.compare()

        @precondition(lambda _: write_plain is not None)
        @rule(name=_NAMES, state=st.sampled_from(STATES))
        def write_without_the_guard(self, name: str, state: str) -> None:
            assert write_plain is not None
            task_id = self.prefix + name
            document = make_document(task_id, state, result=f"plain {next(self.marks)}")
            write_plain(task_id, document)
            self.model.records[task_id] = Standing(states.order(state), document)
            self.compare()

        def envelope(self, name: str, state: str, attempt: int) -> Envelope:
            mark = next(self.marks)
            return make_envelope(self.prefix + name, state, attempt, result=mark, ttl=600.0)

        def write(self, envelope: Envelope, store: Store) -> None:
            saved = store.save(envelope)
            self.written.append(envelope)
            assert (saved.accepted, saved.order) == self.model.save(envelope)
            self.compare()

        def compare(self) -> None:
            names = [self.prefix + name for name in ("a", "b")]
            for store in self.stores:
                answer = store.load(names)
                assert set(answer) == set(self.model.records)
                for task_id, there in self.model.records.items():
                    assert found(answer, task_id).document == there.document

    return GuardedWrites
