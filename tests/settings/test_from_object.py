"""Reading a module or object that holds other people's names too."""

import warnings
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from upshot.errors import Misconfigured
from upshot.settings import SETTINGS, Settings


@pytest.fixture(autouse=True)
def silent() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.covers("contract L11")
@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("result_expires", "result_expires"),
        ("CELERY_RESULT_EXPIRES", "result_expires"),
        ("celery_result_expires", "result_expires"),
        ("CELERY_TASK_RESULT_EXPIRES", "result_expires"),
        ("UPSHOT_TOMBSTONE_TTL", "upshot_tombstone_ttl"),
        ("upshot_tombstone_ttl", "upshot_tombstone_ttl"),
        ("CELERY_UPSHOT_TOMBSTONE_TTL", "upshot_tombstone_ttl"),
        ("CELERY_REDIS_SOCKET_TIMEOUT", "redis_socket_timeout"),
        ("CELERY_MAX_CACHED_RESULTS", "result_cache_max"),
    ],
)
def test_spellings(name: str, setting: str) -> None:
    for source in (SimpleNamespace(**{name: 5}), {name: 5, "other": 1}):
        settings = Settings.from_object(source)
        assert settings.explicit == {setting}
        assert settings[setting] == 5


@pytest.mark.covers("CFG-01")
@pytest.mark.parametrize("name", ["result_backend", "CELERY_RESULT_BACKEND", "UPSHOT_BACKEND"])
def test_spellings_of_the_backend(name: str) -> None:
    assert Settings.from_object({name: "memory://"})["result_backend"] == "memory://"


def test_other_names_are_left_alone() -> None:
    module = ModuleType("settings")
    names = {
        "broker_url": "amqp://",
        "task_default_queue": "q",
        "task_compression": "gzip",
        "worker_concurrency": 4,
        "DATABASE_URL": "postgres://",
        "REDIS_HOST": "web-cache",
        "DEBUG": True,
        "_result_expires": 3,
        "result": "x",
        "timedelta": timedelta,
        "result_expires": timedelta(hours=1),
    }
    vars(module).update(names)
    settings = Settings.from_object(module)
    assert settings.explicit == {"result_expires"}
    assert settings["result_expires"] == 3600.0


def test_a_class_serves_too() -> None:
    class Config:
        result_expires = 7

        def helper(self) -> str:
            return ""

    assert Settings.from_object(Config)["result_expires"] == 7


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("result_expire", "result_expires"),
        ("CELERY_RESULT_EXPIRE", "result_expires"),
        ("RESULT_EXPIRES", "result_expires"),
        ("Result_Expires", "result_expires"),
        ("redis_pasword", "redis_password"),
    ],
)
def test_a_near_miss_warns(name: str, right: str) -> None:
    with pytest.warns(UserWarning, match=rf"^{name} is not a setting.*did you mean {right}\?$"):
        settings = Settings.from_object({name: "secret"})
    assert settings.explicit == frozenset()


@pytest.mark.parametrize("name", ["upshot_expires", "UPSHOT_TOMBSTONE", "CELERY_UPSHOT_X"])
def test_our_own_names_are_strict(name: str) -> None:
    with pytest.raises(Misconfigured, match=f"^'{name}'"):
        Settings.from_object({name: 1, "other": 2})


def test_values_are_checked() -> None:
    with pytest.raises(Misconfigured, match=r"^the setting result_expires must be"):
        Settings.from_object({"CELERY_RESULT_EXPIRES": "soon"})


def test_one_setting_twice() -> None:
    both = {"result_expires": 5, "CELERY_TASK_RESULT_EXPIRES": 6}
    with pytest.raises(Misconfigured, match="are the same setting"):
        Settings.from_object(both)
    assert Settings.from_object({**both, "result_expires": 6})["result_expires"] == 6


def test_a_module_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "upshot_test_config.py").write_text("result_expires = 9\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert Settings.from_object("upshot_test_config")["result_expires"] == 9
    with pytest.raises(Misconfigured, match="'upshot_no_such_module' cannot be imported"):
        Settings.from_object("upshot_no_such_module")


def test_values_of_celery_that_are_its_defaults_are_not_explicit() -> None:
    conf = {name: setting.default_for("celery") for name, setting in SETTINGS.items()}
    conf |= {"result_expires": timedelta(days=1), "accept_content": ["json"], "redis_db": 3}
    settings = Settings.from_object(conf, defaults="celery")
    assert settings.explicit == {"redis_db"}
    assert settings["result_cache_max"] == -1


def test_attributes_that_fail_are_not_asked_without_need() -> None:
    class Odd:
        result_expires = 5

        @property
        def other(self) -> int:
            raise RuntimeError("never read")

    assert Settings.from_object(Odd())["result_expires"] == 5
