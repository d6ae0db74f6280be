"""Durations, sizes and counts in words."""

import pytest

from glacier.report import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 µs"),
        (0.0000415, "42 µs"),
        (0.00123, "1.23 ms"),
        (0.0345, "34.5 ms"),
        (0.999, "999 ms"),
        (1.234, "1.23 s"),
        (59.94, "59.9 s"),
        (59.99, "1 min 00 s"),
        (61, "1 min 01 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_duration_has_three_digits(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "not known"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (12_345, "12.3 kB"),
        (999_999, "1.00 MB"),
        (5_000_000_000, "5.00 GB"),
        (7 * 10**15, "7000 TB"),
    ],
)
def test_size_has_three_digits_and_a_unit(count: int | None, text: str) -> None:
    assert words.size(count) == text


def test_counts_are_told_with_their_noun() -> None:
    assert [words.counted(n, "task") for n in (0, 1, 1200)] == ["0 tasks", "1 task", "1,200 tasks"]
    assert words.number(None) == "not known"


def test_many_names_are_a_few_and_a_number() -> None:
    assert words.listed(["a", "b"]) == "a, b"
    assert words.listed([str(number) for number in range(1005)]) == "0, 1, 2, 3, 4 and 1,000 more"
