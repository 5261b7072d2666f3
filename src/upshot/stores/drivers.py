"""The table of storages: what each is called, and what opening it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from upshot.errors import Unsupported


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One row of the table.

    Attributes:
        name: its own name, which is also an alias.
        title: what people call the storage.
        module: the module that opens it; None where it is not built.
        factory: what that module calls its `from_url`.
        extra: the extra of ours that installs its client package, or None where it needs none.
        package: the top-level import name of that client package.
        aliases: further names, which may stand alone or before a `+` in a scheme.
        schemes: schemes of the URLs it takes as they are; the first is its usual one.
        paths: dotted paths of Celery's classes for it.
        waits_for: what has to be built before it can be opened, or None where it is built.
    """

    name: str
    title: str
    module: str | None = None
    factory: str = "from_url"
    extra: str | None = None
    package: str | None = None
    aliases: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    waits_for: str | None = None

    @property
    def default_url(self) -> str:
        """The URL that stands for a bare name: all its parts come from the settings."""
        return f"{self.schemes[0]}://" if self.schemes else self.name

    def alone(self, alias: str) -> str:
        """Return the URL for *alias* without a URL, such as `rediss://` for `rediss`."""
        return f"{alias}://" if alias in self.schemes else self.default_url

    def refusal(self) -> Unsupported:
        """Return the error of a storage that cannot be opened."""
        if self.name == "disabled":
            return Unsupported(
                "no result backend is configured: pass a URL such as memory:// or "
                "redis://localhost:6379/0, or set result_backend"
            )
        needs = (
            f"it will need `pip install 'upshot[{self.extra}]'`"
            if self.extra
            else "it will need no extra package"
        )
        return Unsupported(
            f"keeping results in {self.title} is not built yet; {needs}. "
            f"Built are {', '.join(driver.default_url for driver in built())}"
        )


def _planned(
    name: str,
    title: str,
    path: str,
    *,
    extra: str | None = None,
    aliases: tuple[str, ...] = (),
    schemes: tuple[str, ...] = (),
) -> Driver:
    return Driver(
        name=name,
        title=title,
        extra=extra,
        aliases=aliases,
        schemes=schemes or (name,),
        paths=(f"celery.backends.{path}",),
        waits_for=f"the {title} store",
    )


DRIVERS: Final = (
    Driver(
        name="memory",
        title="this process's memory",
        module="upshot.stores.memory",
        schemes=("memory",),
    ),
    Driver(
        name="sqlite",
        title="SQLite",
        module="upshot.stores.sqlite",
        schemes=("sqlite",),
    ),
    Driver(
        name="redis",
        title="Redis",
        module="upshot.stores.redis",
        extra="redis",
        package="redis",
        aliases=("rediss", "valkey", "valkeys"),
        schemes=("redis", "rediss", "redis+socket", "unix"),
        paths=("celery.backends.redis.RedisBackend",),
    ),
    _planned("sentinel", "Redis Sentinel", "redis.SentinelBackend", extra="redis"),
    _planned(
        "database",
        "an SQL database",
        "database.DatabaseBackend",
        extra="sql",
        aliases=("db",),
        schemes=("postgresql", "postgres", "mysql", "mariadb"),
    ),
    _planned("rpc", "AMQP reply messages", "rpc.RPCBackend"),
    _planned(
        "mongodb",
        "MongoDB",
        "mongodb.MongoBackend",
        extra="mongodb",
        schemes=("mongodb", "mongodb+srv"),
    ),
    _planned("cache", "Memcached", "cache.CacheBackend", extra="memcached"),
    _planned("cassandra", "Cassandra", "cassandra.CassandraBackend", extra="cassandra"),
    _planned(
        "elasticsearch",
        "Elasticsearch",
        "elasticsearch.ElasticsearchBackend",
        extra="elasticsearch",
        schemes=("elasticsearch", "elasticsearch+http", "elasticsearch+https"),
    ),
    _planned("couchbase", "Couchbase", "couchbase.CouchbaseBackend", extra="couchbase"),
    _planned("couchdb", "CouchDB", "couchdb.CouchBackend", extra="couchdb"),
    _planned("arangodb", "ArangoDB", "arangodb.ArangoDbBackend", extra="arangodb"),
    _planned("cosmosdbsql", "Azure Cosmos DB", "cosmosdbsql.CosmosDBSQLBackend", extra="cosmosdb"),
    _planned("dynamodb", "DynamoDB", "dynamodb.DynamoDBBackend", extra="dynamodb"),
    _planned("s3", "S3", "s3.S3Backend", extra="s3"),
    _planned("gs", "Google Cloud Storage", "gcs.GCSBackend", extra="gcs"),
    _planned(
        "azureblockblob",
        "Azure Blob Storage",
        "azureblockblob.AzureBlockBlobBackend",
        extra="azure",
    ),
    _planned("file", "a directory of files", "filesystem.FilesystemBackend"),
    _planned("consul", "Consul", "consul.ConsulBackend", extra="consul"),
    _planned("riak", "Riak", "riak.RiakBackend"),
    Driver(
        name="disabled",
        title="nothing",
        paths=("celery.backends.base.DisabledBackend",),
        waits_for="a configured backend",
    ),
)
"""Every storage, built ones first."""


def built() -> tuple[Driver, ...]:
    """Return the rows that can be opened in this release."""
    return tuple(driver for driver in DRIVERS if driver.module is not None)


def _by_alias() -> dict[str, Driver]:
    names: dict[str, Driver] = {}
    for driver in DRIVERS:
        for path in driver.paths:
            module, _, attribute = path.rpartition(".")
            names[path] = names[f"{module}:{attribute}"] = driver
        for name in (driver.name, *driver.aliases):
            names[name] = driver
    return names


ALIASES: Final[Mapping[str, Driver]] = MappingProxyType(_by_alias())
"""The row behind each name and each dotted path of Celery's."""

SCHEMES: Final[Mapping[str, Driver]] = MappingProxyType(
    {scheme: driver for driver in DRIVERS for scheme in driver.schemes}
)
"""The row behind each scheme whose URLs are handed over whole."""
