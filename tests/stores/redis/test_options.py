"""How a URL and the settings become connections."""

import ssl
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.credentials import UsernamePasswordCredentialProvider

from upshot.errors import Misconfigured
from upshot.settings import Settings
from upshot.stores.redis.options import Options, options_from


def options(url: str, **settings: Any) -> Options:
    return options_from(url, Settings.from_mapping(settings))


def arguments(url: str, **settings: Any) -> Mapping[str, Any]:
    return options(url, **settings).arguments


class Provider(UsernamePasswordCredentialProvider):
    """A provider that needs no arguments."""

    def __init__(self) -> None:
        super().__init__("user", "from the provider")


class NoProvider:
    """Something else."""


@pytest.mark.covers("CFG-18a", "CFG-18b", "CFG-20a", "CFG-20b", "CFG-21b")
def test_the_settings_fill_what_the_url_leaves_open() -> None:
    found = arguments("redis://")
    assert (found["host"], found["port"], found["db"]) == ("localhost", 6379, 0)
    assert (found["username"], found["password"], found["client_name"]) == (None, None, None)
    assert found["socket_timeout"] == found["socket_connect_timeout"] == 120.0
    found = arguments(
        "redis://",
        redis_host="h",
        redis_port=7000,
        redis_db=3,
        redis_username="u",
        redis_password="p",
        redis_client_name="n",
        redis_socket_timeout=7,
        redis_socket_connect_timeout=2,
        redis_socket_keepalive=True,
    )
    assert (found["host"], found["port"], found["db"]) == ("h", 7000, 3)
    assert (found["username"], found["password"], found["client_name"]) == ("u", "p", "n")
    assert (found["socket_timeout"], found["socket_connect_timeout"]) == (7, 2)
    assert found["socket_keepalive"] is True


@pytest.mark.covers("CFG-18a")
def test_the_url_wins_over_the_settings() -> None:
    found = arguments(
        "redis://a:b@host:7001/5",
        redis_host="h",
        redis_port=7000,
        redis_db=3,
        redis_username="u",
        redis_password="p",
    )
    assert (found["host"], found["port"], found["db"]) == ("host", 7001, 5)
    assert (found["username"], found["password"]) == ("a", "b")


@pytest.mark.covers("CFG-19", "CFG-21a", "CFG-24")
def test_the_query_wins_over_both() -> None:
    url = (
        "redis://a:b@host:7001/5?db=6&username=x&password=y&socket_timeout=1.5&max_connections=9"
        "&socket_connect_timeout=none&retry_on_timeout=yes&health_check_interval=30&protocol=3"
        "&client_name=n&socket_keepalive=1"
    )
    found = options(
        url, redis_max_connections=2, redis_socket_timeout=60, redis_socket_connect_timeout=5
    )
    assert (found.limit, found.patient, found.health, found.timeout) == (9, True, 30.0, 1.5)
    assert found.arguments["db"] == 6
    assert (found.arguments["username"], found.arguments["password"]) == ("x", "y")
    assert (found.arguments["protocol"], found.arguments["client_name"]) == (3, "n")
    assert found.arguments["socket_connect_timeout"] == 1.5
    assert found.arguments["socket_keepalive"] is True


@pytest.mark.covers("CFG-19", "CFG-21a", "CFG-24")
def test_the_settings_of_the_pool() -> None:
    found = options(
        "redis://",
        redis_max_connections=7,
        redis_retry_on_timeout=True,
        redis_backend_health_check_interval=30,
    )
    assert (found.limit, found.patient, found.health) == (7, True, 30.0)
    found = options("redis://")
    assert (found.limit, found.patient, found.health) == (None, False, 0.0)


@pytest.mark.covers("EXA-01", "SEC-04")
@pytest.mark.parametrize("secret", ["a/b", "a#b", "a?b=c", "a@b", "p:w", "%2F", "ä ö"])
def test_raw_characters_in_a_password_are_taken_as_they_are(secret: str) -> None:
    found = options(f"redis://:{secret.replace('%', '%25')}@host:7000/1")
    assert found.arguments["password"] == secret
    assert (found.arguments["host"], found.arguments["port"]) == ("host", 7000)
    assert found.where == "redis://:**@host:7000/1"
    assert secret not in repr(found)


@pytest.mark.parametrize("package", ["redis", "hiredis"])
def test_a_missing_package_is_named_with_its_cure(package: str) -> None:
    script = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from upshot.stores.registry import open_store\n"
        "from upshot.settings import Settings\n"
        "from upshot.errors import MissingExtra\n"
        "try: open_store('redis://', Settings.from_mapping({}))\n"
        "except MissingExtra as exc: print(exc)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert f"the package {package}" in said
    assert "pip install 'upshot[redis]'" in said


def test_an_empty_password_is_none() -> None:
    assert arguments("redis://:@host:7000/1")["password"] is None


@pytest.mark.covers("SEL-03", "BKD-REDIS-04", "SEC-05", "CON-35")
def test_tls_verifies_unless_told_otherwise() -> None:
    for url in ("rediss://host", "valkeys://host"):
        found = options(url)
        assert found.kind is SSLConnection
        assert found.arguments["ssl_cert_reqs"] == "required"
        assert found.arguments["ssl_check_hostname"] is True
    found = options("rediss://host?ssl_cert_reqs=CERT_NONE&ssl_ca_certs=/a%2Fb")
    assert found.arguments["ssl_cert_reqs"] == "none"
    assert found.arguments["ssl_check_hostname"] is False
    assert found.arguments["ssl_ca_certs"] == "/a/b"


@pytest.mark.covers("CFG-22")
def test_tls_by_setting() -> None:
    given = {
        "ssl_cert_reqs": ssl.CERT_OPTIONAL,
        "ssl_ca_certs": "ca",
        "ssl_certfile": "cert",
        "ssl_keyfile": "key",
    }
    for url in ("redis://host", "rediss://host"):
        found = options(f"{url}?ssl_keyfile=other", redis_backend_use_ssl=given)
        assert found.kind is SSLConnection
        assert found.arguments["ssl_cert_reqs"] == "optional"
        assert found.arguments["ssl_ca_certs"] == "ca"
        assert found.arguments["ssl_keyfile"] == "other"
    assert options("redis://host", redis_backend_use_ssl=True).kind is SSLConnection
    assert options("redis://host").kind is Connection


@pytest.mark.parametrize("scheme", ["redis+socket", "socket", "unix"])
def test_unix_sockets(scheme: str) -> None:
    found = options(f"{scheme}://:pw@/run/redis/redis.sock?virtual_host=4")
    assert found.kind is UnixDomainSocketConnection
    assert found.arguments["path"] == "/run/redis/redis.sock"
    assert (found.arguments["db"], found.arguments["password"]) == (4, "pw")
    found.make()


@pytest.mark.covers("CFG-23")
@pytest.mark.parametrize("given", [Provider(), Provider, f"{__name__}.Provider"])
def test_a_credential_provider_replaces_user_and_password(given: object) -> None:
    found = options("redis://a:b@host", redis_backend_credential_provider=given)
    assert "password" not in found.arguments
    assert found.arguments["credential_provider"].get_credentials() == (
        "user",
        "from the provider",
    )
    found.make()


def test_a_budget_shortens_the_timeouts() -> None:
    found = options("redis://host?socket_timeout=5&socket_connect_timeout=2")
    made: Any = found.make(3.0)
    assert (made.socket_timeout, made.socket_connect_timeout) == (3.0, 2)
    made = options("redis://host?socket_timeout=none", redis_socket_connect_timeout=None).make(3.0)
    assert (made.socket_timeout, made.socket_connect_timeout) == (3.0, 3.0)


WRONG = {
    "redis://host?socket_timout=1": "no option 'socket_timout'; did you mean socket_timeout?",
    "redis://host?zzz=1": "no option 'zzz'; known are",
    "redis://host?socket_timeout=soon": "socket_timeout must be a number of seconds above 0",
    "redis://host?socket_timeout=0": "socket_timeout must be a number of seconds above 0",
    "redis://host?max_connections=0": "max_connections must be a whole number above 0",
    "redis://host?max_connections=x": "max_connections must be a whole number above 0",
    "redis://host?retry_on_timeout=maybe": "retry_on_timeout must be true or false",
    "redis://host?protocol=4": "protocol must be 2 or 3",
    "redis://host?db=-1": "db must be a whole number",
    "redis://host?health_check_interval=-1": "must be a number of seconds, or 0",
    "redis://host?ssl_cert_reqs=none": "ssl_cert_reqs has a meaning only over TLS (write rediss://)",
    "rediss://host?ssl_cert_reqs=maybe": "may be required, optional or none, not 'maybe'",
    "redis+socket:///a?socket_keepalive=1": "socket_keepalive has a meaning only over the network",
    "redis+socket://": "write redis+socket:///absolute/path/of/socket",
    "unix://relative/path": "write redis+socket:///absolute/path/of/socket",
    "redis://host/zero": "the database is the number behind the host",
    "redis://one,two/0": "for Sentinel write sentinel://",
    "redis://host:70000": "port",
    "http://host": "is no URL of Redis",
}


@pytest.mark.parametrize("url", WRONG)
def test_what_is_wrong_is_named(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        options(url)
    assert WRONG[url] in str(caught.value)


def test_a_wrong_option_does_not_show_the_password() -> None:
    with pytest.raises(Misconfigured) as caught:
        options("redis://u:secret@host?pasword=hidden")
    assert "did you mean password?" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"redis_backend_use_ssl": {"ssl_cafile": "x"}}, "no option 'ssl_cafile'; did you mean"),
        ({"redis_backend_credential_provider": "no.such.Thing"}, "cannot be imported"),
        ({"redis_backend_credential_provider": "nodots"}, "cannot be imported"),
        ({"redis_backend_credential_provider": NoProvider()}, "needs a method get_credentials"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        options("redis://host", **settings)
