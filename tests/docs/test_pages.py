"""The documentation is run: every block of every page, from top to bottom."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from _pytest.mark.structures import ParameterSet

from tests.docs.pages import ROOT, blocks, pages
from tests.docs.program import RUN, run
from tests.servers.redis_server import RedisServer
from upshot.stores.registry import DRIVERS

REDIS = "localhost:6379"
GUIDE = "docs/howto/redis.md"
COVERS = {
    "docs/tutorial.md": ("EXA-02",),
    "docs/howto/groups.md": ("EXA-04",),
    "docs/howto/serializers.md": ("SER-08",),
}
# Blocks that are not run, with what each of their lines may begin with: the reader's own terminal.
SHOWN = {
    "sh": ("pip install ", "make ", "QUICK=1 make ", "export ", "redis-server "),
    "ini": ("save ", "appendonly ", "maxmemory"),
    "{toctree}": ("",),
}


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def runnable() -> Iterator[ParameterSet]:
    for page in pages():
        text = page.read_text("utf-8")
        if name(page) == GUIDE or not any(each.info in RUN for each in blocks(text)):
            continue
        marks = [pytest.mark.covers(*COVERS[name(page)])] if name(page) in COVERS else []
        marks += [pytest.mark.store("redis")] if REDIS in text else []
        yield pytest.param(page, marks=[pytest.mark.store("sqlite"), *marks], id=name(page))


@contextmanager
def running(text: str) -> Iterator[str]:
    """Give the page with the address of a real server in the place of Redis's usual one."""
    if REDIS not in text:
        yield text
        return
    with RedisServer() as server:
        yield text.replace(REDIS, f"localhost:{server.port}")


@pytest.mark.parametrize("page", list(runnable()))
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    with running(page.read_text("utf-8")) as text:
        code, said = run(text, tmp_path, {})
    assert code == 0, said
    assert not said.strip()


@pytest.mark.covers("BKD-REDIS-06")
@pytest.mark.store("redis")
def test_a_server_takes_the_lines_that_make_it_durable() -> None:
    (lines,) = (
        block.text for block in blocks((ROOT / GUIDE).read_text("utf-8")) if block.info == "ini"
    )
    options = dict(line.split(" ", 1) for line in lines.splitlines() if line[:4] != "save")
    saves = [line.removeprefix("save ") for line in lines.splitlines() if line[:4] == "save"]
    assert saves == ["900 1", "300 10"]
    server = RedisServer({**options, "save": " ".join(saves)})
    with server, redis.Redis.from_url(server.url()) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("save") == {"save": "900 1 300 10"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


@pytest.mark.covers("EXA-01")
@pytest.mark.store("redis")
@pytest.mark.parametrize("password", ["", "p@ss/w#rd?1"], ids=["no password", "odd password"])
def test_the_guide_to_redis_works_with_its_environment(password: str, tmp_path: Path) -> None:
    page = ROOT / GUIDE
    with RedisServer({"requirepass": password} if password else None) as server:
        environ = {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(server.port),
            "REDIS_PASSWORD": password,
        }
        code, said = run(page.read_text("utf-8"), tmp_path, environ)
    assert code == 0, said
    assert not said.strip()


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_block_is_run_or_known_not_to_be(page: Path) -> None:
    for block in blocks(page.read_text("utf-8")):
        where = f"{name(page)}, line {block.line}"
        assert block.info in RUN or block.info.split(" ")[0] in SHOWN, where
        if block.info in SHOWN:
            lines = [line for line in block.text.splitlines() if line.strip()]
            assert all(line.startswith(SHOWN[block.info]) for line in lines), where


@pytest.mark.parametrize("page", pages(), ids=name)
def test_commands_that_are_not_run_exist(page: Path) -> None:
    shown = [block for block in blocks(page.read_text("utf-8")) if block.info == "sh"]
    text = "".join(block.text for block in shown)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for extra in re.findall(r"upshot\[([a-z]+)\]", text):
        assert extra in project["optional-dependencies"]
    for target in re.findall(r"\bmake ([a-z-]+)", text):
        assert target in targets


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^(```+).*?^\1$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith(("https://", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        found = page.parent / target if target else page
        assert found.exists(), f"{name(page)}: {link}"
        assert not anchor or anchor in anchors(found.read_text("utf-8")), f"{name(page)}: {link}"


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_the_readme_lists_the_stores_that_are_built() -> None:
    table = (ROOT / "README.md").read_text("utf-8").partition("## Where results can lie")[2]
    listed = re.findall(r"^\|[^|]+\| `(\w+)://", table, re.MULTILINE)
    assert listed == [driver.name for driver in DRIVERS if driver.module is not None]


def test_the_first_script_is_short_and_prints_nothing_that_changes() -> None:
    script, terminal = blocks((ROOT / "README.md").read_text("utf-8"))[:2]
    assert len([line for line in script.text.splitlines() if line.strip()]) <= 8
    assert "$ python first.py\n3 SUCCESS\n" in terminal.text
