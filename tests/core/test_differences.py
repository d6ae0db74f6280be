"""Whether a thing is what it has to be."""

import pytest

from glacier.differences import is_empty, is_met


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": None}}, {}),
        ({"a": []}, {"a": None}),
        ({"a": ["y", "x"]}, {"a": ["x", "y"]}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}),
        ({"a": [{"b": ["y", "x"]}]}, {"a": [{"b": ["x", "y"]}]}),
        ({"a": [{"days": 30}]}, {"a": [{"days": 30.0}]}),
    ],
)
def test_what_is_there_with_more_beside_it_is_met(wanted: object, found: object) -> None:
    assert is_met(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": {"b": 1}}, {"a": None}),
        ({"a": ["x"]}, {"a": ["x", "y"]}),
        ({"a": "1"}, {"a": 1}),
        ({"a": ["1"]}, {"a": [1]}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}),
        ({"a": [["x"], "y"]}, {"a": ["x", ["y"]]}),
    ],
)
def test_what_differs_is_not_met(wanted: object, found: object) -> None:
    assert not is_met(wanted, found)


@pytest.mark.parametrize("value", [None, [], {}, {"a": {"b": None}}])
def test_what_says_nothing_is_empty(value: object) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, "", False, {"a": 0}, ["x"]])
def test_what_says_something_is_not_empty(value: object) -> None:
    assert not is_empty(value)
