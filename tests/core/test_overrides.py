"""How overrides change a request, and what several configs' say together."""

import pytest

from glacier.claims import Claim, settled
from glacier.errors import ContradictionError
from glacier.overrides import checked_overrides, claimed_overrides, overridden, overrides_in

OWNERS = ("buckets", "lake_bucket")


def test_overrides_are_merged_key_by_key() -> None:
    fields = {"size": 1, "access": {"public": False, "owner": "us"}, "mode": "slow"}

    found = overridden(fields, {"access": {"public": True}, "mode": None, "more": [1]})

    assert found == {"size": 1, "access": {"public": True, "owner": "us"}, "more": [1]}


@pytest.mark.parametrize("overrides", [{"size": 1}, {"buckets": "large"}])
def test_overrides_of_nothing_name_what_they_can_belong_to(overrides: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"belongs to nothing .* one of buckets, lake_bucket"):
        checked_overrides(overrides, OWNERS)


def test_overrides_are_the_same_after_they_were_claimed() -> None:
    overrides = {"buckets": {"access": {"public": True, "rules": {}}, "size": None}}

    assert overrides_in({"name": "x", **claimed_overrides(overrides)}) == overrides


def test_overrides_of_two_configs_add_up_within_a_mapping() -> None:
    first, second = (
        Claim("bucket", "lake", owner, claimed_overrides({"buckets": {"access": fields}}))
        for owner, fields in (("a", {"public": True}), ("b", {"owner": "us"}))
    )

    found = overrides_in(settled([first, second]).fields)

    assert found == {"buckets": {"access": {"public": True, "owner": "us"}}}


def test_overrides_that_contradict_name_their_path() -> None:
    first, second = (
        Claim("bucket", "lake", owner, claimed_overrides({"buckets": {"access": fields}}))
        for owner, fields in (("a", {"public": True}), ("b", {"public": False}))
    )

    with pytest.raises(ContradictionError, match="overrides/buckets/access/public=True"):
        settled([first, second])
