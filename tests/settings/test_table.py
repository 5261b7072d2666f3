"""The table of settings is whole, and its defaults are values that its own rules accept."""

import json
import subprocess
import sys

import pytest

from upshot.cli.shape import plain
from upshot.settings import SETTINGS, UNSET, Setting, Settings, shown_value, table
from upshot.settings.coerce import coerce, expected

# Every row of the behaviour table about settings, with the names that it promises.
ROWS = {
    "CFG-01": ["result_backend"],
    "CFG-02": ["result_serializer"],
    "CFG-03": ["result_accept_content"],
    "CFG-04": ["accept_content"],
    "CFG-05": ["result_cache_max"],
    "CFG-06": ["result_extended"],
    "CFG-07": ["result_expires"],
    "CFG-08": ["result_backend_always_retry"],
    "CFG-09": ["result_backend_max_retries"],
    "CFG-10": ["result_backend_base_sleep_between_retries_ms"],
    "CFG-11": ["result_backend_max_sleep_between_retries_ms"],
    "CFG-12": ["result_backend_thread_safe"],
    "CFG-13": ["result_persistent"],
    "CFG-14": ["result_exchange", "result_exchange_type"],
    "CFG-15a": ["result_compression"],
    "CFG-15b": ["result_compression_level"],
    "CFG-16": ["task_ignore_result"],
    "CFG-17a": ["task_always_eager"],
    "CFG-17b": ["task_remote_tracebacks"],
    "CFG-18a": ["redis_host", "redis_port", "redis_db"],
    "CFG-18b": ["redis_username", "redis_password"],
    "CFG-19": ["redis_max_connections"],
    "CFG-20a": ["redis_socket_timeout"],
    "CFG-20b": ["redis_socket_connect_timeout"],
    "CFG-21a": ["redis_retry_on_timeout"],
    "CFG-21b": ["redis_socket_keepalive"],
    "CFG-22": ["redis_backend_use_ssl"],
    "CFG-23": ["redis_backend_credential_provider"],
    "CFG-24": ["redis_backend_health_check_interval"],
    "CFG-25": ["database_engine_options"],
    "CFG-26": ["database_short_lived_sessions"],
    "CFG-27": ["database_table_names"],
    "CFG-28": ["database_create_tables_at_setup"],
    "CFG-29a": ["mongodb_backend_settings"],
    "CFG-29b": ["mongodb_backend_settings"],
    "CFG-30a": ["cassandra_servers"],
    "CFG-30b": ["cassandra_keyspace", "cassandra_table"],
    "CFG-30c": ["cassandra_options"],
    "CFG-31": ["cassandra_entry_ttl"],
    "CFG-32": ["cassandra_read_consistency", "cassandra_write_consistency"],
    "CFG-33": ["cassandra_auth_provider", "cassandra_auth_kwargs"],
    "CFG-34": ["cassandra_secure_bundle_path", "cassandra_bundle_path"],
    "CFG-35a": ["elasticsearch_timeout", "elasticsearch_max_retries"],
    "CFG-35b": ["elasticsearch_retry_on_timeout"],
    "CFG-35c": ["elasticsearch_save_meta_as_text"],
    "CFG-36": ["result_backend_transport_options"],
}

# What nobody sets, and what Celery has instead where it differs.
DEFAULTS = {
    "result_serializer": "json",
    "result_accept_content": None,
    "accept_content": ("json",),
    "result_extended": False,
    "result_expires": 86400.0,
    "result_backend_always_retry": False,
    "result_backend_max_retries": None,
    "result_backend_base_sleep_between_retries_ms": 10,
    "result_backend_max_sleep_between_retries_ms": 10000,
    "result_compression": None,
    "result_compression_level": None,
    "task_ignore_result": False,
    "task_always_eager": False,
    "redis_password": None,
    "redis_username": None,
    "redis_max_connections": None,
    "redis_socket_timeout": 120.0,
    "redis_socket_connect_timeout": None,
    "redis_retry_on_timeout": False,
    "redis_socket_keepalive": False,
    "redis_backend_credential_provider": None,
    "redis_backend_health_check_interval": None,
    "upshot_tombstone_ttl": 604800.0,
    "upshot_rerun": "keep",
    "upshot_compression_threshold": 1024,
    "upshot_max_decompressed": 67108864,
    "upshot_exception_modules": (),
    "upshot_safety_interval": 30.0,
    "upshot_sqlite_synchronous": "NORMAL",
}
DIFFERENT = {
    "result_cache_max": (1000, -1),
    "result_backend_thread_safe": (True, False),
    "upshot_record_submissions": (True, False),
    "upshot_extended_types": (True, False),
    "redis_host": ("localhost", None),
    "redis_port": (6379, None),
    "redis_db": (0, None),
}


@pytest.mark.parametrize(
    ("row", "names"),
    [pytest.param(row, names, marks=pytest.mark.covers(row)) for row, names in ROWS.items()],
)
def test_every_row_has_its_settings(row: str, names: list[str]) -> None:
    assert [setting.name for setting in table() if row in setting.rows] == names


def test_no_row_is_invented() -> None:
    assert {row for setting in table() for row in setting.rows} == set(ROWS)


@pytest.mark.parametrize("setting", table(), ids=lambda setting: setting.name)
def test_a_row_is_complete_and_keeps_its_own_rules(setting: Setting) -> None:
    assert setting.name == setting.name.lower()
    assert setting.meaning.endswith(".")
    assert setting.scope
    assert setting.own == setting.name.startswith("upshot_")
    assert expected(setting)
    assert bool(setting.choices) or setting.kind != "choice"
    assert bool(setting.unit) or setting.kind != "seconds"
    for default in (setting.default, setting.default_for("celery")):
        if default is not None or setting.nullable:
            assert coerce(setting, default) == default
        else:
            assert setting.name == "result_backend"
    assert setting.celery_default is UNSET or setting.celery_default != setting.default


def test_names_are_unique() -> None:
    names = [setting.name for setting in table()]
    assert len(names) == len(set(names)) == len(SETTINGS)


@pytest.mark.covers("CFG-02", "CFG-04", "CFG-07", "CFG-08", "CFG-10", "CFG-11", "CFG-20a")
def test_standalone_defaults() -> None:
    settings = Settings.from_mapping()
    assert {name: settings[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.covers("CFG-05", "CFG-12", "CFG-18a")
def test_defaults_that_differ_under_celery() -> None:
    own, celery = Settings.from_mapping(), Settings.from_mapping(defaults="celery")
    assert {name: (own[name], celery[name]) for name in DIFFERENT} == DIFFERENT
    assert celery["result_expires"] == 86400.0


@pytest.mark.covers("contract L10")
@pytest.mark.parametrize(
    "name",
    [
        "result_backend_thread_safe",
        "redis_client_name",
        "redis_backend_health_check_interval",
        "redis_backend_credential_provider",
        "gcs_threadpool_maxsize",
        "firestore_project",
        "dynamodb_endpoint_url",
        "cassandra_secure_bundle_path",
    ],
)
def test_settings_that_celery_reads_but_does_not_declare_are_known(name: str) -> None:
    assert name in SETTINGS
    assert name in Settings.from_mapping()


def test_every_default_can_be_listed() -> None:
    listed = {name: plain(setting.default) for name, setting in SETTINGS.items()}
    assert json.loads(json.dumps(listed, allow_nan=False)) == listed


def test_shown_values_hide_secrets() -> None:
    assert shown_value("redis_password", "Zq7xK") == "'**'"
    assert shown_value("redis_password", None) == "None"
    assert shown_value("result_backend", "redis://u:Zq7xK@h") == "'redis://u:**@h'"
    assert shown_value("something_else", "Zq7xK") == "'**'"
    assert shown_value("accept_content", ("json",)) == "['json']"


def test_importing_settings_imports_no_heavy_module() -> None:
    code = (
        "import sys, upshot.settings, upshot.urls, upshot.stores.registry as r;"
        "r.by_url('db+sqlite:///x'); r.by_url('redis://h');"
        "print([m for m in ('platformdirs', 'importlib.metadata', 'kombu', 'redis', 'sqlite3')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
