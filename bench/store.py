"""`make bench`: storing and fetching on Redis and SQLite, on servers of its own.

QUICK=1 makes it short. Figures of different runs do not compare; ratios of one run do.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from bench import contenders
from bench.contenders import Contender
from bench.rounds import Outcome, Work, measure, report
from tests.servers.provision import obtain

QUICK = os.environ.get("QUICK") == "1"
ROUNDS = 3 if QUICK else 7
OPERATIONS = {"redis": 300 if QUICK else 2000, "sqlite": 100 if QUICK else 500}
VALUES: Mapping[str, Any] = {"small": {"total": 42, "name": "report"}, "10 kB": "x" * 10_000}
START_LIMIT = 10.0


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Run a Redis of our own on a free loopback port; yield its URL."""
    program = obtain("redis").program
    if program is None:
        raise SystemExit(f"bench needs Redis: {obtain('redis').detail}")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", folder]
    server = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise SystemExit("bench: the Redis server did not start") from None
                time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(START_LIMIT)


def _storing(one: Contender, value: Any, number: int) -> Work:
    def work() -> int:
        for _ in range(number):
            one.store(str(uuid.uuid4()), value)
        return number

    return work


def _fetching(one: Contender, number: int) -> Work:
    ids = [str(uuid.uuid4()) for _ in range(number)]
    for task_id in ids:
        one.store(task_id, VALUES["small"])

    def work() -> int:
        for task_id in ids:
            one.fetch(task_id)
        return number

    return work


def compare(storage: str, rivals: Sequence[Contender]) -> Iterator[Outcome]:
    """Yield the outcome of each scenario on one storage."""
    number = OPERATIONS[storage]
    for size, value in VALUES.items():
        works = {one.name: _storing(one, value, number) for one in rivals}
        yield measure(f"{storage}: store, {size}", works, ROUNDS)
    works = {one.name: _fetching(one, number) for one in rivals}
    yield measure(f"{storage}: fetch one", works, ROUNDS)


def main() -> int:
    """Measure, printing each scenario as it ends, then the table."""
    outcomes = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(redis_server(folder))
        fields = {
            "redis": [
                contenders.upshot(url),
                contenders.celery(url),
                contenders.raw_redis(url),
            ],
            "sqlite": [
                contenders.upshot(f"sqlite:///{folder}/upshot.db"),
                contenders.celery(f"db+sqlite:///{folder}/celery.db"),
                contenders.raw_sqlite(folder / "raw.db"),
            ],
        }
        for storage, rivals in fields.items():
            for one in rivals:
                stack.callback(one.close)
            for outcome in compare(storage, rivals):
                outcomes.append(outcome)
                print(f"{outcome.title}: {outcome.ratio('upshot', 'celery'):.2f}x", flush=True)
    print(
        f"\n{ROUNDS} interleaved rounds, Python {sys.version.split()[0]}, "
        f"Redis {obtain('redis').detail}, SQLite {obtain('sqlite').detail}\n"
    )
    print(report(outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
