"""The same task with every kind of annotation, here and on an executor."""

from collections.abc import Callable
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Executor, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.errors import DecorationError, RunError
from tests.core import annotated

OPTIONS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "lazy": (annotated.lazy, {}),
    "eager": (annotated.eager, {}),
    "persisted": (annotated.lazy, {"persist": True}),
    "real": (annotated.real, {}),
    "real, persisted": (annotated.real, {"persist": True}),
    "text": (annotated.text, {}),
    "dotted": (annotated.dotted, {}),
    "optional": (annotated.optional, {}),
    "union": (annotated.union, {}),
    "bare": (annotated.bare, {"engine": "narwhals"}),
    "group": (annotated.group, {"partition_by": "key"}),
    "group with schema": (
        annotated.group,
        {"partition_by": ["key"], "schema": {"key": pl.String, "n": pl.Int64}},
    ),
    "wide group": (annotated.wide_group, {"partition_by": "key"}),
}


@pytest.mark.parametrize("is_remote", [False, True], ids=["here", "there"])
def test_task_gives_the_same_whatever_its_annotations(
    provider: Provider, far: Executor, is_remote: bool
) -> None:
    executor = far if is_remote else None
    bucket = provider.bucket("lake", path="rows.parquet")
    bucket.write(annotated.ROWS)
    tasks = {
        name: task(executor=executor, **options)(function)
        for name, (function, options) in OPTIONS.items()
    }

    @task(executor=executor)
    def gathered(frames: dict[str, Any]) -> dict[str, Any]:
        return frames

    @pipeline
    def all_of_them() -> Any:
        rows: Any = bucket.scan()
        return gathered({name: one(frame=rows) for name, one in tasks.items()})

    with all_of_them.run() as run:
        found = {name: frame.lazy().collect() for name, frame in run.result.items()}

    assert list(found) == list(OPTIONS)
    for frame in found.values():
        assert_frame_equal(frame.sort("key", "n"), annotated.EXPECTED)
    assert len(run.jobs) == is_remote


def test_result_of_a_narwhals_task_is_a_frame_of_polars_here(far: Executor) -> None:
    @task(executor=far)
    def there(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return frame.select(nw.col("n").sum())

    @task
    def here(frame: pl.LazyFrame) -> list[Any]:
        return [type(frame).__module__.partition(".")[0], frame.collect().item()]

    @pipeline
    def mixed() -> Any:
        rows: Any = annotated.ROWS
        return here(there(rows))  # type: ignore[arg-type]

    run = mixed.run()

    assert run.result == ["polars", 10]


def test_groups_that_differ_from_their_schema_fail_the_task(far: Executor) -> None:
    declared = task(executor=far, partition_by="key", schema={"key": pl.String, "n": pl.String})

    @pipeline
    def wrong() -> Any:
        return declared(annotated.group)(annotated.ROWS)

    with pytest.raises(RunError, match=r"'group' failed on .* declares schema=.* groups have"):
        wrong.run()


def two_kinds(one: pl.LazyFrame, other: nw.LazyFrame[Any]) -> None: ...


def two_kinds_in_a_union(one: "pl.DataFrame | nw.LazyFrame[Any]") -> None: ...


def polars_only(one: pl.LazyFrame) -> None: ...


def no_frame(one: int) -> None: ...


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (two_kinds, {}, r"'two_kinds' asks for frames of two kinds: one: .*; other: narwhals"),
        (two_kinds_in_a_union, {}, r"asks for frames of two kinds"),
        (two_kinds, {"engine": "narwhals"}, r"asks for frames of two kinds"),
        (polars_only, {"engine": "narwhals"}, r"engine='narwhals' and the annotations .* polars"),
        (annotated.real, {"engine": "polars"}, r"engine='polars' and the annotations .* narwhals"),
        (polars_only, {"engine": "pandas"}, r"engine is 'pandas'; expected polars, narwhals, spa"),
        (polars_only, {"schema": {"a": pl.Int64}}, r"schema= says .* this is neither. Take it out"),
        (no_frame, {"partition_by": "k", "engine": "spark"}, r"partition_by hands out Polars"),
    ],
)
def test_task_that_contradicts_itself_is_refused_at_decoration(
    function: Callable[..., Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DecorationError, match=message):
        task(**options)(function)


def test_schema_goes_with_an_engine_that_may_need_it() -> None:
    made = task(schema={"n": pl.Int64})(annotated.real)

    assert made.schema == {"n": pl.Int64}
    assert made.engine == "narwhals"


@pytest.mark.parametrize("wrong", ["far", LocalConfig(), Provider(LocalConfig())])
def test_executor_that_is_none_is_refused_at_decoration(wrong: Any) -> None:
    with pytest.raises(DecorationError, match=r"'one': executor= takes what provider\.executor"):

        @task(executor=wrong)
        def one() -> int:
            return 1
