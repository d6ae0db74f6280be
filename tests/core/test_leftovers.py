"""What a run that died has left behind on its executors."""

import json
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from glacier import Executor, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.engine import Run
from glacier.engine.leftovers import RunRecord, forget, left_behind, records_directory
from glacier.engine.result import JobRun
from glacier.job_status import JobStatus
from tests.core.local_jobs import is_dead_soon, write_script
from tests.core.test_remote_cancel import WAITING, pid_in

glacier_aws = pytest.importorskip("glacier_aws.config")


def noted(executor: Executor, *statuses: JobStatus) -> tuple[RunRecord, list[JobRun]]:
    """Return the open record of a run with jobs."""
    run = Run("nightly")
    run.jobs = [
        JobRun(f"job{n}", executor.name, ("load",), f"place{n}/", status)
        for n, status in enumerate(statuses)
    ]
    record = RunRecord(run)
    for job in run.jobs:
        record.note(executor, job)
    return record, run.jobs


def test_killed_run_leaves_its_job_behind(tmp_path: Path) -> None:
    script = write_script(tmp_path, WAITING.replace('directory / "data"', '"data"'))
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path), "1"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    ) as process:
        pid = pid_in(tmp_path / "pid0")
        live = list(left_behind())
        process.send_signal(signal.SIGKILL)
    (left,) = left_behind()
    executor = left.executor()
    status_before = executor.get_job_status(left.job_id)
    executor.cancel_job(left.job_id)
    forget(left.run)

    assert live == []
    assert (left.pipeline, left.tasks, left.executor_name) == ("waiting", ("wait",), "far")
    assert (Path(left.staging.removeprefix("file://")) / "header.json").is_file()
    assert left.submitted_at.endswith("+00:00")
    assert status_before is JobStatus.RUNNING
    assert executor.get_job_status(left.job_id) is JobStatus.CANCELLED
    assert is_dead_soon(pid)
    assert list(left_behind()) == []


def test_finished_run_leaves_none(far: Executor, state_directory: Path) -> None:
    records = state_directory / "runs"

    @task(executor=far)
    def look() -> list[str]:
        return [path.read_text() for path in records.iterdir()]

    @pipeline
    def looking() -> Any:
        return look()

    run = looking.run()

    (text,) = run.result
    assert [job["job_id"] for job in json.loads(text)["jobs"]] == [run.jobs[0].job_id]
    assert list(records.iterdir()) == []


def test_failed_run_leaves_none(far: Executor, state_directory: Path) -> None:
    @task(executor=far)
    def fail() -> None:
        raise ValueError("no luck")

    @pipeline
    def failing() -> None:
        fail()

    with pytest.raises(Exception, match="no luck"):
        failing.run()

    assert list((state_directory / "runs").iterdir()) == []


def test_record_of_a_live_run_is_not_listed(far: Executor) -> None:
    record, jobs = noted(far, JobStatus.RUNNING)

    live = list(left_behind())
    jobs[0].status = JobStatus.SUCCEEDED
    record.close()

    assert live == []
    assert list(left_behind()) == []


def test_job_that_was_lost_from_sight_stays_in_the_record(far: Executor) -> None:
    record, _ = noted(far, JobStatus.SUCCEEDED, JobStatus.RUNNING)

    record.close()

    assert [(left.pipeline, left.job_id) for left in left_behind()] == [("nightly", "job1")]


def test_record_has_no_secret_and_is_the_users_alone(state_directory: Path) -> None:
    secret = "canary-0123456789"
    config = glacier_aws.AwsConfig(
        region="eu-west-1", access_key_id="AKIA0123", secret_access_key=secret
    )
    provider = Provider(config=config)
    record, _ = noted(provider.executor("far", config=LocalConfig()), JobStatus.RUNNING)

    record.close()
    (left,) = left_behind()
    text = "".join(path.read_text() for path in records_directory().iterdir())

    assert secret not in text
    assert left.provider_config["fields"] == {"region": "eu-west-1"}
    assert left.executor().provider.config == config.without_secrets()
    assert stat.S_IMODE((state_directory / "runs").stat().st_mode) == 0o700


def test_relative_base_path_means_the_directory_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record, _ = noted(
        Provider(config=LocalConfig(base_path="data")).executor("far"), JobStatus.RUNNING
    )

    record.close()
    monkeypatch.chdir("/")
    (left,) = left_behind()

    assert left.executor().provider.config == LocalConfig(base_path=tmp_path / "data")


def test_record_that_was_half_written_is_passed_over(state_directory: Path) -> None:
    (state_directory / "runs").mkdir(parents=True)
    (state_directory / "runs" / "0123.json").write_text('{"host": "x", "jobs": [{"run"')

    assert list(left_behind()) == []


def test_records_lie_in_the_users_state_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GLACIER_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    under_xdg = records_directory()
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert under_xdg == tmp_path / "xdg/glacier/runs"
    assert records_directory() == tmp_path / "home/.local/state/glacier/runs"


def test_nothing_was_left_where_nothing_ran() -> None:
    assert list(left_behind()) == []


def test_run_whose_jobs_cannot_be_put_on_record_goes_on(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GLACIER_STATE", "/proc/no-such-directory")

    @task(executor=provider.executor("far"))
    def one() -> int:
        return 1

    @pipeline
    def ones() -> Any:
        return one()

    run = ones.run()

    assert run.result == 1
    assert any("can't be put on record" in message for message in caplog.messages)
