"""Settings are a finished mapping: whole, fixed, shareable, and silent about secrets."""

import copy
import pickle
from typing import Any

import pytest

from upshot.errors import Misconfigured
from upshot.settings import SETTINGS, Settings


def test_every_name_is_there() -> None:
    settings = Settings.from_mapping(None)
    assert list(settings) == list(SETTINGS)
    assert len(settings) == len(SETTINGS)
    assert "result_expires" in settings
    assert "upshot_x" not in settings
    assert settings.get("upshot_x", 5) == 5
    with pytest.raises(KeyError):
        settings["upshot_x"]


def test_explicit_names() -> None:
    assert Settings.from_mapping().explicit == frozenset()
    given = {"result_expires": 86400, "redis_db": None}
    assert Settings.from_mapping(given).explicit == frozenset(given)


def test_replaced() -> None:
    old = Settings.from_mapping({"result_expires": 5}, defaults="celery")
    new = old.replaced(redis_db=3, result_expires=None)
    assert (old["result_expires"], new["result_expires"], new["redis_db"]) == (5.0, None, 3)
    assert new.explicit == {"result_expires", "redis_db"}
    assert new["result_cache_max"] == -1
    with pytest.raises(Misconfigured, match="did you mean redis_db"):
        old.replaced(redis_bd=1)
    with pytest.raises(Misconfigured, match="redis_db must be"):
        old.replaced(redis_db="x")


@pytest.mark.covers("CFG-01")
def test_unknown_names_are_all_refused_with_the_nearest() -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.from_mapping({"result_expire": 1, "redis_db": 0, "nonsense": 2, 7: 3})  # type: ignore[dict-item]
    text = str(caught.value)
    assert "'result_expire' (did you mean result_expires?)" in text
    assert "'nonsense'" in text
    assert "7" in text
    assert "redis_db" not in text


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("RESULT_EXPIRES", "result_expires"),
        ("CELERY_TASK_RESULT_EXPIRES", "result_expires"),
        ("celery_result_backend", "result_backend"),
        ("upshot_tombstones_ttl", "upshot_tombstone_ttl"),
        ("UPSHOT_RERUN", "upshot_rerun"),
        ("result_cache", "result_cache_max"),
    ],
)
def test_the_nearest_right_name(wrong: str, right: str) -> None:
    with pytest.raises(Misconfigured, match=rf"did you mean {right}\?"):
        Settings.from_mapping({wrong: 1})


def test_nothing_changes_them() -> None:
    options = {"list": [1], "deep": {"a": 1}}
    settings = Settings.from_mapping({"database_engine_options": options})
    options["list"].append(2)  # type: ignore[attr-defined]
    found: dict[str, Any] = settings["database_engine_options"]
    found["deep"]["a"] = 2
    found["more"] = 3
    assert settings["database_engine_options"] == {"list": [1], "deep": {"a": 1}}
    assert Settings.from_mapping()["database_engine_options"] == {}
    for name in ("explicit", "_given", "anything"):
        with pytest.raises(AttributeError, match="replaced"):
            setattr(settings, name, {})
        with pytest.raises(AttributeError, match="replaced"):
            delattr(settings, name)


def test_defaults_are_no_shared_objects() -> None:
    Settings.from_mapping()["result_backend_transport_options"]["x"] = 1
    assert Settings.from_mapping()["result_backend_transport_options"] == {}


def test_they_compare_pickle_and_copy() -> None:
    settings = Settings.from_mapping({"result_expires": 0, "redis_db": 4}, defaults="celery")
    for other in (pickle.loads(pickle.dumps(settings)), copy.deepcopy(settings)):
        assert other == settings
        assert other.explicit == settings.explicit
        assert other["result_cache_max"] == -1
        assert other["result_expires"] is None
    assert settings != Settings.from_mapping()
    assert settings != dict(settings)
    with pytest.raises(TypeError):
        hash(settings)


@pytest.mark.covers("SEC-04", "pain P4")
def test_a_repr_names_what_was_set_and_shows_no_secret() -> None:
    class Provider:
        def __repr__(self) -> str:
            return "Zq7xK"

    settings = Settings.from_mapping(
        {
            "result_backend": "redis://user:Zq7xK@host/0?token=Zq7xK",
            "redis_password": "Zq7xK",
            "s3_secret_access_key": "Zq7xK",
            "redis_backend_credential_provider": Provider(),
            "cassandra_auth_kwargs": {"username": "me", "password": "Zq7xK"},
            "result_backend_transport_options": {
                "sentinel_kwargs": {"password": "Zq7xK"},
                "hosts": ["redis://:Zq7xK@a"],
                "provider": Provider(),
            },
            "result_expires": 5,
        }
    )
    for text in (repr(settings), str(settings), f"{settings}"):
        assert "Zq7xK" not in text
        assert "user:**@host" in text
        assert "'username': 'me'" in text
        assert "result_expires=5.0" in text
    assert repr(Settings.from_mapping()) == "Settings()"
