"""Example 3 of the seed: tasks choose their executors.

Changes, until the adapters of the clouds land; no task is among them:

- `LocalConfig` stands for `AwsConfig`;
- `SparkConfig`, on a Spark of this machine, stands for `DatabricksConfig`;
- `LocalConfig`, another process of this machine, stands for `GlueConfig`.

Additions:

- the imports of Polars, of `task`, of `pipeline` and of the configs above;
- a pipeline around the tasks, which reads what the seed calls `data_source`;
- the input, which the seed takes for granted.
"""

from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Provider
from glacier.config import LocalConfig
from glacier.errors import NoAdapterError
from glacier.job_status import JobStatus
from tests.rigs.spark import spark_config
from tests.seed.seed import changed, code, run

IMPORTS = """
import polars as pl
from glacier import pipeline, task
from glacier.config import LocalConfig, SparkConfig
"""

CHANGES = [
    ("import AwsConfig, DatabricksConfig, GlueConfig\n", "import DatabricksConfig, GlueConfig\n"),
    ('AwsConfig(region="us-east-1")', 'LocalConfig(base_path="data")'),
    (
        """DatabricksConfig(
        instance_type="m5.xlarge",
        num_workers=4,
        spark_version="13.3.x-scala2.12",
    )""",
        f"SparkConfig(**{spark_config('local[2]').model_dump()})",
    ),
    (
        """GlueConfig(
        worker_type="G.1X",
        num_workers=5,
        glue_version="4.0",
    )""",
        'LocalConfig(base_path="data")',
    ),
]

PIPELINE = """

@pipeline
def example():
    save_results(heavy_transform(data_source.scan()))
"""


@pytest.fixture
def example(java: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example, with what stands for its platforms."""
    monkeypatch.chdir(tmp_path)
    return run(IMPORTS + changed(code("Example 3"), *CHANGES) + PIPELINE)


def test_example_3_runs_on_spark_and_in_another_process(example: ModuleType) -> None:
    lake = Provider(config=LocalConfig(base_path="data"))
    sales = pl.DataFrame({"day": range(20), "revenue": [float(day % 7) for day in range(20)]})
    lake.bucket("raw-data", path="sales.parquet").write(sales)

    run = example.example.run()

    assert [(job.executor, job.tasks, job.status) for job in run.jobs] == [
        ("analytics-cluster", ("heavy_transform",), JobStatus.SUCCEEDED),
        ("etl-job", ("save_results",), JobStatus.SUCCEEDED),
    ]
    assert_frame_equal(
        lake.bucket("processed-data", path="aggregated.parquet").read(),
        sales.with_columns(pl.col("revenue").rolling_mean(window_size=7)),
    )
    assert not list(Path("data/glacier-staging").rglob("*.*"))


def test_example_3_as_written_waits_for_the_adapter_of_databricks() -> None:
    source = code("Example 3")

    with pytest.raises(NoAdapterError, match="No adapter for Executor with DatabricksConfig"):
        run(source)
