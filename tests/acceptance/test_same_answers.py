"""A task has the same answer on this machine, in another process and on Spark."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Executor, Pipeline, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.engine import Run
from tests.acceptance import questions as q
from tests.rigs.spark import SparkCluster

Answers = dict[str, pl.DataFrame]

ONE_TABLE: tuple[Callable[..., Any], ...] = (
    *(q.polars_window, q.polars_pivot),
    *(q.filtered, q.windowed, q.aggregated, q.pivoted, q.strings, q.dates, q.nulls),
    *(q.nested, q.exploded, q.decimals, q.best),
)
TWO_TABLES: tuple[Callable[..., Any], ...] = (q.polars_joined, q.joined)
BY_GROUP: tuple[Callable[..., Any], ...] = (q.group_pivot, q.group_window, q.group_rows)
QUESTIONS = [function.__name__ for function in (*ONE_TABLE, *TWO_TABLES, *BY_GROUP)]


def asking(provider: Provider, executor: Executor | None) -> Pipeline[[], Any]:
    """Return a pipeline that asks all questions, of an executor in one job."""
    lake = provider.bucket("lake")
    (lake / "orders.parquet").write(q.orders())
    (lake / "customers.parquet").write(q.customers())

    @task(executor=executor)
    def begin() -> None: ...

    def asked(function: Callable[..., Any], partition_by: str | None = None) -> Any:
        # What all depend on holds them together in one job.
        made: Any = task(executor=executor, depends_on=[begin], partition_by=partition_by)
        return made(function)

    @pipeline
    def all_questions() -> dict[str, Any]:
        begin()
        orders: Any = (lake / "orders.parquet").scan()
        tables = orders, (lake / "customers.parquet").scan()
        answers = {one.__name__: asked(one)(orders) for one in ONE_TABLE}
        answers |= {one.__name__: asked(one)(*tables) for one in TWO_TABLES}
        answers |= {one.__name__: asked(one, "customer")(orders) for one in BY_GROUP}
        groups = asked(q.chain_groups, "customer")(asked(q.chain_narwhals)(orders))
        return {**answers, "chain": asked(q.chain_polars)(groups)}

    return all_questions


def collected(run: Run) -> Answers:
    return {name: frame.lazy().collect() for name, frame in run.result.items()}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return Provider(config=LocalConfig(base_path=tmp_path_factory.mktemp("answers")))


@pytest.fixture(scope="module")
def here(provider: Provider) -> Answers:
    """The answers of Polars in this process."""
    with asking(provider, None).run() as run:
        assert not run.jobs
        return collected(run)


@pytest.fixture(scope="module")
def elsewhere(provider: Provider, state: Path) -> Answers:
    """The answers of another process."""
    with asking(provider, provider.executor("far")).run() as run:
        assert len(run.jobs) == 1
        return collected(run)


@pytest.fixture(scope="module")
def on_spark(provider: Provider, state: Path, spark_cluster: SparkCluster) -> Answers:
    """The answers of a cluster with two workers."""
    executor = provider.executor("spark", config=spark_cluster.config())
    with asking(provider, executor).run() as run:
        assert len(run.jobs) == 1
        return collected(run)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory for the records of this module's runs."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("state")
        patch.setenv("GLACIER_STATE", str(place))
        yield place


@pytest.mark.parametrize("question", [*QUESTIONS, "chain"])
def test_answer_of_another_process_is_that_of_this_one(
    question: str, here: Answers, elsewhere: Answers
) -> None:
    expected = here[question]

    found = elsewhere[question]

    assert expected.height > 0
    assert_frame_equal(found, expected, check_row_order=False)


@pytest.mark.parametrize("question", [*QUESTIONS, "chain"])
def test_answer_of_spark_is_that_of_this_process(
    question: str, here: Answers, on_spark: Answers
) -> None:
    expected = here[question]

    found = on_spark[question]

    assert_frame_equal(found, expected, check_row_order=False)
