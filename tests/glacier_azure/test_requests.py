"""Which requests Blob Storage gets: those of plain Polars, and the commit's."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

import polars as pl
import pytest

from glacier import Provider
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.rigs.proxy import Proxy, Request

SMALL = pl.DataFrame({"k": [0, 1, 2], "n": [1, 2, 3]})
LIST = "GET ?comp=list"


def big() -> pl.DataFrame:
    """20 MB: three blocks."""
    return pl.select(k=pl.int_range(2_500_000) % 3, n=pl.int_range(2_500_000).hash())


@pytest.fixture
def blobs(azurite: Azurite) -> Blobs:
    return Blobs(azurite)


@pytest.fixture
def proxy(azurite: Azurite) -> Iterator[Proxy]:
    with Proxy(azurite.endpoint) as made:
        yield made


@pytest.fixture
def provider(azurite: Azurite, proxy: Proxy) -> Provider:
    return Provider(config=azurite.config(endpoint=proxy.endpoint))


@pytest.fixture
def options(proxy: Proxy) -> dict[str, str]:
    """Polars' options as one writes them by hand."""
    return {
        "azure_storage_account_name": DEVELOPMENT_ACCOUNT,
        "azure_storage_account_key": DEVELOPMENT_KEY,
        "azure_storage_endpoint": proxy.endpoint,
        "azure_allow_http": "true",
    }


Asked = Callable[[Callable[[], object]], Counter[str]]


@pytest.fixture
def asked(proxy: Proxy) -> Asked:
    """Does some work, and returns which requests it made, each as method, what and range."""

    def count(work: Callable[[], object]) -> Counter[str]:
        proxy.clear()
        work()
        return Counter(_told(one) for one in proxy.requests)

    return count


def _told(request: Request) -> str:
    what = "blob" if request.path.count("/") > 2 else ""
    operation = re.search("comp=[a-z]+", request.query)
    query = f"?{operation[0]}" if operation else ""
    return " ".join(filter(None, [request.method, f"{what}{query}", request.range]))


def test_making_buckets_and_declared_scans_asks_for_nothing(
    provider: Provider, blobs: Blobs, asked: Asked
) -> None:
    def work() -> None:
        bucket = provider.bucket(blobs.name, "f.parquet", schema=dict(SMALL.schema))
        bucket.get_uri()
        bucket.scan().filter(pl.col("n") > 1).collect_schema()

    assert asked(work) == {}


@pytest.mark.parametrize("rows", [SMALL, big()], ids=["small", "big"])
@pytest.mark.parametrize("declared", [False, True], ids=["", "schema"])
def test_scan_asks_for_what_polars_asks_for(
    provider: Provider,
    blobs: Blobs,
    options: dict[str, str],
    asked: Asked,
    rows: pl.DataFrame,
    declared: bool,
) -> None:
    schema = rows.schema if declared else None
    provider.bucket(blobs.name, "f.parquet").write(rows)
    bucket = provider.bucket(blobs.name, "f.parquet", schema=schema)
    uri, total = bucket.get_uri(), pl.col("n").sum()

    ours = asked(lambda: bucket.scan().select(total).collect())
    plain = asked(
        lambda: pl.scan_parquet(uri, schema=schema, storage_options=options).select(total).collect()
    )

    assert ours == plain
    assert ours


def test_scan_of_a_dataset_asks_for_what_polars_asks_for(
    provider: Provider, blobs: Blobs, options: dict[str, str], asked: Asked
) -> None:
    bucket = provider.bucket(blobs.name, "ds/")
    bucket.write(SMALL, partition_by="k")
    total = pl.col("n").sum()

    ours = asked(lambda: bucket.scan().select(total).collect())
    plain = asked(
        lambda: pl.scan_parquet(bucket.get_uri(), storage_options=options).select(total).collect()
    )

    assert _by_kind(ours) == _by_kind(plain)
    assert ours[LIST] == 1


def test_write_of_a_small_file_is_one_request(
    provider: Provider, blobs: Blobs, options: dict[str, str], asked: Asked
) -> None:
    bucket = provider.bucket(blobs.name, "f.parquet")

    first = asked(lambda: bucket.write(SMALL))
    again = asked(lambda: bucket.write(SMALL))
    plain = asked(lambda: SMALL.lazy().sink_parquet(bucket.get_uri(), storage_options=options))

    assert first == again == plain == {"PUT blob": 1}


def test_write_of_a_large_file_is_its_blocks_and_one_request(
    provider: Provider, blobs: Blobs, asked: Asked
) -> None:
    bucket, rows = provider.bucket(blobs.name, "f.parquet"), big()

    found = asked(lambda: bucket.write(rows))

    assert found == {"PUT blob?comp=block": 3, "PUT blob?comp=blocklist": 1}


def test_write_of_a_dataset_lists_it_and_deletes_what_was_there(
    provider: Provider, blobs: Blobs, asked: Asked
) -> None:
    bucket = provider.bucket(blobs.name, "ds/")

    first = asked(lambda: bucket.write(SMALL, partition_by="k"))
    again = asked(lambda: bucket.write(SMALL, partition_by="k"))
    added = asked(lambda: bucket.write(SMALL, partition_by="k", mode="append"))

    assert first == {LIST: 1, "PUT blob": 3}
    assert again == {LIST: 1, "PUT blob": 3, "POST ?comp=batch": 1}
    assert added == {"PUT blob": 3}


@pytest.mark.parametrize("mode", ["error", "ignore"])
def test_write_that_replaces_nothing_looks_first(
    provider: Provider, blobs: Blobs, asked: Asked, mode: str
) -> None:
    bucket = provider.bucket(blobs.name, "f.parquet")

    found = asked(lambda: bucket.write(SMALL, mode=mode))  # type: ignore[arg-type]

    assert found == {"HEAD blob": 1, "PUT blob": 1}


def test_looking_and_deleting_ask_as_little_as_can_be(
    provider: Provider, blobs: Blobs, asked: Asked
) -> None:
    file, dataset = provider.bucket(blobs.name, "f.parquet"), provider.bucket(blobs.name, "ds/")
    file.write(SMALL)
    dataset.write(SMALL, partition_by="k")

    assert asked(file.exists) == {"HEAD blob": 1}
    assert asked(file.list) == {"HEAD blob": 1}
    assert asked(dataset.exists) == {LIST: 1}
    assert asked(dataset.list) == {LIST: 1}
    assert asked(dataset.delete) == {LIST: 1, "POST ?comp=batch": 1}
    assert asked(file.delete) == {"DELETE blob": 1}
    assert asked(file.delete) == {"DELETE blob": 1}


def test_three_hundred_blobs_are_deleted_by_two_requests(
    provider: Provider, blobs: Blobs, asked: Asked
) -> None:
    for number in range(300):
        blobs.put(f"ds/{number}.csv", b"n\n1\n")

    found = asked(provider.bucket(blobs.name, "ds/").delete)

    assert found == {LIST: 1, "POST ?comp=batch": 2}
    assert blobs.keys() == []


def _by_kind(found: Counter[str]) -> Counter[str]:
    """Return how many requests of each kind there were, whatever their ranges."""
    kinds: Counter[str] = Counter()
    for what, count in found.items():
        kinds[re.sub(" bytes=.*", "", what)] += count
    return kinds
