"""Spark 3.5, which Glue 5, Synapse and Dataproc 2.2 have, answers as Spark 4 does."""

from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Executor, Provider, pipeline, task
from glacier.config import LocalConfig, SparkConfig
from glacier.errors import RunError
from tests.acceptance.answers import OTHER_ON_SPARK, QUESTIONS, Answers, asking, collected
from tests.distributed.values import EVERY_TYPE
from tests.rigs.spark import FAST_JAVA

REFUSED = "microseconds"
SAME = [one for one in QUESTIONS if one not in {*OTHER_ON_SPARK, REFUSED}]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return Provider(config=LocalConfig(base_path=tmp_path_factory.mktemp("older-spark")))


@pytest.fixture(scope="module")
def executor(lake: Provider, older_spark: Path) -> Executor:
    conf = {
        "spark.driver.extraJavaOptions": FAST_JAVA,
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
    }
    return lake.executor("spark", config=SparkConfig(master="local[2]", spark_conf=conf))


@pytest.fixture(scope="module", autouse=True)
def home(older_spark: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Jobs run on Spark 3.5."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(older_spark))
        patch.setenv("GLACIER_STATE", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="module")
def here(lake: Provider) -> Answers:
    """The answers of Polars in this process."""
    with asking(lake, None).run() as run:
        return collected(run)


@pytest.fixture(scope="module")
def there(lake: Provider, executor: Executor) -> Answers:
    """The answers of Spark 3.5."""
    with asking(lake, executor, but=[REFUSED]).run() as run:
        return collected(run)


@pytest.mark.parametrize("question", SAME)
def test_answer_is_that_of_this_process(question: str, here: Answers, there: Answers) -> None:
    expected = here[question]

    found = there[question]

    assert_frame_equal(found, expected, check_row_order=False)


def test_groups_keep_every_type(lake: Provider, executor: Executor) -> None:
    @task
    def load() -> pl.DataFrame:
        return EVERY_TYPE

    @task(executor=executor, partition_by="key")
    def reversed_groups(rows: pl.DataFrame) -> pl.DataFrame:
        import pyspark

        return rows.reverse().with_columns(spark=pl.lit(pyspark.__version__))

    @pipeline
    def grouping() -> Any:
        return reversed_groups(load())

    with grouping.run() as run:
        found = run.result.collect()

    groups = EVERY_TYPE.partition_by("key", maintain_order=True)
    expected = pl.concat(group.reverse() for group in groups)
    assert_frame_equal(found.drop("spark"), expected, check_row_order=False)
    assert found["spark"].str.starts_with("3.5.").all()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        # Null by the defaults of Spark 3.5, which a session of Glacier's does not have.
        (nw.col("text").cast(nw.Int64), "CAST_INVALID_INPUT"),
        # As docs/spark.md says.
        (nw.col("at").dt.microsecond(), "unix_micros"),
    ],
    ids=["no number", "microseconds"],
)
def test_what_can_not_be_computed_is_an_error(
    lake: Provider, executor: Executor, column: nw.Expr, message: str
) -> None:
    @task
    def load() -> pl.DataFrame:
        return pl.DataFrame({"text": ["two"], "at": pl.Series([1], dtype=pl.Datetime("us"))})

    @task(executor=executor)
    def computed(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return rows.select(column)

    @pipeline
    def failing() -> Any:
        rows: Any = load()
        return computed(rows)

    with pytest.raises(RunError, match=message):
        failing.run()
