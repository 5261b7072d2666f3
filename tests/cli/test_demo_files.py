import os
from pathlib import Path

import pytest

from upshot.cli.demo_files import find, standard_library


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x = 1\n")
    return path


def test_files_come_in_order_without_packages_and_caches(tmp_path: Path) -> None:
    for name in ("b/two.py", "b/a/one.py", "z.txt", "a.py"):
        touch(tmp_path / name)
    for left_out in ("site-packages", "dist-packages", "b/__pycache__"):
        touch(tmp_path / left_out / "no.py")

    found = find(tmp_path)

    assert found.files == ["a.py", "z.txt", "b/two.py", "b/a/one.py"]
    assert (found.root, found.unreadable, found.more) == (tmp_path, {}, False)


def test_links_are_not_followed(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "a.py")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "again.py").symlink_to(tmp_path / "real" / "a.py")

    assert find(tmp_path).files == ["real/a.py"]


def test_directory_named_by_a_link_is_walked(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "a.py")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert find(tmp_path / "link").files == ["a.py"]


def test_pipes_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert find(tmp_path).files == []


@pytest.mark.parametrize(("limit", "more"), [(1, True), (2, True), (3, False), (9, False)])
def test_limit_says_whether_files_were_left_out(tmp_path: Path, limit: int, more: bool) -> None:
    for name in ("a", "b", "c"):
        touch(tmp_path / name)

    found = find(tmp_path, limit)

    assert (len(found.files), found.more) == (min(limit, 3), more)


def test_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find(tmp_path / "gone")


def test_standard_library_is_found() -> None:
    assert (standard_library() / "os.py").is_file()
