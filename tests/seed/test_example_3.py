"""Example 3 of the seed: tasks choose their executors.

Changes, for runtimes whose Python is too old for Polars 2.1; as written, the run is refused:

- `spark_version="15.4.x-scala2.12"` for `"13.3.x-scala2.12"`;
- `glue_version="5.0"` for `"4.0"`.

Additions:

- the imports of Polars, of `task` and of `pipeline`;
- a pipeline around the tasks, which reads what the seed calls `data_source`;
- the input, which the seed takes for granted.

The endpoint and test credentials of AWS and of Databricks are in the environment.
"""

from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Provider
from glacier.config import AwsConfig
from glacier.errors import JobError
from glacier.job_status import JobStatus
from tests.glacier_aws.glue import STAGING, client, staged
from tests.rigs.aws.server import AwsServer
from tests.rigs.databricks.server import DatabricksServer, DatabricksWorkspace
from tests.seed.seed import changed, code, run

IMPORTS = """
import polars as pl
from glacier import pipeline, task
"""

NEWER_DATABRICKS = ('spark_version="13.3.x-scala2.12"', 'spark_version="15.4.x-scala2.12"')
NEWER_GLUE = ('glue_version="4.0"', 'glue_version="5.0"')

PIPELINE = """

@pipeline
def example():
    save_results(heavy_transform(data_source.scan()))
"""


@pytest.fixture
def workspace(databricks_server: DatabricksServer) -> DatabricksWorkspace:
    return databricks_server.workspace()


@pytest.fixture
def lake(
    aws_server: AwsServer,
    workspace: DatabricksWorkspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Provider:
    """An account with the example's buckets."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**aws_server.environment, **workspace.environment}.items():
        monkeypatch.setenv(name, value)
    provider = Provider(config=AwsConfig(region="us-east-1"))
    for name in ("raw-data", "processed-data"):
        provider.bucket(name).deploy()
    return provider


def example(*changes: tuple[str, str]) -> ModuleType:
    return run(IMPORTS + changed(code("Example 3"), *changes) + PIPELINE)


def test_example_3_runs_on_databricks_and_on_glue(
    aws_server: AwsServer, workspace: DatabricksWorkspace, lake: Provider
) -> None:
    sales = pl.DataFrame({"day": range(20), "revenue": [float(day % 7) for day in range(20)]})
    lake.bucket("raw-data", path="sales.parquet").write(sales)

    run = example(NEWER_DATABRICKS, NEWER_GLUE).example.run()

    job = client(aws_server, "glue").get_job(JobName="etl-job")["Job"]
    assert [(job.executor, job.tasks, job.status) for job in run.jobs] == [
        ("analytics-cluster", ("heavy_transform",), JobStatus.SUCCEEDED),
        ("etl-job", ("save_results",), JobStatus.SUCCEEDED),
    ]
    assert_frame_equal(
        lake.bucket("processed-data", path="aggregated.parquet").read(),
        sales.with_columns(pl.col("revenue").rolling_mean(window_size=7)),
    )
    (task,) = workspace.runs()[0]["request"]["tasks"]
    cluster = task["new_cluster"]
    assert (cluster["node_type_id"], cluster["num_workers"]) == ("m5.xlarge", 4)
    assert cluster["spark_version"] == "15.4.x-scala2.12"
    assert (job["WorkerType"], job["NumberOfWorkers"], job["GlueVersion"]) == ("G.1X", 5, "5.0")
    places = [one.staging.partition(f"{STAGING}/")[2] for one in run.jobs]
    assert not [key for key in staged(aws_server) if key.startswith(tuple(places))]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([], r"Executor\('analytics-cluster'\) is Databricks Runtime 13\.3.*\"15\.4.* or later"),
        ([NEWER_DATABRICKS], r"Executor\('etl-job'\) is Glue 4\.0.*\"5\.0\"\) or later"),
    ],
    ids=["as written", "with a newer Databricks"],
)
def test_example_3_with_an_old_runtime_is_refused_before_anything_is_sent(
    aws_server: AwsServer,
    databricks_server: DatabricksServer,
    lake: Provider,
    changes: list[tuple[str, str]],
    said: str,
) -> None:
    # The input is read by nobody: its schema is all that a lazy scan asks for.
    old = example(*changes)
    for server in (aws_server, databricks_server):
        server.requests(forget=True)

    with pytest.raises(JobError, match=said):
        old.example.run()

    assert aws_server.requests(forget=True) == []
    assert databricks_server.requests(forget=True) == []
