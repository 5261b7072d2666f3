import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.local.scripts import LIMIT, Script
from upshot.local import lifetime
from upshot.record import TaskRecord
from upshot.results import connect
from upshot.stores.contract import Filter
from upshot.testing import wait_until

REVOKED = "TaskRevoked('interrupted')"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'results.db'}"


def records(url: str) -> list[TaskRecord]:
    """Return all records of the store; an unreadable one fails the test."""
    with connect(url) as backend:
        found = backend.records.query(Filter(), limit=1000).items
    kept = [item for item in found if isinstance(item, TaskRecord)]
    assert len(kept) == len(found)
    return sorted(kept, key=lambda record: (record.name or "", record.state))


def ended(url: str) -> Counter[tuple[str | None, str]]:
    """Count the records of the store by name and state."""
    return Counter((record.name, record.state) for record in records(url))


def revoked(url: str, count: int) -> None:
    """Wait until so many tasks are revoked."""
    with connect(url) as backend:
        wanted = Filter(states=frozenset({"REVOKED"}))
        wait_until(
            lambda: len(backend.records.query(wanted).items) == count,
            f"{count} revoked tasks",
            limit=LIMIT,
        )


def test_leaving_the_program_waits_for_queued_running_and_retried_tasks(
    tmp_path: Path, url: str
) -> None:
    script = Script(
        tmp_path,
        url,
        "slow.delay(0.3); flaky.delay()\n"
        "chord([quick.s(i) for i in range(50)], total)()\n"
        "print('last line', flush=True)\n",
    )

    code, _, complaint = script.end()

    assert (code, complaint) == (0, "")
    found = records(url)
    assert {r.state for r in found} == {"SUCCESS"}
    assert len(found) == 53
    assert [r.result for r in found if r.name in {"total", "flaky"}] == [3, sum(range(50))]


def test_an_error_of_the_program_waits_too_and_shows(tmp_path: Path, url: str) -> None:
    script = Script(tmp_path, url, "slow.delay(0.3)\nraise ValueError('mine')\n")

    code, _, complaint = script.end()

    assert code == 1
    assert complaint.rstrip().endswith("ValueError: mine")
    assert [r.state for r in records(url)] == ["SUCCESS"]


def test_an_idle_app_does_not_keep_the_program(tmp_path: Path, url: str) -> None:
    script = Script(tmp_path, url, "print(quick.delay(1).get(timeout=30), flush=True)\n")

    assert script.end() == (0, "1\n", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("wait", ["with app:\n    ", "", "group_wait"])
def test_a_signal_revokes_what_is_queued_and_lets_running_tasks_end(
    tmp_path: Path, url: str, number: int, code: int, wait: str
) -> None:
    work = (
        "held.delay(); held.delay(); [quick.delay(i) for i in range(20)]; ready(); time.sleep(99)\n"
    )
    if wait == "group_wait":
        wait, work = (
            "",
            work.replace("range(20)", "range(19)").replace(
                "ready(); time.sleep(99)", "last = quick.delay(9); ready(); last.get()"
            ),
        )
    script = Script(tmp_path, url, f"{wait}{work}")
    script.says("running", "running", "ready")
    script.signal(number)
    revoked(url, 20)
    script.release()

    assert script.end() == (code, "", "")
    assert ended(url) == {("held", "SUCCESS"): 2, ("quick", "REVOKED"): 20}
    assert {repr(r.result) for r in records(url) if r.name == "quick"} == {REVOKED}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_after_the_last_line_does_the_same(
    tmp_path: Path, url: str, number: int, code: int
) -> None:
    script = Script(
        tmp_path,
        url,
        "import atexit; atexit.register(print, 'goodbye')\n"
        "held.delay(); held.delay(); [quick.delay(i) for i in range(20)]\n"
        "threading.Thread(target=lambda: (threading.main_thread().join(), "
        "say('over'))).start()\n",
    )
    script.says("running", "running", "over")
    script.signal(number)
    revoked(url, 20)
    script.release()

    assert script.end() == (code, "goodbye\n", "")
    assert ended(url) == {("held", "SUCCESS"): 2, ("quick", "REVOKED"): 20}


def test_running_tasks_that_do_not_end_in_time_read_as_lost(tmp_path: Path, url: str) -> None:
    assert lifetime.GRACE == 5.0
    script = Script(
        tmp_path,
        url,
        "grace(0.5)\nwith app:\n    held.delay(); quick.delay(1).get(); ready(); time.sleep(60)\n",
    )
    script.says("running", "ready")
    script.signal(signal.SIGTERM)

    code, _, complaint = script.end()
    assert code == 143
    assert "Traceback" not in complaint
    assert ended(url) == {("held", "LOST"): 1, ("quick", "SUCCESS"): 1}


@pytest.mark.parametrize("place", ["with app:\n    ", ""])
def test_a_second_ctrl_c_ends_at_once(tmp_path: Path, url: str, place: str) -> None:
    script = Script(
        tmp_path,
        url,
        f"grace(600)\n{place}held.delay(); held.delay(); [quick.delay(i) for i in range(3)]; "
        "ready(); time.sleep(60)\n",
    )
    script.says("running", "running", "ready")
    script.signal(signal.SIGINT)
    revoked(url, 3)
    script.signal(signal.SIGINT)

    code, out, complaint = script.end()
    assert (code, out) == (130, "")
    assert "Traceback" not in complaint
    assert ended(url) == {("held", "LOST"): 2, ("quick", "REVOKED"): 3}


def test_a_program_that_catches_keyboard_interrupt_ends_as_it_likes(
    tmp_path: Path, url: str
) -> None:
    script = Script(
        tmp_path,
        url,
        "try:\n"
        "    with app:\n"
        "        held.delay(); [quick.delay(i) for i in range(9)]; ready(); time.sleep(60)\n"
        "except KeyboardInterrupt as error:\n"
        "    print('caught', error.code, flush=True)\n"
        "try:\n"
        "    quick.delay(1)\n"
        "except Exception as error:\n"
        "    print(error)\n",
    )
    script.says("running", "ready")
    script.signal(signal.SIGINT)
    script.release()

    code, out, complaint = script.end()
    assert (code, complaint) == (0, "")
    assert out.splitlines() == [
        "caught 130",
        "app 'script' was interrupted and takes no more tasks; make a new App",
    ]


@pytest.mark.parametrize("policy", ["fail", "collect"])
def test_an_interrupted_chord_leaves_a_revoked_body(tmp_path: Path, url: str, policy: str) -> None:
    script = Script(
        tmp_path,
        url,
        f"chord([held.s() for _ in range(9)], total, on_error={policy!r})()\n"
        "ready(); time.sleep(60)\n",
    )
    script.says("running", "running", "ready")
    script.signal(signal.SIGINT)
    revoked(url, 8)
    script.release()

    assert script.end() == (130, "", "")
    assert ended(url) == {("held", "REVOKED"): 7, ("held", "SUCCESS"): 2, ("total", "REVOKED"): 1}


def test_a_killed_program_leaves_records_that_read_as_lost(tmp_path: Path, url: str) -> None:
    script = Script(tmp_path, url, "[held.delay() for _ in range(4)]; ready(); time.sleep(60)\n")
    script.says("running", "running", "ready")
    script.process.kill()
    script.end()

    assert ended(url) == {("held", "LOST"): 4}
    assert "ended before the task did" in str(records(url)[0].result)


def test_handlers_of_the_program_are_left_alone_and_ours_are_put_back(
    tmp_path: Path, url: str
) -> None:
    script = Script(
        tmp_path,
        url,
        "import signal\n"
        "before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)\n"
        "with app:\n"
        "    quick.delay(1).get()\n"
        "    assert signal.getsignal(signal.SIGINT) is not before[0]\n"
        "assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before\n"
        "own = lambda *_: None\n"
        "signal.signal(signal.SIGTERM, own)\n"
        "with App(backend='memory://') as other:\n"
        "    @other.task\n"
        "    def one(): return 1\n"
        "    one.delay().get()\n"
        "    assert signal.getsignal(signal.SIGTERM) is own\n"
        "    assert signal.getsignal(signal.SIGINT) is not before[0]\n"
        "assert signal.getsignal(signal.SIGTERM) is own\n"
        "assert signal.getsignal(signal.SIGINT) is before[0]\n",
    )

    assert script.end() == (0, "", "")


def test_a_forked_child_begins_with_an_empty_queue(tmp_path: Path, url: str) -> None:
    script = Script(
        tmp_path,
        url,
        "import os, signal, warnings\n"
        # Python 3.12 warns of every fork beside other threads.
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "held.delay(); held.delay(); [quick.delay(i) for i in range(5)]\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL\n"
        "    assert quick.delay(77).get(timeout=30) == 77\n"
        "    sys.exit(0)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "ready()\n",
    )
    script.says("running", "running", "ready")
    script.release()

    code, _, complaint = script.end()
    assert (code, complaint) == (0, "")
    assert ended(url) == {("held", "SUCCESS"): 2, ("quick", "SUCCESS"): 6}


def test_ctrl_c_in_an_asyncio_program_revokes_the_queue_too(tmp_path: Path, url: str) -> None:
    script = Script(
        tmp_path,
        url,
        "import asyncio\n"
        "async def main():\n"
        "    with app:\n"
        "        held.delay(); held.delay(); [quick.delay(i) for i in range(9)]\n"
        "        ready()\n"
        "        await asyncio.sleep(60)\n"
        "try:\n"
        "    asyncio.run(main())\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(7)\n",
    )
    script.says("running", "running", "ready")
    script.signal(signal.SIGINT)
    revoked(url, 9)
    script.release()

    assert script.end() == (7, "", "")
    assert ended(url) == {("held", "SUCCESS"): 2, ("quick", "REVOKED"): 9}


def test_at_a_prompt_ctrl_c_ends_the_command_not_the_session(tmp_path: Path, url: str) -> None:
    script = Script(
        tmp_path,
        url,
        "import signal\n"
        "sys.ps1 = '>>> '\n"
        "with app:\n"
        "    quick.delay(1).get()\n"
        "    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n",
    )

    assert script.end() == (0, "", "")
