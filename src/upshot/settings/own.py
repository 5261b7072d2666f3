"""The settings of our own; their names begin with `upshot_`."""

from typing import Final

from upshot.settings.model import Setting

_CODEC: Final = "encoding"
_DAY: Final = 86400.0

OWN: Final = (
    Setting(
        "upshot_record_submissions",
        "bool",
        default=True,
        meaning="Write a PENDING record when a task is submitted, so that an unknown, a pending and an "
        "expired id are told apart.",
        scope="submission",
        celery_default=False,
    ),
    Setting(
        "upshot_tombstone_ttl",
        "seconds",
        7 * _DAY,
        "How long an expired id is still known to have expired; 0 keeps no trace.",
        scope="retention",
        unit="s",
        low=0,
    ),
    Setting(
        "upshot_rerun",
        "choice",
        "keep",
        "What submitting a finished id again does: keep its result, or forget it first.",
        scope="submission",
        choices=("keep", "forget"),
    ),
    Setting(
        "upshot_extended_types",
        "bool",
        default=True,
        meaning="Let JSON results hold sets, enums, dataclasses, timedeltas and the like.",
        scope=_CODEC,
        celery_default=False,
    ),
    Setting(
        "upshot_compression_threshold",
        "int",
        1024,
        "Smallest document that is worth compressing, where result_compression is set.",
        scope=_CODEC,
        unit="bytes",
        low=0,
    ),
    Setting(
        "upshot_max_decompressed",
        "int",
        64 * 1024 * 1024,
        "Largest size to which a stored document may unfold; more is refused unread.",
        scope=_CODEC,
        unit="bytes",
        low=1,
    ),
    Setting(
        "upshot_exception_modules",
        "list",
        (),
        "Modules that may be imported to find the class of a stored exception; classes that are "
        "already loaded are always found.",
        scope=_CODEC,
    ),
    Setting(
        "upshot_safety_interval",
        "seconds",
        30.0,
        "Pause between two looks at everything awaited, in case news of it was lost.",
        scope="waiting",
        unit="s",
        low=0.01,
    ),
    Setting(
        "upshot_sqlite_synchronous",
        "choice",
        "NORMAL",
        "How SQLite flushes: NORMAL survives a crash of the program, FULL also a loss of power.",
        scope="SQLite",
        choices=("NORMAL", "FULL"),
    ),
    Setting(
        "upshot_success_expires",
        "seconds",
        None,
        "How long a successful result is kept; None uses result_expires.",
        scope="retention",
        unit="s",
        low=0,
        nullable=True,
        planned="retention by outcome",
    ),
    Setting(
        "upshot_failure_expires",
        "seconds",
        None,
        "How long a failed result is kept; None uses result_expires.",
        scope="retention",
        unit="s",
        low=0,
        nullable=True,
        planned="retention by outcome",
    ),
    Setting(
        "upshot_spool",
        "text",
        None,
        "Directory where results wait while the store cannot be reached; None keeps no spool.",
        scope="retries",
        nullable=True,
        planned="local spool",
    ),
    Setting(
        "upshot_unpickle_allow",
        "list",
        (),
        "Names of the classes that a pickled result may hold.",
        scope=_CODEC,
        planned="restricted pickle",
    ),
)
"""What upshot adds to Celery's settings."""
