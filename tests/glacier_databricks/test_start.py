"""One submission starts one run, though the answer to its request is lost."""

import time
from pathlib import Path

import pytest

from glacier import Executor, Provider
from glacier.config import DatabricksConfig
from glacier.errors import JobConnectionError, JobError
from glacier.job_status import JobStatus
from glacier_databricks.executor import DatabricksAdapter
from tests.executors.jobs import LIMIT_SECONDS, written
from tests.executors.silence_cases import SilenceOnExecutors
from tests.rigs.databricks.server import VOLUME, DatabricksServer, DatabricksWorkspace

HELLO = "print('hello')"


@pytest.fixture
def executor(workspace: DatabricksWorkspace, provider: Provider) -> Executor:
    return provider.executor("etl", config=workspace.config())


@pytest.mark.parametrize("how", ["drop", "lost-500", "lost-502", "lost-503"])
def test_run_whose_answer_was_lost_is_found_again(
    workspace: DatabricksWorkspace, executor: Executor, tmp_path: Path, how: str
) -> None:
    workspace.fault("runs/submit", how)

    job_id = executor.submit_job(written(tmp_path, HELLO))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert [str(run["run_id"]) for run in workspace.runs()] == [job_id]


def test_run_whose_answer_comes_too_late_is_found_again(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    config = workspace.config(http_timeout_seconds=1)
    workspace.fault("runs/submit", "stall")

    job_id = provider.executor("etl", config=config).submit_job(written(tmp_path, HELLO))

    assert [str(run["run_id"]) for run in workspace.runs()] == [job_id]


@pytest.mark.parametrize("status", ["429", "500", "503"])
def test_run_is_submitted_again_where_none_was(
    workspace: DatabricksWorkspace, executor: Executor, tmp_path: Path, status: str
) -> None:
    workspace.fault("runs/submit", status, times=2)

    executor.submit_job(written(tmp_path, HELLO))

    assert len(workspace.runs()) == 1


def test_submission_of_its_own_is_a_run_of_its_own(
    workspace: DatabricksWorkspace, executor: Executor, tmp_path: Path
) -> None:
    script = written(tmp_path, HELLO)

    ids = {executor.submit_job(script) for _ in range(2)}

    assert {str(run["run_id"]) for run in workspace.runs()} == ids
    assert len(ids) == 2


def test_refusal_is_not_tried_again(
    workspace: DatabricksWorkspace,
    databricks_server: DatabricksServer,
    executor: Executor,
    tmp_path: Path,
) -> None:
    workspace.fault("runs/submit", "403")
    databricks_server.requests(forget=True)

    with pytest.raises(JobError, match="told to refuse this"):
        executor.submit_job(written(tmp_path, HELLO))

    asked = [one["path"] for one in databricks_server.requests()]
    assert sum(path.endswith("runs/submit") for path in asked) == 1


def test_busy_workspace_is_an_error_in_the_end(
    workspace: DatabricksWorkspace, executor: Executor, tmp_path: Path
) -> None:
    adapter = executor.adapter
    assert isinstance(adapter, DatabricksAdapter)
    adapter.patience_seconds = 0.0
    workspace.fault("runs/submit", "500", times=9)

    with pytest.raises(
        JobConnectionError,
        match=r"try again later\..*its parameter --glacier-token is [0-9a-f]+\.",
    ):
        executor.submit_job(written(tmp_path, HELLO))

    assert workspace.runs() == []


@pytest.mark.parametrize("path", ["runs/get", "runs/get-output", "runs/cancel"])
@pytest.mark.parametrize("status", ["429", "drop"])
def test_questions_are_asked_again(
    workspace: DatabricksWorkspace, executor: Executor, tmp_path: Path, path: str, status: str
) -> None:
    workspace.fault(path, status)

    workspace.hold()
    job_id = executor.submit_job(written(tmp_path, HELLO))
    if path.endswith("cancel"):
        executor.cancel_job(job_id)
    workspace.go()
    status_then = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    log = executor.get_job_logs(job_id)

    is_cancelled = path.endswith("cancel")
    assert status_then is (JobStatus.CANCELLED if is_cancelled else JobStatus.SUCCEEDED)
    assert log == ("Databricks: USER_CANCELED: Run cancelled.\n" if is_cancelled else "hello\n")


@pytest.mark.parametrize("status", ["500", "502"])
def test_status_that_is_not_told_for_the_moment_is_waited_for(
    workspace: DatabricksWorkspace, executor: Executor, tmp_path: Path, status: str
) -> None:
    job_id = executor.submit_job(written(tmp_path, HELLO))
    workspace.fault("runs/get", status)

    with pytest.raises(JobConnectionError, match="is not told of, since the workspace"):
        executor.get_job_status(job_id)

    workspace.fault("runs/get", status)
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED


def test_principal_whose_workspace_does_not_answer_is_waited_for(provider: Provider) -> None:
    """Nothing is wrong with the config for that."""
    config = DatabricksConfig.model_validate(
        {
            "host": "http://127.0.0.1:9",
            "client_id": "principal",
            "client_secret": "dose-0123456789",
            "retry_timeout_seconds": 1,
        }
    )
    executor = provider.executor("etl", config=config)

    with pytest.raises(JobConnectionError, match=r"the workspace http://127\.0\.0\.1:9 does not"):
        executor.get_job_status("1")


class TestSilence(SilenceOnExecutors):
    job_id = "1"
    silence = r"since the workspace http://127\.0\.0\.1:9 does not answer"

    @pytest.fixture
    def unreachable(self, provider: Provider) -> Executor:
        config = DatabricksConfig.model_validate(
            {"host": "http://127.0.0.1:9", "token": "dapi0123456789", "retry_timeout_seconds": 1}
        )
        return provider.executor("etl", config=config)


def test_token_that_has_expired_is_an_error_that_says_so_without_it(
    workspace: DatabricksWorkspace, executor: Executor, tmp_path: Path
) -> None:
    job_id = executor.submit_job(written(tmp_path, HELLO))
    workspace.expire()

    with pytest.raises(
        JobError, match=r"Invalid access token\. The token or secret is not"
    ) as failure:
        executor.get_job_status(job_id)
    with pytest.raises(JobError, match=r"DatabricksConfig\(token=\.\.\.\) or DATABRICKS_TOKEN"):
        executor.submit_job(written(tmp_path, HELLO))

    assert not isinstance(failure.value, JobConnectionError)
    assert workspace.token not in str(failure.value)


def test_principal_gets_another_token_when_one_is_about_to_expire(
    workspace: DatabricksWorkspace,
    databricks_server: DatabricksServer,
    provider: Provider,
    tmp_path: Path,
) -> None:
    workspace.set(token_seconds=1)
    secret = {"client_id": workspace.client_id, "client_secret": workspace.client_secret}
    config = DatabricksConfig.model_validate({"host": workspace.host, **secret})
    executor = provider.executor("etl", config=config)

    job_id = executor.submit_job(written(tmp_path, HELLO))
    time.sleep(1.1)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    asked = [one["path"] for one in databricks_server.requests()]
    assert status is JobStatus.SUCCEEDED
    assert asked.count("/oidc/v1/token") >= 2


@pytest.mark.parametrize("status", ["429", "500", "502", "503"])
def test_token_that_is_not_given_out_for_the_moment_is_waited_for(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path, status: str
) -> None:
    secret = {"client_id": workspace.client_id, "client_secret": workspace.client_secret}
    config = DatabricksConfig.model_validate({"host": workspace.host, **secret})
    executor = provider.executor("etl", config=config)
    workspace.fault("oidc/v1/token", status)

    with pytest.raises(JobConnectionError, match=r"is not told of, since the workspace .* later"):
        executor.get_job_status("1")
    workspace.fault("oidc/v1/token", status)
    job_id = executor.submit_job(written(tmp_path, HELLO))

    assert [str(run["run_id"]) for run in workspace.runs()] == [job_id]


def test_upload_that_fails_says_nothing_of_a_run(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    config = workspace.config(volume=VOLUME, retry_timeout_seconds=1)
    workspace.fault(".py", "500", times=9)

    with pytest.raises(JobConnectionError, match="does not answer") as failure:
        provider.executor("etl", config=config).submit_job(written(tmp_path, HELLO))

    assert "If a run was started" not in str(failure.value)


def test_secret_that_is_wrong_is_an_error_that_does_not_repeat_it(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    config = DatabricksConfig.model_validate(
        {"host": workspace.host, "client_id": workspace.client_id, "client_secret": "dose-wrong-1"}
    )
    executor = provider.executor("etl", config=config)

    with pytest.raises(JobError, match=r"Client authentication failed\. The token or") as failure:
        executor.submit_job(written(tmp_path, HELLO))

    assert "dose-wrong-1" not in str(failure.value)
