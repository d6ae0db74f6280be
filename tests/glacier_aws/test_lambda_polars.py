"""Handlers that use Polars and Glacier, in zips with the wheels that pip's index has."""

import zipfile

import polars as pl
import pytest

from glacier import Provider, Serverless
from glacier_aws.function.package import LARGEST_BYTES
from tests.glacier_aws.lambda_functions import changes, client, deployed
from tests.projects import Project
from tests.rigs.aws.server import SECRET_KEY, AwsServer

POLARS = """
import polars as pl

def run(payload):
    sums = pl.DataFrame(payload["rows"]).group_by("key").agg(pl.col("n").sum()).sort("key")
    return {"rows": sums.to_dicts(), "polars": pl.__version__}
"""
GLACIER = """
import polars as pl
from glacier import Provider
from glacier.config import AwsConfig

def run(payload):
    provider = Provider(AwsConfig.from_env())
    source = provider.bucket(payload["bucket"], "in.parquet")
    target = provider.bucket(payload["bucket"], "out/doubled.csv")
    target.write(source.scan().with_columns(pl.col("n") * 2))
    with target.open("rb") as file:
        return {"columns": file.readline().decode().strip(), "rows": target.read().to_dicts()}
"""


@pytest.fixture
def polars_function(aws_server: AwsServer, project: Project) -> Serverless:
    """A function that is the same in every test, so that it is uploaded once."""
    module = project.module(POLARS, "polars_handlers")
    return deployed(aws_server, f"{module}:run", name="polars-sums", memory_mb=1024)


def test_polars_runs_in_the_zip(polars_function: Serverless) -> None:
    rows = [{"key": "a", "n": 1}, {"key": "b", "n": 2}, {"key": "a", "n": 3}]

    answer = polars_function.invoke({"rows": rows})

    assert answer["rows"] == [{"key": "a", "n": 4}, {"key": "b", "n": 2}]
    assert answer["polars"] == pl.__version__


def test_polars_is_not_sent_again(aws_server: AwsServer, polars_function: Serverless) -> None:
    aws_server.requests(forget=True)

    polars_function.deploy()

    assert changes(aws_server) == []


def test_glacier_reads_and_writes_buckets_in_the_zip(
    aws_server: AwsServer, project: Project
) -> None:
    client(aws_server, "s3").create_bucket(Bucket="functions-lake")
    bucket = Provider(aws_server.config()).bucket("functions-lake", "in.parquet")
    bucket.write(pl.DataFrame({"n": [1, 2]}))
    module = project.module(GLACIER, "glacier_handlers")
    function = deployed(aws_server, f"{module}:run", name="doubles", memory_mb=1024)

    answer = function.invoke({"bucket": "functions-lake"})

    assert answer == {"columns": "n", "rows": [{"n": 2}, {"n": 4}]}


def test_package_with_glacier_fits_and_holds_no_secret(
    aws_server: AwsServer, project: Project
) -> None:
    module = project.module(GLACIER, "glacier_handlers")
    function = deployed(aws_server, f"{module}:run", name="doubles", memory_mb=1024)

    with zipfile.ZipFile(function.package()) as archive:
        entries = archive.infolist()
        texts = [archive.read(one) for one in entries if one.filename.endswith((".py", ".json"))]

    assert sum(entry.file_size for entry in entries) < LARGEST_BYTES
    assert not any(SECRET_KEY.encode() in text for text in texts)
