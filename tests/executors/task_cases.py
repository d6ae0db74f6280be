"""Tasks and functions on an executor: what they compute, where, with whose code and as whom."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Executor, pipeline, task
from glacier.engine.leftovers import RunRecord, left_behind
from glacier.engine.result import JobRun, Run
from glacier.errors import JobError, RunError
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, Staged, ended, until, written

SALES = pl.DataFrame({"day": [1, 1, 2], "amount": [120, 45, 80]})


class Server(Protocol):
    """The rig's platform."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which its own tools reach it."""

    def requests(self, *, forget: bool = False) -> list[dict[str, str]]:
        """Return what was asked, in order; afterwards it may be forgotten."""


@dataclass(frozen=True)
class OldRuntime:
    """A runtime whose Python is too old for Glacier.

    Attributes:
        executor: An executor on it.
        name: What a user is told that it is.
        advice: What a user is told to set, as a pattern.
    """

    executor: Executor
    name: str
    advice: str


def adding_up(executor: Executor, lake: Bucket) -> Any:
    """Return a pipeline that reads the lake here and there, computes there, and writes there."""
    target = lake / "daily.parquet"

    @task
    def load() -> pl.LazyFrame:
        return (lake / "sales.parquet").scan()

    @task(executor=executor)
    def daily(sales: pl.LazyFrame) -> pl.LazyFrame:
        print("computed by", os.getpid())
        return sales.group_by("day").agg(pl.col("amount").sum()).sort("day")

    @task(executor=executor)
    def save(daily: pl.LazyFrame) -> str:
        import glacier

        target.write(daily)
        return glacier.__file__

    @pipeline
    def adding() -> dict[str, Any]:
        sums = daily(load())
        return {"sums": sums, "glacier": save(sums)}

    return adding


class TasksOnExecutors:
    """What holds on every executor of a cloud.

    A subclass says what differs, and binds `server`; `executor`, which has run nothing yet; `lake`,
    a bucket of the platform with `SALES` in `sales.parquet`; `staged`; and `old`.

    Attributes:
        left: The folders of staging that may hold something after a run.
        killed: How the log of a job whose process was killed ends, as a pattern.
    """

    left: ClassVar[frozenset[str]]
    killed: ClassVar[str] = "exited with -9"

    def job_ids(self, server: Any, executor: Executor) -> list[str]:  # Any: a rig
        """Return the jobs of the executor, the newest first, by the platform's own client."""
        raise NotImplementedError

    def is_stopped(self, server: Any, executor: Executor) -> bool:  # Any: a rig
        """Return whether the platform says of the newest job that it was stopped."""
        raise NotImplementedError

    def lose_an_answer(self, server: Any, executor: Executor) -> None:  # Any: a rig
        """Have the answer to the next submission get lost."""
        raise NotImplementedError

    def test_tasks_read_compute_and_write_over_there(
        self,
        server: Server,
        executor: Executor,
        lake: Bucket,
        staged: Staged,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """One job for both, though an answer was lost; it leaves little in staging."""
        caplog.set_level(logging.INFO, "glacier.jobs")
        expected = pl.DataFrame({"day": [1, 2], "amount": [165, 80]})
        before = set(staged())
        self.lose_an_answer(server, executor)

        with adding_up(executor, lake).run() as run:
            sums = run.result["sums"].collect()

        (job,) = run.jobs
        assert (job.status, job.tasks) == (JobStatus.SUCCEEDED, ("daily", "save"))
        assert_frame_equal(sums, expected)
        assert_frame_equal((lake / "daily.parquet").read(), expected)
        assert "computed by" in job.log
        assert f"computed by {os.getpid()}\n" not in job.log
        assert any("computed by" in record.message for record in caplog.records)
        # Its own Glacier is not there: what it imported has travelled.
        assert "/glacier-job-" in run.result["glacier"]
        assert len(self.job_ids(server, executor)) == 1
        assert {key.split("/")[1] for key in set(staged()) - before} <= self.left

    def test_failure_over_there_comes_back_with_its_traceback(
        self, executor: Executor, lake: Bucket
    ) -> None:
        @task(executor=executor)
        def broken(sales: pl.LazyFrame) -> int:
            return int(sales.collect().height / 0)

        @pipeline
        def breaking() -> int:
            return broken((lake / "sales.parquet").scan())

        with pytest.raises(RunError, match="ZeroDivisionError: division by zero"):
            breaking.run()

    def test_process_that_was_killed_over_there_is_a_job_that_died(
        self, executor: Executor
    ) -> None:
        def crash() -> None:
            import time

            print("about to", flush=True)
            time.sleep(0.5)  # where a job sends its log by itself, that is on its way
            os.kill(os.getpid(), signal.SIGKILL)

        job_id = executor.submit_job(crash)
        status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

        message = rf"(?s)without a result \(FAILED\).*about to.*{self.killed}"
        with pytest.raises(JobError, match=message):
            executor.get_job_result(job_id)
        assert status is JobStatus.FAILED

    def test_narwhals_task_has_spark_read_the_lake(self, executor: Executor, lake: Bucket) -> None:
        @task(executor=executor)
        def doubled(sales: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
            return sales.with_columns(nw.col("amount") * 2)

        @pipeline
        def doubling() -> Any:
            sales: Any = (lake / "sales.parquet").scan()  # its task gets it as Narwhals' frame
            return doubled(sales)

        assert "sales.parquet, which Spark reads itself" in str(doubling.plan())

    def test_runtime_with_an_old_python_gets_nothing_of_a_task(
        self, server: Server, old: OldRuntime, lake: Bucket
    ) -> None:
        adding = adding_up(old.executor, lake)
        message = rf"is {old.name}, which runs Python 3\.\d+; .*{old.advice}"
        server.requests(forget=True)

        with pytest.raises(JobError, match=message):
            old.executor.submit_job(os.getcwd)
        with pytest.raises(JobError, match=message):
            adding.run()
        asked = server.requests(forget=True)
        report = adding.check()

        assert asked == []
        assert f"{old.executor!r} is {old.name}, which runs Python 3." in str(report)

    def test_runtime_with_an_old_python_runs_plain_scripts(
        self, old: OldRuntime, tmp_path: Path
    ) -> None:
        status, log = ended(old.executor, written(tmp_path, "print('hello')"))

        assert status is JobStatus.SUCCEEDED
        assert log.endswith("hello\n")

    def test_job_of_a_dead_run_is_found_and_stopped_from_a_shell(
        self, server: Server, executor: Executor, tmp_path: Path, state_directory: Path
    ) -> None:
        endless = "import threading; threading.Event().wait()"
        job_id = executor.submit_job(written(tmp_path, endless))
        run = Run("nightly")
        run.jobs = [JobRun(job_id, executor.name, ("load",), "staging/", JobStatus.RUNNING)]
        record = RunRecord(run)
        record.note(executor, run.jobs[0])
        record.close()
        glacier = Path(sys.executable).with_name("glacier")
        environment = {**os.environ, **server.environment, "GLACIER_STATE": str(state_directory)}

        def told(*options: str) -> "subprocess.CompletedProcess[str]":
            words = [str(glacier), "jobs", *options]
            return subprocess.run(
                words, env=environment, capture_output=True, text=True, check=False
            )

        before = told()
        told("--cancel")

        assert (before.returncode, before.stderr) == (1, "")
        assert "nightly" in before.stdout
        assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.CANCELLED
        assert until(lambda: told().returncode == 0)
        assert list(left_behind()) == []

    def test_cancelled_run_stops_its_job(
        self, server: Server, executor: Executor, lake: Bucket, tmp_path: Path
    ) -> None:
        begun = tmp_path / "begun"  # not every platform tells of output before the end

        @task(executor=executor)
        def endless() -> None:
            import threading

            begun.touch()
            threading.Event().wait()

        @task
        def failing() -> None:
            assert until(begun.exists)
            raise ValueError("enough")

        @pipeline
        def both() -> None:
            endless()
            failing()

        with pytest.raises(RunError, match="enough") as failure:
            both.run()

        assert [job.status for job in failure.value.run.jobs] == [JobStatus.CANCELLED]
        assert until(lambda: self.is_stopped(server, executor))
