"""How long to pause between looks: short at first and after news, then longer."""

from typing import Final

_FIRST: Final = 0.002
_GROWTH: Final = 1.6


class PollDelay:
    """The pauses of one wait.

    Args:
        longest: longest pause in seconds while nobody pushes news; below 2 ms it counts as 2 ms,
            since without a pause a wait would take a whole processor.
        safety: pause in seconds between looks while news is pushed.
    """

    def __init__(self, longest: float, safety: float) -> None:
        self._longest = max(_FIRST, longest)
        self._safety = safety
        self._next = _FIRST

    def next(self, *, pushed: bool) -> float:
        """Return the next pause in seconds."""
        if pushed:
            return self._safety
        pause = min(self._next, self._longest)
        self._next = pause * _GROWTH
        return pause

    def reset(self) -> None:
        """Begin again with short pauses."""
        self._next = _FIRST
