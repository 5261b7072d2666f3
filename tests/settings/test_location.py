"""Where results go when nobody says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from upshot.errors import Misconfigured
from upshot.settings import Settings, default_backend_url, default_sqlite_path

pytestmark = pytest.mark.covers("CFG-01")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("UPSHOT_BACKEND", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_file_in_the_state_directory(state: Path) -> None:
    assert default_sqlite_path() == state / "upshot" / "results.db"
    assert default_backend_url() == f"sqlite:///{state}/upshot/results.db"
    assert default_backend_url(Settings.from_mapping()) == default_backend_url()
    assert not state.exists()


def test_special_characters_of_the_directory_are_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "50% of? #1"))
    from upshot.stores.sqlite.url import parse

    place = parse(default_backend_url(), "NORMAL")
    assert place.path == tmp_path / "50% of? #1" / "upshot" / "results.db"


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSHOT_BACKEND", " redis://h ")
    assert default_backend_url() == "redis://h"
    assert default_backend_url(Settings.from_mapping({"redis_db": 1})) == "redis://h"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setenv("UPSHOT_BACKEND", "")
    assert str(state) in default_backend_url()


@pytest.mark.parametrize(
    ("setting", "url"),
    [("memory://", "memory://"), (None, "disabled"), ("", "disabled"), ("disabled", "disabled")],
)
def test_the_setting_comes_first(
    setting: str | None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSHOT_BACKEND", "redis://h")
    assert default_backend_url(Settings.from_mapping({"result_backend": setting})) == url


def test_a_file_in_place_of_the_directory(state: Path) -> None:
    state.write_text("")
    with pytest.raises(Misconfigured, match="is not a directory"):
        default_sqlite_path()


def test_an_unwritable_home_names_both_cures() -> None:
    code = (
        "import os, platformdirs.unix\n"
        "from upshot.errors import Misconfigured\n"
        "from upshot.settings import default_backend_url\n"
        "if os.geteuid() == 0:\n    os.setgid(65534); os.setuid(65534)\n"
        "try:\n    print(default_backend_url())\n"
        "except Misconfigured as error:\n    print(error)\n"
    )
    environ = {**os.environ, "XDG_STATE_HOME": "/proc/1/state", "HOME": "/proc/1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ
    )
    assert "results cannot be kept in /proc/1/state/upshot" in done.stdout
    assert "UPSHOT_BACKEND" in done.stdout
    assert "pass one, such as sqlite:///" in done.stdout


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    def homeless(*_: object, **__: object) -> Path:
        return Path("~/.local/state/upshot")

    monkeypatch.setattr(platformdirs, "user_state_path", homeless)
    with pytest.raises(Misconfigured, match="there is no home directory"):
        default_backend_url()
