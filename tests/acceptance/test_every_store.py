"""One pipeline over every store: the provider's config alone differs, and no byte of the results.

A further store is one function in `conftest.py`.
"""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import ObjectExistsError, RunError
from glacier.testing.bucket_base import failing_rows
from tests.acceptance import any_store
from tests.acceptance.any_store import LAKE, create_pipeline, customers, orders, rendered, results


@pytest.fixture(scope="module")
def run(store: Provider) -> dict[str, Any]:
    """What the pipeline returned on a store."""
    lake = store.bucket(LAKE)
    (lake / "raw/orders.parquet").write(orders())
    (lake / "raw/customers.csv").write(customers())
    with create_pipeline(store).run() as run:
        found: dict[str, Any] = run.result
        return found


@pytest.fixture(scope="module")
def expected() -> dict[str, bytes]:
    """The results as plain Polars has them, in memory."""
    rows = orders().join(customers().cast({"customer": pl.UInt64}), on="customer")
    rows = rows.filter(pl.col("amount") > 10)
    totals = rows.group_by("region", "day").agg(
        pl.col("amount").sum().round(2), pl.len().alias("orders")
    )
    signed = totals.cast({"orders": pl.Int64})
    return {
        "by_region/": rendered(pl.concat([totals, totals])),
        "copies/once.parquet": rendered(totals),
        "rows.parquet": rendered(rows),
        "rows.ipc": rendered(rows),
        "copies/table.parquet": rendered(pl.concat([signed, signed])),
        "table": rendered(pl.concat([signed, signed])),
    }


@pytest.fixture
def lake(store: Provider) -> Bucket:
    return store.bucket(LAKE)


def test_results_are_the_same_bytes_as_those_of_plain_polars(
    store: Provider, run: dict[str, Any], expected: dict[str, bytes]
) -> None:
    found = results(store)

    assert {name: found[name] for name in expected} == expected


def test_results_are_the_same_bytes_on_every_store(
    store: Provider, run: dict[str, Any], seen: dict[str, dict[str, bytes]], store_name: str
) -> None:
    """Text formats too, whose types differ from those that were written."""
    seen[store_name] = results(store)

    first = next(iter(seen.values()))

    assert seen[store_name] == first
    assert len(first) == 8


def test_store_says_the_same_of_what_is_there(run: dict[str, Any]) -> None:
    assert run == {
        "directories": ["by_region/region=north east", "by_region/region=s%C3%BCd%2Fwest"],
        "there": [True, False],
        "table": True,
        "note": "ünïcode",
    }


def test_file_that_is_there_is_not_replaced_by_mode_error(lake: Bucket) -> None:
    bucket = lake / "modes/rows.parquet"
    bucket.write(orders())

    with pytest.raises(ObjectExistsError, match="already holds data"):
        bucket.write(customers(), mode="error")

    assert_frame_equal(bucket.read(), orders())


@pytest.mark.parametrize("path", ["failed/rows.parquet", "failed/rows/"])
def test_failed_write_leaves_the_old_data(lake: Bucket, path: str) -> None:
    bucket = lake / path
    bucket.write(orders())
    before = bucket.list()

    @task
    def fail() -> None:
        bucket.write(failing_rows())

    @pipeline
    def failing() -> None:
        fail()

    with pytest.raises(RunError, match=r"Task 'fail' failed.*left it as it was"):
        failing.run()

    assert bucket.list() == before
    assert_frame_equal(bucket.read(), orders())


@pytest.mark.parametrize("path", ["gone/rows.parquet", "gone/rows/"])
def test_deleted_data_are_gone_and_deleting_them_again_is_fine(lake: Bucket, path: str) -> None:
    bucket = lake / path
    bucket.write(orders())
    before = bucket.exists()

    bucket.delete()
    bucket.delete()

    assert (before, bucket.exists(), bucket.list()) == (True, False, [])


def test_glob_reads_the_files_that_it_names(lake: Bucket) -> None:
    for name in ("2024-01", "2024-02", "2023-12"):
        (lake / f"months/{name}.csv").write(pl.DataFrame({"month": [name]}))

    found = (lake / "months/2024-*.csv").read()

    assert sorted(found["month"]) == ["2024-01", "2024-02"]


def test_pipeline_is_written_without_a_word_of_any_store() -> None:
    """What differs is the provider that it is given."""
    text = Path(any_store.__file__).read_text(encoding="utf-8").lower()

    words = ("localconfig", "aws", "s3", "azure", "blob", "gcp", "gcs", "abfs")
    assert [word for word in words if word in text] == []
