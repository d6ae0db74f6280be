"""One pipeline on four stores: this machine, S3, Blob Storage and Cloud Storage.

    pip install "glacier-core[demo,aws,azure,gcp]"
    python docs/examples/four_stores.py
    export LAKE=acme-lake AWS_REGION=eu-central-1 GOOGLE_CLOUD_PROJECT=acme-sales
    python docs/examples/four_stores.py

Shows that a provider's config is all that changes. The pipeline runs on this machine, and on every
cloud that the environment names, with the credentials that the cloud's own tools use there
(`AWS_REGION`, `AZURE_RESOURCE_GROUP`, `GOOGLE_CLOUD_PROJECT`). `LAKE` names the bucket, which is
made where it is missing.
"""

import os

import polars as pl

from glacier import Bucket, Pipeline, Provider, pipeline, task
from glacier.config import (
    AwsConfig,
    AzureConfig,
    BlobConfig,
    GcpConfig,
    GcsConfig,
    LocalConfig,
    ProviderConfig,
    S3Config,
)
from glacier.demo_tables import read_table

CLOUDS: dict[str, type[ProviderConfig]] = {
    "AWS_REGION": AwsConfig,
    "AZURE_RESOURCE_GROUP": AzureConfig,
    "GOOGLE_CLOUD_PROJECT": GcpConfig,
}


@task
def load(table: Bucket) -> pl.LazyFrame:
    """Return a table, lazily."""
    return table.scan()


@task
def fleet(planes: pl.LazyFrame) -> pl.LazyFrame:
    """Return how many planes of a maker were built in a year, and their seats."""
    built = planes.drop_nulls("year").group_by("manufacturer", pl.col("year").cast(pl.Int32))
    return built.agg(planes=pl.len(), seats=pl.col("seats").sum())


@task
def save(rows: pl.LazyFrame, target: Bucket) -> None:
    """Write rows, whole or not at all on every store."""
    target.write(rows)


def create_pipeline(lake: Bucket) -> Pipeline[[], None]:
    """Return the pipeline over a lake, which lies wherever its provider does."""

    @pipeline
    def count_planes() -> None:
        save(fleet(load(lake / "raw/planes.csv")), lake / "fleet.parquet")

    return count_planes


def lake_of(provider: Provider) -> Bucket:
    """Return the lake, with each platform's own settings: the one that fits applies."""
    settings = [S3Config(versioning=True), BlobConfig(tier="Cool"), GcsConfig(versioning=True)]
    return provider.bucket(os.environ.get("LAKE", "lake"), config=settings)


def providers() -> list[Provider]:
    """Return a provider for this machine, and one for each cloud that the environment names."""
    named = [config for variable, config in CLOUDS.items() if os.environ.get(variable)]
    configs = [LocalConfig.from_env(), *(config.from_env() for config in named)]
    return [Provider(config=config) for config in configs]


if __name__ == "__main__":
    for provider in providers():
        lake = lake_of(provider)
        lake.deploy()
        (lake / "raw/planes.csv").write(read_table("planes"))

        create_pipeline(lake).run()

        found = (lake / "fleet.parquet").scan()
        biggest = found.sort("planes", descending=True).first().collect().row(0, named=True)
        print(type(provider.config).__name__, (lake / "fleet.parquet").get_uri())
        print(
            f"  {found.collect().height} rows; most were built by {biggest['manufacturer']} in "
            f"{biggest['year']}: {biggest['planes']} planes with {biggest['seats']:,} seats"
        )
