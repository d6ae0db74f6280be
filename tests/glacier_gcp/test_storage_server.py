"""The rig's JSON API, as Google's own client sees it: objects, listings, buckets."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client

from tests.glacier_gcp.storage_clients import client_of, new_bucket
from tests.rigs.gcp.server import GcpServer

NAMES = ("a b", "a%2Fb", "50%", "a+b", "a#b", "a?b=c", "grün/ö", "a//b", "a/./b", "ends/", "日本")


@pytest.fixture(scope="module")
def client(gcp_server: GcpServer) -> Iterator[Client]:
    client = client_of(gcp_server)
    yield client
    client.close()


@pytest.fixture
def bucket(client: Client) -> Bucket:
    return new_bucket(client)


@pytest.mark.parametrize("name", NAMES)
def test_object_keeps_its_name(bucket: Bucket, name: str) -> None:
    bucket.blob(name).upload_from_string(name.encode())

    assert [one.name for one in bucket.list_blobs()] == [name]
    assert bucket.blob(name).download_as_bytes() == name.encode()


def test_object_tells_its_metadata(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.metadata = {"origin": "test"}
    blob.cache_control = "no-store"
    blob.upload_from_string(b"abc", content_type="text/plain")

    found = bucket.get_blob("x")

    assert found is not None
    assert (found.size, found.content_type, found.storage_class) == (3, "text/plain", "STANDARD")
    assert (found.metadata, found.cache_control) == ({"origin": "test"}, "no-store")
    assert (found.md5_hash, found.crc32c) == ("kAFQmDzST7DWlj99KOF/cg==", "Nks/tw==")
    assert found.metageneration == 1


def test_object_changes_its_metadata(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"abc")
    blob.metadata = {"origin": "patch"}

    blob.patch(if_metageneration_match=1)

    assert bucket.get_blob("x").metadata == {"origin": "patch"}
    assert bucket.get_blob("x").metageneration == 2


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(2, 4, b"cde"), (7, None, b"hij"), (-4, None, b"ghij")]
)
def test_object_gives_a_range(bucket: Bucket, start: int, end: int | None, expected: bytes) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"abcdefghij")

    assert blob.download_as_bytes(start=start, end=end) == expected


def test_object_refuses_a_range_behind_its_end(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"abc")

    with pytest.raises(exceptions.RequestRangeNotSatisfiable, match="range not satisfiable"):
        blob.download_as_bytes(start=3)


def test_object_is_missed_by_name(bucket: Bucket) -> None:
    with pytest.raises(exceptions.NotFound, match=f"No such object: {bucket.name}/x"):
        bucket.blob("x").download_as_bytes()


def test_bucket_is_missed(client: Client) -> None:
    with pytest.raises(exceptions.NotFound, match="The specified bucket does not exist"):
        list(client.list_blobs("glacier-of-nobody"))


def test_conditions_refuse_another_generation(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"old", if_generation_match=0)

    refusals: list[Callable[[], object]] = [
        lambda: blob.upload_from_string(b"new", if_generation_match=0),
        lambda: bucket.blob("x").delete(if_generation_match=1),
        lambda: bucket.blob("x").download_as_bytes(if_metageneration_match=7),
    ]

    for refused in refusals:
        with pytest.raises(exceptions.PreconditionFailed, match="pre-conditions you specified"):
            refused()

    assert bucket.blob("x").download_as_bytes() == b"old"


def test_condition_on_a_generation_lets_its_successor_in(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"old")

    blob.upload_from_string(b"new", if_generation_match=blob.generation)

    assert blob.download_as_bytes() == b"new"


def test_read_of_what_is_known_is_not_modified(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"old")

    with pytest.raises(exceptions.NotModified):
        bucket.blob("x").download_as_bytes(if_generation_not_match=blob.generation)


@pytest.fixture(scope="module")
def tree(client: Client) -> Bucket:
    bucket = new_bucket(client)
    for name in ("a/1.csv", "a/2.parquet", "a/b/3.csv", "b/4.csv", "c.csv", "d/"):
        bucket.blob(name).upload_from_string(b"")
    return bucket


@pytest.mark.parametrize(
    ("query", "names", "prefixes"),
    [
        ({"prefix": "a/"}, ["a/1.csv", "a/2.parquet", "a/b/3.csv"], []),
        ({"delimiter": "/"}, ["c.csv"], ["a/", "b/", "d/"]),
        ({"prefix": "a/", "delimiter": "/"}, ["a/1.csv", "a/2.parquet"], ["a/b/"]),
        ({"start_offset": "a/b", "end_offset": "c.csv"}, ["a/b/3.csv", "b/4.csv"], []),
        ({"match_glob": "**.csv"}, ["a/1.csv", "a/b/3.csv", "b/4.csv", "c.csv"], []),
        ({"match_glob": "*/[0-3].{csv,parquet}"}, ["a/1.csv", "a/2.parquet"], []),
        (
            {"delimiter": "/", "include_trailing_delimiter": True},
            ["c.csv", "d/"],
            ["a/", "b/", "d/"],
        ),
    ],
    ids=["prefix", "delimiter", "folder", "offsets", "glob", "alternatives", "trailing"],
)
@pytest.mark.parametrize("page_size", [1, 2, 1000])
def test_listing_finds(
    tree: Bucket,
    query: dict[str, str],
    names: list[str],
    prefixes: list[str],
    page_size: int,
) -> None:
    found = tree.list_blobs(page_size=page_size, **query)

    assert [one.name for one in found] == names
    assert sorted(found.prefixes) == prefixes


def test_versions_are_kept_and_told(client: Client) -> None:
    bucket = new_bucket(client, versioning_enabled=True)
    blob = bucket.blob("x")
    blob.upload_from_string(b"old")
    old = blob.generation

    blob.upload_from_string(b"new")
    bucket.blob("x").delete()

    assert not bucket.blob("x").exists()
    assert len(list(bucket.list_blobs(versions=True))) == 2
    assert bucket.blob("x", generation=old).download_as_bytes() == b"old"
    bucket.blob("x", generation=old).delete()
    assert len(list(bucket.list_blobs(versions=True))) == 1


def test_batch_deletes_and_tells_what_it_missed(
    client: Client, bucket: Bucket, gcp_server: GcpServer
) -> None:
    bucket.blob("x y").upload_from_string(b"")
    bucket.blob("z").upload_from_string(b"")
    gcp_server.requests(forget=True)

    with client.batch(raise_exception=False) as batch:
        for name in ("x y", "missing", "z"):
            bucket.delete_blob(name)

    assert [one.status_code for one in batch._responses] == [204, 404, 204]
    assert [one["path"] for one in gcp_server.requests()] == ["/batch/storage/v1"]
    assert list(bucket.list_blobs()) == []


def test_bucket_keeps_its_settings(client: Client) -> None:
    bucket = new_bucket(
        client,
        storage_class="NEARLINE",
        default_kms_key_name="projects/p/locations/l/keyRings/r/cryptoKeys/k",
        labels={"team": "ice"},
    )
    bucket.add_lifecycle_delete_rule(age=7)
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.patch()
    bucket.blob("x").upload_from_string(b"")

    found = client.get_bucket(bucket.name)

    assert (found.storage_class, found.location) == ("NEARLINE", "EUROPE-WEST1")
    assert found.labels == {"team": "ice"}
    assert [dict(rule) for rule in found.lifecycle_rules] == [
        {"action": {"type": "Delete"}, "condition": {"age": 7}}
    ]
    assert found.iam_configuration.uniform_bucket_level_access_enabled
    assert found.get_blob("x").kms_key_name == bucket.default_kms_key_name
    assert found.get_blob("x").storage_class == "NEARLINE"


def test_bucket_of_a_taken_name_is_refused(client: Client) -> None:
    bucket = new_bucket(client)

    with pytest.raises(exceptions.Conflict, match="you already own it"):
        client.create_bucket(bucket.name)


def test_bucket_with_objects_is_not_deleted(bucket: Bucket) -> None:
    bucket.blob("x").upload_from_string(b"")

    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()
    bucket.delete(force=True)

    assert not bucket.exists()


def test_retention_keeps_objects(client: Client) -> None:
    bucket = new_bucket(client, retention_period=3600)
    blob = bucket.blob("x")
    blob.upload_from_string(b"old")

    for refused in (blob.delete, lambda: blob.upload_from_string(b"new")):
        with pytest.raises(exceptions.Forbidden, match="retention policy"):
            refused()

    assert blob.download_as_bytes() == b"old"


def test_locked_retention_is_not_reduced(client: Client) -> None:
    bucket = new_bucket(client, retention_period=3600)
    bucket.reload()

    bucket.lock_retention_policy()
    bucket.retention_period = 60

    with pytest.raises(exceptions.Forbidden, match="locked retention policy"):
        bucket.patch()


def test_hold_keeps_an_object(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"old")
    blob.temporary_hold = True
    blob.patch()

    with pytest.raises(exceptions.Forbidden, match="under active Temporary hold"):
        blob.delete()


def test_buckets_are_listed_by_their_names_a_page_at_a_time(client: Client) -> None:
    prefix = f"listed-{uuid4().hex[:8]}"
    names = [f"{prefix}-{one}" for one in "cab"]
    for name in names:
        client.create_bucket(name)

    pages = client.list_buckets(prefix=prefix, page_size=2).pages

    assert [[one.name for one in page] for page in pages] == [
        [f"{prefix}-a", f"{prefix}-b"],
        [f"{prefix}-c"],
    ]
