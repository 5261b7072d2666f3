"""The whole text of every error about URLs and the choice of a store, with secrets planted."""

import sys
from pathlib import Path

import pytest

from upshot.errors import Misconfigured, MissingExtra, Unsupported
from upshot.settings import Settings
from upshot.stores.registry import open_store
from upshot.urls import parse

pytestmark = pytest.mark.covers("SEC-04", "pain P4")

SETTINGS = Settings.from_mapping()
FORM = "write it as scheme://user:password@host:port/path"
SQLITE = "or for a SQLite file as sqlite:///relative.db or sqlite:////absolute.db"
BUILT = "memory://, sqlite://, redis://"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redsi://u:Zq7xK@h", "there is no result backend called 'redsi'; did you mean redis?"),
        ("xyzzy", f"there is no result backend called 'xyzzy'; built are {BUILT}"),
        ("://u:Zq7xK@h", f"'://u:**@h' is not a URL: {FORM}"),
        ("redis+://u:Zq7xK@h", f"'redis+://u:**@h' is not a URL: {FORM}"),
        ("redis:/u:Zq/7xK@h", f"'redis:**@h' is not a URL: {FORM}, {SQLITE}"),
        ("u:Zq7xK@h", f"'u:**@h' is not a URL: {FORM}, {SQLITE}"),
        ("results.db", f"'results.db' is not a URL: {FORM}, {SQLITE}"),
        (
            "upshot://u:Zq7xK@h",
            (
                "'upshot://u:**@h' names no storage: write upshot+redis://host, or another URL "
                "behind `upshot+`"
            ),
        ),
        (
            "redis+tcp://u:Zq7xK@h",
            "'redis+tcp://u:**@h': Redis has no URLs that begin with redis+tcp://; write redis://",
        ),
        (
            "upshot_test_nothing:open",
            (
                "the store upshot_test_nothing:open cannot be imported: there is no module "
                "'upshot_test_nothing'"
            ),
        ),
        (
            "json:nothing",
            (
                "the store 'json:nothing' has no nothing in json: that must be a function that takes "
                "a URL and the settings"
            ),
        ),
    ],
)
def test_what_selects_nothing(url: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        open_store(url, SETTINGS)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "disabled",
            (
                "no result backend is configured: pass a URL such as memory:// or "
                "redis://localhost:6379/0, or set result_backend"
            ),
        ),
        (
            "mongodb://u:Zq7xK@h",
            (
                "keeping results in MongoDB is not built yet; it will need "
                f"`pip install 'upshot[mongodb]'`. Built are {BUILT}"
            ),
        ),
        (
            "db+postgresql://u:Zq7xK@h",
            (
                "keeping results in an SQL database is not built yet; it will need "
                f"`pip install 'upshot[sql]'`. Built are {BUILT}"
            ),
        ),
        (
            "riak",
            (
                "keeping results in Riak is not built yet; it will need no extra package. "
                f"Built are {BUILT}"
            ),
        ),
    ],
)
@pytest.mark.covers("SEL-15")
def test_what_is_not_built(url: str, message: str) -> None:
    with pytest.raises(Unsupported) as caught:
        open_store(url, SETTINGS)
    assert str(caught.value) == message


def test_missing_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Loaded submodules too: they would be found without a look at their package.
    for name in ["redis", *(name for name in sys.modules if name.startswith("redis."))]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("upshot.stores.redis")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtra) as caught:
        open_store("redis://u:Zq7xK@h", SETTINGS)
    assert str(caught.value) == (
        "keeping results in Redis needs the package redis, which is not installed: "
        "pip install 'upshot[redis]'"
    )
    (tmp_path / "upshot_test_greedy.py").write_text("import upshot_test_client\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra) as caught:
        open_store("upshot_test_greedy:open", SETTINGS)
    assert str(caught.value) == (
        "keeping results in the store upshot_test_greedy:open needs the package "
        "upshot_test_client, which is not installed: pip install upshot_test_client"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis", f"'redis' is not a URL: {FORM}"),
        (
            "redis://u:Zq7xK@h:port",
            (
                "'redis://u:**@h:port' has no readable host and port: write host:port, the port as a "
                "number, an IPv6 address in [brackets], and percent-encode special characters in the "
                "password"
            ),
        ),
        ("redis://u:Zq7xK@h:70000", "'redis://u:**@h:70000' has a port above 65535"),
    ],
)
def test_what_is_no_url(url: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        parse(url)
    assert str(caught.value) == message
