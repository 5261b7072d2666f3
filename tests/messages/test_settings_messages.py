"""The whole text of every error about settings, with secrets planted."""

import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from upshot.errors import Misconfigured
from upshot.settings import Settings, default_backend_url

pytestmark = pytest.mark.covers("SEC-04", "pain P4")

EXPIRES = "the setting result_expires must be a number of seconds or a timedelta, at least 0, or None, not "
PORT = "the setting redis_port must be a whole number from 1 to 65535, or None, not "
LISTED = "`upshot settings` lists all of them"
CURE = (
    "set the environment variable UPSHOT_BACKEND to a URL, or pass one, such as "
    "sqlite:////var/lib/myapp/results.db or memory://"
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"result_expire": 1},
            f"'result_expire' (did you mean result_expires?) is not a setting; {LISTED}",
        ),
        (
            {"result_expire": 1, "nonsense": 2, "REDIS_BD": 3},
            (
                "'result_expire' (did you mean result_expires?), 'nonsense', "
                f"'REDIS_BD' (did you mean redis_db?) are not settings; {LISTED}"
            ),
        ),
        ({"result_expires": -5}, EXPIRES + "-5"),
        ({"result_expires": True}, EXPIRES + "True"),
        ({"result_expires": "soon"}, EXPIRES + "'soon'"),
        ({"result_expires": timedelta(-1)}, EXPIRES + "datetime.timedelta(days=-1)"),
        (
            {"upshot_tombstone_ttl": None},
            (
                "the setting upshot_tombstone_ttl must be a number of seconds or a timedelta, "
                "at least 0, not None"
            ),
        ),
        ({"redis_port": 70000}, PORT + "70000"),
        ({"redis_port": "redis://u:Zq7xK@h"}, PORT + "'redis://u:**@h'"),
        ({"redis_port": "x" * 200}, PORT + "'" + "x" * 79 + "…"),
        (
            {"redis_db": 1.5},
            "the setting redis_db must be a whole number, at least 0, or None, not 1.5",
        ),
        (
            {"result_backend_max_retries": -1},
            (
                "the setting result_backend_max_retries must be a whole number of retries, "
                "at least 0, or None, not -1"
            ),
        ),
        (
            {"result_extended": "maybe"},
            "the setting result_extended must be True or False, not 'maybe'",
        ),
        (
            {"upshot_rerun": "replace"},
            "the setting upshot_rerun must be one of 'keep', 'forget', not 'replace'",
        ),
        (
            {"accept_content": 7},
            "the setting accept_content must be a list of names, or None, not 7",
        ),
        (
            {"database_engine_options": "password=Zq7xK"},
            (
                "the setting database_engine_options must be a mapping with text as keys, "
                "not 'password=**'"
            ),
        ),
        (
            {"redis_backend_use_ssl": "x"},
            (
                "the setting redis_backend_use_ssl must be True, False, or a mapping with text as "
                "keys, or None, not 'x'"
            ),
        ),
        (
            {"redis_password": b"Zq7xK"},
            "the setting redis_password must be text, or None, not a value of type bytes",
        ),
        (
            {"result_serializer": ["x"]},
            "the setting result_serializer must be text, not a value of type list",
        ),
    ],
)
def test_what_a_mapping_is_refused_with(given: dict[str, Any], message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.from_mapping(given)
    assert str(caught.value) == message


def test_one_setting_under_two_names() -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.from_object({"redis_password": "Zq7xK", "CELERY_REDIS_PASSWORD": "s3Cr3t"})
    assert str(caught.value) == (
        "redis_password and CELERY_REDIS_PASSWORD are the same setting, redis_password, but "
        "differ; keep one"
    )


def test_a_near_miss() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Settings.from_object({"redis_pasword": "Zq7xK"})
    assert [str(warning.message) for warning in caught] == [
        "redis_pasword is not a setting and was not read; did you mean redis_password?"
    ]


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.from_object("upshot_no_such_module")
    assert str(caught.value) == (
        "the configuration module 'upshot_no_such_module' cannot be imported: "
        "No module named 'upshot_no_such_module'"
    )


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError) as caught:
        Settings.from_mapping().anything = 1
    assert str(caught.value) == "settings cannot be changed; use replaced()"


def test_no_place_for_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("")
    monkeypatch.delenv("UPSHOT_BACKEND", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    with pytest.raises(Misconfigured) as caught:
        default_backend_url()
    assert str(caught.value) == (
        f"results cannot be kept in {blocked}/upshot: {blocked} is not a directory; {CURE}"
    )


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    monkeypatch.delenv("UPSHOT_BACKEND", raising=False)
    monkeypatch.setattr(platformdirs, "user_state_path", lambda *_, **__: Path("~/state"))
    with pytest.raises(Misconfigured) as caught:
        default_backend_url()
    assert str(caught.value) == f"there is no home directory to keep results in: {CURE}"
