"""The examples of the specification, to the letter where they are code."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from upshot import connect
from upshot.errors import UpshotError
from upshot.local import App
from upshot.settings import Settings
from upshot.urls import mask, parse


@pytest.fixture(params=["memory", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    url = {"memory": f"memory://{tmp_path.name}", "sqlite": f"sqlite:///{tmp_path}/results.db"}
    with App("examples", backend=url[request.param]) as made:
        yield made


@pytest.mark.covers("EXA-02", "EXP-04")
def test_submit_look_get_and_forget(app: App) -> None:
    @app.task
    def my_task(x: int, y: int) -> int:
        return x + y

    result = my_task.delay(1, 2)
    try:
        value = result.get(timeout=10)
    finally:
        # Reading frees nothing.
        assert result.ready()
        assert (result.state, result.get()) == ("SUCCESS", 3)
        result.forget()
    assert value == 3
    assert app.backend.get_task_meta(result.id)["status"] not in {"SUCCESS", "FAILURE"}


@pytest.mark.covers("EXA-01", "SEC-04")
@pytest.mark.parametrize("password", ["", "geheim"], ids=["empty", "given"])
def test_urls_are_built_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    given = {"HOST": "db.example", "PORT": "6380", "PASSWORD": password}
    for name, value in given.items():
        monkeypatch.setenv(f"REDIS_{name}", value)
    environ = os.environ
    url = parse(
        f"redis://:{environ['REDIS_PASSWORD']}@{environ['REDIS_HOST']}:{environ['REDIS_PORT']}/0"
    )
    assert url.hosts == (("db.example", 6380),)
    assert (url.password or "") == password
    sql = f"db+postgresql://celery:{password or 'empty'}@db.example/celery_results"
    assert parse(sql).path.strip("/") == "celery_results"
    assert (password or "empty") not in mask(sql)


@pytest.mark.covers("EXP-05")
def test_the_expiry_in_force_can_be_read() -> None:
    with connect("memory://expiry", settings={"result_expires": 3600}) as backend:
        assert backend.records.settings["result_expires"] == 3600
    assert Settings.from_mapping(None)["result_expires"] == 86400


@pytest.mark.covers("CON-03", "CFG-05")
def test_the_cache_is_finite_by_default_and_can_be_turned_off() -> None:
    assert 0 < Settings.from_mapping(None)["result_cache_max"] < 100_000
    with connect("memory://cache", settings={"result_cache_max": -1}) as backend:
        backend.mark_as_done("a", 1)
        backend.get_task_meta("a")
        assert not backend.is_cached("a")


def test_an_unknown_setting_of_an_example_is_refused() -> None:
    with pytest.raises(UpshotError, match="result_expires"):
        connect("memory://typo", settings={"result_expire": 1})
