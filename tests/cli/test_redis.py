"""The command line over a real Redis server."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.cli.conftest import Shell
from tests.servers.redis_server import RedisServer
from upshot.cli import exits

GROUP = re.compile(r"^group +(\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer({"requirepass": "geheim"}) as running:
        yield running


@pytest.fixture
def url(server: RedisServer) -> str:
    return server.url(login=":geheim")


def test_demo_list_and_get(shell: Shell, project: Path, url: str) -> None:
    ended = shell("demo", str(project), "--backend", url)

    assert ended.code == exits.OK, ended.err
    assert ": 3 measured, 1 failed\n" in ended.out
    assert "geheim" not in ended.out + ended.err
    match = GROUP.search(ended.out)
    assert match is not None
    rows = shell("list", "--group", match[1], "--json", UPSHOT_BACKEND=url).json()
    assert sorted(row["state"] for row in rows) == ["FAILURE", "SUCCESS", "SUCCESS", "SUCCESS"]
    assert {row["name"] for row in rows} == {"upshot.demo.measure"}
    times = [row["done"] for row in rows]
    assert times == sorted(times, reverse=True)
    shown = shell("get", match[1], UPSHOT_BACKEND=url)
    assert shown.code == exits.FAILED
    assert "members  4 tasks: 3 SUCCESS, 1 FAILURE\n" in shown.out


def test_check_leaves_no_key_behind(shell: Shell, server: RedisServer) -> None:
    url = server.url(3, login=":geheim")

    ended = shell("check", "--backend", url)

    assert ended.code == exits.OK, ended.out + ended.err
    assert "geheim" not in ended.out + ended.err
    assert re.search(r"^push +ok +news of a write came after", ended.out, re.MULTILINE)
    with redis.Redis.from_url(url) as client:
        assert client.dbsize() == 0


@pytest.mark.parametrize("login", ["", ":falsch", "nobody:geheim"])
def test_wrong_credentials_are_told_from_a_dead_server(
    shell: Shell, server: RedisServer, login: str
) -> None:
    for argv in (("check",), ("list",), ("get", "x")):
        ended = shell(*argv, "--backend", server.url(login=login))

        assert ended.code == exits.STORE
        assert "falsch" not in ended.out + ended.err
        assert "geheim" not in ended.out + ended.err
        assert len(ended.err.splitlines()) == 1
    ended = shell("check", "--backend", server.url(login=login))
    assert ended.out.splitlines()[-1].split() == ["connect", "failed", "refused"]


def test_user_without_rights_to_write(shell: Shell, server: RedisServer) -> None:
    with redis.Redis.from_url(server.url(login=":geheim")) as client:
        rights = ("on", ">secret", "~*", "&*", "+@read", "+@connection")
        client.execute_command("ACL", "SETUSER", "reader", *rights)

    ended = shell("check", "--backend", server.url(login="reader:secret"))

    assert ended.code == exits.STORE
    assert ended.out.splitlines()[-1].split() == ["write", "failed", "refused"]
    assert "secret" not in ended.out + ended.err


def test_server_that_dies_in_mid_run(shell: Shell, tmp_path: Path) -> None:
    with RedisServer() as running:
        url = running.url()
        code = (
            "import os, sys, threading, upshot.cli.demo_tasks as tasks\n"
            "from upshot.cli import main\n"
            "measure, lock, count = tasks.measure, threading.Lock(), [0]\n"
            "def dying(root, name):\n"
            "    with lock:\n"
            "        count[0] += 1\n"
            f"        if count[0] == 20: os.kill({running.pid}, 9)\n"
            "    return measure(root, name)\n"
            "tasks.measure = dying\n"
            "sys.exit(main())\n"
        )
        for number in range(200):
            (tmp_path / f"{number}.py").write_text("x = 1\n")
        ended = shell.python(code, "demo", str(tmp_path), "--limit", "150", "--backend", url)

    assert ended.code == exits.STORE, ended.err
    assert "Traceback" not in ended.err
    assert ended.err.splitlines()[-1].startswith("upshot: ")
