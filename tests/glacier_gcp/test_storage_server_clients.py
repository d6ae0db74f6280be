"""The rig as gcsfs, Polars, deltalake and pyiceberg see it: each reads what it wrote."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from gcsfs.core import GCSFileSystem
from google.cloud.storage import Bucket, Client
from polars.testing import assert_frame_equal
from pyiceberg.catalog.memory import InMemoryCatalog

from tests.glacier_gcp.storage_clients import client_of, new_bucket, token_of
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT

FRAME = pl.DataFrame({"day": ["mon", "mon", "tue"], "count": [1, 2, 3]})
DATA = bytes(range(256)) * 24 * 1024  # 6 MiB, more than one of gcsfs' blocks


@pytest.fixture(scope="module")
def client(gcp_server: GcpServer) -> Iterator[Client]:
    client = client_of(gcp_server)
    yield client
    client.close()


@pytest.fixture
def bucket(client: Client, gcp_server: GcpServer) -> Bucket:
    bucket = new_bucket(client)
    gcp_server.requests(forget=True)
    return bucket


@pytest.fixture
def files(gcp_server: GcpServer) -> Iterator[GCSFileSystem]:
    key = json.loads(gcp_server.key())
    files = GCSFileSystem(
        project=PROJECT, token=key, endpoint_url=gcp_server.endpoint, skip_instance_cache=True
    )
    yield files
    asyncio.run_coroutine_threadsafe(files.session.close(), files.loop).result(10)


@pytest.fixture
def reach(gcp_server: GcpServer) -> dict[str, Any]:
    """What Polars needs to reach the rig."""
    token = token_of(gcp_server)
    return {
        "storage_options": {"google_base_url": gcp_server.endpoint, "max_retries": 0},
        "credential_provider": lambda: ({"bearer_token": token}, None),
    }


def test_gcsfs_reads_what_it_wrote_in_blocks(files: GCSFileSystem, bucket: Bucket) -> None:
    with files.open(f"{bucket.name}/a b/x", "wb", block_size=2**18) as file:
        for start in range(0, len(DATA), 2**20):
            file.write(DATA[start : start + 2**20])

    with files.open(f"{bucket.name}/a b/x", "rb", block_size=2**20) as file:
        file.seek(2**20)
        assert file.read(5) == DATA[2**20 : 2**20 + 5]
    assert files.cat(f"{bucket.name}/a b/x") == DATA


def test_gcsfs_writes_small_files_at_once(
    files: GCSFileSystem, bucket: Bucket, gcp_server: GcpServer
) -> None:
    files.pipe(f"{bucket.name}/x", b"ends with a line\r\n", consistency="md5")

    paths = [one["query"] for one in gcp_server.requests() if one["path"] != "/token"]
    assert paths == ["uploadType=multipart"]
    assert files.cat_file(f"{bucket.name}/x", start=-3) == b"e\r\n"


def test_gcsfs_tells_what_is_there(files: GCSFileSystem, bucket: Bucket) -> None:
    for name in ("a/1", "a/b/2", "c#%+"):
        files.pipe(f"{bucket.name}/{name}", b"abc")

    assert files.ls(bucket.name, detail=False) == [f"{bucket.name}/a", f"{bucket.name}/c#%+"]
    assert files.find(f"{bucket.name}/a") == [f"{bucket.name}/a/1", f"{bucket.name}/a/b/2"]
    assert files.glob(f"{bucket.name}/a/**/2") == [f"{bucket.name}/a/b/2"]
    assert files.info(f"{bucket.name}/c#%+")["size"] == 3
    assert files.isdir(f"{bucket.name}/a")
    assert not files.exists(f"{bucket.name}/missing")


def test_gcsfs_copies_moves_and_removes(files: GCSFileSystem, bucket: Bucket) -> None:
    files.pipe(f"{bucket.name}/a/x", b"abc")

    files.cp(f"{bucket.name}/a/x", f"{bucket.name}/a/y")
    files.mv(f"{bucket.name}/a/x", f"{bucket.name}/z")
    files.rm(f"{bucket.name}/a", recursive=True)

    assert files.find(bucket.name) == [f"{bucket.name}/z"]
    with pytest.raises(FileNotFoundError, match="a%2Fx"):
        files.cat(f"{bucket.name}/a/x")


def test_gcsfs_removes_in_batches(
    files: GCSFileSystem, bucket: Bucket, gcp_server: GcpServer
) -> None:
    """As it does at Google; elsewhere it asks for one object after the other."""
    for name in ("a b", "c%"):
        files.pipe(f"{bucket.name}/{name}", b"")

    paths = [f"{bucket.name}/{name}" for name in ("a b", "missing", "c%")]
    coroutine = files._rm_files(paths)
    done = asyncio.run_coroutine_threadsafe(coroutine, files.loop).result(10)

    assert [done[0], done[2]] == [paths[0], paths[2]]
    assert "No such object" in str(done[1])
    assert [one.name for one in bucket.list_blobs()] == []


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson", "ipc"])
def test_polars_scans_what_it_sank(bucket: Bucket, reach: dict[str, Any], format: str) -> None:
    uri = f"gs://{bucket.name}/a b/x.{format}"

    getattr(FRAME.lazy(), f"sink_{format}")(uri, **reach)

    assert_frame_equal(getattr(pl, f"scan_{format}")(uri, **reach).collect(), FRAME)


def test_polars_sinks_much_in_parts(
    bucket: Bucket, reach: dict[str, Any], gcp_server: GcpServer
) -> None:
    """These are 36 MB; up to 27 MB and more, it is one request."""
    uri = f"gs://{bucket.name}/x.parquet"
    frame = pl.LazyFrame({"a": range(4_000_000)}).with_columns(b=pl.col("a").hash())

    frame.sink_parquet(uri, **reach)

    asked = gcp_server.requests(forget=True)
    steps = [one["query"].partition("=")[0] for one in asked if one["path"] != "/token"]
    assert (steps[0], steps[-1]) == ("uploads", "uploadId")
    assert steps.count("partNumber") > 1
    total = pl.scan_parquet(uri, **reach).select(pl.col("a").sum()).collect().item()
    assert total == 7_999_998_000_000
    assert all(one["range"].startswith("bytes=") for one in gcp_server.requests())


def test_polars_finds_partitions_and_globs(bucket: Bucket, reach: dict[str, Any]) -> None:
    uri = f"gs://{bucket.name}/table/"

    FRAME.lazy().sink_parquet(pl.PartitionBy(uri, key="day"), **reach)

    whole = pl.scan_parquet(uri, hive_partitioning=True, **reach).collect()
    assert_frame_equal(whole.select("day", "count").sort("count"), FRAME)
    some = pl.scan_parquet(f"{uri}day=m*/*.parquet", **reach).select("count").collect()
    assert some["count"].to_list() == [1, 2]


@pytest.mark.parametrize("place", ["option", "key"])
def test_deltalake_reads_what_it_wrote(bucket: Bucket, gcp_server: GcpServer, place: str) -> None:
    """The endpoint is told by an option, or within the key."""
    options = {"google_service_account_key": gcp_server.key(), "allow_http": "true"}
    if place == "option":
        options["google_base_url"] = gcp_server.endpoint
    else:
        key = json.loads(gcp_server.key()) | {"gcs_base_url": gcp_server.endpoint}
        options["google_service_account_key"] = json.dumps(key)
    reach: dict[str, Any] = {"storage_options": options, "credential_provider": None}

    FRAME.write_delta(f"gs://{bucket.name}/table", **reach)
    FRAME.write_delta(f"gs://{bucket.name}/table", mode="append", **reach)

    found = pl.scan_delta(f"gs://{bucket.name}/table", **reach).collect()
    assert found["count"].sum() == 12
    conditions = [
        one["generation_match"]
        for one in gcp_server.requests()
        if one["method"] == "PUT" and "%5Flog" in one["path"]
    ]
    assert conditions == ["0", "0"]


def test_pyiceberg_reads_what_it_wrote(bucket: Bucket, gcp_server: GcpServer) -> None:
    token = token_of(gcp_server)
    catalog = InMemoryCatalog(
        "catalog",
        **{
            "warehouse": f"gs://{bucket.name}/warehouse",
            "gcs.service.host": gcp_server.endpoint,
            "gcs.oauth2.token": token,
            "gcs.oauth2.token-expires-at": "4102444800000",
        },
    )
    catalog.create_namespace("tests")
    rows = FRAME.to_arrow()

    table = catalog.create_table("tests.table", rows.schema)
    table.append(rows)

    assert table.scan().to_arrow().to_pydict() == rows.to_pydict()
    assert any("resumable" in one["query"] for one in gcp_server.requests())
