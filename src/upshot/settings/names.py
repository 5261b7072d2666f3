"""Names of settings: old and upper-case spellings, and the nearest right one."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

_OLD: Final = {
    "celery_task_result_expires": "result_expires",
    "celery_max_cached_results": "result_cache_max",
    "celery_ignore_result": "task_ignore_result",
    "celery_store_errors_even_if_ignored": "task_store_errors_even_if_ignored",
    "celery_always_eager": "task_always_eager",
    "celery_eager_propagates_exceptions": "task_eager_propagates",
    "celery_store_eager_result": "task_store_eager_result",
    "celery_remote_tracebacks": "task_remote_tracebacks",
    "celery_track_started": "task_track_started",
    "celery_result_dburi": "database_url",
    "celery_result_engine_options": "database_engine_options",
    "celery_result_db_short_lived_sessions": "database_short_lived_sessions",
    "celery_result_db_tablenames": "database_table_names",
    "upshot_backend": "result_backend",
}
_NAMESPACE: Final = "celery_"
_NEAR: Final = 0.86


def canonical(name: str, known: Collection[str]) -> str | None:
    """Return the setting that *name* stands for in a module or object, or None.

    Understood are the names themselves, those with `CELERY_` before them in either case, our own
    in either case, the names of Celery before version 4, and `UPSHOT_BACKEND`. Upper-case names
    without a prefix are not: `DATABASE_URL` in a module is usually somebody else's.

    Args:
        name: an attribute of a configuration module or object.
        known: the names of all settings.
    """
    lower = name.lower()
    if name not in (lower, name.upper()):
        return None
    if lower in _OLD:
        return _OLD[lower]
    bare = lower.removeprefix(_NAMESPACE)
    prefixed = name == lower or bare != lower or is_own(name)
    return bare if prefixed and bare in known else None


def is_own(name: str) -> bool:
    """Tell whether *name* claims to be a setting of ours, with or without Celery's namespace."""
    return name.lower().removeprefix(_NAMESPACE).startswith("upshot_")


def nearest(name: str, known: Collection[str], *, near: float = 0.6) -> str | None:
    """Return the known name that looks most like *name*, or None when none does.

    Args:
        name: the unknown name.
        known: the names to choose from.
        near: how alike they must be, between 0 and 1.
    """
    exact = canonical(name, known) or canonical(name.lower(), known)
    if exact is not None:
        return exact
    lower = name.lower().removeprefix(_NAMESPACE)
    found = get_close_matches(lower, known, n=1, cutoff=near)
    return found[0] if found else None


def near_misses(names: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Return those of *names* that are probably misspelt, each with the right name.

    Upper-case names without a prefix are looked at only where they seem to be about results.

    Args:
        names: names that `canonical` does not know.
        known: the names of all settings.
    """
    found: dict[str, str] = {}
    for name in names:
        bare = name.lower().removeprefix(_NAMESPACE)
        match = get_close_matches(bare, known, n=1, cutoff=_NEAR)
        foreign = name == name.upper() and bare == name.lower()
        if match and (not foreign or match[0].startswith("result_")):
            found[name] = match[0]
    return found
