"""Handles of many results: read, counted and awaited together, in as few trips as one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from time import monotonic
from typing import Any, Self

from upshot import states
from upshot.backend import Backend
from upshot.blocking import inside_task, refuse_to_block
from upshot.errors import ResultTimeout, UpshotError
from upshot.meta import Meta, meta_of
from upshot.record import Failure, Outcome, Ref, Success, TaskRecord, check_id, error_of
from upshot.results.handles import default_backend, from_ref, register
from upshot.results.single import AsyncResult

Member = Any
"""An `AsyncResult`, or a `GroupResult` nested in a group."""


class ResultSet:
    """Several results in order.

    Args:
        results: the handles; all of one backend.
        backend: where to read; None takes that of the first handle.
    """

    def __init__(self, results: Iterable[Member] = (), *, backend: Backend | None = None) -> None:
        self.results: list[Member] = list(results)
        self._backend = backend

    @property
    def backend(self) -> Backend:
        """Where the results are read."""
        if self._backend is None:
            self._backend = self.results[0].backend if self.results else default_backend()
        return self._backend

    def add(self, result: Member) -> None:
        """Add *result* at the end unless it is there."""
        if result not in self.results:
            self.results.append(result)

    def update(self, results: Iterable[Member]) -> None:
        """Add each of *results* that is not there yet."""
        for result in results:
            self.add(result)

    def discard(self, result: Member) -> None:
        """Take *result* out of the set; it is no error if it is not there."""
        if result in self.results:
            self.results.remove(result)

    def clear(self) -> None:
        """Take all results out of the set."""
        self.results = []

    def ready(self) -> bool:
        """Tell whether all are finished, well or badly."""
        return all(state in states.READY_STATES for state in self._states())

    def successful(self) -> bool:
        """Tell whether all returned a value."""
        return all(state == states.SUCCESS for state in self._states())

    def failed(self) -> bool:
        """Tell whether any raised."""
        return any(state == states.FAILURE for state in self._states())

    def waiting(self) -> bool:
        """Tell whether any is unfinished."""
        return not self.ready()

    def completed_count(self) -> int:
        """Return how many returned a value."""
        return sum(state == states.SUCCESS for state in self._states())

    def get(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        callback: Callable[[str, Any], object] | None = None,
        no_ack: bool = True,  # noqa: ARG002 stores of messages need it
        on_message: Callable[[Meta], object] | None = None,
        disable_sync_subtasks: bool = True,
        on_interval: Callable[[], object] | None = None,
    ) -> list[Any]:
        """Wait for all and return their values in the order of the set.

        Args:
            timeout: most seconds for all together; None for ever, 0 for one look.
            propagate: raise the first error that comes in; False puts errors among the values.
            interval: longest pause in seconds between looks at a store that cannot push.
            callback: called as `callback(task_id, value)` with each, in order, at the end.
            no_ack: acknowledge messages at once, on stores made of messages.
            on_message: called with each finished meta, on stores that push.
            disable_sync_subtasks: refuse to wait inside a task.
            on_interval: called on every pass of the wait.

        Raises:
            ResultTimeout: some are not ready in time.
            WouldBlock: called inside a task, outside `allow_join_result`, and it would wait.
            Exception: what a member raised.
        """
        if on_message is not None:
            self.backend.refuse_messages(on_message)
        if disable_sync_subtasks and inside_task.get() and not self.ready():
            refuse_to_block(f"{len(self.results)} results")
        missing = self._unfinished()
        for record in self._wait(missing, timeout, interval, on_interval):
            meta = meta_of(record)
            for leaf in missing.pop(record.id):
                leaf._maybe_set_cache(dict(meta))  # noqa: SLF001 a set and its members are one design
            if on_message is not None:
                on_message(meta)
            if propagate and record.state in states.PROPAGATE_STATES:
                raise error_of(record.result)
        if missing:
            raise ResultTimeout(
                f"{len(missing)} of {len(self._leaves())} results are not ready after {timeout} s, "
                f"such as {next(iter(missing))}; they go on, ask again later"
            )
        return [_value(member, propagate, callback) for member in self.results]

    join_native = get

    def join(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        callback: Callable[[str, Any], object] | None = None,
        disable_sync_subtasks: bool = True,
    ) -> list[Any]:
        """Wait for each member in turn and return their values; *timeout* is for all together."""
        deadline = None if timeout is None else monotonic() + timeout
        values = []
        for member in self.results:
            left = None if deadline is None else round(max(0.0, deadline - monotonic()), 3)
            values.append(
                member.get(
                    timeout=left,
                    propagate=propagate,
                    interval=interval,
                    callback=callback,
                    disable_sync_subtasks=disable_sync_subtasks,
                )
            )
        return values

    def iterate(
        self, timeout: float | None = None, interval: float = 0.5
    ) -> Iterator[tuple[str, Outcome]]:
        """Yield `(id, outcome)` of each single result as it completes; errors are outcomes too.

        Raises:
            ResultTimeout: *timeout* seconds are over and some are missing.
        """
        missing = self._unfinished()
        for leaf in self._leaves():
            if leaf._cache is not None:  # noqa: SLF001
                yield leaf.id, _outcome(leaf._cache)  # noqa: SLF001
        for record in self._wait(missing, timeout, interval):
            del missing[record.id]
            if record.outcome is not None:
                yield record.id, record.outcome
        if missing:
            raise ResultTimeout(
                f"{len(missing)} of {len(self._leaves())} results are not ready after {timeout} s, "
                f"such as {next(iter(missing))}; they go on, ask again later"
            )

    def maybe_throw(self, propagate: bool = True) -> None:
        """Raise the first error that is known, in order."""
        for leaf in self._leaves():
            leaf.maybe_throw(propagate=propagate)

    def forget(self) -> None:
        """Remove the stored results of all members."""
        for leaf in (leaves := self._leaves()):
            leaf._cache = None  # noqa: SLF001 a set and its members are one design
        self.backend.records.forget([leaf.id for leaf in leaves])

    def records(self) -> Mapping[str, TaskRecord | UpshotError]:
        """Return the snapshots of all single results in one read; a bad record is its error."""
        return self.backend.records.load_many([leaf.id for leaf in self._leaves()])

    def _leaves(self) -> list[AsyncResult[Any]]:
        found: list[AsyncResult[Any]] = []
        for member in self.results:
            found.extend(member._leaves() if isinstance(member, ResultSet) else [member])  # noqa: SLF001
        return found

    def _unfinished(self) -> dict[str, list[AsyncResult[Any]]]:
        # Equal handles are different objects, and each of them has to learn of the record.
        found: dict[str, list[AsyncResult[Any]]] = {}
        for leaf in self._leaves():
            if leaf._cache is None and not leaf.ignored:  # noqa: SLF001
                found.setdefault(leaf.id, []).append(leaf)
        return found

    def _wait(
        self,
        ids: Iterable[str],
        timeout: float | None,
        interval: float,
        on_interval: Callable[[], object] | None = None,
    ) -> Iterator[TaskRecord]:
        wanted = list(ids)
        if not wanted:
            return iter(())
        return self.backend.records.wait_many(
            wanted, timeout, interval=interval, on_interval=on_interval
        )

    def _states(self) -> list[str]:
        unknown = self._unfinished()
        seen: dict[str, str] = {}
        for task_id, found in (self.backend.records.load_many(unknown) if unknown else {}).items():
            if isinstance(found, UpshotError):
                raise found
            seen[task_id] = found.state
            for leaf in unknown[task_id]:
                leaf._maybe_set_cache(meta_of(found))  # noqa: SLF001
        cached = ((leaf, leaf._cache) for leaf in self._leaves() if not leaf.ignored)  # noqa: SLF001
        return [seen[leaf.id] if meta is None else meta["status"] for leaf, meta in cached]

    def __getitem__(self, index: int) -> Member:
        return self.results[index]

    def __iter__(self) -> Iterator[Member]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.results)} results>"


class GroupResult(ResultSet):
    """A `ResultSet` with an id, which can be saved and restored.

    Args:
        id: id of the group.
        results: the handles of its members, in order.
        backend: where to read; None takes that of the first member.
        parent: the handle of the previous task of a chain.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 the name that callers of Celery's results know
        results: Iterable[Member] = (),
        *,
        backend: Backend | None = None,
        parent: Any = None,
    ) -> None:
        super().__init__(results, backend=backend)
        self.id = check_id(id)
        self.parent = parent

    @property
    def children(self) -> list[Member]:
        """The members."""
        return self.results

    def save(self, backend: Backend | None = None) -> Self:
        """Keep the list of members, so that `restore` finds it from any process."""
        (backend or self.backend).save_group(self.id, self)
        return self

    @classmethod
    def restore(cls, id: str, backend: Backend | None = None) -> "GroupResult | None":  # noqa: A002
        """Return the group that was saved under *id*, or None."""
        source = backend or default_backend()
        ref = source.records.get_group(id)
        return None if ref is None else _from_ref(ref, source)

    def delete(self, backend: Backend | None = None) -> None:
        """Forget the list of members, not the members."""
        (backend or self.backend).delete_group(self.id)

    def forget(self) -> None:
        """Remove the stored results of all members, and the list of them."""
        super().forget()
        self.delete()

    def ref(self) -> Ref:
        """Return the plain form of this handle."""
        parent = None if self.parent is None else self.parent.ref()
        return Ref(self.id, parent, tuple(member.ref() for member in self.results))

    def as_tuple(self) -> tuple[Any, Any]:
        """Return the nested tuple that stands for this handle in stored data."""
        return self.ref().as_tuple()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, GroupResult):
            return self.id == other.id and self.results == other.results
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<GroupResult: {self.id} of {len(self.results)}>"


def _from_ref(ref: Ref, backend: Backend) -> GroupResult:
    members = [from_ref(member, backend) for member in ref.members or ()]
    parent = None if ref.parent is None else from_ref(ref.parent, backend)
    return GroupResult(ref.id, members, backend=backend, parent=parent)


def _outcome(meta: Meta) -> Outcome:
    if meta["status"] == states.SUCCESS:
        return Success(meta["result"])
    return Failure(error_of(meta["result"]), meta.get("traceback"))


def _value(member: Member, propagate: bool, callback: Callable[[str, Any], object] | None) -> Any:
    if isinstance(member, ResultSet):
        return [_value(inner, propagate, callback) for inner in member.results]
    if member.ignored:
        return None
    return member.maybe_throw(propagate=propagate, callback=callback)


register("group", _from_ref)
