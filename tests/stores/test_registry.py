"""Names and URLs lead to drivers, and drivers to open stores."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upshot.errors import Misconfigured, MissingExtra, Unsupported, UpshotError
from upshot.settings import Settings
from upshot.stores.contract import Store
from upshot.stores.drivers import ALIASES, SCHEMES, built
from upshot.stores.registry import DRIVERS, Driver, by_name, by_url, open_store

SETTINGS = Settings.from_mapping()

# Celery's names, its classes, and our own driver for each.
CELERY = {
    "rpc": ("celery.backends.rpc.RPCBackend", "rpc", "SEL-05"),
    "cache": ("celery.backends.cache.CacheBackend", "cache", "SEL-07"),
    "redis": ("celery.backends.redis.RedisBackend", "redis", "SEL-03"),
    "rediss": ("celery.backends.redis.RedisBackend", "redis", "SEL-03"),
    "sentinel": ("celery.backends.redis.SentinelBackend", "sentinel", "SEL-03"),
    "mongodb": ("celery.backends.mongodb.MongoBackend", "mongodb", "SEL-06"),
    "db": ("celery.backends.database.DatabaseBackend", "database", "SEL-04"),
    "database": ("celery.backends.database.DatabaseBackend", "database", "SEL-04"),
    "elasticsearch": (
        "celery.backends.elasticsearch.ElasticsearchBackend",
        "elasticsearch",
        "SEL-09",
    ),
    "cassandra": ("celery.backends.cassandra.CassandraBackend", "cassandra", "SEL-08"),
    "couchbase": ("celery.backends.couchbase.CouchbaseBackend", "couchbase", "SEL-10"),
    "couchdb": ("celery.backends.couchdb.CouchBackend", "couchdb", "SEL-10"),
    "cosmosdbsql": ("celery.backends.cosmosdbsql.CosmosDBSQLBackend", "cosmosdbsql", "SEL-11"),
    "riak": ("celery.backends.riak.RiakBackend", "riak", "SEL-13"),
    "file": ("celery.backends.filesystem.FilesystemBackend", "file", "SEL-13"),
    "disabled": ("celery.backends.base.DisabledBackend", "disabled", "SEL-14"),
    "consul": ("celery.backends.consul.ConsulBackend", "consul", "SEL-13"),
    "dynamodb": ("celery.backends.dynamodb.DynamoDBBackend", "dynamodb", "SEL-12"),
    "azureblockblob": (
        "celery.backends.azureblockblob.AzureBlockBlobBackend",
        "azureblockblob",
        "SEL-12",
    ),
    "arangodb": ("celery.backends.arangodb.ArangoDbBackend", "arangodb", "SEL-11"),
    "s3": ("celery.backends.s3.S3Backend", "s3", "SEL-12"),
    "gs": ("celery.backends.gcs.GCSBackend", "gs", "SEL-12"),
}


@pytest.mark.parametrize(
    ("alias", "path", "driver"),
    [
        pytest.param(alias, path, driver, marks=pytest.mark.covers(row, "SEL-15"))
        for alias, (path, driver, row) in CELERY.items()
    ],
)
def test_aliases_and_dotted_paths_of_celery(alias: str, path: str, driver: str) -> None:
    module, _, attribute = path.rpartition(".")
    assert by_name(alias).name == driver
    assert by_name(path) is by_name(f"{module}:{attribute}") is by_name(alias)
    assert by_url(path)[0] is by_name(alias)


@pytest.mark.covers("SEL-01")
@pytest.mark.parametrize("name", ["memory", "sqlite", "redis", "rediss", "valkey", "valkeys"])
def test_names_of_what_is_built(name: str) -> None:
    assert by_name(name) in built()


@pytest.mark.covers("SEL-01", "SEL-14")
@pytest.mark.parametrize("name", [None, "", " ", "disabled"])
def test_no_name_is_disabled(name: str | None) -> None:
    assert by_name(name).name == "disabled"
    assert by_url(name) == (by_name("disabled"), "disabled")
    with pytest.raises(Unsupported, match="no result backend is configured"):
        open_store(name, SETTINGS)


@pytest.mark.covers("SEL-02", "SEL-03", "SEL-04", "SEL-06", "SEL-07")
@pytest.mark.parametrize(
    ("url", "driver", "inner"),
    [
        ("memory://", "memory", "memory://"),
        ("memory://name?limit=3", "memory", "memory://name?limit=3"),
        ("memory", "memory", "memory://"),
        ("sqlite:///results.db", "sqlite", "sqlite:///results.db"),
        ("sqlite", "sqlite", "sqlite://"),
        ("SQLite:///Results.db", "sqlite", "sqlite:///Results.db"),
        ("sqlite+pysqlite:///results.db", "sqlite", "sqlite:///results.db"),
        ("db+sqlite:///results.db", "sqlite", "sqlite:///results.db"),
        ("database+sqlite:////a/results.db", "sqlite", "sqlite:////a/results.db"),
        ("db+sqlite+pysqlite:///results.db", "sqlite", "sqlite:///results.db"),
        ("redis://:pw@localhost:6379/0", "redis", "redis://:pw@localhost:6379/0"),
        ("rediss://h?ssl_cert_reqs=none", "redis", "rediss://h?ssl_cert_reqs=none"),
        ("redis+socket:///tmp/r.sock", "redis", "redis+socket:///tmp/r.sock"),
        ("socket:///tmp/r.sock", "redis", "redis+socket:///tmp/r.sock"),
        ("unix:///tmp/r.sock", "redis", "unix:///tmp/r.sock"),
        ("valkey://h/1", "redis", "redis://h/1"),
        ("valkeys", "redis", "rediss://"),
        ("rediss", "redis", "rediss://"),
        (" redis://h ", "redis", "redis://h"),
        ("upshot+redis://h/0", "redis", "redis://h/0"),
        ("upshot+upshot+redis://h/0", "redis", "redis://h/0"),
        ("upshot+redis+socket:///s", "redis", "redis+socket:///s"),
        ("upshot+db+sqlite:///r.db", "sqlite", "sqlite:///r.db"),
        ("UPSHOT+memory://", "memory", "memory://"),
        ("upshot+db+postgresql://u:p@h/d", "database", "postgresql://u:p@h/d"),
        ("db+mysql+pymysql://u:p@h/d", "database", "mysql+pymysql://u:p@h/d"),
        ("postgresql://u:p@h/d", "database", "postgresql://u:p@h/d"),
        ("mysql+pymysql://u:p@h/d", "database", "mysql+pymysql://u:p@h/d"),
        ("cache+pylibmc://a;b", "cache", "pylibmc://a;b"),
        ("cache+memory://", "memory", "memory://cache?limit=5000"),
        ("mongodb+srv://u:p@h/d", "mongodb", "mongodb+srv://u:p@h/d"),
        ("elasticsearch+https://h/i", "elasticsearch", "elasticsearch+https://h/i"),
        ("sentinel://a:1;sentinel://b:2", "sentinel", "sentinel://a:1;sentinel://b:2"),
        ("redis://u:a+b://c@h", "redis", "redis://u:a+b://c@h"),
    ],
)
def test_urls(url: str, driver: str, inner: str) -> None:
    found, handed = by_url(url)
    assert (found.name, handed) == (driver, inner)


@pytest.mark.covers("SEL-01")
@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("redsi", "redis"),
        ("mongo", "mongodb"),
        ("Redis", "redis"),
        ("sqlite3", "sqlite"),
        ("memroy://", "memory"),
        ("postgres+psycopg2://h", None),
        ("riack+http://h", "riak"),
    ],
)
def test_the_nearest_name(name: str, near: str | None) -> None:
    if near is None:
        assert by_url(name)[0].name == "database"
        return
    with pytest.raises(Misconfigured, match=rf"did you mean {near}\?$"):
        by_url(name)


@pytest.mark.covers("SEL-01", "SEC-04", "pain P4")
@pytest.mark.parametrize(
    "url",
    [
        "://u:Zq7xK@h",
        "+redis://u:Zq7xK@h",
        "redis+://u:Zq7xK@h",
        "upshot://u:Zq7xK@h",
        "upshot+://u:Zq7xK@h",
        "redis+tcp://u:Zq7xK@h",
        "sqlite+aiosqlite://u:Zq7xK@h/x",
        "redis:/u:Zq7xK@h",
        "redis//:Zq7xK@h",
        "u:Zq7xK@h:6379",
        "nope://u:Zq7xK@h",
        "xyzzy+redis://u:Zq7xK@h",
        "memory+redis://:Zq7xK@h",
        "/var/lib/results.db",
        "results.db",
        "C:\\results.sqlite3",
        "localhost:6379",
        "xyzzy",
        "celery.backends.nope.Backend",
    ],
)
def test_what_leads_nowhere(url: str) -> None:
    for call in (by_url, lambda text: open_store(text, SETTINGS)):
        with pytest.raises(Misconfigured) as caught:
            call(url)
        assert "Zq7xK" not in str(caught.value)


@given(st.text(alphabet="redisqlupht+:/@._ \\;-", max_size=25))
def test_any_text_selects_or_is_refused(text: str) -> None:
    try:
        driver, _ = by_url(text)
    except UpshotError:
        return
    assert isinstance(driver, Driver)


@pytest.mark.covers("SEL-15", "ARC-11")
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_every_driver_is_built_or_says_what_it_waits_for(driver: Driver) -> None:
    assert by_name(driver.name) is driver
    if driver.module is not None:
        assert driver.waits_for is None
        return
    assert driver.waits_for
    with pytest.raises(Unsupported) as caught:
        open_store(driver.default_url, SETTINGS)
    text = str(caught.value)
    if driver.name != "disabled":
        assert driver.title in text
        assert "is not built yet; it will need" in text
        assert (f"pip install 'upshot[{driver.extra}]'" in text) == (driver.extra is not None)


def test_schemes_and_aliases_agree() -> None:
    assert all(DRIVERS.count(driver) == 1 for driver in DRIVERS)
    assert set(ALIASES.values()) == set(DRIVERS)
    assert set(SCHEMES.values()) == {driver for driver in DRIVERS if driver.schemes}
    assert len(SCHEMES) == sum(len(driver.schemes) for driver in DRIVERS)


@pytest.mark.covers("SEL-02", "SEL-04")
@pytest.mark.parametrize("prefix", ["", "db+", "upshot+", "upshot+db+"])
def test_sqlite_opens_through_every_spelling(prefix: str, tmp_path: Path) -> None:
    store = open_store(f"{prefix}sqlite:///{tmp_path}/results.db", SETTINGS)
    try:
        assert isinstance(store, Store)
        assert store.load(["none"]) == {}
    finally:
        store.close()


@pytest.mark.covers("SEL-04")
def test_engine_options_ask_for_sqlalchemy(tmp_path: Path) -> None:
    settings = Settings.from_mapping({"database_engine_options": {"echo": True}})
    with pytest.raises(Unsupported, match=r"upshot\[sql\]"):
        open_store(f"db+sqlite:///{tmp_path}/results.db", settings)
    open_store(f"sqlite:///{tmp_path}/results.db", settings).close()


def test_memory_opens() -> None:
    store = open_store("memory://test-registry", SETTINGS)
    assert store.load(["none"]) == {}
    store.close()


MODULE = """
class Shop:
    def __init__(self, url, settings):
        self.url, self.settings = url, settings

    @classmethod
    def from_url(cls, url, settings):
        return cls(url + "#from_url", settings)

def from_url(url, settings):
    return Shop(url, settings)

def other(url, settings):
    return Shop(url + "#other", settings)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "upshot_test_shop.py").write_text(MODULE)
    (tmp_path / "upshot_test_hungry.py").write_text("import upshot_test_client.deep\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "upshot_test_shop", raising=False)
    return "upshot_test_shop"


def opened(url: str, overrides: dict[str, Any] | None = None) -> str:
    store: Any = open_store(url, SETTINGS, overrides)
    assert store.settings is SETTINGS
    return str(store.url)


@pytest.mark.covers("SEL-01")
def test_a_store_of_ones_own_by_its_path(package: str) -> None:
    assert opened(f"{package}:other") == f"{package}:other#other"
    assert opened(f"{package}:Shop") == f"{package}:Shop#from_url"


@pytest.mark.covers("SEL-01")
def test_overrides_come_first(package: str) -> None:
    overrides = {"shop": f"{package}:other", "redis": f"{package}:from_url"}
    assert opened("shop://h", overrides) == "shop://h#other"
    assert opened("upshot+shop://h", overrides) == "shop://h#other"
    assert opened("shop+http://h", overrides) == "http://h#other"
    assert opened("redis://h", overrides) == "redis://h"
    assert by_url("redis://h")[0].module == "upshot.stores.redis"
    own = Driver(name="mine", title="mine", module=package)
    assert by_name("mine", {"mine": own}) is own
    assert by_name("alias", {"alias": "memory"}).name == "memory"


@pytest.mark.covers("SEL-01")
def test_installed_packages_add_names_but_replace_none(package: str, tmp_path: Path) -> None:
    described = tmp_path / "upshot_test_shop-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: upshot-test-shop\n")
    (described / "entry_points.txt").write_text(
        f"[upshot.stores]\nshop = {package}:other\nplain = {package}\nredis = {package}:other\n"
    )
    assert opened("shop://h") == "shop://h#other"
    assert opened("plain://h") == "plain://h"
    assert opened("shop") == "shop://#other"
    assert by_name("redis").module == "upshot.stores.redis"


@pytest.mark.covers("SEL-01")
def test_what_a_missing_package_says(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Loaded submodules too: they would be found without a look at their package.
    for name in ["redis", *(name for name in sys.modules if name.startswith("redis."))]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("upshot.stores.redis")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtra, match=r"pip install 'upshot\[redis\]'") as caught:
        open_store("redis://h", SETTINGS)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    with pytest.raises(MissingExtra, match=r"pip install upshot_test_client$"):
        open_store("upshot_test_hungry:x", SETTINGS)
    with pytest.raises(Misconfigured, match="there is no module 'upshot_test_nothing'"):
        open_store("upshot_test_nothing.deep:x", SETTINGS)
    with pytest.raises(Misconfigured, match="has no missing in upshot_test_shop"):
        open_store(f"{package}:missing", SETTINGS)


def test_a_fault_of_our_own_is_no_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "upshot.stores.memory", None)
    with pytest.raises(ModuleNotFoundError, match=r"upshot\.stores\.memory"):
        open_store("memory://", SETTINGS)
