"""Uploads that killed processes have left are aborted by the next write to their place."""

from collections.abc import Iterator

import polars as pl
import pytest

from glacier import Provider
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import AwsServer
from tests.rigs.proxy import Proxy, error

ROWS = pl.DataFrame({"a": [1]})
OWN = "0123456789abcdef"


@pytest.fixture
def objects(aws_server: AwsServer) -> Objects:
    return Objects(aws_server)


@pytest.fixture
def provider(aws_server: AwsServer) -> Provider:
    return Provider(config=aws_server.config())


@pytest.fixture
def proxy(aws_server: AwsServer) -> Iterator[Proxy]:
    with Proxy(aws_server.endpoint) as made:
        yield made


def listings(server: AwsServer, bucket_name: str) -> int:
    """Return how often the uploads of a bucket were listed."""
    return sum(
        one["method"] == "GET" and one["path"] == f"/{bucket_name}" and "uploads" in one["query"]
        for one in server.requests()
    )


def test_old_upload_of_a_file_is_swept_by_the_next_write(
    aws_server: AwsServer, provider: Provider, objects: Objects
) -> None:
    objects.begin("f.parquet")
    aws_server.age_uploads(hours=25)

    provider.bucket(objects.name, "f.parquet").write(ROWS)

    assert objects.uploads() == []


def test_young_upload_is_left_to_its_writer(
    aws_server: AwsServer, provider: Provider, objects: Objects
) -> None:
    objects.begin("f.parquet")
    aws_server.age_uploads(hours=23)

    provider.bucket(objects.name, "f.parquet").write(ROWS)

    assert objects.uploads() == ["f.parquet"]


def test_uploads_of_other_places_are_left(
    aws_server: AwsServer, provider: Provider, objects: Objects
) -> None:
    others = ["f.parquet.bak", "g.parquet"]
    for key in others:
        objects.begin(key)
    aws_server.age_uploads(hours=25)

    provider.bucket(objects.name, "f.parquet").write(ROWS)

    assert sorted(objects.uploads()) == others


def test_old_uploads_of_a_dataset_are_swept_if_they_have_our_names(
    aws_server: AwsServer, provider: Provider, objects: Objects
) -> None:
    own = [f"ds/{OWN}.parquet", f"ds/k=1/{OWN}-00000000.parquet", f"ds/{OWN}.csv.gz"]
    others = ["ds/backup.parquet", "ds/k=1/part-0.parquet", f"other/{OWN}.parquet"]
    for key in [*own, *others]:
        objects.begin(key)
    aws_server.age_uploads(hours=25)

    provider.bucket(objects.name, "ds/").write(ROWS)

    assert sorted(objects.uploads()) == others


def test_uploads_are_listed_once_for_a_process_and_a_place(
    aws_server: AwsServer, provider: Provider, objects: Objects
) -> None:
    for _ in range(3):
        for path in ("f.parquet", "ds/"):
            provider.bucket(objects.name, path).write(ROWS)

    assert listings(aws_server, objects.name) == 2


@pytest.mark.parametrize("condition", [{"query": "^uploads"}, {"method": "DELETE"}])
def test_sweep_that_is_denied_is_no_failure(
    aws_server: AwsServer, proxy: Proxy, objects: Objects, condition: dict[str, str]
) -> None:
    objects.begin("f.parquet")
    aws_server.age_uploads(hours=25)
    denied = proxy.on(error(403, "AccessDenied"), **condition)
    provider = Provider(config=aws_server.config(endpoint_url=proxy.endpoint))

    provider.bucket(objects.name, "f.parquet").write(ROWS)

    assert denied.played == 1
    assert objects.keys() == ["f.parquet"]


def test_killed_upload_of_our_own_is_swept(
    aws_server: AwsServer, provider: Provider, objects: Objects
) -> None:
    bucket = provider.bucket(objects.name, "ds/")
    stage = bucket.adapter.stage("overwrite")
    assert stage.files is not None
    with stage.files.open(f"k=1/{stage.token}-00000000.parquet") as file:
        file.write(bytes(9 * 1024 * 1024))
    began = objects.uploads()
    aws_server.age_uploads(hours=25)

    bucket.write(ROWS)

    assert began == [f"ds/k=1/{stage.token}-00000000.parquet"]
    assert objects.uploads() == []
