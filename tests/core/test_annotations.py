"""What a task's annotations ask for is what its body gets."""

from typing import TYPE_CHECKING, Annotated, Any, Optional

import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import RunError, TaskError
from glacier.pipeline.annotations import FrameKind, frame_kinds

if TYPE_CHECKING:
    import polars as only_for_type_checkers  # noqa: ICN001 - not the name at run time
    from polars import DataFrame as Eager

LAZY, EAGER = FrameKind.LAZY, FrameKind.EAGER


def plain(a: pl.LazyFrame, b: pl.DataFrame, c: int, d: Any) -> pl.LazyFrame:
    return a


def optional(a: pl.LazyFrame | None, b: Optional[pl.DataFrame] = None) -> None: ...  # noqa: UP045


def annotated(a: Annotated[pl.LazyFrame, "sales"], b: "Annotated[pl.DataFrame, 'x']") -> None: ...


def text(a: "pl.LazyFrame", b: "pl.DataFrame | None", c: "pl.LazyFrame | None") -> None: ...


def for_type_checkers(
    a: "only_for_type_checkers.LazyFrame", b: "Eager", c: "Eager | None"
) -> None: ...


def unresolvable(a: "nowhere.LazyFrame", b: "not an annotation", c: "pl.DataFrame") -> None:  # type: ignore[name-defined, valid-type]  # noqa: F821, F722
    ...


def both(a: pl.LazyFrame | pl.DataFrame) -> None: ...


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (plain, {"a": LAZY, "b": EAGER}),
        (optional, {"a": LAZY, "b": EAGER}),
        (annotated, {"a": LAZY, "b": EAGER}),
        (text, {"a": LAZY, "b": EAGER, "c": LAZY}),
        (for_type_checkers, {"a": LAZY, "b": EAGER, "c": EAGER}),
        (unresolvable, {"c": EAGER}),
        (both, {}),
        (len, {}),
    ],
)
def test_annotations_are_resolved_one_by_one(function: Any, kinds: dict[str, FrameKind]) -> None:
    assert frame_kinds(function) == kinds


def test_annotation_may_name_a_variable_of_the_closure() -> None:
    polars = pl

    def inner(a: "polars.LazyFrame") -> object:
        return polars

    assert frame_kinds(inner) == {"a": LAZY}


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@pytest.fixture
def numbers(provider: Provider) -> Bucket:
    bucket = provider.bucket("lake", path="numbers.parquet")
    bucket.write(pl.DataFrame({"a": [1, 2, 3]}))
    return bucket


def test_lazy_frame_is_computed_for_a_task_that_asks_for_an_eager_one(numbers: Bucket) -> None:
    @task
    def height(first: int, frame: pl.DataFrame, *, other: "pl.DataFrame") -> list[object]:
        return [type(frame), type(other), frame.height + other.height + first]

    @pipeline
    def eager() -> Any:
        frame: Any = load(numbers)
        return height(1, frame, other=frame)

    run = eager.run()

    assert run.result == [pl.DataFrame, pl.DataFrame, 7]


def test_eager_frame_becomes_lazy_for_a_task_that_asks_for_a_lazy_one() -> None:
    @task
    def make() -> pl.DataFrame:
        return pl.DataFrame({"a": [1]})

    @task
    def kind(frame: pl.LazyFrame) -> type:
        return type(frame)

    @pipeline
    def lazy() -> Any:
        frame: Any = make()
        return kind(frame)

    run = lazy.run()

    assert run.result is pl.LazyFrame


def test_task_outside_a_pipeline_converts_nothing() -> None:
    @task
    def kind(frame: pl.LazyFrame) -> type:
        return type(frame)

    frame: Any = pl.DataFrame({"a": [1]})

    assert kind(frame) is pl.DataFrame


def test_frame_that_can_not_be_computed_is_blamed_on_its_task(numbers: Bucket) -> None:
    @task
    def broken(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(pl.lit("x").cast(pl.Int64).alias("b"))

    @task
    def passed_on(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame

    @task
    def use(frame: pl.DataFrame) -> int:
        return frame.height

    @pipeline
    def failing() -> Any:
        frame: Any = passed_on(broken(load(numbers)))
        return use(frame)

    with pytest.raises(RunError, match=r"argument 1, which its annotation asks for") as failure:
        failing.run()

    error = failure.value.run.errors["use"]
    assert isinstance(error, TaskError)
    assert error.culprit == "broken"


def test_task_with_computed_frames_may_replace_what_they_came_from(numbers: Bucket) -> None:
    @task
    def double_and_count(frame: pl.DataFrame) -> int:
        numbers.write(pl.concat([frame, frame]))
        return int(numbers.scan().select(pl.len()).collect().item())

    @pipeline
    def doubling() -> Any:
        frame: Any = load(numbers)
        return double_and_count(frame)

    run = doubling.run()

    assert run.result == 6


def test_check_finds_a_misspelt_column_in_a_task_on_eager_frames(numbers: Bucket) -> None:
    @task
    def use(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select("aa")

    @pipeline
    def misspelt() -> None:
        frame: Any = load(numbers)
        use(frame)

    report = misspelt.check()

    assert list(report.errors) == ["use"]
