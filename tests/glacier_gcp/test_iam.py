"""What roles may do: enough, and no more."""

from collections.abc import Iterator

import polars as pl
import pytest
from google.api_core.exceptions import Forbidden

from glacier import Bucket, Provider
from glacier.access import Access
from glacier.config import GcpConfig, LocalConfig
from glacier.errors import AccessDeniedError
from glacier_gcp.http import send
from glacier_gcp.iam import (
    USER,
    VIEWER,
    Binding,
    account_email,
    account_id,
    bucket_bindings,
    dataproc_condition,
)
from glacier_gcp.session import session_of
from tests.rigs.gcp.conditions import holds
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT

ROWS = pl.DataFrame({"n": [1, 2, 3]})
WORKER = f"worker@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def provider() -> Provider:
    return Provider(GcpConfig(project="acme"))


@pytest.fixture
def server(gcp_server: GcpServer) -> Iterator[GcpServer]:
    """The rig with nothing in it but the bucket `lake`."""
    gcp_server.forget()
    lake = Provider(gcp_server.config()).bucket("lake")
    lake.deploy()
    yield gcp_server
    gcp_server.forget()


def bindings(*, reads: tuple[Bucket, ...] = (), writes: tuple[Bucket, ...] = ()) -> list[str]:
    """Return bindings as `role: condition`."""
    found = bucket_bindings(Access(reads, writes))
    return [f"{one.role}: {one.condition}" for one in found]


def name(key: str) -> str:
    return f'"projects/_/buckets/lake/objects/{key}"'


LISTING = f'{VIEWER}: resource.name == "projects/_/buckets/lake"'
LISTING_OF_UPLOADS = LISTING.replace(VIEWER, USER)


def test_file_is_read_by_its_name_and_missed_without_an_error(provider: Provider) -> None:
    found = bindings(reads=(provider.bucket("lake", "raw/sales.parquet"),))

    assert found == [f"{VIEWER}: resource.name == {name('raw/sales.parquet')}", LISTING]


@pytest.mark.parametrize(
    ("path", "format", "prefix"),
    [
        ("raw/", None, "raw/"),
        ("raw/part-*.parquet", None, "raw/part-"),
        ("raw/**/[ab].csv", None, "raw/"),
        ("tables/sales", "delta", "tables/sales/"),
        ("tables/sales/", "iceberg", "tables/sales/"),
    ],
)
def test_dataset_is_written_below_its_prefix_alone(
    path: str, format: str | None, prefix: str, provider: Provider
) -> None:
    found = bindings(writes=(provider.bucket("lake", path, format),))

    assert found == [f"{USER}: resource.name.startsWith({name(prefix)})", LISTING_OF_UPLOADS]


def test_whole_bucket_needs_no_condition(provider: Provider) -> None:
    bucket = provider.bucket("lake")

    assert bindings(reads=(bucket,)) == [f"{VIEWER}: "]
    assert bindings(reads=(bucket,), writes=(bucket / "raw/",)) == [
        f"{USER}: resource.name.startsWith({name('raw/')})",
        f"{VIEWER}: ",
    ]
    assert bindings(reads=(bucket / "raw/",), writes=(bucket,)) == [f"{USER}: "]


def test_what_lies_within_another_path_is_said_once(provider: Provider) -> None:
    lake = provider.bucket("lake")
    reads = (lake / "raw/2024/", lake / "out/sums.parquet", lake / "raw/", lake / "raw/x.parquet")

    found = bindings(reads=reads, writes=(lake / "out/",))

    assert found == [
        f"{USER}: resource.name.startsWith({name('out/')})",
        f"{VIEWER}: resource.name.startsWith({name('raw/')})",
        LISTING_OF_UPLOADS,
    ]


def test_many_paths_are_divided_among_conditions_that_google_takes(provider: Provider) -> None:
    reads = tuple(provider.bucket("lake", f"{number:02}/") for number in range(30))

    found = bucket_bindings(Access(reads, ()))

    assert [one.condition.count("startsWith") for one in found] == [12, 12, 6, 0]
    assert [one.title for one in found] == [
        "glacier read",
        "glacier read 1",
        "glacier read 2",
        "glacier list",
    ]


def test_names_in_conditions_can_not_end_their_texts(provider: Provider) -> None:
    awkward = 'a" || true || "\\ü.parquet'

    (found, _) = bucket_bindings(Access((provider.bucket("lake", awkward),), ()))

    path = f"projects/_/buckets/lake/objects/{awkward}"
    assert found.condition == (
        'resource.name == "projects/_/buckets/lake/objects/a\\" || true || \\"\\\\ü.parquet"'
    )
    assert holds(found.condition, {"resource.name": path})
    assert not holds(found.condition, {"resource.name": "projects/_/buckets/lake/objects/b"})


def test_buckets_of_other_platforms_are_left_out(provider: Provider) -> None:
    here = Provider(LocalConfig()).bucket("lake", "raw/")

    found = bucket_bindings(Access((here,), (here, provider.bucket("lake"))))

    assert [one.bucket.provider for one in found] == [provider]


def list_uploads(bucket: Bucket) -> None:
    """Ask for a bucket's unfinished uploads, as whoever removes them does."""
    config = bucket.provider.config
    assert isinstance(config, GcpConfig)
    session = session_of(config)
    send(session, "GET", f"{session.storage_endpoint}/{bucket.bucket_name}?uploads")


def bind(server: GcpServer, found: tuple[Binding, ...]) -> None:
    for one in found:
        server.grant(WORKER, one.role, bucket=one.bucket.bucket_name, condition=one.condition)


def as_worker(server: GcpServer) -> Bucket:
    config = server.config(service_account_key=server.key(WORKER), retry_timeout_seconds=0)
    return Provider(config).bucket("lake")


def test_reader_reads_its_paths_and_nothing_else(server: GcpServer) -> None:
    lake = Provider(server.config()).bucket("lake")
    for path in ("raw/a.parquet", "else/a.parquet"):
        (lake / path).write(ROWS)
    bind(server, bucket_bindings(Access((lake / "raw/",), ())))
    worker = as_worker(server)

    assert (worker / "raw/").read().equals(ROWS)
    assert not (worker / "raw/missing.parquet").exists()
    with pytest.raises(AccessDeniedError):
        (worker / "else/a.parquet").read()
    with pytest.raises(AccessDeniedError):
        (worker / "raw/b.parquet").write(ROWS)
    with pytest.raises(Forbidden, match=r"storage\.multipartUploads\.list"):
        list_uploads(worker)


def test_writer_writes_its_paths_and_nothing_else(server: GcpServer) -> None:
    lake = Provider(server.config()).bucket("lake")
    (lake / "raw/a.parquet").write(ROWS)
    bind(server, bucket_bindings(Access((lake / "raw/a.parquet",), (lake / "out/",))))
    worker = as_worker(server)

    (worker / "out/").write((worker / "raw/a.parquet").scan(), partition_by=["n"])
    (worker / "out/").write((worker / "raw/a.parquet").scan())
    (worker / "out/").delete()

    assert (worker / "out/").list() == []
    list_uploads(worker)
    with pytest.raises(AccessDeniedError):
        (worker / "raw/a.parquet").write(ROWS)
    with pytest.raises(AccessDeniedError):
        (worker / "raw/a.parquet").delete()


def test_role_of_a_cluster_reaches_what_dataproc_itself_needs_and_no_data() -> None:
    condition = dataproc_condition("staging", "europe-west1")

    def applies(name: str, service: str = "storage.googleapis.com") -> bool:
        return holds(condition, {"resource.service": service, "resource.name": name})

    assert applies("", "dataproc.googleapis.com")
    assert applies("projects/_/buckets/staging")
    metainfo = "projects/_/buckets/staging/objects/google-cloud-dataproc-metainfo"
    assert applies(f"{metainfo}/driveroutput.000000000")
    assert applies("projects/_/buckets/dataproc-temp-europe-west1-42-abcd/objects/x")
    assert not applies("projects/_/buckets/staging/objects/sales.parquet")
    assert not applies("projects/_/buckets/staging-2")
    assert not applies("projects/_/buckets/lake/objects/sales.parquet")


@pytest.mark.parametrize("name", ["scorer", "Score_All.Of-Them" * 9, "a"])
def test_accounts_have_legal_ids_of_their_own(name: str) -> None:
    ids = {
        account_id(kind, name, region)
        for kind in ("function", "dataproc")
        for region in ("europe-west1", "us-central1")
    }

    assert len(ids) == 4
    assert all(6 <= len(one) <= 30 and one.startswith("glacier-") for one in ids)
    assert all(set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for one in ids)


def test_address_of_an_account_in_the_project_of_a_domain() -> None:
    assert account_email("glacier-x", "acme") == "glacier-x@acme.iam.gserviceaccount.com"
    assert account_email("glacier-x", "example.com:acme") == (
        "glacier-x@acme.example.com.iam.gserviceaccount.com"
    )
