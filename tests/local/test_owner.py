import dataclasses
import os
import subprocess
import sys

from upshot import owner
from upshot.record import Owner

PRINT_OWNER = (
    "import dataclasses, json, sys; from upshot import owner; "
    "print(json.dumps(dataclasses.astuple(owner.current())), flush=True); sys.stdin.read()"
)


def other_process() -> tuple["subprocess.Popen[str]", Owner]:
    import json

    process = subprocess.Popen(
        [sys.executable, "-c", PRINT_OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Owner(*json.loads(process.stdout.readline()))


def test_this_process_is_not_gone() -> None:
    assert not owner.is_gone(owner.current())
    assert owner.current().pid == os.getpid()


def test_another_process_is_gone_once_it_ended() -> None:
    process, held = other_process()

    assert not owner.is_gone(held)
    process.communicate("")

    assert owner.is_gone(held)


def test_a_killed_process_that_nobody_waited_for_is_gone() -> None:
    process, held = other_process()

    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert owner.is_gone(held)
    process.communicate()


def test_a_pid_that_was_given_to_another_process_counts_as_gone() -> None:
    here = owner.current()
    boot, namespace, ticks = here.started.split("/")
    earlier = f"{boot}/{namespace}/{int(ticks) - 1}"

    assert owner.is_gone(dataclasses.replace(here, started=earlier))


def test_a_process_from_before_the_last_boot_is_gone() -> None:
    here = owner.current()
    _, namespace, ticks = here.started.split("/")

    assert owner.is_gone(dataclasses.replace(here, started=f"other-boot/{namespace}/{ticks}"))


def test_what_cannot_be_judged_is_not_gone() -> None:
    here = owner.current()
    boot, _, ticks = here.started.split("/")
    gone_pid = 2**22 + 1

    assert not owner.is_gone(dataclasses.replace(here, host="elsewhere.example", pid=gone_pid))
    assert not owner.is_gone(
        dataclasses.replace(here, pid=gone_pid, started=f"{boot}/4711/{ticks}")
    )


def test_without_a_start_mark_the_pid_alone_decides() -> None:
    here = owner.current()

    assert not owner.is_gone(dataclasses.replace(here, started=""))
    assert owner.is_gone(dataclasses.replace(here, pid=2**22 + 1, started=""))
    assert not owner.is_gone(dataclasses.replace(here, pid=10**30, started=""))


def test_a_forked_child_is_another_owner() -> None:
    mine = owner.current()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        inside = owner.current()
        told = "other" if inside != mine and inside.pid == os.getpid() else "same"
        os.write(writing, told.encode())
        os._exit(0)
    os.waitpid(pid, 0)

    assert os.read(reading, 100) == b"other"
    os.close(reading)
    os.close(writing)
