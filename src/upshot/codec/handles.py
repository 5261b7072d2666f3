"""Result handles in documents: the nested tuples of contract D1 and D6."""

from typing import Any

from upshot.record import MAX_LINEAGE, Ref


def is_handle(value: Any) -> bool:
    """Tell whether *value* is a result object, of whatever class, that tells its tuple."""
    return callable(getattr(type(value), "as_tuple", None)) and hasattr(value, "id")


def ref_of(stored: Any, depth: int = 0) -> Ref | None:
    """Return the handle that a stored tuple stands for, None where it stands for none."""
    if isinstance(stored, str):
        return Ref(stored) if stored else None
    if not isinstance(stored, list | tuple) or len(stored) != 2 or depth > MAX_LINEAGE:  # noqa: PLR2004 a pair
        return None
    head, members = stored
    task_id, parent = head if isinstance(head, list | tuple) and len(head) == 2 else (head, None)  # noqa: PLR2004 a pair
    if not isinstance(task_id, str) or not task_id:
        return None
    return Ref(
        task_id,
        None if parent is None else ref_of(parent, depth + 1),
        refs_of(members, depth + 1) if isinstance(members, list | tuple) else None,
    )


def refs_of(stored: Any, depth: int = 0) -> tuple[Ref, ...] | None:
    """Return the handles of a list, without whatever in it is none; None where it is no list."""
    if not isinstance(stored, list | tuple):
        return None
    found = (ref_of(item, depth) for item in stored)
    return tuple(ref for ref in found if ref is not None)
