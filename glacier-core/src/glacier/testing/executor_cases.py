"""Cases of executors: jobs start, end, fail with their cause in the logs, and can be stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glacier.errors import JobError, JobNotFoundError, JobTimeoutError
from glacier.job_status import JobStatus
from glacier.resources import Executor
from glacier.testing.base import Cases
from glacier.testing.rig import Rig

SCRIPT = """
import os, sys
print("arguments:", *sys.argv[1:])
print("greeting:", os.environ.get("GREETING"))
"""


class ExecutorCases(Cases):
    """The contract of `Executor` over an `ExecutorAdapter`."""

    @pytest.fixture
    def executor(self, rig: Rig) -> Executor:
        """An executor that has run nothing yet."""
        return rig.executor()

    @pytest.fixture
    def endless(self, rig: Rig, executor: Executor) -> Iterator[str]:
        """The id of a job that says `begun` and goes on until it is cancelled."""

        def begin_and_never_end() -> None:
            from threading import Event

            print("begun", flush=True)  # noqa: T201 - what the job's log shows
            Event().wait()

        job_id = executor.submit_job(begin_and_never_end)
        yield job_id
        executor.cancel_job(job_id)
        executor.wait(job_id, timeout_seconds=rig.job_seconds)

    def test_callable_succeeds(self, rig: Rig, executor: Executor) -> None:
        job_id = executor.submit_job(_greeting("hello"))

        status = executor.wait(job_id, timeout_seconds=rig.job_seconds)

        assert status is JobStatus.SUCCEEDED
        assert executor.get_job_status(job_id) is JobStatus.SUCCEEDED

    def test_callable_prints_to_the_logs(self, rig: Rig, executor: Executor) -> None:
        job_id = executor.submit_job(_greeting("hello"))

        executor.wait(job_id, timeout_seconds=rig.job_seconds)

        assert "hello" in executor.get_job_logs(job_id)

    def test_callable_prints_unicode_to_the_logs(self, rig: Rig, executor: Executor) -> None:
        job_id = executor.submit_job(_greeting("grüß dich, 数据 🧊"))

        executor.wait(job_id, timeout_seconds=rig.job_seconds)

        assert "grüß dich, 数据 🧊" in executor.get_job_logs(job_id)

    def test_callable_that_raises_fails_with_the_cause_in_the_logs(
        self, rig: Rig, executor: Executor
    ) -> None:
        def divide() -> None:
            raise ArithmeticError("no rows to divide by")

        job_id = executor.submit_job(divide)

        status = executor.wait(job_id, timeout_seconds=rig.job_seconds)

        assert status is JobStatus.FAILED
        assert "ArithmeticError: no rows to divide by" in executor.get_job_logs(job_id)

    def test_script_gets_its_arguments_and_environment(
        self, rig: Rig, executor: Executor, tmp_path: Path
    ) -> None:
        script = _script(tmp_path, SCRIPT)

        job_id = executor.submit_job(
            {"script": script, "args": ["--day", "1 & 2"], "environment": {"GREETING": "grüß"}}
        )
        status = executor.wait(job_id, timeout_seconds=rig.job_seconds)

        assert status is JobStatus.SUCCEEDED
        logs = executor.get_job_logs(job_id)
        assert "arguments: --day 1 & 2" in logs
        assert "greeting: grüß" in logs

    def test_script_that_raises_fails_with_the_cause_in_the_logs(
        self, rig: Rig, executor: Executor, tmp_path: Path
    ) -> None:
        job_id = executor.submit_job({"script": _script(tmp_path, "open('/no/such/file')")})

        status = executor.wait(job_id, timeout_seconds=rig.job_seconds)

        assert status is JobStatus.FAILED
        assert "FileNotFoundError" in executor.get_job_logs(job_id)

    def test_script_that_exits_with_an_error_fails(
        self, rig: Rig, executor: Executor, tmp_path: Path
    ) -> None:
        job_id = executor.submit_job({"script": _script(tmp_path, "raise SystemExit(3)")})

        assert executor.wait(job_id, timeout_seconds=rig.job_seconds) is JobStatus.FAILED

    def test_script_that_is_missing_is_refused(self, executor: Executor, tmp_path: Path) -> None:
        with pytest.raises(JobError, match=r"missing\.py"):
            executor.submit_job({"script": str(tmp_path / "missing.py")})

    def test_job_of_unknown_fields_is_refused(self, executor: Executor, tmp_path: Path) -> None:
        with pytest.raises(JobError, match="scrpt"):
            executor.submit_job({"scrpt": _script(tmp_path, SCRIPT)})

    def test_job_that_is_neither_callable_nor_mapping_is_refused(self, executor: Executor) -> None:
        with pytest.raises(JobError, match="int"):
            executor.submit_job(7)

    def test_jobs_are_told_apart(self, rig: Rig, executor: Executor) -> None:
        first, second = (executor.submit_job(_greeting(text)) for text in ("one", "two"))

        for job_id in (first, second):
            executor.wait(job_id, timeout_seconds=rig.job_seconds)

        assert first != second
        assert "one" in executor.get_job_logs(first)
        assert "two" in executor.get_job_logs(second)

    def test_running_job_is_not_final(self, executor: Executor, endless: str) -> None:
        assert not executor.get_job_status(endless).is_final

    def test_running_job_shows_its_logs(self, rig: Rig, executor: Executor, endless: str) -> None:
        assert _logs_once_they_have(executor, endless, "begun", timeout_seconds=rig.job_seconds)

    def test_cancelled_job_ends(self, rig: Rig, executor: Executor, endless: str) -> None:
        executor.cancel_job(endless)

        status = executor.wait(endless, timeout_seconds=rig.job_seconds)

        assert status is JobStatus.CANCELLED

    def test_cancel_of_an_ended_job_does_nothing(self, rig: Rig, executor: Executor) -> None:
        job_id = executor.submit_job(_greeting("hello"))
        executor.wait(job_id, timeout_seconds=rig.job_seconds)

        executor.cancel_job(job_id)

        assert executor.get_job_status(job_id) is JobStatus.SUCCEEDED

    def test_wait_gives_up_after_its_timeout(self, executor: Executor, endless: str) -> None:
        with pytest.raises(JobTimeoutError, match="It goes on"):
            executor.wait(endless, timeout_seconds=0.01)

        assert not executor.get_job_status(endless).is_final

    @pytest.mark.parametrize("ask", ["get_job_status", "get_job_logs", "cancel_job", "wait"])
    def test_unknown_job_is_an_error(self, executor: Executor, ask: str) -> None:
        with pytest.raises(JobNotFoundError, match="no-such-job"):
            getattr(executor, ask)("no-such-job")


def _greeting(text: str) -> Callable[[], None]:
    """Return a job that prints a text: a closure, since no platform has this module."""

    def greet() -> None:
        print(text)  # noqa: T201 - what the job's log shows

    return greet


def _script(directory: Path, source: str) -> str:
    script = directory / "job.py"
    script.write_text(source, encoding="utf-8")
    return str(script)


def _logs_once_they_have(
    executor: Executor, job_id: str, text: str, *, timeout_seconds: float
) -> str:
    """Return a job's logs as soon as they hold a text; empty if they never do."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        logs = executor.get_job_logs(job_id)
        if text in logs:
            return logs
        threading.Event().wait(0.02)
    return ""
