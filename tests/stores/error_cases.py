"""What a user is told where a store refuses, whoever has asked: an SDK, fsspec or Polars."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import polars as pl
import pytest

from glacier import Bucket, Provider
from glacier.errors import AccessDeniedError, GlacierError, ObjectNotFoundError
from tests.stores.buckets import Objects

ROWS = pl.DataFrame({"n": [1]})
MANY_ROWS = pl.select(n=pl.int_range(2_500_000).shuffle(seed=0))

Work = Callable[[Provider], object]
ASKED: dict[str, Work] = {
    "list": lambda lake: lake.bucket("lake", "rows/").list(),
    "read": lambda lake: lake.bucket("lake", "rows.parquet").read(),
    "read of a dataset": lambda lake: lake.bucket("lake", "rows/").read(),
    "read of csv": lambda lake: lake.bucket("lake", "rows.csv").read(),
    "open": lambda lake: lake.bucket("lake", "rows.parquet").open(),
    "delete": lambda lake: lake.bucket("lake", "rows.parquet").delete(),
    "write": lambda lake: lake.bucket("lake", "rows.parquet").write(ROWS),
    "long write": lambda lake: lake.bucket("lake", "rows.parquet").write(MANY_ROWS),
    "write of a dataset": lambda lake: lake.bucket("lake", "rows/").write(ROWS),
    "read of delta": lambda lake: lake.bucket("lake", "rows", format="delta").read(),
    "read of iceberg": lambda lake: lake.bucket("lake", "rows", format="iceberg").read(),
}
LOOKED: dict[str, Work] = {
    "exists of an object": lambda lake: lake.bucket("lake", "rows.parquet").exists(),
    "exists of a dataset": lambda lake: lake.bucket("lake", "rows/").exists(),
    "exists of the bucket": lambda lake: lake.bucket("lake").exists(),
    "exists of a table": lambda lake: lake.bucket("lake", "rows", format="delta").exists(),
    "deploy": lambda lake: lake.bucket("lake").deploy(),
}


@dataclass(frozen=True)
class Refused:
    """A store that refuses everything, and what a user is to be told."""

    provider: Provider
    kind: type[GlacierError]
    message: str


def told(failure: BaseException) -> str:
    """Return all that is printed of an error and its causes."""
    return "".join(traceback.format_exception(failure))


class ErrorsOfStores:
    """What holds on every store.

    A subclass binds `refused`, a `Refused` of every kind; `refused_look`, the same but for that of
    a missing bucket; `provider`, the rig's; `objects`, an empty bucket there; and `hidden`, an
    object that is there, of a provider that may not read it.

    Attributes:
        bucket: What the store calls a bucket.
        secrets: What of the secrets of `refused` is never printed.
    """

    bucket: ClassVar[str]
    secrets: ClassVar[tuple[str, ...]]

    @pytest.mark.parametrize("asked", ASKED)
    def test_refusal_is_told_by_its_reason(self, refused: Refused, asked: str) -> None:
        with pytest.raises(refused.kind, match=refused.message) as failure:
            ASKED[asked](refused.provider)

        assert type(failure.value) is refused.kind
        assert [one for one in self.secrets if one in told(failure.value)] == []

    @pytest.mark.parametrize("looked", LOOKED)
    def test_look_at_what_is_refused_is_an_error(self, refused_look: Refused, looked: str) -> None:
        with pytest.raises(refused_look.kind, match=refused_look.message):
            LOOKED[looked](refused_look.provider)

    @pytest.mark.parametrize("looked", [one for one in LOOKED if one != "deploy"])
    def test_nothing_exists_in_a_bucket_that_does_not(
        self, looked: str, provider: Provider
    ) -> None:
        assert LOOKED[looked](provider) is False

    @pytest.mark.parametrize("asked", ASKED)
    def test_missing_bucket_is_not_taken_for_a_missing_file(
        self, asked: str, provider: Provider
    ) -> None:
        message = rf"The {self.bucket} 'lake' of .* does not exist"

        with pytest.raises(ObjectNotFoundError, match=message):
            ASKED[asked](provider)

    def test_missing_object_names_itself(self, provider: Provider, objects: Objects) -> None:
        message = f"Nothing is at {objects.uri('no.parquet')}"

        with pytest.raises(ObjectNotFoundError, match=message):
            provider.bucket(objects.name, "no.parquet").read()

    def test_source_that_is_missing_is_named(self, provider: Provider, objects: Objects) -> None:
        provider.bucket(objects.name, "here.parquet").write(ROWS)
        provider.bucket(objects.name, "here.parquet").read()
        source = provider.bucket(objects.name, "no.parquet", schema=ROWS.schema).scan()
        message = f"is not there: {objects.uri('no.parquet')}. Check"

        with pytest.raises(ObjectNotFoundError, match=message):
            provider.bucket(objects.name, "copy.parquet").write(source)

    def test_source_that_is_refused_is_named(
        self, provider: Provider, objects: Objects, hidden: Bucket
    ) -> None:
        source = hidden.provider.bucket(hidden.bucket_name, hidden.path, schema=ROWS.schema).scan()

        with pytest.raises(AccessDeniedError, match=f"Access to {hidden.get_uri()} is denied"):
            provider.bucket(objects.name, "copy.parquet").write(source)
