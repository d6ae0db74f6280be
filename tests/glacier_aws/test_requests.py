"""Which requests S3 gets: those of plain Polars, and the commit's.

`docs/aws.md` has these numbers.
"""

import re
from collections import Counter
from collections.abc import Callable

import polars as pl
import pytest

from glacier import Provider
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import ACCESS_KEY, REGION, SECRET_KEY, AwsServer

SMALL = pl.DataFrame({"k": [0, 1, 2], "n": [1, 2, 3]})
SWEEP = "GET ?uploads"
"""What the first write of a process to a place asks besides."""


def big() -> pl.DataFrame:
    """20 MB: three parts."""
    return pl.select(k=pl.int_range(2_500_000) % 3, n=pl.int_range(2_500_000).hash())


@pytest.fixture
def objects(aws_server: AwsServer) -> Objects:
    return Objects(aws_server)


@pytest.fixture
def provider(aws_server: AwsServer) -> Provider:
    return Provider(config=aws_server.config())


@pytest.fixture
def options(aws_server: AwsServer) -> dict[str, str]:
    """Polars' options as one writes them by hand."""
    return {
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region": REGION,
        "aws_endpoint_url": aws_server.endpoint,
    }


@pytest.fixture
def asked(aws_server: AwsServer) -> Callable[[Callable[[], object]], Counter[str]]:
    """Does some work, and returns which requests it made, each as method, what and range."""

    def count(work: Callable[[], object]) -> Counter[str]:
        aws_server.requests(forget=True)
        work()
        return Counter(_told(one) for one in aws_server.requests(forget=True))

    return count


def _told(request: dict[str, str]) -> str:
    names = "&".join(part.partition("=")[0] for part in request["query"].split("&"))
    what = "object" if request["path"].count("/") > 1 else ""
    query = f"?{names.replace('&prefix', '').replace('&encoding-type', '')}" if names else ""
    return " ".join(filter(None, [request["method"], f"{what}{query}", request["range"]]))


Asked = Callable[[Callable[[], object]], Counter[str]]


def test_making_buckets_and_declared_scans_asks_for_nothing(
    provider: Provider, objects: Objects, asked: Asked
) -> None:
    def work() -> None:
        bucket = provider.bucket(objects.name, "f.parquet", schema=dict(SMALL.schema))
        bucket.get_uri()
        bucket.scan().filter(pl.col("n") > 1).collect_schema()

    assert asked(work) == {}


@pytest.mark.parametrize("rows", [SMALL, big()], ids=["small", "big"])
@pytest.mark.parametrize("declared", [False, True], ids=["", "schema"])
def test_scan_asks_for_what_polars_asks_for(
    provider: Provider,
    objects: Objects,
    options: dict[str, str],
    asked: Asked,
    rows: pl.DataFrame,
    declared: bool,
) -> None:
    schema = rows.schema if declared else None
    provider.bucket(objects.name, "f.parquet").write(rows)
    bucket = provider.bucket(objects.name, "f.parquet", schema=schema)
    uri, total = bucket.get_uri(), pl.col("n").sum()

    ours = asked(lambda: bucket.scan().select(total).collect())
    plain = asked(
        lambda: pl.scan_parquet(uri, schema=schema, storage_options=options).select(total).collect()
    )

    assert ours == plain
    assert ours["GET object bytes=-262144"] == 1


def test_scan_of_a_dataset_asks_for_what_polars_asks_for(
    provider: Provider, objects: Objects, options: dict[str, str], asked: Asked
) -> None:
    bucket = provider.bucket(objects.name, "ds/")
    bucket.write(SMALL, partition_by="k")
    total = pl.col("n").sum()

    ours = asked(lambda: bucket.scan().select(total).collect())
    plain = asked(
        lambda: pl.scan_parquet(bucket.get_uri(), storage_options=options).select(total).collect()
    )

    assert _by_kind(ours) == _by_kind(plain)
    assert ours["GET ?list-type"] == 1


def test_read_asks_for_what_polars_asks_for(
    provider: Provider, objects: Objects, options: dict[str, str], asked: Asked
) -> None:
    bucket = provider.bucket(objects.name, "f.parquet")
    bucket.write(SMALL)

    ours = asked(bucket.read)
    plain = asked(lambda: pl.scan_parquet(bucket.get_uri(), storage_options=options).collect())

    assert ours == plain
    assert _by_kind(ours) == {"GET object": 2}


def test_write_of_a_small_file_is_one_request(
    provider: Provider, objects: Objects, options: dict[str, str], asked: Asked
) -> None:
    bucket = provider.bucket(objects.name, "f.parquet")

    first = asked(lambda: bucket.write(SMALL))
    second = asked(lambda: bucket.write(SMALL))
    plain = asked(lambda: SMALL.lazy().sink_parquet(bucket.get_uri(), storage_options=options))

    assert first == {"PUT object": 1, SWEEP: 1}
    assert second == plain == {"PUT object": 1}


def test_write_of_a_large_file_is_its_parts_and_two_requests(
    provider: Provider, objects: Objects, asked: Asked
) -> None:
    bucket, rows = provider.bucket(objects.name, "f.parquet"), big()
    bucket.write(SMALL)

    found = asked(lambda: bucket.write(rows))

    assert found == {
        "POST object?uploads": 1,
        "PUT object?uploadId&partNumber": 3,
        "POST object?uploadId": 1,
    }


def test_write_of_a_dataset_lists_it_and_deletes_what_was_there(
    provider: Provider, objects: Objects, asked: Asked
) -> None:
    bucket = provider.bucket(objects.name, "ds/")

    first = asked(lambda: bucket.write(SMALL, partition_by="k"))
    again = asked(lambda: bucket.write(SMALL, partition_by="k"))
    added = asked(lambda: bucket.write(SMALL, partition_by="k", mode="append"))

    assert first == {"GET ?list-type": 1, "PUT object": 3, SWEEP: 1}
    assert again == {"GET ?list-type": 1, "PUT object": 3, "POST ?delete": 1}
    assert added == {"PUT object": 3}


@pytest.mark.parametrize("mode", ["error", "ignore"])
def test_write_that_replaces_nothing_looks_first(
    provider: Provider, objects: Objects, asked: Asked, mode: str
) -> None:
    bucket = provider.bucket(objects.name, "f.parquet")

    found = asked(lambda: bucket.write(SMALL, mode=mode))  # type: ignore[arg-type]

    assert found == {"HEAD object": 1, "PUT object": 1, SWEEP: 1}


def test_looking_and_deleting_ask_as_little_as_can_be(
    provider: Provider, objects: Objects, asked: Asked
) -> None:
    file, dataset = provider.bucket(objects.name, "f.parquet"), provider.bucket(objects.name, "ds/")
    file.write(SMALL)
    dataset.write(SMALL, partition_by="k")

    assert asked(file.exists) == {"HEAD object": 1}
    assert asked(file.list) == {"HEAD object": 1}
    assert asked(dataset.exists) == {"GET ?list-type": 1}
    assert asked(dataset.list) == {"GET ?list-type": 1}
    assert asked(dataset.delete) == {"GET ?list-type": 1, "POST ?delete": 1}
    assert sum(asked(file.delete).values()) == 1


def _by_kind(found: Counter[str]) -> Counter[str]:
    """Return how many requests of each kind there were, whatever their ranges."""
    kinds: Counter[str] = Counter()
    for what, count in found.items():
        kinds[re.sub(" bytes=.*", "", what)] += count
    return kinds
