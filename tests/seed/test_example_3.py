"""Example 3 of the seed: tasks choose their executors.

Changes; no task is among them:

- `SparkConfig`, on a Spark of this machine, stands for `DatabricksConfig` until its adapter lands;
- `glue_version="5.0"` for `"4.0"`, whose Python is too old for Polars 2.1. As written, the run is
  refused.

Additions:

- the imports of Polars, of `task`, of `pipeline` and of the config above;
- a pipeline around the tasks, which reads what the seed calls `data_source`;
- the input, which the seed takes for granted.

The endpoint and test credentials are in the environment.
"""

from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Provider
from glacier.config import AwsConfig
from glacier.errors import JobError, NoAdapterError
from glacier.job_status import JobStatus
from tests.glacier_aws.glue import STAGING, client, staged
from tests.rigs.aws.server import AwsServer
from tests.rigs.spark import spark_config
from tests.seed.seed import changed, code, run

IMPORTS = """
import polars as pl
from glacier import pipeline, task
from glacier.config import SparkConfig
"""

ON_SPARK = (
    """DatabricksConfig(
        instance_type="m5.xlarge",
        num_workers=4,
        spark_version="13.3.x-scala2.12",
    )""",
    f"SparkConfig(**{spark_config('local[2]').model_dump()})",
)
NEWER = ('glue_version="4.0"', 'glue_version="5.0"')

PIPELINE = """

@pipeline
def example():
    save_results(heavy_transform(data_source.scan()))
"""


@pytest.fixture
def lake(aws_server: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """An account with the example's buckets."""
    monkeypatch.chdir(tmp_path)
    for name, value in aws_server.environment.items():
        monkeypatch.setenv(name, value)
    provider = Provider(config=AwsConfig(region="us-east-1"))
    for name in ("raw-data", "processed-data"):
        provider.bucket(name).deploy()
    return provider


def example(*changes: tuple[str, str]) -> ModuleType:
    return run(IMPORTS + changed(code("Example 3"), *changes) + PIPELINE)


def test_example_3_runs_on_spark_and_on_glue(
    aws_server: AwsServer, lake: Provider, java: None
) -> None:
    sales = pl.DataFrame({"day": range(20), "revenue": [float(day % 7) for day in range(20)]})
    lake.bucket("raw-data", path="sales.parquet").write(sales)

    run = example(ON_SPARK, NEWER).example.run()

    job = client(aws_server, "glue").get_job(JobName="etl-job")["Job"]
    assert [(job.executor, job.tasks, job.status) for job in run.jobs] == [
        ("analytics-cluster", ("heavy_transform",), JobStatus.SUCCEEDED),
        ("etl-job", ("save_results",), JobStatus.SUCCEEDED),
    ]
    assert_frame_equal(
        lake.bucket("processed-data", path="aggregated.parquet").read(),
        sales.with_columns(pl.col("revenue").rolling_mean(window_size=7)),
    )
    assert (job["WorkerType"], job["NumberOfWorkers"], job["GlueVersion"]) == ("G.1X", 5, "5.0")
    places = [one.staging.partition(f"{STAGING}/")[2] for one in run.jobs]
    assert not [key for key in staged(aws_server) if key.startswith(tuple(places))]


def test_example_3_as_written_is_refused_before_anything_is_sent(
    aws_server: AwsServer, lake: Provider
) -> None:
    # The input is read by nobody: its schema is all that a lazy scan asks for.
    as_written = example(ON_SPARK)
    aws_server.requests(forget=True)

    with pytest.raises(JobError, match=r"Executor\('etl-job'\) is Glue 4\.0.*\"5\.0\"\) or later"):
        as_written.example.run()

    assert aws_server.requests(forget=True) == []


def test_example_3_as_written_waits_for_the_adapter_of_databricks() -> None:
    source = code("Example 3")

    with pytest.raises(NoAdapterError, match="No adapter for Executor with DatabricksConfig"):
        run(source)
