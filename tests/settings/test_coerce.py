"""Each kind of setting takes what it means, and refuses the rest in words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upshot.errors import Misconfigured
from upshot.settings import SETTINGS, Settings

ACCEPTED: dict[str, list[tuple[str, Any, Any]]] = {
    "bool": [
        ("result_extended", True, True),
        ("result_extended", 0, False),
        ("result_extended", " Yes ", True),
        ("result_extended", "off", False),
    ],
    "int": [
        ("redis_port", 7000, 7000),
        ("redis_port", "7000", 7000),
        ("redis_port", 7000.0, 7000),
        ("result_cache_max", -1, -1),
        ("result_cache_max", None, None),
        ("result_compression_level", 9, 9),
        ("redis_db", 0, 0),
    ],
    "limit": [
        ("result_backend_max_retries", 0, 0),
        ("result_backend_max_retries", float("inf"), None),
        ("result_backend_max_retries", "inf", None),
        ("result_backend_max_retries", None, None),
        ("result_backend_max_retries", 3.0, 3),
    ],
    "seconds": [
        ("result_expires", 60, 60.0),
        ("result_expires", 0.5, 0.5),
        ("result_expires", "3600", 3600.0),
        ("result_expires", "1e3", 1000.0),
        ("result_expires", timedelta(days=2), 172800.0),
        ("result_expires", 0, None),
        ("result_expires", timedelta(0), None),
        ("result_expires", "0", None),
        ("result_expires", None, None),
        ("upshot_tombstone_ttl", 0, 0.0),
    ],
    "text": [
        ("result_backend", "redis://", "redis://"),
        ("result_backend", None, None),
        ("result_serializer", "my-codec", "my-codec"),
        ("result_compression", "gzip", "gzip"),
    ],
    "choice": [
        ("upshot_rerun", "forget", "forget"),
        ("upshot_sqlite_synchronous", "full", "FULL"),
    ],
    "list": [
        ("accept_content", ["json", "yaml"], ("json", "yaml")),
        ("accept_content", "json, yaml", ("json", "yaml")),
        ("accept_content", {"yaml", "json"}, ("json", "yaml")),
        ("upshot_exception_modules", (), ()),
        ("result_accept_content", None, None),
    ],
    "mapping": [
        ("result_backend_transport_options", {"a": [1]}, {"a": [1]}),
        ("database_engine_options", {}, {}),
        ("mongodb_backend_settings", None, None),
    ],
    "switch": [
        ("redis_backend_use_ssl", True, True),
        ("redis_backend_use_ssl", {"ssl_cert_reqs": "none"}, {"ssl_cert_reqs": "none"}),
        ("redis_backend_use_ssl", None, None),
    ],
    "object": [
        ("redis_backend_credential_provider", "package.Provider", "package.Provider"),
        ("redis_backend_credential_provider", None, None),
    ],
}

REFUSED: dict[str, list[tuple[str, Any]]] = {
    "bool": [
        ("result_extended", 2),
        ("result_extended", "maybe"),
        ("result_extended", None),
        ("result_extended", []),
        ("result_extended", 0.5),
    ],
    "int": [
        ("redis_port", True),
        ("redis_port", 1.5),
        ("redis_port", "x"),
        ("redis_port", 0),
        ("redis_port", 65536),
        ("result_cache_max", -2),
        ("redis_port", float("inf")),
        ("result_compression_level", 10),
        ("redis_port", float("nan")),
        ("redis_port", [1]),
        ("upshot_max_decompressed", None),
        ("redis_db", -1),
    ],
    "limit": [
        ("result_backend_max_retries", -1),
        ("result_backend_max_retries", True),
        ("result_backend_max_retries", 1.5),
        ("result_backend_max_retries", float("-inf")),
        ("result_backend_max_retries", "nan"),
    ],
    "seconds": [
        ("result_expires", -1),
        ("result_expires", True),
        ("result_expires", "soon"),
        ("result_expires", timedelta(seconds=-1)),
        ("result_expires", float("inf")),
        ("result_expires", float("nan")),
        ("result_expires", "nan"),
        ("result_expires", []),
        ("upshot_safety_interval", 0),
        ("upshot_tombstone_ttl", None),
    ],
    "text": [("result_backend", 1), ("result_backend", b"x"), ("result_serializer", None)],
    "choice": [("upshot_rerun", "replace"), ("upshot_rerun", 1), ("upshot_rerun", None)],
    "list": [
        ("accept_content", 1),
        ("accept_content", [1]),
        ("accept_content", {"json": 1}),
        ("accept_content", b"json"),
        ("accept_content", {"json", 1}),
    ],
    "mapping": [
        ("database_engine_options", []),
        ("database_engine_options", "a=1"),
        ("database_engine_options", {1: 2}),
        ("mongodb_backend_settings", "celery"),
    ],
    "switch": [("redis_backend_use_ssl", "certs"), ("redis_backend_use_ssl", {1: 2})],
    "object": [],
}


def cases(table: dict[str, list[Any]]) -> Callable[..., Any]:
    rows = [(kind, *row) for kind, found in table.items() for row in found]

    def named(row: Any) -> str:
        # A set's order differs between the processes of a parallel run.
        shown = sorted(map(repr, row[2])) if isinstance(row[2], set) else repr(row[2])
        return f"{row[1]}={shown}"

    return pytest.mark.parametrize("row", rows, ids=named)


def test_every_kind_is_tested() -> None:
    kinds = {setting.kind for setting in SETTINGS.values()}
    assert kinds == set(ACCEPTED) == set(REFUSED)


@pytest.mark.covers("CFG-03", "CFG-04", "CFG-07", "CFG-09", "CFG-15b", "CFG-22", "contract X1")
@cases(ACCEPTED)
def test_what_a_setting_takes(row: tuple[str, str, Any, Any]) -> None:
    kind, name, given, value = row
    assert SETTINGS[name].kind == kind
    found = Settings.from_mapping({name: given})[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.covers("CFG-07", "CFG-15b", "CFG-29a", "contract X1")
@cases(REFUSED)
def test_what_a_setting_refuses(row: tuple[str, str, Any]) -> None:
    kind, name, given = row
    assert SETTINGS[name].kind == kind
    with pytest.raises(Misconfigured, match=f"^the setting {name} must be "):
        Settings.from_mapping({name: given})


@given(
    st.sampled_from(sorted(SETTINGS)),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.timedeltas()
    | st.lists(st.text())
    | st.dictionaries(st.text(), st.integers()),
)
def test_any_value_is_taken_for_good_or_refused(name: str, value: Any) -> None:
    try:
        settings = Settings.from_mapping({name: value})
    except Misconfigured:
        return
    again = Settings.from_mapping({name: settings[name]})
    assert repr(again[name]) == repr(settings[name])


@pytest.mark.covers("SEC-04", "pain P4")
def test_refused_secrets_are_not_shown() -> None:
    for name, value in [
        ("redis_password", b"Zq7xK"),
        ("redis_password", 77777),
        ("redis_port", "redis://u:Zq7xK@h"),
        ("database_engine_options", "password=Zq7xK"),
    ]:
        with pytest.raises(Misconfigured) as caught:
            Settings.from_mapping({name: value})
        assert "Zq7xK" not in str(caught.value)
        assert "77777" not in str(caught.value)
        assert caught.value.__context__ is None or "Zq7xK" not in str(caught.value.__context__)
