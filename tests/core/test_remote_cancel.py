"""Jobs that nobody needs any more are stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from glacier import Executor, Provider, pipeline, task
from glacier.adapters import ScriptJob
from glacier.config import LocalConfig
from glacier.engine import TaskStatus
from glacier.engine.leftovers import left_behind
from glacier.errors import RunError, TaskError
from glacier.job_status import JobStatus
from glacier.local.executor import LocalExecutorAdapter
from tests.core.local_jobs import LIMIT_SECONDS, is_dead_soon, write_script

WAITING = """
import os, sys, time
from pathlib import Path
from glacier import Provider, pipeline, task
from glacier.config import LocalConfig

directory = Path(sys.argv[1])
far = Provider(config=LocalConfig(base_path=directory / "data")).executor("far")

@task(executor=far)
def wait(number):
    (directory / f"pid{number}").write_text(str(os.getpid()))
    time.sleep(600)

@pipeline
def waiting():
    for number in range(int(sys.argv[2])):
        wait(number)

waiting.run()
"""


def pid_in(file: Path) -> int:
    """Wait for a file with the id of a process and return it."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return int(file.read_text())


def test_failed_sibling_cancels_running_jobs(far: Executor, tmp_path: Path) -> None:
    begun = tmp_path / "pid"

    @task(executor=far)
    def wait() -> None:
        begun.write_text(str(os.getpid()))
        time.sleep(600)

    @task
    def fail() -> None:
        pid_in(begun)
        raise ValueError("no luck")

    @task
    def never(_: object) -> None: ...

    @pipeline
    def siblings() -> None:
        never(wait())
        fail()

    started = time.monotonic()
    with pytest.raises(RunError, match=r"'fail' failed: ValueError(.|\n)*cancelled: wait") as error:
        siblings.run()

    run = error.value.run
    assert run is not None
    assert run.tasks["wait"].status is TaskStatus.CANCELLED
    assert isinstance(run.tasks["wait"].error, TaskError)
    assert str(run.tasks["wait"].error) == (
        "Task 'wait' was cancelled on Executor('far'): its job was cancelled: task 'fail' failed"
    )
    assert str(run.tasks["never"].error) == (
        "Task 'never' was skipped: it depends on 'wait', which was cancelled."
    )
    assert list(run.errors) == ["fail"]
    assert run.jobs[0].status is JobStatus.CANCELLED
    assert is_dead_soon(pid_in(begun))
    assert time.monotonic() - started < LIMIT_SECONDS


def test_job_is_not_begun_after_a_failure(far: Executor) -> None:
    @task
    def fail() -> None:
        raise ValueError("no luck")

    @task
    def after() -> None: ...

    @task(executor=far)
    def late(_: object) -> None: ...

    @pipeline(max_workers=1)
    def failing() -> None:
        fail()
        late(after())

    with pytest.raises(RunError, match=r"cancelled: late") as error:
        failing.run()

    run = error.value.run
    assert run is not None
    assert run.tasks["late"].status is TaskStatus.CANCELLED
    assert run.jobs == []


def test_job_that_was_cancelled_from_outside_is_a_failure(
    far: Executor, base_path: Path, tmp_path: Path
) -> None:
    begun = tmp_path / "pid"

    @task(executor=far)
    def wait() -> None:
        begun.write_text(str(os.getpid()))
        time.sleep(600)

    @task
    def cancel() -> None:
        pid_in(begun)
        (job,) = (base_path / ".glacier/jobs/far").iterdir()
        far.adapter.cancel_job(job.name)

    @pipeline
    def disturbed() -> None:
        wait()
        cancel()

    with pytest.raises(RunError, match=r"The job \w+ on Executor\('far'\) was cancelled from out"):
        disturbed.run()


@pytest.mark.parametrize("jobs", [1, 2], ids=["on the main thread", "in threads"])
def test_interrupt_ends_the_jobs_of_a_run(tmp_path: Path, jobs: int) -> None:
    script = write_script(tmp_path, WAITING)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path), str(jobs)], stderr=subprocess.PIPE, text=True
    )
    with process:
        pids = [pid_in(tmp_path / f"pid{number}") for number in range(jobs)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=LIMIT_SECONDS)

    assert "KeyboardInterrupt" in errors
    assert process.returncode != 0
    assert all(is_dead_soon(pid) for pid in pids)
    assert list(left_behind()) == []


class Slow(LocalExecutorAdapter):
    """Takes its time to submit a job."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor, executor.provider)
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.submitted: list[str] = []

    def submit_job(self, job: ScriptJob) -> str:
        self.begun.set()
        assert self.may_go_on.wait(LIMIT_SECONDS)
        self.submitted.append(super().submit_job(job))
        return self.submitted[-1]


def test_interrupt_ends_a_job_that_is_being_submitted(far: Executor) -> None:
    adapter = Slow(far)
    far._adapter = adapter

    @task(executor=far)
    def wait() -> None:
        time.sleep(600)

    @task
    def interrupt() -> None:
        assert adapter.begun.wait(LIMIT_SECONDS)
        threading.Timer(0.3, adapter.may_go_on.set).start()
        raise KeyboardInterrupt

    @pipeline
    def interrupted() -> None:
        wait()
        interrupt()

    with pytest.raises(KeyboardInterrupt):
        interrupted.run()

    assert [far.get_job_status(job_id) for job_id in adapter.submitted] == [JobStatus.CANCELLED]


def test_jobs_that_wait_for_their_turn_are_cancelled_too(tmp_path: Path) -> None:
    config = LocalConfig(base_path=tmp_path / "data", max_concurrent_jobs=1)
    narrow = Provider(config=config).executor("narrow")
    begun = tmp_path / "pid"

    @task(executor=narrow)
    def wait() -> None:
        with begun.open("a") as file:
            file.write(str(os.getpid()))
        time.sleep(600)

    @task
    def fail() -> None:
        pid_in(begun)
        deadline = time.monotonic() + LIMIT_SECONDS
        jobs = tmp_path / "data/.glacier/jobs/narrow"
        while len(list(jobs.glob("*/status"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.005)
        raise ValueError("no luck")

    @pipeline
    def siblings() -> None:
        wait()
        wait()
        fail()

    with pytest.raises(RunError, match=r"cancelled: wait, wait#2") as error:
        siblings.run()

    run = error.value.run
    assert run is not None
    assert [job.status for job in run.jobs] == [JobStatus.CANCELLED] * 2
    assert is_dead_soon(pid_in(begun))
