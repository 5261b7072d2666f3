"""What a task is called: the module and qualified name of its function."""

import sys
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

MAIN = "__main__"


def task_name(function: Callable[..., Any]) -> str:
    """Return `module.qualname`, the same in every process that runs the same code.

    The module of a script is the stem of its file, that of `python -m package.module` is
    `package.module`, and at an interactive prompt it stays `__main__`.
    """
    module = getattr(function, "__module__", None) or MAIN
    if module == MAIN:
        module = _main_module()
    return f"{module}.{_qualname(function)}"


def _qualname(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name)


def _main_module() -> str:
    main = sys.modules.get(MAIN)
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != MAIN:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    return MAIN if not file or file.startswith("<") else PurePath(file).stem
