"""Jobs on Databricks: their runs, logs and states, and how they are stopped."""

import logging
import re
from pathlib import Path

import pytest
from databricks.sdk.service.jobs import RunLifecycleStateV2State, TerminationCodeCode

from glacier import Executor, Provider
from glacier.errors import JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier_databricks.job.states import ENDED, ENDS, STATES, status_of
from tests.executors.job_cases import ENDLESS, JobsOnExecutors
from tests.executors.jobs import LIMIT_SECONDS, Staged, ended, written
from tests.glacier_aws.glue import staged
from tests.glacier_databricks.databricks import HELLO, Platform, client, executor_on
from tests.rigs.aws.server import SECRET_KEY, AwsServer
from tests.rigs.databricks.server import DatabricksServer, DatabricksWorkspace

PRINTING = """
    import os, sys
    print("to output")
    print("to error", file=sys.stderr)
    print(os.environ.get("OF_THE_CLUSTER"))
    print("ü" * 3)
"""


class TestJobs(JobsOnExecutors):
    secret = SECRET_KEY

    @pytest.fixture
    def server(self, platform: Platform) -> Platform:
        return platform

    @pytest.fixture
    def executor(self, workspace: DatabricksWorkspace, provider: Provider) -> Executor:
        return executor_on(workspace, provider)

    @pytest.fixture
    def crowded(self, databricks_server: DatabricksServer, provider: Provider) -> Executor:
        return executor_on(databricks_server.workspace(most_runs=1), provider)

    @pytest.fixture
    def staged(self, platform: Platform) -> Staged:
        return platform.staged

    def job_ids(self, server: Platform, executor: Executor) -> list[str]:
        return server.job_ids()


def test_run_is_what_the_config_says(
    workspace: DatabricksWorkspace, aws_server: AwsServer, tmp_path: Path
) -> None:
    provider = Provider(config=aws_server.config(), tags={"team": "data"})
    executor = executor_on(workspace, provider, num_workers=4, instance_type="r5.2xlarge")

    job_id = executor.submit_job({"script": written(tmp_path, HELLO), "name": "nächtlich, 1"})

    (run,) = workspace.runs()
    cluster = run["request"]["tasks"][0]["new_cluster"]
    file = run["request"]["tasks"][0]["spark_python_task"]["python_file"]
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert (job_id, run["run_name"]) == (str(run["run_id"]), "nächtlich, 1")
    assert (cluster["node_type_id"], cluster["num_workers"]) == ("r5.2xlarge", 4)
    assert cluster["custom_tags"] == {"team": "data"}
    assert re.fullmatch(r"s3://glacier-staging-\w+-us-east-1/jobs/runs/\w+\.py", file)


def test_file_of_a_run_is_removed_when_it_has_succeeded(
    workspace: DatabricksWorkspace, provider: Provider, aws_server: AwsServer, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider)

    ended(executor, written(tmp_path, "raise ValueError"))
    after_failure = [key for key in staged(aws_server) if key.startswith("jobs/runs/")]
    ended(executor, written(tmp_path, HELLO))
    after_success = [key for key in staged(aws_server) if key.startswith("jobs/runs/")]

    assert after_failure
    assert after_success == after_failure


def test_log_has_all_that_a_run_prints_with_the_variables_of_its_cluster(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    workspace.set(secrets={"etl/key": "s3same"})
    variables = {"OF_THE_CLUSTER": "{{secrets/etl/key}}"}

    _, log = ended(
        executor_on(workspace, provider, environment=variables), written(tmp_path, PRINTING)
    )

    assert sorted(log.splitlines()) == ["s3same", "to error", "to output", "üüü"]


def test_run_that_was_stopped_is_not_stopped_again(
    workspace: DatabricksWorkspace,
    provider: Provider,
    databricks_server: DatabricksServer,
    tmp_path: Path,
) -> None:
    executor = executor_on(workspace, provider)
    job_id = executor.submit_job(written(tmp_path, ENDLESS))
    executor.cancel_job(job_id)
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    databricks_server.requests(forget=True)

    executor.cancel_job(job_id)

    assert "POST" not in {one["method"] for one in databricks_server.requests()}
    assert executor.get_job_logs(job_id).endswith("Databricks: USER_CANCELED: Run cancelled.\n")


def test_log_of_a_failure_ends_with_its_traceback_without_colours(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    source = "print('begun')\nopen('/no/such/file')"
    executor = executor_on(workspace, provider)

    status, log = ended(executor, written(tmp_path, source))

    assert status is JobStatus.FAILED
    assert log.startswith("begun\n----")
    assert 'job.py", line 2, in <module>' in log
    assert log.endswith(
        "Databricks: RUN_EXECUTION_ERROR: FileNotFoundError: [Errno 2] No such file or directory: "
        "'/no/such/file'\n"
    )
    assert "\x1b" not in log


def test_log_of_a_failure_without_any_output_says_why(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    """As where no machine was to be had."""
    workspace.fault("runs/get-output", "400")
    executor = executor_on(workspace, provider)

    _, log = ended(executor, written(tmp_path, "raise ValueError('told')"))

    assert log == "Databricks: RUN_EXECUTION_ERROR: ValueError: told\n"


def test_log_of_a_success_that_databricks_refuses_is_an_error(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    workspace.fault("runs/get-output", "400")
    executor = executor_on(workspace, provider)

    with pytest.raises(JobError, match=r"The log of \d+ can't be read .*told to refuse"):
        ended(executor, written(tmp_path, HELLO))


def test_log_is_read_from_cursors_of_its_own_alone(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider)
    job_id = executor.submit_job(written(tmp_path, HELLO))

    with pytest.raises(JobError, match="'seven' is no cursor of this log"):
        executor.read_job_logs(job_id, "seven")


def test_log_of_which_databricks_kept_the_end_says_so(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider)

    _, log = ended(executor, written(tmp_path, "print('a' * 6_000_000)\nprint('end')"))

    assert log.startswith("[... the beginning is left out ...]\na")
    assert log.endswith("a\nend\n")
    assert 5_000_000 < len(log) < 6_000_000


def test_process_that_dies_is_a_failure_that_databricks_tells_of(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider)

    status, log = ended(executor, written(tmp_path, "import os; os.kill(os.getpid(), 9)"))

    assert status is JobStatus.FAILED
    assert "Databricks: RUN_EXECUTION_ERROR: Fatal error: The Python kernel" in log


def test_package_that_can_not_be_installed_fails_the_run(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider, packages=["tenacity==0.0.1"])

    status, log = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.FAILED
    assert "Databricks: LIBRARY_INSTALLATION_ERROR: Library installation failed: " in log
    assert "tenacity==0.0.1" in log


def test_run_that_takes_too_long_has_failed(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider, timeout_seconds=1)

    status, log = ended(executor, written(tmp_path, "import threading; threading.Event().wait()"))

    assert status is JobStatus.FAILED
    assert log == "Databricks: CANCELED: The run took longer than its timeout.\n"


def test_run_is_pending_without_a_log_until_its_cluster_is_up(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider)
    workspace.hold()

    job_id = executor.submit_job(written(tmp_path, HELLO))
    before = (executor.get_job_status(job_id), executor.get_job_logs(job_id))
    workspace.go()

    assert before == (JobStatus.PENDING, "")
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED


def test_state_that_nobody_knows_is_running_and_told_once(
    workspace: DatabricksWorkspace,
    provider: Provider,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    workspace.hold()
    executor = executor_on(workspace, provider)
    job_id = executor.submit_job(written(tmp_path, HELLO))
    caplog.set_level(logging.WARNING)

    workspace.state(job_id, "HIBERNATING")
    found = [executor.get_job_status(job_id) for _ in range(3)]
    workspace.go()

    assert found == [JobStatus.RUNNING] * 3
    told = [record.message for record in caplog.records if "HIBERNATING" in record.message]
    assert told == [f"Databricks says that the run {job_id} is HIBERNATING; taken for RUNNING."]


def test_every_state_of_the_sdk_is_known() -> None:
    assert {one.value for one in RunLifecycleStateV2State} == {*STATES, ENDED}
    assert ENDS.keys() <= {one.value for one in TerminationCodeCode}


def test_end_without_a_known_reason_is_a_failure() -> None:
    assert status_of({"status": {"state": ENDED}}) is JobStatus.FAILED


@pytest.mark.parametrize("ask", ["get_job_status", "get_job_logs", "cancel_job"])
def test_run_that_databricks_keeps_no_longer_is_an_error(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path, ask: str
) -> None:
    executor = executor_on(workspace, provider)
    job_id = executor.submit_job(written(tmp_path, HELLO))
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    client(workspace).jobs.delete_run(int(job_id))

    with pytest.raises(JobNotFoundError, match=rf"no run '{job_id}', or keeps it no longer"):
        getattr(executor, ask)(job_id)
