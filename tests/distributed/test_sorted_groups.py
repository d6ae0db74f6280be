"""Sorted rows that come in batches are cut into their groups."""

from collections.abc import Iterator
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from glacier.jobs.sorted_groups import groups_of

KEYS = [None, float("nan"), -1.5, 0.0]


def batches(rows: pl.DataFrame, *ends: int) -> list[pl.DataFrame]:
    """Return rows in batches that end where they are told to."""
    bounds = [0, *sorted(end % (rows.height + 1) for end in ends), rows.height]
    return [rows[first:last] for first, last in pairwise(bounds)]


@given(
    counts=st.lists(st.integers(1, 4), min_size=4, max_size=4),
    ends=st.lists(st.integers(0, 16), max_size=6),
)
def test_groups_are_whole_wherever_batches_end(counts: list[int], ends: list[int]) -> None:
    keys = [key for key, count in zip(KEYS, counts, strict=True) for _ in range(count)]
    rows = pl.DataFrame({"k": keys, "n": range(len(keys))}, schema={"k": pl.Float64, "n": pl.Int64})

    found = list(groups_of(batches(rows, *ends), ["k"]))

    assert [group.height for group in found] == counts
    assert_frame_equal(pl.concat(found), rows)


def test_both_zeros_are_one_group() -> None:
    rows = pl.DataFrame({"k": [0.0, -0.0, 0.0]})

    (group,) = groups_of(batches(rows, 1), ["k"])

    assert group.height == 3


@pytest.mark.parametrize("keys", [["a"], ["a", "b"]])
def test_keys_tell_groups_apart(keys: list[str]) -> None:
    rows = pl.DataFrame({"a": ["x", "x", "y"], "b": [1, 2, 2]})

    found = list(groups_of([rows], keys))

    assert len(found) == rows.select(keys).n_unique()


def test_rows_are_not_asked_for_before_their_group_is() -> None:
    asked = []

    def coming() -> Iterator[pl.DataFrame]:
        for key in "abc":
            asked.append(key)
            yield pl.DataFrame({"k": [key]})

    next(groups_of(coming(), ["k"]))

    assert asked == ["a", "b"]  # what comes next tells that a group has ended


def test_no_rows_are_no_group() -> None:
    assert list(groups_of([pl.DataFrame({"k": []})], ["k"])) == []
