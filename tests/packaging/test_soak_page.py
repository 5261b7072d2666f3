from datetime import UTC, datetime

from scripts.soak import HEAD, line

REPORT = {
    "exit": 0,
    "counts": {"passed": 12, "failed": 0},
    "stores": {
        "redis": {"how": "real", "detail": "7.0.15", "tests": {"passed": 5}},
        "sqlite": {"how": "real", "detail": "3.40.1", "tests": {}},
    },
}


def written(report: dict[str, object]) -> str:
    return line(report, when=datetime(2026, 11, 20, 18, 5, tzinfo=UTC), minutes=93.4, commit="abc+")


def test_a_run_is_one_row_with_what_was_used() -> None:
    assert (
        written(REPORT) == "| 2026-11-20 18:05 | abc+ | 93 | 12 | 0 | redis real 7.0.15 | green |\n"
    )


def test_a_failed_run_is_red() -> None:
    assert written(REPORT | {"exit": 1, "counts": {"failed": 2}}).endswith("| red |\n")


def test_rows_fit_under_the_head() -> None:
    assert written(REPORT).count("|") == HEAD.splitlines()[-1].count("|")
