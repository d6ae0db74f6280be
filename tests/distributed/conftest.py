"""A Spark of this process, and what tests on it share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from glacier import Bucket, Provider
from glacier.config import LocalConfig
from glacier.jobs.distributed import SparkFrames
from glacier.jobs.spark_session import spark_session
from glacier.jobs.staging import new_place
from tests.distributed.spark import spark_is_there
from tests.rigs.spark import FAST_JAVA
from tests.rigs.spark_classes import class_archive

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def session() -> Iterator["SparkSession"]:
    """A Spark of this process, with two cores."""
    spark_is_there()
    options = f"{FAST_JAVA} {class_archive(FAST_JAVA)}"
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        "--master local[2] --conf spark.ui.enabled=false "
        f"--driver-java-options '{options}' pyspark-shell"
    )
    session = spark_session()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
    del os.environ["PYSPARK_SUBMIT_ARGS"]


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    """A provider whose paths have every character that Spark could stumble over."""
    return Provider(config=LocalConfig(base_path=tmp_path / "ü %20#x[1]{a}*?b"))


@pytest.fixture
def staging(provider: Provider) -> Bucket:
    return provider.bucket("staging", "jobs/")


@pytest.fixture
def frames(session: "SparkSession", staging: Bucket) -> SparkFrames:
    return SparkFrames(lambda: new_place(staging))


@pytest.fixture
def by_group(frames: SparkFrames) -> Callable[..., pl.DataFrame]:
    """Calls a function by group on Spark, as a task with partition_by is."""

    def run(
        frame: pl.DataFrame | pl.LazyFrame,
        keys: list[str],
        function: Callable[[Any], Any],
        schema: pl.Schema | None = None,
        eager: bool = True,
    ) -> pl.DataFrame:
        empty = pl.DataFrame(schema=frame.lazy().collect_schema())
        if schema is None:
            schema = function(empty if eager else empty.lazy()).lazy().collect_schema()
        answers, restored_schema = frames.by_group(frame, keys, function, schema, eager=eager)
        return frames.to_polars(answers, restored_schema).collect()

    return run
