"""Jobs see what was written before them, and nobody reads their writes through an old plan."""

import threading
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.errors import RunError, StaleScanError


@pytest.fixture
def numbers(provider: Provider) -> Bucket:
    bucket = provider.bucket("lake", path="numbers.parquet")
    bucket.write(pl.DataFrame({"n": [1, 2, 3]}))
    return bucket


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


def test_job_reads_what_was_written_before_it_left(
    far: Executor, numbers: Bucket, provider: Provider
) -> None:
    copy, again = (provider.bucket("lake", path=f"{name}.parquet") for name in ("copy", "again"))

    @task
    def write_here(frame: pl.LazyFrame) -> None:
        copy.write(frame.with_columns(pl.col("n") + 1))

    @task(executor=far, depends_on=[write_here])
    def write_there() -> None:
        again.write(copy.scan().with_columns(pl.col("n") * 10))

    @task(depends_on=[write_there])
    def read_here() -> list[int]:
        return again.read()["n"].to_list()

    @pipeline
    def relay() -> Any:
        write_here(load(numbers))
        write_there()
        return read_here()

    run = relay.run()

    assert run.result == [20, 30, 40]


def test_job_that_reads_and_replaces_one_place_sees_the_old_rows(
    far: Executor, numbers: Bucket
) -> None:
    @task(executor=far)
    def double(frame: pl.LazyFrame) -> None:
        numbers.write(frame.with_columns(pl.col("n") * 2))

    @pipeline
    def doubling() -> None:
        double(load(numbers))

    doubling.run()

    assert numbers.read()["n"].to_list() == [2, 4, 6]


def test_frame_of_a_place_that_a_job_has_replaced_is_stale(
    far: Executor, numbers: Bucket, provider: Provider
) -> None:
    total = provider.bucket("lake", path="total.parquet")

    @task(executor=far)
    def replace() -> None:
        numbers.write(pl.DataFrame({"n": [100]}))

    @task(depends_on=[replace])
    def add_up(frame: pl.LazyFrame) -> None:
        total.write(frame.sum())

    @pipeline
    def hazard() -> None:
        frame = load(numbers)
        replace()
        add_up(frame)

    with pytest.raises(RunError, match=r"numbers.parquet was replaced by a job on Executor\('far"):
        hazard.run()

    assert numbers.read()["n"].to_list() == [100]
    assert not total.exists()


def test_result_of_a_place_that_a_job_has_replaced_is_stale(far: Executor, numbers: Bucket) -> None:
    @task(executor=far, depends_on=[load])
    def replace() -> None:
        numbers.write(pl.DataFrame({"n": [100]}))

    @pipeline
    def hazard() -> Any:
        frame = load(numbers)
        replace()
        return frame

    with pytest.raises(RunError, match="was replaced by a job") as failure:
        hazard.run()

    assert isinstance(failure.value.__cause__.__cause__, StaleScanError)  # type: ignore[union-attr]


def test_persisted_frame_outlives_what_a_job_replaces(far: Executor, numbers: Bucket) -> None:
    @task(persist=True)
    def kept() -> pl.LazyFrame:
        return numbers.scan()

    @task(executor=far, depends_on=[kept])
    def replace() -> None:
        numbers.write(pl.DataFrame({"n": [100]}))

    @pipeline
    def safe() -> Any:
        frame = kept()
        replace()
        return frame

    with safe.run() as run:
        rows = run.result.collect()["n"].to_list()

    assert rows == [1, 2, 3]


def test_remote_result_does_not_read_what_it_was_made_from(far: Executor, numbers: Bucket) -> None:
    @task(executor=far)
    def doubled() -> pl.LazyFrame:
        return numbers.scan().with_columns(pl.col("n") * 2)

    @task(executor=far)
    def replace(_: object) -> None:
        numbers.write(pl.DataFrame({"n": [100]}))

    @task
    def pause(_: pl.LazyFrame) -> int:
        return 1

    @pipeline
    def replacing() -> Any:
        frame = doubled()
        replace(pause(frame))
        return frame

    with replacing.run() as run:
        rows = run.result.collect()["n"].to_list()

    assert rows == [2, 4, 6]
    assert len(run.jobs) == 2


def test_write_that_waits_while_a_job_replaces_what_it_reads_is_refused(
    far: Executor, numbers: Bucket, provider: Provider, tmp_path: Path
) -> None:
    total = provider.bucket("lake", path="total.parquet")
    go = tmp_path / "go"

    @task(executor=far)
    def replace() -> None:
        while not go.exists():
            time.sleep(0.005)
        numbers.write(pl.DataFrame({"n": [100]}))

    @task
    def add_up(frame: pl.LazyFrame) -> None:
        total.write(frame.sum())

    @task
    def let_go(_: None) -> None:
        go.touch()

    @pipeline
    def hazard() -> None:
        replace()
        let_go(add_up(load(numbers)))

    with pytest.raises(
        RunError, match=r"'add_up' failed: .*numbers.parquet was replaced"
    ) as failure:
        hazard.run()

    run = failure.value.run
    assert run is not None
    assert isinstance(run.errors["add_up"].__cause__, StaleScanError)
    assert not total.exists()


def test_body_that_holds_a_frame_while_a_job_replaces_it_can_write_it_no_more(
    far: Executor, numbers: Bucket, provider: Provider, tmp_path: Path
) -> None:
    total = provider.bucket("lake", path="total.parquet")
    replaced = threading.Event()

    @task(executor=far)
    def replace() -> None:
        numbers.write(pl.DataFrame({"n": [100]}))

    @task
    def tell(_: None) -> None:
        replaced.set()

    @task
    def add_up(frame: pl.LazyFrame) -> None:
        assert replaced.wait(60)
        total.write(frame.sum())

    @pipeline
    def hazard() -> None:
        add_up(load(numbers))
        tell(replace())

    with pytest.raises(RunError, match=r"'add_up' failed: StaleScanError: .*numbers.parquet was"):
        hazard.run()

    assert not total.exists()


def test_job_of_a_run_inside_a_task_makes_frames_of_the_outer_run_stale(
    far: Executor, numbers: Bucket, provider: Provider
) -> None:
    total = provider.bucket("lake", path="total.parquet")

    @task(executor=far)
    def replace() -> None:
        numbers.write(pl.DataFrame({"n": [100]}))

    @pipeline
    def inner() -> None:
        replace()

    @task
    def run_inner(_: pl.LazyFrame) -> None:
        inner.run()

    @task(depends_on=[run_inner])
    def add_up(frame: pl.LazyFrame) -> None:
        total.write(frame.sum())

    @pipeline
    def outer() -> None:
        frame = load(numbers)
        run_inner(frame)
        add_up(frame)

    with pytest.raises(RunError, match=r"'add_up' failed: .*numbers.parquet was replaced by a job"):
        outer.run()

    assert numbers.read()["n"].to_list() == [100]
    assert not total.exists()
