"""From a URL or a name to an open store.

Names are looked up in the caller's overrides, then in our own table, then among installed
packages that declare the entry point group `upshot.stores` (name = "package.module", which has
`from_url(url, settings)`, or "package.module:attribute"). An installed package can add names but
never replace ours unnoticed; an override can.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final, cast

from upshot.errors import Misconfigured, MissingExtra
from upshot.settings import Settings
from upshot.stores.contract import Store
from upshot.stores.drivers import ALIASES, DRIVERS, SCHEMES, Driver, built
from upshot.urls import shown

__all__ = ["DRIVERS", "ENTRY_POINTS", "Driver", "by_name", "by_url", "open_store"]

ENTRY_POINTS: Final = "upshot.stores"
_FORM: Final = "scheme://user:password@host:port/path"
_FILES: Final = (".db", ".sqlite", ".sqlite3")
_OURS: Final = "upshot"
_INSIDE: Final = {
    ("database", "sqlite"): ("sqlite", "sqlite://{}"),
    ("cache", "memory"): ("memory", "memory://cache?limit=5000"),
}
_SYNONYMS: Final = {"valkey": "redis", "valkeys": "rediss", "socket": "redis+socket"}

Overrides = Mapping[str, "str | Driver"]


def by_name(name: str | None, overrides: Overrides | None = None) -> Driver:
    """Return the driver called *name*.

    Args:
        name: an alias such as `redis`; a dotted path of Celery's such as
            `celery.backends.redis.RedisBackend`, which stands for the driver of the same
            storage; or `package.module:attribute` for a store of the caller's own. Empty or
            None means disabled.
        overrides: further names, each with a dotted path or a `Driver`.

    Raises:
        Misconfigured: nothing is called so; the message names the nearest name.
    """
    text = (name or "").strip() or "disabled"
    if overrides and text in overrides:
        found = overrides[text]
        return found if isinstance(found, Driver) else by_name(found)
    if text in ALIASES:
        return ALIASES[text]
    if text in SCHEMES:
        return SCHEMES[text]
    return _installed(text) or _own(text) or _unknown(text, overrides)


def by_url(url: str | None, overrides: Overrides | None = None) -> tuple[Driver, str]:
    """Return the driver that *url* selects, and the URL to hand to it.

    A scheme that a driver takes as it is selects it. Otherwise the scheme is cut at its first
    `+`: what stands before names the driver, the rest is its URL. `upshot+` is dropped and the
    rest resolved anew. Text without `://` is a name.

    Args:
        url: a URL, a name, or None for disabled.
        overrides: as for `by_name`.

    Raises:
        Misconfigured: it is malformed or selects nothing; the message is masked.
    """
    text = (url or "").strip()
    scheme, mark, rest = text.partition("://")
    if not mark:
        _check_name(text)
        driver = by_name(text, overrides)
        return driver, driver.alone(_plain(text))
    scheme = _plain(scheme)
    before, plus, after = scheme.partition("+")
    if not before or (plus and not after):
        raise Misconfigured(f"{shown(text)} is not a URL: write it as {_FORM}")
    if before != _OURS:
        return _by_scheme(scheme, rest, overrides)
    if plus:
        return by_url(f"{after}://{rest}", overrides)
    raise Misconfigured(
        f"{shown(text)} names no storage: write upshot+redis://host, or another URL behind "
        "`upshot+`"
    )


def open_store(url: str | None, settings: Settings, overrides: Overrides | None = None) -> Store:
    """Open the store that *url* names; its driver is imported here, on first use.

    Args:
        url: a URL or a name.
        settings: what it is opened with.
        overrides: as for `by_name`.

    Raises:
        Misconfigured: the URL is malformed, or selects nothing.
        Unsupported: the storage is not built yet, or results are disabled.
        MissingExtra: its client package is not installed.
    """
    driver, inner = by_url(url, overrides)
    if driver.name == "sqlite" and settings["database_engine_options"] and _wants_engine(url):
        raise ALIASES["database"].refusal()
    if driver.module is None:
        raise driver.refusal()
    try:
        return cast("Store", _factory(driver)(inner, settings))
    except ModuleNotFoundError as exc:
        raise _missing(driver, exc) from exc


def _by_scheme(scheme: str, rest: str, overrides: Overrides | None) -> tuple[Driver, str]:
    """Resolve a URL whose scheme does not begin with our name."""
    url = f"{scheme}://{rest}"
    if overrides and scheme in overrides:
        return by_name(scheme, overrides), url
    if scheme in SCHEMES:
        return SCHEMES[scheme], url
    before, plus, after = scheme.partition("+")
    if not plus:
        return by_name(scheme, overrides), url
    if before in SCHEMES and before not in ALIASES:
        return SCHEMES[before], url
    driver = by_name(before, overrides)
    if (driver.name, after) in _INSIDE:
        alias, form = _INSIDE[driver.name, after]
        return ALIASES[alias], form.format(rest)
    if driver in built() and after not in driver.schemes:
        raise Misconfigured(
            f"{shown(url)}: {driver.title} has no URLs that begin with {scheme}://; "
            f"write {driver.default_url}"
        )
    return driver, f"{after}://{rest}"


def _plain(scheme: str) -> str:
    """Return the scheme in lower case, without the name of Python's own SQLite driver."""
    lower = scheme.lower().removesuffix("+pysqlite")
    return _SYNONYMS.get(lower, lower)


def _wants_engine(url: str | None) -> bool:
    """Tell whether SQLite was asked for by a URL that is SQLAlchemy's elsewhere."""
    scheme = (url or "").strip().lower().partition("://")[0].removeprefix(f"{_OURS}+")
    return scheme.startswith(("db+", "database+"))


def _missing(driver: Driver, exc: ModuleNotFoundError) -> Exception:
    """Return the error that says which package to install, or what is misspelt."""
    module, missing = exc.name or "", (exc.name or "").partition(".")[0]
    if driver in built():
        if missing != driver.package:
            return exc
        line = f"pip install 'upshot[{driver.extra}]'"
    elif f"{driver.module}.".startswith(f"{module}."):
        return Misconfigured(f"{driver.title} cannot be imported: there is no module {module!r}")
    else:
        line = f"pip install {missing}"
    return MissingExtra(
        f"keeping results in {driver.title} needs the package {missing}, which is not "
        f"installed: {line}",
        name=missing,
    )


def _factory(driver: Driver) -> Any:
    """Return what opens a store of *driver*: `attribute(url, settings)`."""
    found: Any = import_module(cast("str", driver.module))
    try:
        for part in driver.factory.split("."):
            found = getattr(found, part)
    except AttributeError as exc:
        raise Misconfigured(
            f"the store {driver.name!r} has no {driver.factory} in {driver.module}: that must "
            "be a function that takes a URL and the settings"
        ) from exc
    return getattr(found, "from_url", found)


def _own(path: str) -> Driver | None:
    """Return a driver for `package.module:attribute`, or None for any other text."""
    module, colon, attribute = path.partition(":")
    names = [*module.split("."), *attribute.split(".")]
    if not colon or not all(name.isidentifier() for name in names):
        return None
    return Driver(name=path, title=f"the store {path}", module=module, factory=attribute)


def _installed(name: str) -> Driver | None:
    """Return the driver that an installed package declares under *name*."""
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS, name=name):
        return Driver(
            name=name,
            title=f"the store {name}",
            module=point.module,
            factory=point.attr or "from_url",
            schemes=(name,),
        )
    return None


def _check_name(text: str) -> None:
    """Refuse what is meant as a URL or a file rather than as a name."""
    if any(mark in text for mark in "/\\@") or text.lower().endswith(_FILES):
        raise Misconfigured(
            f"{shown(text)} is not a URL: write it as {_FORM}, or for a SQLite file as "
            "sqlite:///relative.db or sqlite:////absolute.db"
        )


def _unknown(name: str, overrides: Overrides | None) -> Driver:
    known = {alias for alias in ALIASES if "." not in alias} | set(overrides or ()) | set(SCHEMES)
    near = get_close_matches(name.lower(), sorted(known), n=1)
    urls = ", ".join(driver.default_url for driver in built())
    hint = f"did you mean {near[0]}?" if near else f"built are {urls}"
    raise Misconfigured(f"there is no result backend called {shown(name)}; {hint}")
