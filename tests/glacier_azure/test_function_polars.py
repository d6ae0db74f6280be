"""Handlers that use Polars and Glacier, in apps that have what their requirements ask for."""

import polars as pl
from azure.storage.blob import BlobServiceClient

from glacier import Provider
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.glacier_azure.functions import deployed
from tests.projects import Project
from tests.rigs.azure.server import AzureServer

POLARS = """
import polars as pl

def run(payload):
    sums = pl.DataFrame(payload["rows"]).group_by("key").agg(pl.col("n").sum()).sort("key")
    return {"rows": sums.to_dicts(), "polars": pl.__version__}
"""
GLACIER = """
import polars as pl
from glacier import Provider
from glacier.config import AzureConfig

def run(payload):
    provider = Provider(AzureConfig.from_env())
    source = provider.bucket(payload["bucket"], "in.parquet")
    target = provider.bucket(payload["bucket"], "out/doubled.csv")
    target.write(source.scan().with_columns(pl.col("n") * 2))
    with target.open("rb") as file:
        return {"columns": file.readline().decode().strip(), "rows": target.read().to_dicts()}
"""


def test_polars_runs_in_the_app(azure: AzureServer, project: Project) -> None:
    function = deployed(azure, f"{project.module(POLARS)}:run")
    rows = [{"key": "a", "n": 1}, {"key": "b", "n": 2}, {"key": "a", "n": 3}]

    answer = function.invoke({"rows": rows})

    assert answer["rows"] == [{"key": "a", "n": 4}, {"key": "b", "n": 2}]
    assert answer["polars"] == pl.__version__


def test_glacier_reads_and_writes_buckets_in_the_app(azure: AzureServer, project: Project) -> None:
    account = BlobServiceClient(azure.azurite.endpoint, credential=DEVELOPMENT_KEY)
    account.create_container("functions-lake")
    bucket = Provider(azure.config()).bucket("functions-lake", "in.parquet")
    bucket.write(pl.DataFrame({"n": [1, 2]}))
    function = deployed(azure, f"{project.module(GLACIER)}:run")

    answer = function.invoke({"bucket": "functions-lake"})

    assert answer == {"columns": "n", "rows": [{"n": 2}, {"n": 4}]}
