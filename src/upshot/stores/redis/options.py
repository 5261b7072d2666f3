"""From a URL and the settings to how Redis is reached.

What the URL says wins over the settings, and its query over both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, cast, final

from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection

from upshot.errors import Misconfigured
from upshot.stores.redis.link import Plug
from upshot.stores.redis.query import read_query, tls_options
from upshot.urls import Url, mask, parse

_PLAIN: Final = frozenset({"redis", "valkey"})
_TLS: Final = frozenset({"rediss", "valkeys"})
_SOCKETS: Final = frozenset({"unix", "socket", "redis+socket", "redis+unix"})


@final
@dataclass(frozen=True, slots=True)
class Options:
    """How Redis is reached; a source of connections, see `redis_link.Source`.

    Attributes:
        where: the masked URL.
        kind: makes a connection.
        arguments: what it is made with.
        limit: most connections open at once; None for no limit.
        patient: whether a call that timed out is sent once more.
        health: seconds of idleness after which a connection is pinged before use; 0 for never.
    """

    where: str
    kind: Any
    arguments: Mapping[str, Any] = field(repr=False)
    limit: int | None = None
    patient: bool = False
    health: float = 0.0

    @property
    def timeout(self) -> float | None:
        """Seconds that an answer may take; None for any time."""
        return cast("float | None", self.arguments["socket_timeout"])

    def make(self, budget: float | None = None) -> Plug:
        """Return a connection that is not connected yet; see `redis_link.Source`."""
        arguments = dict(self.arguments)
        if budget is not None:
            for name in ("socket_timeout", "socket_connect_timeout"):
                configured = arguments[name]
                arguments[name] = budget if configured is None else min(budget, configured)
        return cast("Plug", self.kind(**arguments))


def options_from(url: str, settings: Mapping[str, Any]) -> Options:
    """Return how the Redis of *url* is reached.

    Args:
        url: `redis://`, `rediss://`, `valkey://`, `valkeys://`, `redis+socket://`, `socket://`
            or `unix://`.
        settings: the settings in force.

    Raises:
        Misconfigured: a part of the URL, or an option in its query, is wrong or unknown.
    """
    parsed, where = parse(url), mask(url)
    asked = read_query(parsed.query, where)
    limit = asked.pop("max_connections", settings["redis_max_connections"])
    patient = asked.pop("retry_on_timeout", settings["redis_retry_on_timeout"])
    health = asked.pop("health_check_interval", settings["redis_backend_health_check_interval"])
    kind: Any
    if parsed.scheme in _SOCKETS:
        kind, place = UnixDomainSocketConnection, _socket(where, parsed, asked)
    elif parsed.scheme not in _PLAIN | _TLS:
        raise Misconfigured(f"{where} is no URL of Redis: write redis://host:port/db")
    else:
        place = _network(where, parsed, asked, settings)
        secure = parsed.scheme in _TLS or bool(settings["redis_backend_use_ssl"])
        kind = SSLConnection if secure else Connection
        if secure:
            switch = settings["redis_backend_use_ssl"]
            place |= tls_options(where, asked, switch if isinstance(switch, Mapping) else {})
    place["db"] = _database(where, asked.pop("db", place["db"]), settings)
    arguments = place | _common(parsed, asked, settings)
    if asked:
        what = "over TLS" if min(asked).startswith("ssl_") else "over the network"
        raise Misconfigured(
            f"{where}: the option {min(asked)} has a meaning only {what}"
            + (" (write rediss://)" if what == "over TLS" else "")
        )
    return Options(where, kind, arguments, limit=limit, patient=patient, health=health or 0.0)


def _socket(where: str, parsed: Url, asked: dict[str, Any]) -> dict[str, Any]:
    if parsed.hosts or not parsed.path.strip("/"):
        raise Misconfigured(
            f"{where} names no socket: write redis+socket:///absolute/path/of/socket"
        )
    return {"path": parsed.path, "db": asked.pop("virtual_host", "")}


def _network(
    where: str, parsed: Url, asked: dict[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    if len(parsed.hosts) > 1:
        raise Misconfigured(
            f"{where} names several hosts, and Redis is one: for Sentinel write "
            "sentinel://host1;sentinel://host2"
        )
    named = asked.pop("virtual_host", "")
    return {
        "host": parsed.host or settings["redis_host"] or "localhost",
        "port": parsed.port or settings["redis_port"] or 6379,
        "db": parsed.path.strip("/") or named,
        "socket_keepalive": asked.pop("socket_keepalive", settings["redis_socket_keepalive"]),
    }


def _common(parsed: Url, asked: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every kind of connection takes."""
    timeout = asked.pop("socket_timeout", settings["redis_socket_timeout"])
    connect = asked.pop("socket_connect_timeout", settings["redis_socket_connect_timeout"])
    return {
        "socket_timeout": timeout,
        "socket_connect_timeout": connect or timeout,
        "client_name": asked.pop("client_name", settings["redis_client_name"]),
        "protocol": asked.pop("protocol", 2),
        **_login(parsed, asked, settings),
    }


def _database(where: str, written: object, settings: Mapping[str, Any]) -> int:
    text = str(written).strip("/")
    if not text:
        return int(settings["redis_db"] or 0)
    if not text.isdecimal():
        raise Misconfigured(
            f"{where}: the database is the number behind the host, as in redis://host/0, not "
            f"{mask(text)!r}"
        )
    return int(text)


def _login(parsed: Url, asked: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    provider = asked.pop("credential_provider", settings["redis_backend_credential_provider"])
    username = asked.pop("username", parsed.username or settings["redis_username"])
    password = settings["redis_password"] if parsed.password is None else parsed.password
    password = asked.pop("password", password)
    if provider is not None:
        return {"credential_provider": _provider(provider)}
    return {"username": username or None, "password": password or None}


def _provider(provider: Any) -> Any:
    if isinstance(provider, str):
        module, _, name = provider.rpartition(".")
        try:
            provider = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as exc:
            raise Misconfigured(
                f"the credential provider {provider!r} cannot be imported: give the dotted path "
                "of a class, or an instance"
            ) from exc
    if isinstance(provider, type):
        provider = provider()
    if not callable(getattr(provider, "get_credentials", None)):
        raise Misconfigured(
            "a credential provider needs a method get_credentials, which "
            f"{type(provider).__name__} has not"
        )
    return provider
