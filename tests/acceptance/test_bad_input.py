"""What can't work fails with an error of its own, in another process and on Spark.

What is the same wherever it fails is tested where it is made: `tests/core/test_remote_failures.py`,
`test_jobs_entrypoint.py` and `test_process_logs.py`, `tests/glacier_spark/test_installation.py`.
"""

import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Executor, Provider, pipeline, task
from glacier.adapters import ScriptJob
from glacier.config import LocalConfig, SparkConfig
from glacier.engine import Run
from glacier.errors import JobDiedError, JobError, RunError
from glacier.job_status import JobStatus
from glacier.jobs.call import CALL_MAIN, Call
from glacier.jobs.package import ENTRYPOINT, write_package
from glacier.jobs.result import read_result
from glacier.jobs.staging import new_place, staging_of
from tests.acceptance.failures import MEGABYTES, Trace, die, failing_at_once, shout
from tests.rigs.spark import spark_config

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def failed(function: Any, executor: Executor) -> Run:
    """Run a task that fails, and return the record of its run."""
    made: Any = task(executor=executor)(function)

    @pipeline
    def failing() -> Any:
        return made()

    with pytest.raises(RunError) as failure:
        failing.run()
    assert failure.value.run is not None
    return failure.value.run


@pytest.fixture(scope="module")
def on_spark(java: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with one job on Spark, of which several tasks failed."""
    home = tmp_path_factory.mktemp("failing")
    provider = Provider(config=LocalConfig(base_path=home / "data"))
    executor = provider.executor("spark", config=spark_config("local[2]"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLACIER_STATE", str(home / "state"))
        with pytest.raises(RunError) as failure:
            failing_at_once(executor).run()
    assert failure.value.run is not None
    return failure.value.run


def test_sys_exit_on_spark_fails_its_task_alone(on_spark: Run) -> None:
    error = on_spark.errors["leave"]

    assert str(error) == (
        "Task 'leave' failed on Executor('spark'): SystemExit: the function called sys.exit(3); "
        "a job ends when its function returns"
    )
    assert "shout" not in on_spark.errors
    assert [job.status for job in on_spark.jobs] == [JobStatus.FAILED]


def test_too_large_result_on_spark_fails_its_task_alone(on_spark: Run) -> None:
    error = on_spark.errors["huge"]

    assert "What 'huge' returned is a dict of 65 MiB" in str(error)
    assert "Return a frame, or write it to a bucket" in str(error)


def test_group_that_kills_its_worker_on_spark_fails_its_task_alone(on_spark: Run) -> None:
    error = on_spark.errors["kill_a_worker"]

    assert str(error).startswith("Task 'kill_a_worker' failed on Executor('spark'): ")
    assert "Python worker exited unexpectedly (crashed)" in str(error)


def test_100_mb_of_output_on_spark_leave_the_end_of_the_log(on_spark: Run) -> None:
    log = on_spark.jobs[0].log

    assert "the last line" in log
    assert len(log) <= 64 * 1024


def test_100_mb_of_output_leave_the_end_of_the_log(provider: Provider) -> None:
    told = task(executor=provider.executor("process"))(shout)

    @pipeline
    def shouting() -> str:
        return told()

    run = shouting.run()

    assert run.result == "said"
    assert run.jobs[0].log.endswith("\nthe last line\n")
    assert len(run.jobs[0].log) <= 64 * 1024
    directories = (Path(provider.config.base_path) / ".glacier/jobs/process").iterdir()  # type: ignore[attr-defined]
    sizes = [file.stat().st_size for one in directories for file in one.iterdir()]
    assert max(sizes) > MEGABYTES * 1024 * 1024


def test_task_that_kills_its_driver_fails_its_job(spark: Executor) -> None:
    run = failed(die, spark)

    cause = run.errors["die"].__cause__
    assert isinstance(cause, JobDiedError)
    assert f"The job {run.jobs[0].job_id} " in str(cause)
    assert "ended without a result (FAILED): its process was killed" in str(cause)
    assert "about to die" in str(cause)


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ({"python": "3.9"}, f"was packed by Python 3.9 and this is Python {PYTHON}; it holds"),
        ({"polars": "0.20.1"}, f"packed with Polars 0.20.1 and this is {pl.__version__}; plans"),
    ],
    ids=["python", "polars"],
)
def test_other_versions_are_refused_before_anything_is_unpickled(
    anywhere: Executor, tmp_path: Path, versions: dict[str, str], message: str
) -> None:
    trace = tmp_path / "unpickled"

    error = _refusal(anywhere, Call(print, (Trace(trace), lambda: 1)), versions)

    assert message in error
    assert not trace.exists()


def test_tampered_payload_is_refused_before_it_is_unpickled(
    anywhere: Executor, tmp_path: Path
) -> None:
    trace = tmp_path / "unpickled"

    error = _refusal(anywhere, Call(print, (Trace(trace),)), tampered="payload.pickle")

    assert "payload.pickle in " in error
    assert "was changed after the job was submitted: its sha256 is" in error
    assert not trace.exists()


def _refusal(
    executor: Executor, call: Call, versions: dict[str, str] | None = None, tampered: str = ""
) -> str:
    """Return why an executor did not run a job that was packed by others, or changed since."""
    place = new_place(staging_of(executor.provider))
    package = write_package(
        place, call, CALL_MAIN, engine=executor.adapter.engine, environment=versions
    )
    if tampered:
        with (Path(place.adapter.location().path) / tampered).open("ab") as file:
            file.write(b" ")
    job_id = executor.adapter.submit_job(ScriptJob(ENTRYPOINT, package.args))
    assert executor.wait(job_id) is JobStatus.FAILED
    outcome = read_result(place)
    assert outcome is not None
    assert outcome.error is not None
    assert outcome.error.remote_type == "JobRefusedError"
    return str(outcome.error)


def test_master_that_does_not_answer_fails_the_run(provider: Provider, java: None) -> None:
    config = SparkConfig(master="spark://127.0.0.1:1")

    run = failed(die, provider.executor("spark", config=config))

    error = run.errors["die"]
    assert isinstance(error.__cause__, JobError)
    assert "The Spark master spark://127.0.0.1:1 does not answer" in str(error)
    assert run.jobs == []


def test_missing_java_fails_the_run(
    spark: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    run = failed(die, spark)

    assert isinstance(run.errors["die"].__cause__, JobError)
    assert "Spark needs Java 17 or later; JAVA_HOME is not set" in str(run.errors["die"])
    assert run.jobs == []
