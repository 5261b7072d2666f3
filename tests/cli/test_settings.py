import json

import pytest

from upshot.cli import exits, main
from upshot.settings import SETTINGS


def test_every_setting_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == exits.OK

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["SETTING", "KIND", "DEFAULT", "UNIT", "MEANING"]
    assert [row.split()[0] for row in rows] == list(SETTINGS)


def test_one_setting_is_shown_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "upshot_record_submissions"]) == exits.OK

    out = capsys.readouterr().out
    assert "setting    upshot_record_submissions\n" in out
    assert "default    True\n" in out
    assert "in Celery  False\n" in out


def test_wildcards_choose(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--json", "REDIS_*", "result_expires"]) == exits.OK

    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert names == [name for name in SETTINGS if name.startswith("redis_")] + ["result_expires"]


def test_json_has_every_row_and_stable_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--json"]) == exits.OK

    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(SETTINGS)
    assert {tuple(row) for row in rows} == {
        (
            "name",
            "kind",
            "default",
            "celery_default",
            "unit",
            "nullable",
            "choices",
            "scope",
            "meaning",
            "planned",
        )
    }
    by_name = {row["name"]: row for row in rows}
    assert by_name["result_expires"]["default"] == 86400
    assert by_name["result_expires"]["unit"] == "s"


def test_unknown_setting_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "resul_expires"]) == exits.USAGE
    assert "did you mean result_expires?" in capsys.readouterr().err
