"""Jobs that are processes of this machine can be stopped, with all that they have started."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from glacier.job_status import JobStatus
from glacier.jobs.process import ProcessJobs
from tests.core.local_jobs import Gate, end_of, is_alive, runner_of

IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
LEAVE_QUIETLY = "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"
SAY_GOODBYE = """
import signal
def leave(number, frame):
    print("goodbye")
    sys.exit(1)
signal.signal(signal.SIGTERM, leave)
"""


@pytest.fixture
def jobs(tmp_path: Path) -> ProcessJobs:
    return ProcessJobs(tmp_path / "jobs")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path / "gate")
    yield made
    made.release()


def test_cancel_ends_the_job(jobs: ProcessJobs, gate: Gate) -> None:
    job_id = jobs.start(gate.command, {})
    pid = gate.pid()

    jobs.cancel(job_id)

    assert jobs.status(job_id) is JobStatus.CANCELLED
    assert jobs.log(job_id) == ""
    assert not is_alive(pid)


def test_cancel_right_after_the_start_ends_the_job(jobs: ProcessJobs, gate: Gate) -> None:
    job_ids = [jobs.start(gate.command, {}) for _ in range(10)]

    for number, job_id in enumerate(job_ids):
        time.sleep(number * 0.005)
        jobs.cancel(job_id)

    assert {jobs.status(job_id) for job_id in job_ids} == {JobStatus.CANCELLED}
    assert not any(is_alive(runner_of(jobs, job_id)) for job_id in job_ids)


def test_cancel_lets_the_job_say_goodbye(jobs: ProcessJobs, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "polite", SAY_GOODBYE)
    job_id = jobs.start(gate.command, {})
    gate.pid()

    jobs.cancel(job_id, grace_seconds=30)
    gate.release()

    assert jobs.log(job_id) == "goodbye\n"


def test_cancel_kills_a_job_that_does_not_want_to_end(jobs: ProcessJobs, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "stubborn", IGNORE)
    job_id = jobs.start(gate.command, {})
    pid = gate.pid()

    jobs.cancel(job_id, grace_seconds=0.1)
    gate.release()

    assert jobs.status(job_id) is JobStatus.CANCELLED
    assert not is_alive(pid)


@pytest.mark.parametrize("ignore", ["", IGNORE], ids=["ends when asked", "has to be killed"])
def test_cancel_ends_the_jobs_own_children(jobs: ProcessJobs, tmp_path: Path, ignore: str) -> None:
    gate = Gate(tmp_path / "child", ignore)
    child = f"import subprocess; subprocess.run({gate.command!r})"
    job_id = jobs.start([sys.executable, "-c", child], {})
    pid = gate.pid()

    jobs.cancel(job_id, grace_seconds=0.2)
    gate.release()

    assert jobs.status(job_id) is JobStatus.CANCELLED
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped by its parent does not."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(shown.stdout.strip()) and not shown.stdout.startswith("Z")


def test_cancel_of_a_job_that_leaves_in_good_order_is_still_cancelled(
    jobs: ProcessJobs, tmp_path: Path
) -> None:
    gate = Gate(tmp_path / "quiet", LEAVE_QUIETLY)
    job_id = jobs.start(gate.command, {})
    gate.pid()

    jobs.cancel(job_id)
    gate.release()

    assert jobs.status(job_id) is JobStatus.CANCELLED


def test_cancel_twice_is_as_good_as_once(jobs: ProcessJobs, gate: Gate) -> None:
    job_id = jobs.start(gate.command, {})
    jobs.cancel(job_id)

    jobs.cancel(job_id)

    assert jobs.status(job_id) is JobStatus.CANCELLED


def test_cancel_leaves_an_ended_job_as_it_is(jobs: ProcessJobs) -> None:
    job_id = jobs.start(["echo", "hello"], {})
    end_of(jobs, job_id)

    jobs.cancel(job_id)

    assert jobs.status(job_id) is JobStatus.SUCCEEDED
