"""How many of an executor's jobs run at a time on this machine."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from glacier.job_status import JobStatus
from glacier.jobs.process import ProcessJobs
from tests.core.distributions import run_python
from tests.core.local_jobs import LIMIT_SECONDS, Gate, end_of, runner_of


@pytest.fixture
def jobs(tmp_path: Path) -> ProcessJobs:
    return ProcessJobs(tmp_path / "jobs", most_at_once=1)


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[list[Gate]]:
    made = [Gate(tmp_path / f"gate{number}") for number in range(3)]
    yield made
    for gate in made:
        gate.release()


def test_job_waits_until_a_slot_is_free(jobs: ProcessJobs, gates: list[Gate]) -> None:
    first = jobs.start(gates[0].command, {})
    gates[0].pid()
    second = jobs.start(gates[1].command, {})
    with pytest.raises(AssertionError, match="the job has not started"):
        gates[1].pid(limit_seconds=0.3)

    during = (jobs.status(first), jobs.status(second))
    gates[0].release()
    gates[1].pid()
    after = (end_of(jobs, first), jobs.status(second))

    assert during == (JobStatus.RUNNING, JobStatus.PENDING)
    assert after == (JobStatus.SUCCEEDED, JobStatus.RUNNING)


def test_job_of_another_process_counts_too(jobs: ProcessJobs, gates: list[Gate]) -> None:
    ran = run_python(f"""
        from pathlib import Path
        from glacier.jobs.process import ProcessJobs

        jobs = ProcessJobs(Path({str(jobs.directory)!r}), most_at_once=1)
        print(jobs.start({gates[0].command!r}, {{}}), end="")
    """)
    gates[0].pid()

    job_id = jobs.start(gates[1].command, {})

    with pytest.raises(AssertionError, match="the job has not started"):
        gates[1].pid(limit_seconds=0.3)
    assert (jobs.status(ran.stdout), jobs.status(job_id)) == ("RUNNING", "PENDING")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the files of a process")
def test_jobs_begin_in_the_order_in_which_they_came(
    jobs: ProcessJobs, gates: list[Gate], tmp_path: Path
) -> None:
    jobs.start(gates[0].command, {})
    gates[0].pid()
    order = tmp_path / "order"
    waiting = []
    for number in range(4):
        waiting.append(jobs.start(["sh", "-c", f"echo {number} >> {order}"], {}))
        wait_for_the_queue(jobs, number + 1)

    gates[0].release()
    for job_id in waiting:
        end_of(jobs, job_id)

    assert order.read_text().split() == ["0", "1", "2", "3"]


def wait_for_the_queue(jobs: ProcessJobs, length: int) -> None:
    """Return once so many runners have the queue's file open."""
    queue = jobs.directory / "slots" / "queue"
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        waiting = [entry for entry in Path("/proc").glob("[0-9]*") if queue in opened_by(entry)]
        if len(waiting) >= length:
            return
    pytest.fail(f"no {length} runners wait")


def opened_by(process: Path) -> set[Path]:
    """Return the files that a process has open, as far as they can be known."""
    try:
        return {entry.readlink() for entry in (process / "fd").iterdir()}
    except OSError:
        return set()


def test_slot_is_free_again_after_its_runner_was_killed(
    jobs: ProcessJobs, gates: list[Gate]
) -> None:
    killed = jobs.start(gates[0].command, {})
    gates[0].pid()
    waiting = jobs.start(gates[1].command, {})

    os.kill(runner_of(jobs, killed), signal.SIGKILL)
    gates[1].pid()

    assert (jobs.status(killed), jobs.status(waiting)) == (JobStatus.FAILED, JobStatus.RUNNING)


def test_pending_job_that_is_cancelled_never_begins(jobs: ProcessJobs, gates: list[Gate]) -> None:
    first = jobs.start(gates[0].command, {})
    gates[0].pid()
    cancelled, next_one = (jobs.start(gate.command, {}) for gate in gates[1:])

    jobs.cancel(cancelled)
    gates[0].release()
    gates[2].pid()

    assert end_of(jobs, first) is JobStatus.SUCCEEDED
    assert jobs.status(cancelled) is JobStatus.CANCELLED
    assert jobs.log(cancelled) == ""
    with pytest.raises(AssertionError, match="the job has not started"):
        gates[1].pid(limit_seconds=0)
    assert jobs.status(next_one) is JobStatus.RUNNING


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the files of a process")
def test_pending_job_of_a_caller_that_ignores_signals_is_cancelled_at_once(
    jobs: ProcessJobs, gates: list[Gate]
) -> None:
    jobs.start(gates[0].command, {})
    gates[0].pid()
    ran = run_python(f"""
        import signal
        from pathlib import Path
        from glacier.jobs.process import ProcessJobs

        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        jobs = ProcessJobs(Path({str(jobs.directory)!r}), most_at_once=1)
        print(jobs.start({gates[1].command!r}, {{}}), end="")
    """)
    wait_for_the_queue(jobs, 1)

    began = time.monotonic()
    jobs.cancel(ran.stdout, grace_seconds=30)

    assert time.monotonic() - began < 15
    assert jobs.status(ran.stdout) is JobStatus.CANCELLED
