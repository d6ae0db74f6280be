"""Cases of running jobs: they are followed, told apart, limited in number and stopped."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from glacier.errors import JobError, JobNotFoundError, JobTimeoutError
from glacier.job_status import JobStatus
from glacier.resources import Executor
from glacier.testing.executor_base import ExecutorBase, finished, logs_once_they_have, script
from glacier.testing.rig import Rig

ENDLESS = """
import threading
print("begun", flush=True)
threading.Event().wait()
"""
TIMED = """
import sys, time
print("<", time.time(), ">", sep="")
time.sleep(float(sys.argv[1]))
print("<", time.time(), ">", sep="")
"""


class ControlCases(ExecutorBase):
    """Status, logs, waiting, cancelling, and how many run at a time."""

    @pytest.fixture
    def endless(self, rig: Rig, executor: Executor, tmp_path: Path) -> Iterator[str]:
        """The id of a job that says `begun` and goes on until it is cancelled."""
        job_id = executor.submit_job({"script": script(tmp_path, ENDLESS)})
        yield job_id
        executor.cancel_job(job_id)
        executor.wait(job_id, timeout_seconds=rig.job_seconds)

    def test_running_job_is_followed_by_its_logs(
        self, rig: Rig, executor: Executor, endless: str
    ) -> None:
        assert logs_once_they_have(rig, executor, endless, "begun")
        assert executor.get_job_status(endless) is JobStatus.RUNNING
        first = executor.read_job_logs(endless)
        assert "begun" in first.text
        assert "begun" not in executor.read_job_logs(endless, first.cursor).text

    def test_running_job_has_no_result_yet(self, executor: Executor, endless: str) -> None:
        with pytest.raises(JobError, match=f"{endless} is (PENDING|RUNNING) and has no result yet"):
            executor.get_job_result(endless)

    def test_running_job_outlasts_a_wait_with_a_timeout(
        self, executor: Executor, endless: str
    ) -> None:
        with pytest.raises(JobTimeoutError, match="It goes on"):
            executor.wait(endless, timeout_seconds=0.01)

        assert not executor.get_job_status(endless).is_final

    def test_cancelled_job_ends(self, rig: Rig, executor: Executor, endless: str) -> None:
        logs_once_they_have(rig, executor, endless, "begun")

        executor.cancel_job(endless)

        assert executor.wait(endless, timeout_seconds=rig.job_seconds) is JobStatus.CANCELLED

    def test_cancel_of_an_ended_job_does_nothing(
        self, rig: Rig, executor: Executor, tmp_path: Path
    ) -> None:
        job_id, _ = finished(rig, executor, {"script": script(tmp_path, "print('hello')")})

        executor.cancel_job(job_id)

        assert executor.get_job_status(job_id) is JobStatus.SUCCEEDED

    def test_many_jobs_run_two_at_a_time(self, rig: Rig, tmp_path: Path) -> None:
        executor = rig.executor(most_at_once=2)
        job = {"script": script(tmp_path, TIMED), "args": [rig.job_seconds / 100]}

        ids = [executor.submit_job(job) for _ in range(6)]
        most_running = _most_running_until_all_end(
            executor, ids, limit_seconds=len(ids) * rig.job_seconds
        )

        assert {executor.get_job_status(job_id) for job_id in ids} == {JobStatus.SUCCEEDED}
        assert len(set(ids)) == len(ids)
        assert most_running <= 2
        assert _most_overlapping([_begin_and_end(executor, job_id) for job_id in ids]) == 2

    @pytest.mark.parametrize(
        "ask", ["get_job_status", "get_job_logs", "read_job_logs", "get_job_result", "cancel_job"]
    )
    def test_unknown_job_is_an_error(self, executor: Executor, ask: str) -> None:
        with pytest.raises(JobNotFoundError, match="no-such-job"):
            getattr(executor, ask)("no-such-job")

    def test_unknown_job_is_not_waited_for(self, executor: Executor) -> None:
        with pytest.raises(JobNotFoundError, match="no-such-job"):
            executor.wait("no-such-job", timeout_seconds=10)


def _most_running_until_all_end(executor: Executor, ids: list[str], *, limit_seconds: float) -> int:
    """Return how many jobs were seen running at one moment, at most."""
    most, running = 0, set[str]()
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        statuses = {job_id: executor.get_job_status(job_id) for job_id in ids}
        if all(status.is_final for status in statuses.values()):
            return most
        # Statuses are asked for one after the other: only those that were running before and
        # still are, are known to have run at one time.
        now = {job_id for job_id, status in statuses.items() if status is JobStatus.RUNNING}
        most, running = max(most, len(running & now)), now
        threading.Event().wait(0.02)
    return pytest.fail(f"the jobs have not ended after {limit_seconds} s: {statuses}")


def _begin_and_end(executor: Executor, job_id: str) -> tuple[float, float]:
    begin, end = re.findall(r"<([\d.]+)>", executor.get_job_logs(job_id))
    return float(begin), float(end)


def _most_overlapping(spans: list[tuple[float, float]]) -> int:
    return max(sum(one <= begin < end for one, end in spans) for begin, _ in spans)
