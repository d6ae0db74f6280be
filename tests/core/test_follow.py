"""Following a job: through lost connections, and with its log."""

import logging
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glacier import Executor, pipeline, task
from glacier.adapters import LogChunk
from glacier.engine.follow import Follower
from glacier.engine.result import JobRun
from glacier.errors import JobError, JobNotFoundError
from glacier.job_status import JobStatus, wait_for_job
from glacier.local.executor import LocalExecutorAdapter
from tests.core.local_jobs import Gate, write_script

KIBIBYTE = 1024
CHATTER = """
for _ in range(100):
    print(*["x" * 999] * 1000, sep={end!r} or " ", end={end!r})
print("the end")
"""


class Unreachable(LocalExecutorAdapter):
    """Loses its connection for some polls, while the job goes on."""

    polls = 0
    lost: range = range(0)
    gate: Gate | None = None

    def get_job_status(self, job_id: str) -> JobStatus:
        self.polls += 1
        if self.polls - 1 in self.lost:
            raise ConnectionError(f"no route to the control plane, poll {self.polls}")
        if self.gate is not None:
            self.gate.release()  # the job ends after the connection is back, and not before
        return super().get_job_status(job_id)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path / "gate", "print('begun')")
    yield made
    made.release()


@pytest.fixture
def adapter(far: Executor) -> Unreachable:
    return Unreachable(far, far.provider)


def submitted(executor: Executor, job: Any) -> JobRun:
    return JobRun(executor.submit_job(job), executor.name, ("one",), "")


def test_lost_polls_are_no_failure_of_the_job(
    far: Executor, adapter: Unreachable, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    job = submitted(far, gate.job)
    gate.pid()
    adapter.lost, adapter.gate = range(5), gate

    status = Follower(adapter, job, threading.Event()).follow()

    assert status is JobStatus.SUCCEEDED
    assert adapter.polls > 5
    assert caplog.text.count("can't be asked for its state: no route") == 1
    assert job.log == "begun\n"


def test_wait_outlasts_a_lost_connection(far: Executor, adapter: Unreachable, gate: Gate) -> None:
    job = submitted(far, gate.job)
    gate.pid()
    adapter.lost, adapter.gate = range(5), gate

    status = wait_for_job(adapter, job.job_id, timeout_seconds=60)

    assert status is JobStatus.SUCCEEDED
    assert adapter.polls > 5


def test_polls_that_are_lost_for_ever_name_the_job(
    far: Executor, adapter: Unreachable, gate: Gate
) -> None:
    job = submitted(far, gate.job)
    gate.pid()
    adapter.lost = range(10**9)

    with pytest.raises(
        JobError, match=rf"The job {job.job_id} on 'far' can't be asked .* no route.*It may go on"
    ) as failure:
        Follower(adapter, job, threading.Event(), patience_seconds=0.1).follow()

    assert vars(failure.value)["job_id"] == job.job_id
    assert isinstance(failure.value.__cause__, ConnectionError)
    assert far.get_job_status(job.job_id) is JobStatus.RUNNING


def test_patience_begins_anew_when_the_executor_has_answered(
    far: Executor, adapter: Unreachable, gate: Gate
) -> None:
    class Flickering(Unreachable):
        def get_job_status(self, job_id: str) -> JobStatus:
            self.polls += 1
            if self.polls % 2:
                raise ConnectionError("lost")
            if self.polls > 60:
                gate.release()
            return LocalExecutorAdapter.get_job_status(self, job_id)

    job = submitted(far, gate.job)
    gate.pid()
    flickering = Flickering(far, far.provider)

    status = Follower(flickering, job, threading.Event(), patience_seconds=0.2).follow()

    assert status is JobStatus.SUCCEEDED
    assert job.duration_seconds > 0.2


def test_job_that_is_not_there_is_an_error_at_once(far: Executor) -> None:
    job = JobRun("0123456789abcdef", "far", ("one",), "")

    with pytest.raises(JobNotFoundError, match="There is no job '0123456789abcdef'"):
        Follower(far.adapter, job, threading.Event()).follow()


def test_log_reaches_the_logger_while_the_job_runs(
    far: Executor, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    job = submitted(far, gate.job)
    gate.pid()
    arrived = threading.Event()

    class Watcher(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            arrived.set()

    caplog.set_level(logging.INFO, "glacier.jobs")
    watcher = Watcher()
    logging.getLogger("glacier.jobs").addHandler(watcher)
    following = threading.Thread(target=Follower(far.adapter, job, threading.Event()).follow)
    following.start()
    was_told = arrived.wait(30)
    status = far.get_job_status(job.job_id)
    gate.release()
    following.join(30)
    logging.getLogger("glacier.jobs").removeHandler(watcher)

    assert was_told
    assert status is JobStatus.RUNNING
    assert caplog.messages == ["[far: one] begun"]


def test_last_line_without_an_end_is_told_too(
    far: Executor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "glacier.jobs")
    job = submitted(far, write_script(tmp_path, "print('one\\ntwo', end='')"))

    Follower(far.adapter, job, threading.Event()).follow()

    assert caplog.messages == ["[far: one] one", "[far: one] two"]


@pytest.mark.parametrize("end", ["\n", ""], ids=["lines", "one line"])
def test_job_that_prints_100_mb_takes_little_memory_here(
    far: Executor, tmp_path: Path, end: str
) -> None:
    job = submitted(far, write_script(tmp_path, CHATTER.format(end=end)))

    tracemalloc.start()
    try:
        status = Follower(far.adapter, job, threading.Event()).follow()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert status is JobStatus.SUCCEEDED
    assert most < 16 * 1024 * KIBIBYTE
    assert len(job.log) == 64 * KIBIBYTE
    assert job.log.endswith("the end\n")


def test_line_without_an_end_is_told_in_pieces(
    far: Executor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Endless(LocalExecutorAdapter):
        def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
            number = int(cursor or 0)
            text = "x" * 16 * KIBIBYTE if number < 100 else ""
            return LogChunk(text, str(number + 1))

    caplog.set_level(logging.INFO, "glacier.jobs")
    job = submitted(far, write_script(tmp_path, "pass"))

    Follower(Endless(far, far.provider), job, threading.Event()).follow()

    assert sum(message.count("x") for message in caplog.messages) == 1600 * KIBIBYTE
    assert max(map(len, caplog.messages)) < 100 * KIBIBYTE


def test_log_of_a_runs_job_is_told_and_kept(
    far: Executor, caplog: pytest.LogCaptureFixture
) -> None:
    @task(executor=far)
    def chatter() -> None:
        print("from the task")

    @pipeline
    def chatting() -> None:
        chatter()

    caplog.set_level(logging.INFO, "glacier.jobs")
    run = chatting.run()

    assert run.jobs[0].log == "from the task\n"
    assert caplog.messages == ["[far: chatter] from the task"]
