"""What ended jobs leave, and why some leave nothing."""

import os
import pickle
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Executor, Provider
from glacier.config import LocalConfig
from glacier.errors import JobDiedError, JobError, RemoteError
from glacier.job_status import JobStatus
from tests.core.local_jobs import LIMIT_SECONDS, Gate, write_script


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Provider(LocalConfig(base_path=tmp_path / "base")).executor("jobs")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path / "gate")
    yield made
    made.release()


def ended(executor: Executor, job: object) -> str:
    """Run a job to its end and return its id."""
    job_id = executor.submit_job(job)
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    return job_id


def test_result_of_a_function_is_what_it_returned(executor: Executor) -> None:
    job_id = ended(executor, {"function": divmod, "args": [17, 5]})

    result = executor.get_job_result(job_id)

    assert (result.job_id, result.status, result.value) == (job_id, JobStatus.SUCCEEDED, (3, 2))
    assert result.duration_seconds is not None
    assert 0 <= result.duration_seconds < LIMIT_SECONDS


def test_result_may_be_asked_for_again(executor: Executor) -> None:
    job_id = ended(executor, lambda: pl.LazyFrame({"n": [1, 2]}))

    first, second = (executor.get_job_result(job_id).value for _ in range(2))

    assert_frame_equal(first.collect(), second.collect())


def test_closed_result_leaves_nothing_in_staging(executor: Executor, tmp_path: Path) -> None:
    job_id = ended(executor, lambda: pl.LazyFrame({"n": [1, 2]}))
    staging = tmp_path / "base" / "glacier-staging"

    with executor.get_job_result(job_id) as result:
        rows = result.value.collect().height

    assert rows == 2
    assert [path for path in staging.rglob("*") if path.is_file()] == []


def test_result_of_a_script_is_its_status(executor: Executor, tmp_path: Path) -> None:
    job_id = ended(executor, write_script(tmp_path, "raise SystemExit(3)"))

    result = executor.get_job_result(job_id)

    assert (result.status, result.value) == (JobStatus.FAILED, None)


def test_result_of_a_function_that_raised_is_its_error(executor: Executor) -> None:
    def fail() -> None:
        raise LookupError("no such amount")

    job_id = ended(executor, fail)

    with pytest.raises(RemoteError, match=r"LookupError: no such amount(.|\n)*in fail") as failure:
        executor.get_job_result(job_id)

    assert failure.value.remote_type == "LookupError"
    assert "glacier-staging/jobs/" in failure.value.__notes__[0]


def test_result_of_a_job_that_runs_is_an_error(executor: Executor, gate: Gate) -> None:
    job_id = executor.submit_job(gate.job)
    gate.pid()

    with pytest.raises(
        JobError,
        match=rf"{job_id} is RUNNING and has no result yet\. .* executor\.wait\('{job_id}'\)",
    ):
        executor.get_job_result(job_id)


def test_result_of_a_cancelled_function_is_an_error(executor: Executor, gate: Gate) -> None:
    started = gate.started

    def begin_and_never_end() -> None:
        from threading import Event

        started.write_text(f"{os.getpid()}\n")
        Event().wait()

    job_id = executor.submit_job(begin_and_never_end)
    gate.pid()
    executor.cancel_job(job_id)

    with pytest.raises(
        JobError,
        match=rf"{job_id} was cancelled and has no result\. .* lies in file://.*/glacier-staging/jobs/",
    ):
        executor.get_job_result(job_id)


@pytest.mark.parametrize(
    ("end", "status", "reason"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "FAILED", "was ended by SIGKILL"),
        (lambda: os._exit(3), "FAILED", r"ended with the exit code 3\."),
        (lambda: os._exit(0), "SUCCEEDED", "working$"),
    ],
    ids=["killed", "left", "left quietly"],
)
def test_result_of_a_function_that_took_its_process_along_is_an_error(
    executor: Executor, tmp_path: Path, end: object, status: str, reason: str
) -> None:
    def work() -> None:
        print("working", flush=True)
        end()  # type: ignore[operator]

    job_id = ended(executor, work)

    with pytest.raises(
        JobDiedError, match=rf"{job_id} ended without a result \({status}\): (.|\n)*{reason}"
    ) as failure:
        executor.get_job_result(job_id)

    (place,) = (tmp_path / "base" / "glacier-staging" / "jobs").iterdir()
    assert failure.value.place == f"{place.as_uri()}/"  # type: ignore[attr-defined]
    assert f"What it was sent lies in {place.as_uri()}/." in str(failure.value)
    assert "    working" in str(failure.value)


def test_result_is_unknown_to_another_object(executor: Executor) -> None:
    job_id = ended(executor, {"function": divmod, "args": [17, 5]})
    other = executor.provider.executor("jobs")

    with pytest.raises(
        JobError,
        match=re.escape(f"{job_id} was submitted by another object than this Executor('jobs')"),
    ):
        other.get_job_result(job_id)


def test_result_stays_with_the_object_that_submitted_the_job(executor: Executor) -> None:
    job_id = ended(executor, {"function": divmod, "args": [17, 5]})
    copy = pickle.loads(pickle.dumps(executor))

    with pytest.raises(JobError, match="was submitted by another object"):
        copy.get_job_result(job_id)
