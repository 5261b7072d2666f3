from datetime import UTC, datetime, timedelta

import pytest

from upshot.cli import text

NOW = datetime(2026, 11, 20, 18, 30, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.0 ms"),
        (0.00996, "10 ms"),
        (0.0124, "12 ms"),
        (0.9999, "1.0 s"),
        (3.44, "3.4 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.9, "1 h 0 min"),
        (7380, "2 h 3 min"),
        (180_000, "2 d 2 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert text.duration(seconds) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [(-5, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (259_200, "3 d ago")],
)
def test_ages(ago: int, words: str) -> None:
    assert text.age(NOW - timedelta(seconds=ago), NOW) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (999, "999 B"), (4096, "4.1 kB"), (999_999, "1.0 MB"), (10**13, "10.0 TB")],
)
def test_sizes(number: int, words: str) -> None:
    assert text.size(number) == words


def test_counts() -> None:
    assert text.count(1, "file") == "1 file"
    assert text.count(1958, "file") == "1 958 files"
    assert text.count(2, "retry", "retries") == "2 retries"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("30s", NOW - timedelta(seconds=30)),
        ("1.5 h", NOW - timedelta(minutes=90)),
        ("2w", NOW - timedelta(days=14)),
        ("99999999999d", datetime.min.replace(tzinfo=UTC)),
        ("2026-11-20T12:00Z", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00+02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_since(words: str, expected: datetime) -> None:
    assert text.parse_since(words, NOW) == expected


def test_since_without_an_offset_is_local_time() -> None:
    assert text.parse_since("2026-11-20", NOW) == datetime(2026, 11, 20).astimezone(UTC)


@pytest.mark.parametrize("words", ["", "yesterday", "5", "-5m", "5 mm", "2026-13-01"])
def test_since_refuses_what_is_no_time(words: str) -> None:
    with pytest.raises(ValueError, match="neither a span"):
        text.parse_since(words, NOW)


@pytest.mark.covers("pain P4")
def test_one_line_hides_secrets_and_steers_no_terminal() -> None:
    line = text.one_line("cannot reach redis://:geheim@h/0\n\tas \x1b[31mroot\x07")

    assert line == "cannot reach redis://:**@h/0 as \\x1b[31mroot\\x07"


def test_clean_keeps_lines_and_letters() -> None:
    assert text.clean("ä\n\t1\u202e\r") == "ä\n\t1\\u202e\\r"


def test_shortened_shows_the_cut() -> None:
    assert text.shortened("abcdef", 6) == "abcdef"
    assert text.shortened("abcdefg", 6) == "abcde…"
