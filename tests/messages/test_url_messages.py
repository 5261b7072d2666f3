"""The whole text of every error about the URL of a built store, with secrets planted."""

import pytest

from upshot.errors import Misconfigured
from upshot.settings import Settings
from upshot.stores.registry import open_store

pytestmark = pytest.mark.covers("SEC-04", "pain P4")

SECRET = "Zq7xK"
FILES = "write sqlite:///results.db (relative) or sqlite:////var/lib/myapp/results.db"
OWN = (
    "SQLite cannot keep results in {!r}, which every connection would have for itself: use "
    "memory:// for results in memory, or name a file"
)
OPTIONS = (
    "known are client_name, credential_provider, db, health_check_interval, max_connections, "
    "password, protocol, retry_on_timeout, socket_connect_timeout, socket_keepalive, "
    "socket_timeout, ssl_ca_certs, ssl_ca_data, ssl_ca_path, ssl_cert_reqs, ssl_certfile, "
    "ssl_check_hostname, ssl_ciphers, ssl_keyfile, ssl_password, username, virtual_host"
)
SENTINEL = (
    "names several hosts, and Redis is one: for Sentinel write sentinel://host1;sentinel://host2"
)


def message_of(url: str) -> str:
    """Return what opening *url* is refused with."""
    with pytest.raises(Misconfigured) as caught:
        open_store(url, Settings.from_mapping())
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///:memory:", OWN.format(":memory:")),
        ("db+sqlite:///:memory:", OWN.format(":memory:")),
        ("sqlite:///file::memory:", OWN.format("file::memory:")),
        ("sqlite:///file:r.db", f"'file:r.db' is in SQLite's own notation; {FILES}"),
        ("sqlite:///", f"the SQLite URL names no file; {FILES}"),
        ("sqlite:////var/lib/", f"the SQLite URL names no file; {FILES}"),
        ("sqlite://r.db", f"sqlite://r.db has a server in place of a file; {FILES}"),
        (
            "sqlite://u:Zq7xK@h/r.db",
            f"sqlite://u:**@h/r.db has a server in place of a file; {FILES}",
        ),
        ("sqlite:////a%00b", "the name of a SQLite file cannot hold a NUL character"),
        (
            "sqlite:////r.db?timeuot=3",
            "a SQLite URL has no parameter 'timeuot'; did you mean 'timeout'?",
        ),
        (
            "sqlite:////r.db?password=Zq7xK",
            "a SQLite URL has no parameter 'password'; it knows timeout, synchronous",
        ),
        (
            "sqlite:////r.db?timeout=redis://:Zq7xK@h",
            "timeout of a SQLite store must be seconds from 0 to 86400, not 'redis://:**@h'",
        ),
        (
            "sqlite:////r.db?synchronous=OFF",
            "synchronous of a SQLite store must be NORMAL or FULL, not 'OFF'",
        ),
    ],
)
def test_sqlite(url: str, message: str) -> None:
    assert message_of(url) == message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://x?limti=3", "memory:// has no parameter 'limti'; did you mean 'limit'?"),
        (
            "memory://?password=Zq7xK",
            "memory:// has no parameter 'password'; it only knows 'limit'",
        ),
        (
            "memory://x?limit=redis://:Zq7xK@h",
            "limit of memory:// must be a number of records above 0, not 'redis://:**@h'",
        ),
    ],
)
def test_memory(url: str, message: str) -> None:
    assert message_of(url) == message


def test_two_limits_of_one_memory_store() -> None:
    settings = Settings.from_mapping()
    open_store("memory://limited?limit=3", settings)
    with pytest.raises(Misconfigured) as caught:
        open_store("memory://limited?limit=4", settings)
    assert str(caught.value) == (
        "memory://limited is open with limit=3, not 4; use one limit, or another name"
    )


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (
            "h/zero",
            "the database is the number behind the host, as in redis://host/0, not 'zero'",
        ),
        (
            "h?socket_timeuot=1",
            "there is no option 'socket_timeuot'; did you mean socket_timeout?",
        ),
        ("h?frob=1", f"there is no option 'frob'; {OPTIONS}"),
        (
            "h?socket_timeout=soon",
            "the option socket_timeout must be a number of seconds above 0, or none",
        ),
        ("h?max_connections=0", "the option max_connections must be a whole number above 0"),
        ("h?protocol=4", "the option protocol must be 2 or 3"),
        ("h?retry_on_timeout=perhaps", "the option retry_on_timeout must be true or false"),
        (
            "h?health_check_interval=-1",
            "the option health_check_interval must be a number of seconds, or 0",
        ),
        ("h?db=x", "the option db must be a whole number"),
        (
            "h?ssl_ca_certs=/ca",
            "the option ssl_ca_certs has a meaning only over TLS (write rediss://)",
        ),
    ],
)
def test_redis(rest: str, message: str) -> None:
    assert message_of(f"redis://u:Zq7xK@{rest}") == f"redis://u:**@{rest}: {message}"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://u:Zq7xK@h1;redis://h2", f"redis://u:**@h1;redis://h2 {SENTINEL}"),
        (
            "redis+socket://",
            "redis+socket:// names no socket: write redis+socket:///absolute/path/of/socket",
        ),
        (
            "rediss://u:Zq7xK@h?ssl_cert_reqs=sometimes",
            (
                "rediss://u:**@h?ssl_cert_reqs=sometimes: ssl_cert_reqs may be required, optional "
                "or none, not 'sometimes'"
            ),
        ),
        (
            "redis://u:Zq7xK@h?credential_provider=nowhere.Vault",
            (
                "the credential provider 'nowhere.Vault' cannot be imported: give the dotted path "
                "of a class, or an instance"
            ),
        ),
        (
            "redis://u:Zq7xK@h?credential_provider=json.loads",
            "a credential provider needs a method get_credentials, which function has not",
        ),
    ],
)
def test_other_forms_of_redis(url: str, message: str) -> None:
    assert message_of(url) == message
