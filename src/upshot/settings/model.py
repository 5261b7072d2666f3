"""What one setting is: its name, kind, default, unit, meaning, and where it belongs."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, final

Kind = Literal[
    "bool", "int", "limit", "seconds", "text", "choice", "list", "mapping", "switch", "object"
]


class _Unset(Enum):
    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset.UNSET
"""Marks a value that was not given, where None means something."""


@final
@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table of settings.

    Attributes:
        name: its name, in lower case.
        kind: what values it takes.
        default: the value when nobody sets it.
        meaning: what it does, in one sentence.
        scope: the store or feature it belongs to.
        rows: the rows of the behaviour table it stands for.
        unit: unit of a number, such as "s" or "ms".
        celery_default: the default under Celery where that differs.
        choices: the values a choice may have; for a text those that are suggested.
        low: smallest number allowed.
        high: largest number allowed.
        nullable: None may be given, and its meaning is in `meaning`.
        zero_is_none: 0 means the same as None.
        secret: the value is never shown.
        planned: what it waits for, when this release accepts but does not use it.
    """

    name: str
    kind: Kind
    default: Any
    meaning: str
    scope: str = "every store"
    rows: tuple[str, ...] = ()
    unit: str = ""
    celery_default: Any = UNSET
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    nullable: bool = False
    zero_is_none: bool = False
    secret: bool = False
    planned: str | None = None

    @property
    def own(self) -> bool:
        """Whether it is ours rather than Celery's."""
        return self.name.startswith("upshot_")

    def default_for(self, defaults: str) -> Any:
        """Return the default under *defaults*, "standalone" or "celery"."""
        if defaults == "celery" and self.celery_default is not UNSET:
            return self.celery_default
        return self.default
