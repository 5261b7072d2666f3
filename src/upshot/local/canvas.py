"""Groups and chords: many tasks sent at once, and one more when all of them are finished."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final, overload

from upshot import states
from upshot.core import utc_now
from upshot.errors import ChordError, Misconfigured, Unsupported
from upshot.local.engine import longest
from upshot.local.job import Ending, Job
from upshot.local.join import POLICIES, Join, Policy, body_argument
from upshot.local.run import traceback_text
from upshot.local.running import running_in
from upshot.local.signature import Signature
from upshot.local.task import Task
from upshot.record import Ref, TaskRecord, check_id
from upshot.results import AsyncResult, GroupResult

if TYPE_CHECKING:
    from upshot.local.app import App

R = TypeVar("R")
S = TypeVar("S")
Member = Signature[Any] | Task[..., Any]
_SINGLE: tuple[type, ...] = (Signature, Task, str, bytes)

REFRESH = 0.01
"""Share of its lifetime after which the list of members is stored anew when the last one ends."""


@final
class Group:
    """Tasks that are sent together.

    Args:
        members: the calls, in order.
        app: whose tasks they are; needed only if there are none.
    """

    def __init__(self, members: Iterable[Member], app: "App | None" = None) -> None:
        self.members = tuple(_signature(member) for member in members)
        self.app = app or (self.members[0].task.app if self.members else None)
        if any(member.task.app is not self.app for member in self.members):
            raise Misconfigured(
                "the tasks of a group belong to different apps; make one group for each app"
            )

    def __call__(self) -> GroupResult:
        """Send all members and return the handle of the group."""
        return self.apply_async()

    delay = __call__

    def apply_async(self, *, group_id: str | None = None) -> GroupResult:
        """Send all members and return the handle of the group.

        The group is saved under its id: `GroupResult.restore` finds it from any process.

        Args:
            group_id: 1 to 155 printable characters; None makes a new one.

        Raises:
            TypeError: the arguments of a member do not fit its function; nothing was sent.
            ValueError: two members have the same task id, or an id cannot be used.
            UpshotError: the app is closed, or the store cannot be written.
        """
        if self.app is None:
            raise ValueError(
                "an empty group does not know its app: write group([], app=app), or leave it out"
            )
        return _Sending(self.app, self.members, group_id).send()

    def __len__(self) -> int:
        return len(self.members)

    def __repr__(self) -> str:
        return f"group of {len(self.members)}"


@final
class Chord(Generic[R]):
    """A group, its header, and a body that runs once all members of the header are finished.

    Args:
        header: the members.
        body: receives the list of what they came to, as its first argument.
        on_error: "fail" passes values; if a member has none, the body does not run and its result
            is a `ChordError`. "collect" passes `Success` and `Failure` outcomes.
    """

    def __init__(
        self,
        header: Group | Iterable[Member],
        body: Signature[R] | Task[..., R] | None = None,
        *,
        on_error: Policy = "fail",
    ) -> None:
        if on_error not in POLICIES:
            raise Misconfigured(f"on_error={on_error!r} is neither 'fail' nor 'collect'")
        self.header = header if isinstance(header, Group) else Group(header)
        self.body = None if body is None else _signature(body)
        self.on_error = on_error

    @overload
    def __call__(self) -> AsyncResult[R]: ...
    @overload
    def __call__(self, body: Signature[S] | Task[..., S]) -> AsyncResult[S]: ...
    def __call__(self, body: Signature[Any] | Task[..., Any] | None = None) -> AsyncResult[Any]:
        """Send header and body; see `apply_async`."""
        chosen = self if body is None else Chord(self.header, body, on_error=self.on_error)
        return chosen.apply_async()

    def delay(self) -> AsyncResult[R]:
        """Send header and body; see `apply_async`."""
        return self.apply_async()

    def apply_async(self, *, group_id: str | None = None) -> AsyncResult[R]:
        """Send the header and return the handle of the body.

        The body's record exists from now on. The handle's `parent` is the group of the header,
        which is saved.

        Args:
            group_id: id of the header; None makes a new one.

        Raises:
            TypeError: arguments do not fit a function; nothing was sent.
            ValueError: there is no body, or two tasks have the same id.
            UpshotError: the app is closed, or the store cannot be written.
        """
        if self.body is None:
            raise ValueError("a chord needs a body: write chord(header)(body)")
        app = self.body.task.app
        if self.header.app not in (None, app):
            raise Misconfigured("the header and the body of a chord belong to different apps")
        sending = _Sending(app, self.header.members, group_id)
        return sending.send_with(self.body, self.on_error)

    def __repr__(self) -> str:
        return f"chord of {self.header!r} and {self.body!r}"


def group(*members: Member | Iterable[Member], app: "App | None" = None) -> Group:
    """Return a group of *members*: signatures, or one iterable of them.

    Args:
        members: calls made with `Task.s`; a generator is used up here.
        app: whose tasks they are; needed only if there are none.
    """
    listed: list[Any] = []
    for member in members:
        if isinstance(member, _SINGLE) or not isinstance(member, Iterable):
            listed.append(member)
        else:
            listed.extend(member)
    return Group(listed, app)


@overload
def chord(header: Group | Iterable[Member], *, on_error: Policy = "fail") -> Chord[Any]: ...
@overload
def chord(
    header: Group | Iterable[Member],
    body: Signature[R] | Task[..., R],
    *,
    on_error: Policy = "fail",
) -> Chord[R]: ...
def chord(
    header: Group | Iterable[Member],
    body: Signature[Any] | Task[..., Any] | None = None,
    *,
    on_error: Policy = "fail",
) -> Chord[Any]:
    """Return a chord, sent by calling it: `chord(header)(body)` or `chord(header, body)()`.

    Args:
        header: a group, or its members.
        body: runs when all members are finished.
        on_error: what failed members mean, see `Chord`.
    """
    return Chord(header, body, on_error=on_error)


class _Sending:
    """One submission of a group, with or without a body."""

    def __init__(self, app: "App", members: Sequence[Signature[Any]], group_id: str | None) -> None:
        self._app = app
        self._members = members
        self._id = str(uuid.uuid4()) if group_id is None else check_id(group_id)
        self._begun = utc_now()

    def send(self) -> GroupResult:
        jobs = self._jobs()
        join = Join([job.id for job in jobs], lambda _: self._refresh(jobs))
        ref = self._ref(jobs)
        self._app.engine.keep_group(ref, self._lifetime(jobs))

        def arrive(record: TaskRecord) -> None:
            # Without its value, which nobody asks for: a large group would hold them all.
            join.arrive(TaskRecord(id=record.id, state=record.state))

        self._app.engine.send([replace(job, on_end=arrive) for job in jobs])
        self._note(ref)
        return self._result(jobs)

    def send_with(self, body: Signature[R], policy: Policy) -> AsyncResult[R]:
        jobs = self._jobs()
        if any(job.id == body.task_id for job in jobs):
            raise ValueError(
                f"the body and a member of the chord have the same id {body.task_id}: give each "
                "its own"
            )
        last = body.task.job(body.merged(([],)), parent=self._id)
        everything = [*jobs, last]

        def proceed(records: Sequence[TaskRecord]) -> None:
            self._refresh(everything)
            self._proceed(last, body, policy, records)

        join = Join([job.id for job in jobs], proceed)
        ref = self._ref(jobs)
        engine = self._app.engine
        engine.keep_group(ref, self._lifetime(everything))
        engine.send([replace(job, on_end=join.arrive) for job in jobs], waiting=last)
        if not jobs:
            proceed([])
        self._note(Ref(last.id, parent=ref))
        header: Any = self._result(jobs)
        result: AsyncResult[R] = engine.result(last)
        result.parent = header
        return result

    def _jobs(self) -> list[Job]:
        jobs = [member.task.job(member, group=self._id) for member in self._members]
        again, count = next(iter(Counter(job.id for job in jobs).most_common(1)), ("", 0))
        if count > 1:
            raise ValueError(
                f"{count} members of the group have the same task id {again!r}: give each its own"
            )
        return jobs

    def _note(self, ref: Ref) -> None:
        here = running_in(self._app)
        if here is not None:
            here.sent(ref)

    def _ref(self, jobs: Sequence[Job]) -> Ref:
        return Ref(self._id, members=tuple(Ref(job.id) for job in jobs))

    def _result(self, jobs: Sequence[Job]) -> GroupResult:
        engine = self._app.engine
        members = [engine.result(job) for job in jobs]
        return GroupResult(self._id, members, backend=engine.backend)

    def _lifetime(self, jobs: Sequence[Job]) -> float | None:
        lifetimes = [job.task.options.result_expires for job in jobs if job.stored]
        return longest(self._app.settings, lifetimes)

    def _refresh(self, jobs: Sequence[Job]) -> None:
        """Store the members anew after a long run: the list lives as long as what it lists."""
        lifetime = self._lifetime(jobs)
        age = (utc_now() - self._begun).total_seconds()
        if lifetime is not None and age > lifetime * REFRESH:
            header = [job for job in jobs if job.group == self._id]
            self._app.engine.keep_group(self._ref(header), lifetime, again=True)

    def _proceed(
        self, last: Job, body: Signature[Any], policy: Policy, records: Sequence[TaskRecord]
    ) -> None:
        try:
            argument = body_argument(records, policy, group=self._id, body=body.task.name)
        except ChordError as error:
            text = traceback_text(error)
            ending = Ending(state=states.FAILURE, result=error, traceback=text)
            self._app.engine.proceed(last, ending)
            return
        self._app.engine.proceed(replace(last, args=body.merged((argument,)).args))


def _signature(member: object) -> Signature[Any]:
    if isinstance(member, Signature):
        return member
    if isinstance(member, Task):
        return member.s()
    if isinstance(member, Group | Chord):
        raise Unsupported(
            "groups and chords inside of groups and chords are not built yet; send the inner one "
            "from a task of its own"
        )
    raise TypeError(
        f"a group takes signatures such as task.s(1), not {type(member).__name__}: {member!r}"
    )
