"""Tasks on an executor: another process, the same results."""

import os
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.engine import RunStatus, TaskStatus
from glacier.job_status import JobStatus

ROWS = pl.DataFrame({"key": ["a", "b", "a"], "n": [1, 2, 3]})


@dataclass(frozen=True)
class Pair:
    """A frame with a number beside it."""

    frame: pl.LazyFrame
    number: int


@pytest.fixture
def numbers(provider: Provider) -> Bucket:
    bucket = provider.bucket("lake", path="numbers.parquet")
    bucket.write(ROWS)
    return bucket


def test_task_with_an_executor_runs_in_another_process(far: Executor) -> None:
    @task(executor=far)
    def there() -> int:
        return os.getpid()

    @task
    def here(there: int) -> list[int]:
        return [os.getpid(), there]

    @pipeline
    def both() -> Any:
        return here(there())

    run = both.run()

    own, other = run.result
    assert own == os.getpid()
    assert other != own
    assert run.status is RunStatus.SUCCEEDED
    assert [(job.executor, job.tasks, job.status) for job in run.jobs] == [
        ("far", ("there",), JobStatus.SUCCEEDED)
    ]
    assert run.jobs[0].duration_seconds > 0


def test_record_of_a_remote_task_is_like_that_of_another(
    far: Executor, numbers: Bucket, provider: Provider
) -> None:
    target = provider.bucket("lake", path="copy.parquet")

    @task(executor=far)
    def copy() -> None:
        target.write(numbers.scan().filter(pl.col("n") > 1))

    @pipeline
    def copying() -> None:
        copy()

    run = copying.run()

    record = run.tasks["copy"]
    assert target.read()["n"].to_list() == [2, 3]
    assert (record.status, record.attempts) == (TaskStatus.SUCCEEDED, 1)
    assert record.reads == (numbers.get_uri(),)
    assert record.writes == (target.get_uri(),)
    assert record.duration_seconds > 0
    assert run.settle_seconds > 0


@pytest.mark.parametrize("is_remote", [False, True], ids=["here", "there"])
def test_values_and_frames_come_back_as_they_do_here(
    far: Executor, numbers: Bucket, is_remote: bool
) -> None:
    executor = far if is_remote else None

    @task
    def scan() -> pl.LazyFrame:
        return numbers.scan()

    @task(executor=executor)
    def mixed(
        value: Any,
        lazy: pl.LazyFrame,
        was_eager: pl.LazyFrame,
        eager: pl.DataFrame,
        pair: Pair,
        others: dict[str, Any],
    ) -> dict[str, Any]:
        return {
            "value": value,
            "nothing": None,
            "lazy": lazy.with_columns(pl.col("n") * 2),
            "was eager": was_eager,
            "eager": eager.tail(1),
            "pair": Pair(others["frames"][0].filter(pl.col("n") == 1), pair.number + 1),
        }

    @pipeline
    def several() -> Any:
        lazy: Any = scan()
        eager: Any = ROWS
        value = {"a": [1, None, 2.5, "ü", True]}
        return mixed(value, lazy, eager, lazy, Pair(lazy, 7), {"frames": [lazy]})

    with several.run() as run:
        result = run.result

        kinds = [type(result[name]) for name in ("lazy", "was eager", "eager", "pair")]
        assert kinds == [pl.LazyFrame, pl.LazyFrame, pl.DataFrame, Pair]
        assert result["value"] == {"a": [1, None, 2.5, "ü", True]}
        assert result["nothing"] is None
        assert result["lazy"].collect()["n"].to_list() == [2, 4, 6]
        assert_frame_equal(result["was eager"].collect(), ROWS)
        assert result["eager"].rows() == [("a", 3)]
        assert result["pair"].number == 8
        assert result["pair"].frame.collect().rows() == [("a", 1)]
        assert len(run.jobs) == is_remote


def test_task_that_returns_nothing_returns_none(far: Executor) -> None:
    @task(executor=far)
    def nothing() -> None: ...

    @pipeline
    def bare() -> Any:
        return [nothing()]

    run = bare.run()

    assert run.result == [None]


def test_frames_of_files_and_memory_are_taken_along(far: Executor, tmp_path: Any) -> None:
    own = tmp_path / "own.parquet"
    ROWS.write_parquet(own)

    @task
    def make() -> list[Any]:
        return [pl.scan_parquet(own), pl.LazyFrame({"n": [10]}), pl.DataFrame({"n": [100]})]

    @task(executor=far)
    def total(frames: list[Any]) -> list[Any]:
        own.unlink()
        return [frame.lazy().select(pl.col("n").sum()).collect().item() for frame in frames]

    @pipeline
    def taking() -> Any:
        return total(make())

    run = taking.run()

    assert run.result == [6, 10, 100]


def test_scan_of_a_bucket_travels_as_the_bucket_and_its_query_as_a_plan(
    far: Executor, numbers: Bucket, provider: Provider
) -> None:
    staging = provider.bucket("glacier-staging", path="jobs/")

    @task
    def scan() -> pl.LazyFrame:
        return numbers.scan()

    @task
    def narrow(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.filter(pl.col("n") < 3)

    @task(executor=far)
    def look(whole: pl.LazyFrame, part: pl.LazyFrame) -> list[Any]:
        files = [path.rpartition("/")[2] for path in staging.list()]
        return [sorted(set(files)), whole.collect().height, part.collect().height]

    @pipeline
    def looking() -> Any:
        whole = scan()
        return look(whole, narrow(whole))

    run = looking.run()

    files, *heights = run.result
    assert files == ["code.zip", "header.json", "payload.pickle"]
    assert heights == [3, 2]


def test_lazy_result_is_a_scan_of_staging(far: Executor, numbers: Bucket) -> None:
    @task(executor=far)
    def some() -> pl.LazyFrame:
        return numbers.scan().filter(pl.col("n") > 1)

    @pipeline
    def returning() -> Any:
        return some()

    with returning.run() as run:
        plan = run.result.explain()
        numbers.delete()
        rows = run.result.collect()

    assert run.jobs[0].staging.removeprefix("file://") in plan
    assert rows["n"].to_list() == [2, 3]


def test_frame_scanned_by_the_pipeline_itself_travels(far: Executor, numbers: Bucket) -> None:
    @task(executor=far)
    def total(frame: pl.LazyFrame, also: pl.LazyFrame) -> int:
        return int(pl.concat([frame, also]).select(pl.col("n").sum()).collect().item())

    @pipeline
    def direct() -> Any:
        return total(numbers.scan(), also=numbers.scan().head(1))

    run = direct.run()

    assert run.result == 7
    assert [job.tasks for job in run.jobs] == [("total",)]
