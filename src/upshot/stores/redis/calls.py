"""One call to Redis: a trip there and back, repeated where that is right, with worded errors."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, final

from redis.exceptions import ResponseError

from upshot.errors import Unavailable
from upshot.stores.redis import faults
from upshot.stores.redis.link import Command, Link, Lost
from upshot.stores.redis.pool import Links

_UNKNOWN: Final = "NOSCRIPT"


@final
class Script:
    """A script of ours.

    Args:
        *names: files in `lua/` that make it up, joined in this order.
    """

    def __init__(self, *names: str) -> None:
        folder = files("upshot.stores.redis") / "lua"
        self.text = "\n".join((folder / name).read_text(encoding="ascii") for name in names)
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[str | bytes | int]) -> Command:
        """Return the command that runs it."""
        return ("EVALSHA", self.digest, len(keys), *keys, *arguments)


@final
class Calls:
    """Sends commands over links and answers for what comes back.

    Args:
        links: where connections come from.
        patient: whether a call that timed out is sent once more.
    """

    def __init__(self, links: Links, *, patient: bool = False) -> None:
        self.links = links
        self._patient = patient

    def run(
        self,
        commands: Sequence[Command],
        *,
        script: Script | None = None,
        writes: bool = False,
        repeat: bool = True,
    ) -> list[Any]:
        """Send *commands* in one trip and return their answers.

        A connection that had been used before may have been closed by the server meanwhile; the
        trip is then made once more over a new one.

        Args:
            commands: what to send.
            script: the script that they run, if any; the server is given it when it lacks it.
            writes: whether they change anything.
            repeat: whether sending them twice does no harm.

        Raises:
            Unavailable: there is no connection, or it broke before anything was sent.
            OutcomeUnknown: it broke after a write was sent.
            Refused: the server said no; so do `TooLarge`, `Unsupported` and `Misconfigured`.
        """
        link = self.links.take()
        reused = link.used
        try:
            return self._trip(link, commands, script)
        except Lost as exc:
            cause, unsure = _cause(exc), exc.sent and writes
            if not repeat or not (self._patient if _late(cause) else reused):
                raise faults.lost(cause, self.links.where, unsure=unsure) from cause
        finally:
            self.links.give(link)
        return self._again(commands, script, writes=writes, unsure=unsure)

    def _again(
        self, commands: Sequence[Command], script: Script | None, *, writes: bool, unsure: bool
    ) -> list[Any]:
        """Make the trip over a new connection; *unsure* whether the first try was done."""
        try:
            link = self.links.take(new=True)
        except Unavailable as exc:
            cause = exc.__cause__
            if unsure and isinstance(cause, Exception):
                raise faults.lost(cause, self.links.where, unsure=True) from cause
            raise
        try:
            return self._trip(link, commands, script)
        except Lost as exc:
            cause, unsure = _cause(exc), unsure or (exc.sent and writes)
            raise faults.lost(cause, self.links.where, unsure=unsure) from cause
        finally:
            self.links.give(link)

    def _trip(self, link: Link, commands: Sequence[Command], script: Script | None) -> list[Any]:
        if script is None or script.digest in link.known:
            answers = link.call(commands)
        else:
            answers = _teach(link, script, commands)
        if script is not None:
            missing = [at for at, answer in enumerate(answers) if _lacks_script(answer)]
            if missing:
                taught = _teach(link, script, [commands[at] for at in missing])
                for at, answer in zip(missing, taught, strict=True):
                    answers[at] = answer
        for answer in answers:
            if isinstance(answer, ResponseError):
                if faults.ends_session(answer):
                    link.close()
                raise faults.answered(answer, self.links.where) from answer
        return answers


def _teach(link: Link, script: Script, commands: Sequence[Command]) -> list[Any]:
    """Give the server *script* and send *commands*, in the same trip."""
    given, *answers = link.call([("SCRIPT", "LOAD", script.text), *commands])
    if isinstance(given, ResponseError):
        return [given if _lacks_script(answer) else answer for answer in answers]
    link.known.add(script.digest)
    return answers


def _lacks_script(answer: object) -> bool:
    return isinstance(answer, ResponseError) and str(answer).startswith(_UNKNOWN)


def _late(cause: Exception) -> bool:
    return isinstance(cause, TimeoutError)


def _cause(lost: Lost) -> Exception:
    cause = lost.__cause__
    return cause if isinstance(cause, Exception) else ConnectionError("the connection broke")
