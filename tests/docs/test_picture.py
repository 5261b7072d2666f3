"""The picture of the demo is one of a real run, small, and tells nothing of the machine."""

import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from scripts import demo_picture


def words(svg: str) -> str:
    return " ".join("".join(ET.fromstring(svg).itertext()).replace("\xa0", " ").split())


def test_the_picture_shows_the_demo() -> None:
    svg = demo_picture.PICTURE.read_text("utf-8")
    text = words(svg)
    assert text.startswith("upshot demo in a terminal")
    for line in ("$ upshot demo", "measuring", "SLOWEST", "To see more", "upshot list --group"):
        assert line in text
    assert len(svg) < 40_000
    # Nothing is fetched from elsewhere when it is looked at.
    assert "url(http" not in svg
    assert "@font-face" not in svg


@pytest.mark.parametrize("place", [Path.home(), Path.cwd(), Path("/root"), Path("/tmp")])
def test_the_picture_names_no_place_of_this_machine(place: Path) -> None:
    assert f"{place}/" not in demo_picture.PICTURE.read_text("utf-8")


@pytest.mark.store("sqlite")
def test_a_picture_is_drawn_from_a_run(tmp_path: Path) -> None:
    (folder := tmp_path / "files").mkdir()
    for number in range(9):
        (folder / f"file{number}.py").write_text(f"x = {number}\n")
    (home := tmp_path / "home").mkdir()
    program = demo_picture.upshot()
    written = demo_picture.recorded(program, str(home), [str(folder)])
    text = demo_picture.screen(written, {str(folder): "/some/place"})
    assert "9 files of /some/place" in text
    assert os.fspath(folder) not in text
    assert "9 files of /some/place" in words(demo_picture.drawn(text))
