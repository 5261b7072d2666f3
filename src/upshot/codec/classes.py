"""Finding a named class without running anything.

Plain attribute access would run a module's `__getattr__`, a metaclass's, descriptors, and lazy
loaders. Here only the dictionaries of real modules and real classes are read, step by step.
"""

import importlib
import logging
import sys
from functools import cache
from types import ModuleType
from typing import Any, Final

from upshot.codec.text import shown
from upshot.errors import SecurityError
from upshot.urls import mask

_log = logging.getLogger(__name__)
_module_names: Final = vars(ModuleType)["__dict__"].__get__
names_of: Final = vars(type)["__dict__"].__get__
"""Returns the real dictionary of a class."""


class _Missing:
    """The type of `MISSING`."""


MISSING: Final = _Missing()
"""What is found where nothing of that name is loaded."""


def is_class(value: object) -> bool:
    """Tell whether *value* really is a class, whatever it claims its `__class__` to be."""
    return issubclass(type(value), type)


def find_loaded(module: str, qualname: str) -> Any:
    """Return what an already loaded module holds under a dotted name.

    Args:
        module: dotted name of the module; it is never imported.
        qualname: name inside it, such as `Outer.Inner`; only classes are stepped into.

    Returns:
        The object found, or the first object on the way that is no class, or `MISSING`.
    """
    loaded = sys.modules.get(module)
    if loaded is None or not issubclass(type(loaded), ModuleType) or "<locals>" in qualname:
        return MISSING
    names = _module_names(loaded)
    found: Any = MISSING
    for part in qualname.split("."):
        if names is None:
            return found
        found = names.get(part, MISSING)
        if found is MISSING:
            return MISSING
        names = names_of(found) if is_class(found) else None
    return found


def find_exception(
    module: str | None, qualname: str, importable: frozenset[str], payload: object
) -> type[Exception] | None:
    """Return the exception class that a record names, if it may be called here.

    Args:
        module: name of its module, or None.
        qualname: its dotted name in the module.
        importable: modules that may be imported to find it.
        payload: what it would be called with, for the error message.

    Returns:
        The class; None where it is not loaded, or lies outside `Exception`.

    Raises:
        SecurityError: the name stands for something that is no exception class.
    """
    if module is None:
        return None
    if module in importable:
        _load(module)
    found = find_loaded(module, qualname)
    if found is MISSING:
        return None
    if not is_class(found) or not issubclass(found, BaseException):
        raise SecurityError(
            f"a stored exception names {shown(f'{module}.{qualname}')}, which is no exception class; "
            f"nothing was called (its payload: {mask(shown(payload))}). Find out who wrote it, then "
            "forget the record"
        )
    return found if issubclass(found, Exception) else None


@cache
def _load(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception:  # noqa: BLE001 whatever a module raises on import, the record stays readable
        _log.warning(
            "module %s of upshot_exception_modules cannot be imported", module, exc_info=True
        )
