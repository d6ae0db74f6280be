"""Tasks that fail on an executor."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.engine import Run, TaskStatus
from glacier.errors import (
    RemoteError,
    RunError,
    TaskError,
    TaskTimeoutError,
)


def failure_of(function: Callable[[], object], match: str) -> tuple[RunError, Run]:
    """Run a pipeline that fails, and return its error and its record."""
    with pytest.raises(RunError, match=match) as failure:
        pipeline(function).run()
    assert failure.value.run is not None
    return failure.value, failure.value.run


def statuses(run: Run) -> dict[str, str]:
    return {name: str(record.status) for name, record in run.tasks.items()}


def test_failing_task_has_the_remote_traceback_as_its_cause(far: Executor) -> None:
    @task(executor=far)
    def divide(by: int) -> float:
        return 1 / by

    def failing() -> None:
        divide(0)

    _, run = failure_of(
        failing, r"Task 'divide' failed on Executor\('far'\): ZeroDivisionError: division by zero"
    )

    cause = run.errors["divide"].__cause__
    line = divide.function.__code__.co_firstlineno + 2
    assert isinstance(run.errors["divide"], TaskError)
    assert isinstance(cause, RemoteError)
    assert cause.remote_type == "ZeroDivisionError"
    assert f'File "{__file__}", line {line}, in divide' in cause.remote_traceback
    assert cause.remote_traceback in str(cause)
    assert run.tasks["divide"].attempts == 1


def test_failed_run_keeps_its_staging_and_names_it(far: Executor) -> None:
    @task(executor=far)
    def fail() -> None:
        raise ValueError("no luck")

    def failing() -> None:
        fail()

    error, run = failure_of(failing, "no luck")

    staging = run.jobs[0].staging
    assert f"staging kept: {staging}" in str(error)
    assert (Path(staging.removeprefix("file://")) / "header.json").is_file()
    run.close()
    assert (Path(staging.removeprefix("file://")) / "header.json").is_file()


def test_failure_skips_what_depends_on_it_and_nothing_else_of_its_job(
    far: Executor, provider: Provider
) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task(executor=far)
    def start() -> int:
        return 1

    @task(executor=far)
    def fail(_: int) -> int:
        raise ValueError("no luck")

    @task(executor=far)
    def after(value: int) -> int:
        return value

    @task
    def save(value: int) -> None:
        target.write(pl.DataFrame({"n": [value]}))

    @task
    def never(value: int) -> None: ...

    def half() -> None:
        begun = start()
        failed = fail(begun)
        after(failed)
        never(failed)
        save(after(begun))

    _, run = failure_of(half, "no luck")

    assert statuses(run) == {
        "start": "SUCCEEDED",
        "fail": "FAILED",
        "after": "SKIPPED",
        "never": "SKIPPED",
        "after#2": "SUCCEEDED",
        "save": "SUCCEEDED",
    }
    assert str(run.tasks["after"].error) == (
        "Task 'after' was skipped on Executor('far'): something it depends on failed."
    )
    assert target.read().item() == 1
    assert len(run.jobs) == 1


def test_sys_exit_in_a_remote_task_is_a_failure_of_that_task(far: Executor) -> None:
    @task(executor=far)
    def leave() -> None:
        sys.exit(3)

    @task(executor=far, depends_on=[])
    def stay() -> int:
        return 1

    @task(executor=far)
    def gather(*_: object) -> None: ...

    def leaving() -> None:
        gather(leave(), stay())

    said = r"'leave' failed on Executor\('far'\): SystemExit: the function called sys\.exit\(3\)"
    _, run = failure_of(leaving, said)

    assert statuses(run) == {"leave": "FAILED", "stay": "SUCCEEDED", "gather": "SKIPPED"}


def test_retries_and_timeouts_hold_over_there(far: Executor, tmp_path: Path) -> None:
    tries = tmp_path / "tries"

    @task(executor=far, retries=2, retry_delay_seconds=0.001)
    def flaky() -> int:
        with tries.open("a") as file:
            file.write("x")
        if tries.stat().st_size < 3:
            raise ConnectionError("again")
        return 42

    @task(executor=far, timeout_seconds=0.05)
    def slow(_: int) -> None:
        time.sleep(30)

    def patient() -> None:
        slow(flaky())

    _, run = failure_of(patient, r"Executor\('far'\).*took longer than timeout_seconds=0.05")

    assert run.tasks["flaky"].attempts == 3
    assert run.tasks["flaky"].status is TaskStatus.SUCCEEDED
    assert isinstance(run.errors["slow"], TaskTimeoutError)
    assert len(run.jobs) == 1


def test_result_that_is_too_large_fails_the_task_that_returned_it(far: Executor) -> None:
    @task(executor=far)
    def huge() -> object:
        return {"bytes": bytearray(65 * 1024 * 1024)}

    @task(executor=far)
    def small(_: object) -> int:
        return 1

    def returning() -> Any:
        value = huge()
        return [value, small(value)]

    _, run = failure_of(returning, r"'huge' failed.*What 'huge' returned is a dict of 65 MiB")

    assert statuses(run) == {"huge": "FAILED", "small": "SUCCEEDED"}


def test_frame_that_cannot_be_computed_fails_the_task_that_made_it(
    far: Executor, provider: Provider
) -> None:
    @task(executor=far)
    def words() -> pl.LazyFrame:
        return pl.LazyFrame({"n": ["1", "x"]})

    @task(executor=far)
    def parsed(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.select(pl.col("n").cast(pl.Int64))

    @task(executor=far)
    def sorted_frame(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.sort("n")

    def computing() -> Any:
        return sorted_frame(parsed(words()))

    _, run = failure_of(computing, "conversion from `str` to `i64` failed")

    error = run.errors["sorted_frame"]
    assert isinstance(error, TaskError)
    assert error.culprit == "parsed"


def test_failed_write_over_there_leaves_its_target(far: Executor, provider: Provider) -> None:
    target: Bucket = provider.bucket("lake", path="x.parquet")
    target.write(pl.DataFrame({"n": [1]}))

    @task(executor=far)
    def save() -> None:
        target.write(pl.LazyFrame({"n": ["x"]}).select(pl.col("n").cast(pl.Int64)))

    def saving() -> None:
        save()

    _, run = failure_of(saving, r"'save' failed on Executor\('far'\): glacier\.errors\.WriteError")

    assert target.read().item() == 1
    assert run.tasks["save"].status is TaskStatus.FAILED
