"""Which storages the tests can reach on this machine, and how each was had.

`python -m tests.servers.provision` gets what is missing, as root and by apt, announced first;
UPSHOT_NO_INSTALL=1 forbids it. Nothing is started here and no system service is left behind.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, final

ROOT = Path(__file__).resolve().parents[2]
LOCAL_BIN = ROOT / ".servers" / "bin"
REDIS_NAMES = ("redis-server", "valkey-server")
# The tools package holds the very binary of the server, but no service that apt would start.
REDIS_PACKAGE = "redis-tools"
REDIS_BINARY = "redis-check-rdb"

How = Literal["real", "emulator", "stub", "not run"]


@final
@dataclass(frozen=True, slots=True)
class Provided:
    """One storage as the tests of this machine see it.

    Attributes:
        name: the storage.
        how: how it is had.
        detail: its version, or why it is not run.
        program: the server's executable; None for embedded storages and for those not run.
    """

    name: str
    how: How
    detail: str
    program: Path | None = None


def search_path() -> str:
    """Return PATH with the programs provided here, and those of the system, at its end."""
    return os.pathsep.join((os.environ.get("PATH", ""), str(LOCAL_BIN), "/usr/sbin", "/sbin"))


def refusal(environ: Mapping[str, str], *, root: bool, apt: bool) -> str | None:
    """Return why nothing may be installed here, or None when it may."""
    if environ.get("UPSHOT_NO_INSTALL") == "1":
        return "not installed, and UPSHOT_NO_INSTALL=1 forbids installing it"
    if not apt:
        return "not installed, and there is no apt to get it with"
    if not root:
        return "not installed, and only root can install it with apt"
    return None


def _memory() -> Provided:
    return Provided("memory", "real", "in this process")


def _sqlite() -> Provided:
    return Provided("sqlite", "real", sqlite3.sqlite_version)


def _redis() -> Provided:
    for name in REDIS_NAMES:
        found = shutil.which(name, path=search_path())
        if found:
            said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
            words = dict(word.split("=", 1) for word in said.stdout.split() if "=" in word)
            if words.get("v"):
                return Provided("redis", "real", words["v"], Path(found))
    why = refusal(os.environ, root=os.geteuid() == 0, apt=shutil.which("apt-get") is not None)
    return Provided("redis", "not run", why or "not installed; `make servers` gets it")


REGISTRY: dict[str, Callable[[], Provided]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "redis": _redis,
}

# What the documentation says of each; a run says what it really had.
DECLARED: dict[str, str] = {
    "memory": "the real thing, in the process",
    "sqlite": "the real library, as it comes with Python",
    "redis": "a real server",
}


@cache
def obtain(name: str) -> Provided:
    """Return how the storage *name* is had on this machine; looks once a process."""
    return REGISTRY[name]()


def _apt(*arguments: str) -> bool:
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-qq", *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stderr.strip()[-2000:], file=sys.stderr)
    return done.returncode == 0


def install_redis() -> None:
    """Install the Redis binary by apt and link it where the tests look for it."""
    print(
        f"Redis is not on this machine: installing the package {REDIS_PACKAGE} with apt "
        "(no service is started; UPSHOT_NO_INSTALL=1 forbids it).",
        flush=True,
    )
    wanted = ("install", "-y", "--no-install-recommends", REDIS_PACKAGE)
    if not _apt(*wanted):
        _apt("update")
        _apt(*wanted)
    binary = shutil.which(REDIS_BINARY, path=search_path())
    if binary:
        LOCAL_BIN.mkdir(parents=True, exist_ok=True)
        link = LOCAL_BIN / REDIS_NAMES[0]
        link.unlink(missing_ok=True)
        link.symlink_to(binary)


def main() -> int:
    """Get what is missing and may be got, and say how each storage is had."""
    if obtain("redis").how == "not run":
        root, apt = os.geteuid() == 0, shutil.which("apt-get") is not None
        if refusal(os.environ, root=root, apt=apt) is None:
            install_redis()
            obtain.cache_clear()
    for name in REGISTRY:
        provided = obtain(name)
        print(f"{name}: {provided.how} ({provided.detail})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
