from scripts import check_sizes, check_wheel


def test_a_file_above_the_limit_is_named_with_its_size() -> None:
    (fault,) = check_sizes.faults({"src/long.py": 401, "src/a.py": 10, "src/b.py": 400 - 390})
    assert fault == "src/long.py has 401 lines, 1 too many: split it by idea"


def test_files_at_the_limit_are_fine_and_empty_ones_do_not_count() -> None:
    assert check_sizes.faults({"a.py": 400, "b.py": 150, "c.py": 150, "d.py": 0}) == []


def test_a_median_above_the_limit_is_a_fault() -> None:
    assert check_sizes.faults({"a.py": 151, "b.py": 0, "c.py": 0}) == [
        "the median is 151 lines, above 150"
    ]


GOOD_FILES = {"upshot/a.py", "upshot/b.sql", "upshot/c.lua", "upshot/py.typed"}
GOOD_WHEEL = {*GOOD_FILES, "upshot-0.1.dist-info/METADATA"}
GOOD_SDIST = {f"src/{name}" for name in GOOD_FILES} | {
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "Makefile",
    "tests/conftest.py",
}


def test_whole_packages_have_no_fault() -> None:
    assert check_wheel.faults(GOOD_WHEEL, GOOD_SDIST, GOOD_FILES) == []


def test_package_data_that_was_left_out_is_named() -> None:
    found = check_wheel.faults(GOOD_WHEEL - {"upshot/b.sql"}, GOOD_SDIST, GOOD_FILES)
    assert found == ["the wheel lacks upshot/b.sql"]


def test_a_stray_file_in_the_wheel_is_named() -> None:
    found = check_wheel.faults({*GOOD_WHEEL, "tests/x.py"}, GOOD_SDIST, GOOD_FILES)
    assert found == ["the wheel holds tests/x.py, which is no part of the package"]


def test_what_the_sdist_lacks_is_named() -> None:
    found = check_wheel.faults(GOOD_WHEEL, GOOD_SDIST - {"LICENSE", "src/upshot/a.py"}, GOOD_FILES)
    assert found == ["the sdist lacks src/upshot/a.py", "the sdist lacks LICENSE"]
