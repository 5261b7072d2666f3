"""All settings with their values: checked once, never changed, and shown without secrets."""

import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Literal, final

from upshot.errors import Misconfigured
from upshot.settings.coerce import coerce
from upshot.settings.model import UNSET
from upshot.settings.names import canonical, is_own, near_misses, nearest
from upshot.settings.table import SETTINGS
from upshot.urls import HIDDEN, is_secret_name, mask

Defaults = Literal["standalone", "celery"]


@final
class Settings(Mapping[str, Any]):
    """Every setting by name, with the default filled in where nothing was given.

    A mapping that cannot be changed and may be shared between threads and processes. Lists are
    tuples; a mapping comes out as a copy.
    """

    __slots__ = ("_defaults", "_given", "_values")

    _given: dict[str, Any]
    _values: dict[str, Any]
    _defaults: Defaults

    def __init__(self, given: Mapping[str, Any], defaults: Defaults = "standalone") -> None:
        checked = {name: _copied(coerce(SETTINGS[name], value)) for name, value in given.items()}
        values = {
            name: checked[name] if name in checked else setting.default_for(defaults)
            for name, setting in SETTINGS.items()
        }
        for name, value in (("_given", checked), ("_values", values), ("_defaults", defaults)):
            object.__setattr__(self, name, value)

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any] | None = None, *, defaults: Defaults = "standalone"
    ) -> "Settings":
        """Check every name and value of *mapping*.

        Args:
            mapping: settings by name; None for none.
            defaults: whose defaults fill the gaps, ours or Celery's.

        Raises:
            Misconfigured: it holds unknown names, all of which the message lists, or a value
                that its setting does not take.
        """
        given = dict(mapping or {})
        _refuse_unknown([name for name in given if name not in SETTINGS])
        return cls(given, defaults)

    @classmethod
    def from_object(cls, source: Any, *, defaults: Defaults = "standalone") -> "Settings":
        """Pick the known settings out of a module, an object, or a mapping full of other things.

        Names may have `CELERY_` before them, be as Celery had them before version 4, and be in
        upper case where they have such a prefix or are our own. Other names are left alone; one that looks like a misspelt setting is warned
        of, and an unknown one of our own (`upshot_…`) is refused.

        Args:
            source: the module, object or mapping, or the dotted path of a module.
            defaults: whose defaults fill the gaps. With "celery" a value equal to Celery's
                default does not count as given, because Celery's configuration holds them all.

        Raises:
            Misconfigured: a value its setting does not take, an unknown name of our own, or
                one setting given twice with different values.
        """
        found, unknown = _read(_resolve(source))
        _refuse_unknown([name for name in unknown if is_own(name)])
        for name, right in near_misses(unknown, SETTINGS).items():
            warnings.warn(
                f"{name} is not a setting and was not read; did you mean {right}?",
                UserWarning,
                stacklevel=2,
            )
        if defaults == "celery":
            found = {
                name: value
                for name, value in found.items()
                if coerce(SETTINGS[name], value) != SETTINGS[name].default_for("celery")
            }
        return cls(found, defaults)

    @property
    def explicit(self) -> frozenset[str]:
        """The names that were given a value by the user."""
        return frozenset(self._given)

    def replaced(self, **changes: Any) -> "Settings":
        """Return the same settings with some changed.

        Args:
            changes: new values by name.

        Raises:
            Misconfigured: as `from_mapping` does.
        """
        _refuse_unknown([name for name in changes if name not in SETTINGS])
        return Settings({**self._given, **changes}, self._defaults)

    def __getitem__(self, name: str) -> Any:
        return _copied(self._values[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if isinstance(other, Settings) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("settings cannot be changed; use replaced()")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("settings cannot be changed; use replaced()")

    def __reduce__(self) -> tuple[Any, ...]:
        return Settings, (self._given, self._defaults)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={shown_value(name, self._given[name])}" for name in self._given)
        return f"Settings({shown})"


def shown_value(name: str, value: Any) -> str:
    """Return the repr of a setting's value with every secret in it masked.

    Args:
        name: the name of the setting.
        value: its value.
    """
    setting = SETTINGS.get(name)
    if value is not None and (setting is None or setting.secret):
        return repr(HIDDEN)
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (
            f"{key!r}: {HIDDEN!r}" if is_secret_name(str(key)) else f"{key!r}: {_shown(item)}"
            for key, item in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, str):
        return repr(mask(value))
    return (
        repr(value) if isinstance(value, (int, float, type(None))) else f"<{type(value).__name__}>"
    )


def _copied(value: Any) -> Any:
    """Return containers anew, so that nobody can reach ours; other objects as they are."""
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    if type(value) is list:
        return [_copied(item) for item in value]
    return value


def _refuse_unknown(names: list[Any]) -> None:
    if not names:
        return
    hints = []
    for name in names:
        right = nearest(name, SETTINGS) if isinstance(name, str) else None
        hints.append(f"{name!r}" + (f" (did you mean {right}?)" if right else ""))
    what = "is not a setting" if len(names) == 1 else "are not settings"
    raise Misconfigured(f"{', '.join(hints)} {what}; `upshot settings` lists all of them")


def _resolve(source: Any) -> Any:
    if not isinstance(source, str):
        return source
    try:
        return import_module(source)
    except ModuleNotFoundError as exc:
        raise Misconfigured(
            f"the configuration module {source!r} cannot be imported: {exc}"
        ) from exc


def _read(source: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the settings found in *source* by their right name, and the names left over."""
    found: dict[str, Any] = {}
    spelt: dict[str, str] = {}
    unknown: list[str] = []
    for name in _names(source):
        right = canonical(name, SETTINGS)
        if right is None:
            unknown.append(name)
            continue
        value = source[name] if isinstance(source, Mapping) else getattr(source, name, UNSET)
        if value is UNSET:
            continue
        if right in found and found[right] != value:
            raise Misconfigured(
                f"{spelt[right]} and {name} are the same setting, {right}, but differ; keep one"
            )
        found[right], spelt[right] = value, name
    return found, unknown


def _names(source: Any) -> list[str]:
    names = list(source) if isinstance(source, Mapping) else dir(source)
    return [name for name in names if isinstance(name, str) and not name.startswith("_")]
