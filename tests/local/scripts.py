"""Runs a program in a process of its own and watches how it ends."""

import os
import subprocess
import sys
import weakref
from pathlib import Path

LIMIT = 60.0

HEAD = r"""
import os, sys, time, threading
from upshot.local import App, chord, group, lifetime, threaded
app = App("script", backend=sys.argv[1], workers=2)

def say(line):
    # In one piece: print writes the end of the line by itself, and two threads would mix.
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

@app.task(name="quick")
def quick(x):
    return x

@app.task(name="slow")
def slow(seconds):
    say("running")
    time.sleep(seconds)
    return seconds

@app.task(name="held")
def held():
    say("running")
    while not os.path.exists(sys.argv[2]):
        time.sleep(0.01)

def grace(seconds):
    lifetime.GRACE = threaded.GRACE = seconds

@app.task(name="flaky", autoretry_for=OSError, backoff=lambda n: 0.2)
def flaky(tries=[]):
    tries.append(1)
    if len(tries) < 3:
        raise OSError("again")
    return len(tries)

def ready():
    say("ready")

@app.task(name="total")
def total(values):
    return sum(values)
"""


class Script:
    """A running program.

    Args:
        folder: where its source is put.
        url: its store.
        code: what follows `HEAD`.
        python: the interpreter.
    """

    def __init__(self, folder: Path, url: str, code: str, python: str = sys.executable) -> None:
        file = folder / "program.py"
        file.write_text(HEAD + code)
        self._key = folder / "key"
        self.process = subprocess.Popen(
            [python, str(file), url, str(self._key)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        # A test that fails on the way must not leave its program behind.
        weakref.finalize(self, self.process.kill)

    def says(self, *lines: str) -> None:
        """Wait until the program has printed *lines*, in any order."""
        assert self.process.stdout is not None
        said = [self.process.stdout.readline().strip() for _ in lines]
        assert sorted(said) == sorted(lines), (said, self.end())

    def signal(self, number: int) -> None:
        """Send a signal to the program and all its children, as a terminal does."""
        os.killpg(self.process.pid, number)

    def release(self) -> None:
        """Let the tasks end that are held."""
        self._key.touch()

    def end(self) -> tuple[int, str, str]:
        """Wait for the end; return the exit code, and what it printed and complained."""
        try:
            out, complaint = self.process.communicate(timeout=LIMIT)
        finally:
            self.process.kill()
        return self.process.returncode, out, complaint
