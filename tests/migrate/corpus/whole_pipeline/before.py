"""Sales of a day, cleaned."""

import polars as pl

from glacier import pipeline, task
from glacier.providers import LocalProvider

provider = LocalProvider(base_path="lake")

raw_data = provider.bucket_source("my-data-lake", path="raw/sales.parquet")
output = provider.bucket_source("my-data-lake", path="processed/sales.parquet")

raw_data.write(pl.DataFrame({"amount": [120, -15, 80]}))


@task
def load_data(source):
    return source.scan()


@task(depends_on=[load_data])
def clean_data(df: pl.LazyFrame) -> pl.LazyFrame:
    return df.filter(pl.col("amount") > 0)


@task(depends_on=[clean_data])
def save_data(df: pl.LazyFrame, destination):
    destination.write(df)


@pipeline(name="sales_pipeline")
def sales_pipeline():
    save_data(clean_data(load_data(raw_data)), output)


if __name__ == "__main__":
    sales_pipeline.run()
    assert output.read()["amount"].to_list() == [120, 80]
