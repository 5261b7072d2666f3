import hashlib
import os
import socket
from pathlib import Path

import pytest

from upshot.cli import demo_tasks
from upshot.cli.demo_tasks import measure, shown, summarise
from upshot.record import Failure, Outcome, Success

SOURCE = b"""# a comment of six words
import os

def first(): return 1
class Thing:
    async def second(self):
        return (lambda: os)()
"""


def test_source_is_measured_without_being_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    source = SOURCE + f"open({str(marker)!r}, 'w')\n".encode()
    (tmp_path / "a.py").write_bytes(source)

    found = measure(str(tmp_path), "a.py")

    assert found["kind"] == "python"
    assert found["bytes"] == len(source)
    assert found.items() >= {"lines": 8, "functions": 3}.items()
    assert found.items() >= {"words": len(source.split())}.items()
    assert found.items() >= {"longest_line": max(map(len, source.splitlines()))}.items()
    assert not marker.exists()


def test_lines_are_pythons_lines(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2 \x0c\nz = '\xe2\x80\xa8'")

    found = measure(str(tmp_path), "a.py")

    assert found.items() >= {"lines": 3, "longest_line": 7}.items()


def test_other_files_are_hashed(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "data.bin").write_bytes(content)

    found = measure(str(tmp_path), "data.bin")

    expected = {
        "kind": "other",
        "bytes": 3_000_000,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert found.items() >= expected.items()


def test_python_too_large_to_compile_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_tasks, "MAX_SOURCE", 10)
    (tmp_path / "fits.py").write_bytes(b"x = 1 + 10")
    (tmp_path / "huge.py").write_bytes(b"x = 1 + 100")

    assert measure(str(tmp_path), "fits.py")["kind"] == "python"
    assert measure(str(tmp_path), "huge.py")["kind"] == "other"


@pytest.mark.parametrize(
    "content",
    [
        b"def broken(:\n",
        b"\x00\x01\x02binary",
        b"# coding: no-such-codec\n",
        b"x = '\xff'\n",
        b"return 1\n",
        b"(" * 500,
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    ],
)
def test_what_is_no_python_fails_and_names_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.py").write_bytes(content)

    with pytest.raises((SyntaxError, ValueError)) as caught:
        measure(str(tmp_path), "bad.py")

    assert caught.value.__notes__ == [f"while measuring {tmp_path / 'bad.py'}"]


def test_vanished_file_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        measure(str(tmp_path), "gone.py")


def test_pipe_in_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")

    with pytest.raises(OSError, match="is not a regular file"):
        measure(str(tmp_path), "pipe.txt")


def test_socket_and_directory_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
        with pytest.raises(OSError, match="sock"):
            measure(str(tmp_path), "sock")
    (tmp_path / "dir").mkdir()
    with pytest.raises(OSError, match=r"is not a regular file|Is a directory"):
        measure(str(tmp_path), "dir")


def test_report_adds_up() -> None:
    python = {"kind": "python", "bytes": 10, "lines": 2, "words": 3, "functions": 1}
    parts: list[Outcome] = [
        Success({**python, "longest_line": 7, "seconds": 0.2}),
        Failure(SyntaxError("no", ("b.py", 4, 1, "x"))),
        Success({"kind": "other", "bytes": 99, "sha256": "", "seconds": 0.1}),
        Success({**python, "longest_line": 5, "seconds": 0.3}),
        Failure(PermissionError(13, "Permission denied", "/x/e.txt")),
    ]

    report = summarise(parts, "/x", ["a.py", "b.py", "c", "d.py", "e.txt"])

    assert report == {
        "root": "/x",
        "files": 5,
        "python": {
            "files": 2,
            "bytes": 20,
            "lines": 4,
            "words": 6,
            "functions": 2,
            "longest_line": 7,
        },
        "other": {"files": 1, "bytes": 99},
        "slowest": [
            {"file": "d.py", "bytes": 10, "seconds": 0.3},
            {"file": "a.py", "bytes": 10, "seconds": 0.2},
            {"file": "c", "bytes": 99, "seconds": 0.1},
        ],
        "largest": [
            {"file": "c", "bytes": 99, "seconds": 0.1},
            {"file": "a.py", "bytes": 10, "seconds": 0.2},
            {"file": "d.py", "bytes": 10, "seconds": 0.3},
        ],
        "failures": [
            {"file": "b.py", "error": "SyntaxError", "message": "no, line 4"},
            {"file": "e.txt", "error": "PermissionError", "message": "Permission denied"},
        ],
    }


def test_report_refuses_parts_that_do_not_fit_the_names() -> None:
    with pytest.raises(ValueError, match="shorter"):
        summarise([], "/x", ["a.py"])


def test_names_that_are_no_text_are_spelled_out() -> None:
    assert shown(os.fsdecode(b"caf\xe9")) == "caf\\udce9"
    assert shown("café") == "café"
