"""A Redis server of one's own: on loopback, in a directory of its own, gone afterwards."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self, final

START_SECONDS = 20.0
PROGRAMS = ("redis-server", "valkey-server")


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@final
class RedisServer:
    """One server; a context manager.

    Args:
        options: further options by name without dashes, such as `{"requirepass": "secret"}`; the
            value may hold several words separated by blanks.
        program: the executable; None looks for it.
        unix_socket: listen on a Unix socket in the directory as well.
    """

    def __init__(
        self,
        options: dict[str, str] | None = None,
        *,
        program: Path | str | None = None,
        unix_socket: bool = False,
    ) -> None:
        found = program or next(filter(None, map(shutil.which, PROGRAMS)), None)
        if found is None:
            raise FileNotFoundError("there is no redis-server here; `make servers` gets it")
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="upshot-redis-"))
        self.socket_path = self.directory / "redis.sock" if unix_socket else None
        self._program = str(found)
        self._options = {
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            "dir": str(self.directory),
            **({"unixsocket": str(self.socket_path)} if self.socket_path else {}),
            **(options or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise RuntimeError("the Redis server does not run")
        return self._process.pid

    def url(self, db: int = 0, *, query: str = "", login: str = "", scheme: str = "redis") -> str:
        """Return its URL.

        Args:
            db: number of the database.
            query: what follows the `?`.
            login: what stands before the `@`, such as `user:password`.
            scheme: the URL's scheme.
        """
        at = f"{login}@" if login else ""
        return f"{scheme}://{at}127.0.0.1:{self.port}/{db}" + (f"?{query}" if query else "")

    def start(self) -> Self:
        """Start it and wait until it answers, whatever the answer is."""
        if self._process is not None:
            return self
        words = [self._program, "--port", str(self.port)]
        for name, value in self._options.items():
            words += [f"--{name}", *(value.split(" ") if value else [""])]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.directory / "log").read_text(errors="replace")[-2000:]
                self.kill()
                raise RuntimeError(f"the Redis server did not start: {said}")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Let it end in its own way, and remove its directory."""
        self._end(kill=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self) -> None:
        """End it at once; `start` brings it back on the same port, without its data."""
        self._end(kill=True)

    def restart(self, *, kill: bool = True) -> None:
        """End it and start it again on the same port."""
        self._end(kill=kill)
        self.start()

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"PING\r\n")
                said = probe.recv(64)
        except OSError:
            return False
        return said[:1] in {b"+", b"-"} and not said.startswith(b"-LOADING")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
