"""What the jobs of a run leave in staging."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.config import LocalConfig, SparkConfig
from glacier.errors import RunError


@pytest.fixture
def staged(base_path: Path) -> Callable[[], list[str]]:
    """Return the files in staging, by their paths in the places of their jobs."""

    def files() -> list[str]:
        jobs = base_path / "glacier-staging/jobs"
        found = (path.relative_to(jobs) for path in jobs.rglob("*") if path.is_file())
        return sorted("/".join(path.parts[1:]) for path in found)

    return files


@pytest.fixture
def numbers(provider: Provider) -> Bucket:
    bucket = provider.bucket("lake", path="numbers.parquet")
    bucket.write(pl.DataFrame({"n": [1, 2, 3]}))
    return bucket


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


def test_run_with_a_plain_result_leaves_nothing_in_staging(
    far: Executor, numbers: Bucket, staged: Callable[[], list[str]]
) -> None:
    @task(executor=far)
    def doubled(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(pl.col("n") * 2)

    @task
    def total(frame: pl.LazyFrame) -> int:
        return int(frame.sum().collect().item())

    @pipeline
    def adding() -> Any:
        return total(doubled(load(numbers)))

    run = adding.run()

    assert run.result == 12
    assert staged() == []


def test_staging_holds_what_the_result_scans_until_it_is_closed(
    far: Executor, numbers: Bucket, staged: Callable[[], list[str]]
) -> None:
    @task(executor=far)
    def doubled(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(pl.col("n") * 2)

    @task(executor=far)
    def tripled(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(pl.col("n") * 3)

    @task
    def total(frame: pl.LazyFrame) -> int:
        return int(frame.sum().collect().item())

    @pipeline
    def two() -> Any:
        more = doubled(load(numbers))
        return {"frame": tripled(more), "sum": total(more)}

    with two.run() as run:
        while_open = staged()
        rows = run.result["frame"].collect()["n"].to_list()

    assert rows == [6, 12, 18]
    assert run.result["sum"] == 12
    assert len(run.jobs) == 1
    assert len(while_open) == 1
    assert while_open[0].endswith(".parquet")
    assert staged() == []


def test_frame_derived_here_from_a_remote_one_keeps_its_staging(
    far: Executor, numbers: Bucket, staged: Callable[[], list[str]]
) -> None:
    @task(executor=far)
    def doubled(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(pl.col("n") * 2)

    @task
    def last(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.tail(1)

    @pipeline
    def deriving() -> Any:
        return last(doubled(load(numbers)))

    with deriving.run() as run:
        rows = run.result.collect()["n"].to_list()

    assert rows == [6]
    assert staged() == []


def test_eager_result_leaves_nothing_in_staging(
    far: Executor, numbers: Bucket, staged: Callable[[], list[str]]
) -> None:
    @task(executor=far)
    def read() -> pl.DataFrame:
        return numbers.read()

    @pipeline
    def reading() -> Any:
        return read()

    run = reading.run()

    assert run.result.height == 3
    assert staged() == []


class Box:
    """Hides a frame from whoever looks into containers."""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self.frame = frame


def test_hidden_frame_of_a_result_keeps_its_staging(
    far: Executor, numbers: Bucket, staged: Callable[[], list[str]]
) -> None:
    @task(executor=far)
    def boxed(frame: pl.LazyFrame) -> Box:
        return Box(frame.tail(2))

    @pipeline
    def boxing() -> Any:
        return boxed(load(numbers))

    with boxing.run() as run:
        rows = run.result.frame.collect()["n"].to_list()

    assert rows == [2, 3]
    assert staged() == []


def test_frame_goes_from_one_executor_to_another_by_its_place(
    far: Executor, provider: Provider, numbers: Bucket, staged: Callable[[], list[str]]
) -> None:
    staging = provider.bucket("glacier-staging", path="jobs/")

    @task(executor=far)
    def doubled(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(pl.col("n") * 2)

    @task(executor=provider.executor("wide"))
    def total(frame: pl.LazyFrame) -> list[Any]:
        rows = [path for path in staging.list() if path.endswith(".parquet")]
        return [frame.sum().collect().item(), len(rows), "/in/" in rows[0]]

    @pipeline
    def relay() -> Any:
        return total(doubled(load(numbers)))

    run = relay.run()

    assert run.result == [12, 1, False]
    assert [job.executor for job in run.jobs] == ["far", "wide"]
    assert staged() == []


def test_comma_in_the_base_path_keeps_what_the_result_scans(tmp_path: Path) -> None:
    provider = Provider(config=LocalConfig(base_path=tmp_path / "base, one"))

    @task(executor=provider.executor("far"))
    def numbers() -> pl.LazyFrame:
        return pl.LazyFrame({"n": [1, 2]})

    @pipeline
    def made() -> Any:
        return numbers()

    with made.run() as run:
        rows = run.result.collect()["n"].to_list()

    assert rows == [1, 2]


def test_refused_submission_leaves_nothing_in_staging(
    provider: Provider, staged: Callable[[], list[str]]
) -> None:
    config = SparkConfig(master="spark://127.0.0.1:1")

    @task(executor=provider.executor("spark", config=config))
    def numbers() -> pl.LazyFrame:
        return pl.LazyFrame({"n": [1, 2]})

    @pipeline
    def made() -> Any:
        return numbers()

    with pytest.raises(RunError, match=r"spark://127\.0\.0\.1:1"):
        made.run()

    assert staged() == []
