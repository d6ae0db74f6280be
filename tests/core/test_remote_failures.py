"""Tasks that fail on an executor, and jobs that fail as a whole."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from glacier_toy.config import ToyConfig

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.engine import Run, TaskStatus
from glacier.errors import (
    JobDiedError,
    JobError,
    PackageError,
    RemoteError,
    RunError,
    TaskError,
    TaskTimeoutError,
)
from glacier.job_status import JobStatus


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

    _, run = failure_of(leaving, r"'leave' failed on Executor\('far'\): SystemExit: 3")

    assert statuses(run) == {"leave": "FAILED", "stay": "SUCCEEDED", "gather": "SKIPPED"}


def test_task_that_kills_its_process_fails_its_job(far: Executor) -> None:
    @task(executor=far)
    def die() -> None:
        print("about to die", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    def dying() -> None:
        die()

    _, run = failure_of(dying, r"'die' failed on .*: JobDiedError: The job \w+ ended")

    cause = run.errors["die"].__cause__
    assert isinstance(cause, JobDiedError)
    assert cause.job_id == run.jobs[0].job_id
    assert "about to die" in str(cause)
    assert run.jobs[0].status is JobStatus.FAILED
    assert run.tasks["die"].attempts == 1


def test_job_that_died_is_submitted_again_as_its_task_allows(far: Executor, tmp_path: Path) -> None:
    marker = tmp_path / "tried"

    @task(executor=far, retries=1, retry_delay_seconds=0.001)
    def survive() -> str:
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    @pipeline
    def surviving() -> Any:
        return survive()

    run = surviving.run()

    assert run.result == "alive"
    assert [job.status for job in run.jobs] == [JobStatus.FAILED, JobStatus.SUCCEEDED]
    assert run.tasks["survive"].attempts == 2
    assert not any(Path(job.staging.removeprefix("file://")).exists() for job in run.jobs)


def test_job_that_died_is_not_submitted_again_if_one_of_its_tasks_forbids_it(
    far: Executor, provider: Provider
) -> None:
    log = provider.bucket("lake", path="log/")

    @task(executor=far)
    def append() -> None:
        log.write(pl.DataFrame({"n": [1]}), mode="append")

    @task(executor=far, retries=3, retry_delay_seconds=0.001, depends_on=[append])
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def dying() -> None:
        append()
        die()

    _, run = failure_of(dying, "JobDiedError")

    assert len(run.jobs) == 1
    assert log.read().height == 1


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


def test_executor_of_a_platform_without_staging_says_which_to_name() -> None:
    class NoStagingConfig(ToyConfig):
        """A platform that has no bucket of its own for jobs."""

        default_staging = None

    homeless = Provider(config=NoStagingConfig(region="north")).executor("far")

    @task(executor=homeless)
    def stay() -> None: ...

    def staying() -> None:
        stay()

    _, run = failure_of(staying, r"Jobs travel through a bucket.*NoStagingConfig names none")

    assert isinstance(run.errors["stay"].__cause__, JobError)
    assert run.jobs == []


def test_argument_that_cannot_travel_is_named(far: Executor) -> None:
    lock = threading.Lock()

    @task(executor=far)
    def locked() -> None:
        with lock:
            pass

    def sending() -> None:
        locked()

    _, run = failure_of(sending, r"'lock'")

    assert isinstance(run.errors["locked"].__cause__, PackageError)
    assert run.jobs == []


def test_failed_write_over_there_leaves_its_target(far: Executor, provider: Provider) -> None:
    target: Bucket = provider.bucket("lake", path="x.parquet")
    target.write(pl.DataFrame({"n": [1]}))

    @task(executor=far)
    def save() -> None:
        target.write(pl.LazyFrame({"n": ["x"]}).select(pl.col("n").cast(pl.Int64)))

    def saving() -> None:
        save()

    _, run = failure_of(saving, r"'save' failed on Executor\('far'\): WriteError")

    assert target.read().item() == 1
    assert run.tasks["save"].status is TaskStatus.FAILED
