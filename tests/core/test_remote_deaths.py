"""Jobs of a run that fail as a whole, or can't begin."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import polars as pl
from glacier_toy.config import ToyConfig

from glacier import Executor, Provider, pipeline, task
from glacier.errors import (
    JobDiedError,
    JobError,
    PackageError,
)
from glacier.job_status import JobStatus
from tests.core.test_remote_failures import failure_of


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
    assert vars(cause)["job_id"] == run.jobs[0].job_id
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


def test_executor_of_a_platform_without_staging_says_which_to_name() -> None:
    homeless = Provider(config=ToyConfig(region="north", staging=None)).executor("far")

    @task(executor=homeless)
    def stay() -> None: ...

    def staying() -> None:
        stay()

    _, run = failure_of(staying, r"Jobs travel through a bucket.*ToyConfig names none")

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
