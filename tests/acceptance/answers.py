"""A pipeline of many questions, which have the same answers wherever they are asked."""

from collections.abc import Callable, Collection
from typing import Any

import polars as pl

from glacier import Executor, Pipeline, Provider, pipeline, task
from glacier.engine import Run
from tests.acceptance import narwhals_questions as n
from tests.acceptance import questions as q
from tests.acceptance import tables

Answers = dict[str, pl.DataFrame]

ONE_TABLE: tuple[Callable[..., Any], ...] = (
    *(q.polars_window, q.polars_pivot),
    *(n.filtered, n.windowed, n.aggregated, n.pivoted, n.strings, n.numbers, n.dates),
    n.microseconds,
    *(n.nulls, n.nested, n.exploded, n.decimals, n.best, n.rounded, n.weekdays, n.local_hours),
)
TWO_TABLES: tuple[Callable[..., Any], ...] = (q.polars_joined, n.joined)
BY_GROUP: tuple[Callable[..., Any], ...] = (q.group_pivot, q.group_window, q.group_rows)
QUESTIONS = [*(one.__name__ for one in (*ONE_TABLE, *TWO_TABLES, *BY_GROUP)), "chain"]

# As docs/spark.md has them.
OTHER_ON_SPARK = {
    "rounded": "Spark rounds a half away from zero, Polars to the even neighbour",
    "weekdays": "Narwhals counts Sunday as 0 on Spark and as 7 on Polars",
    "local_hours": "Spark's timestamps know no time zone, their hours are those of UTC",
}


def asking(
    provider: Provider, executor: Executor | None, *, but: Collection[str] = ()
) -> Pipeline[[], Any]:
    """Return a pipeline that asks all questions, of an executor in one job.

    Args:
        provider: The provider of the tables.
        executor: The executor; None for this process.
        but: Questions on one table that are not asked.
    """
    lake = provider.bucket("lake")
    (lake / "orders.parquet").write(tables.orders())
    (lake / "customers.parquet").write(tables.customers())

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
        answers = {one.__name__: asked(one)(orders) for one in ONE_TABLE if one.__name__ not in but}
        answers |= {one.__name__: asked(one)(*tables) for one in TWO_TABLES}
        answers |= {one.__name__: asked(one, "customer")(orders) for one in BY_GROUP}
        groups = asked(n.chain_groups, "customer")(asked(n.chain_narwhals)(orders))
        return {**answers, "chain": asked(n.chain_polars)(groups)}

    return all_questions


def collected(run: Run) -> Answers:
    return {name: frame.lazy().collect() for name, frame in run.result.items()}
