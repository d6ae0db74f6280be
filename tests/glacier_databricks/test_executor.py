"""Jobs on Databricks: their runs, logs and states, and how they are stopped."""

import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service.jobs import RunLifecycleStateV2State, TerminationCodeCode

from glacier import Executor, Provider
from glacier.config import DatabricksConfig
from glacier.errors import ConfigError, JobError, JobNotFoundError, PackageError
from glacier.job_status import JobStatus
from glacier_databricks.job.states import ENDED, ENDS, STATES, status_of
from tests.executors.jobs import LIMIT_SECONDS, ended, until, written
from tests.glacier_aws.glue import staged
from tests.rigs.aws.server import SECRET_KEY, AwsServer
from tests.rigs.databricks.server import VOLUME, DatabricksServer, DatabricksWorkspace

HELLO = "print('hello')"
ENDLESS = """
    import os, pathlib, threading
    pathlib.Path(os.environ["SAID"]).write_text(f"{os.getpid()}")
    threading.Event().wait()
"""
SHOWING = """
    import os, sys
    print("to output")
    print("to error", file=sys.stderr)
    print(os.environ.get("OF_THE_CALLER"), os.environ.get("OF_THE_CLUSTER"), os.getpid())
    try:
        import glacier
    except ImportError as error:
        print(error)
    print("ü" * 3)
"""


def executor_on(workspace: DatabricksWorkspace, provider: Provider, **fields: Any) -> Executor:
    return provider.executor("etl", config=workspace.config(**fields))


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


def test_job_runs_nowhere_near_its_caller_with_the_variables_of_its_cluster(
    workspace: DatabricksWorkspace,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "1")
    workspace.set(secrets={"etl/key": "s3same"})
    executor = executor_on(
        workspace, provider, environment={"OF_THE_CLUSTER": "{{secrets/etl/key}}"}
    )

    _, log = ended(executor, written(tmp_path, SHOWING))

    lines = log.splitlines()
    (where,) = [line for line in lines if line.startswith("None s3same ")]
    assert {"to output", "to error", "No module named 'glacier'", "üüü"} <= set(lines)
    assert not where.endswith(f" {os.getpid()}")


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


def test_running_job_is_stopped_with_its_process(
    workspace: DatabricksWorkspace,
    provider: Provider,
    databricks_server: DatabricksServer,
    tmp_path: Path,
) -> None:
    said = tmp_path / "said"
    executor = executor_on(workspace, provider)
    job = {"script": written(tmp_path, ENDLESS), "environment": {"SAID": str(said)}}
    job_id = executor.submit_job(job)
    assert until(lambda: said.exists() and said.read_text() != "")

    other = executor_on(workspace, provider)  # as another process would
    other.cancel_job(job_id)
    status = other.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    databricks_server.requests(forget=True)
    other.cancel_job(job_id)

    assert status is JobStatus.CANCELLED
    assert not Path(f"/proc/{said.read_text()}").exists()
    assert "POST" not in {one["method"] for one in databricks_server.requests()}
    assert other.get_job_logs(job_id) == "Databricks: USER_CANCELED: Run cancelled.\n"


def test_run_is_pending_until_its_cluster_is_up_and_running_until_that_is_gone(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider)
    said = tmp_path / "said"
    source = f"import pathlib; pathlib.Path({str(said)!r}).touch()"
    workspace.hold()

    job_id = executor.submit_job(written(tmp_path, source))
    before = (executor.get_job_status(job_id), executor.get_job_logs(job_id))
    workspace.go()
    until(said.exists)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    assert before == (JobStatus.PENDING, "")
    assert status is JobStatus.SUCCEEDED


def test_run_beyond_the_workspaces_room_is_queued_and_can_be_stopped_there(
    databricks_server: DatabricksServer, provider: Provider, tmp_path: Path
) -> None:
    workspace = databricks_server.workspace(most_runs=1)
    workspace.hold()
    executor = executor_on(workspace, provider)
    first = executor.submit_job(written(tmp_path, HELLO))
    second = executor.submit_job(written(tmp_path, HELLO, "second.py"))

    waiting = executor.get_job_status(second)
    executor.cancel_job(second)
    stopped = executor.get_job_status(second)
    workspace.go()

    assert (waiting, stopped) == (JobStatus.PENDING, JobStatus.CANCELLED)
    assert executor.wait(first, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED


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
    WorkspaceClient(host=workspace.host, token=workspace.token).jobs.delete_run(int(job_id))

    with pytest.raises(JobNotFoundError, match=rf"no run '{job_id}', or keeps it no longer"):
        getattr(executor, ask)(job_id)


def test_volume_holds_the_file_in_place_of_staging(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider, volume=f"{VOLUME}/")

    status, log = ended(executor, written(tmp_path, HELLO))

    (run,) = workspace.runs()
    file = run["request"]["tasks"][0]["spark_python_task"]["python_file"]
    assert (status, log) == (JobStatus.SUCCEEDED, "hello\n")
    assert re.fullmatch(rf"{VOLUME}/glacier/runs/\w+\.py", file)
    client = WorkspaceClient(host=workspace.host, token=workspace.token)
    with pytest.raises(NotFound, match="does not exist"):
        client.files.download(file)


def test_volume_that_is_not_there_is_named(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider, volume="/Volumes/main/etl/nowhere")

    with pytest.raises(JobError, match=r"can't be started .*/Volumes/main/etl/nowhere/glacier"):
        executor.submit_job(written(tmp_path, HELLO))

    assert workspace.runs() == []


def test_serverless_compute_runs_a_script_from_a_volume(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider, serverless=True, volume=VOLUME)

    status, log = ended(executor, written(tmp_path, HELLO))

    assert (status, log) == (JobStatus.SUCCEEDED, "hello\n")


def test_serverless_compute_without_a_volume_is_refused_before_anything_is_sent(
    workspace: DatabricksWorkspace,
    provider: Provider,
    aws_server: AwsServer,
    databricks_server: DatabricksServer,
    tmp_path: Path,
) -> None:
    executor = executor_on(workspace, provider, serverless=True)
    for server in (aws_server, databricks_server):
        server.requests(forget=True)

    with pytest.raises(ConfigError, match=r"starts no file of a bucket.*volume=\"/Volumes/"):
        executor.submit_job(written(tmp_path, HELLO))

    assert aws_server.requests() == databricks_server.requests() == []


def test_cluster_that_is_there_runs_a_job(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    client = WorkspaceClient(host=workspace.host, token=workspace.token)
    cluster = client.clusters.create(
        spark_version="16.4.x-scala2.12", node_type_id="m5.xlarge", num_workers=1
    ).result()
    executor = executor_on(workspace, provider, existing_cluster_id=cluster.cluster_id)

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"existing_cluster_id": "1126-gone"}, "Cluster 1126-gone does not exist"),
        ({"instance_pool_id": "pool-9"}, "Can't find an instance pool with id pool-9"),
        ({"policy_id": "ABC"}, r"policy ABC\. Give the identity the right .*policy_id"),
        ({"instance_type": "Standard_D4s_v3"}, "Node type Standard_D4s_v3 is not supported"),
        ({"spark_version": "latest"}, "Invalid spark version latest"),
    ],
)
def test_what_the_workspace_lacks_is_named(
    workspace: DatabricksWorkspace,
    provider: Provider,
    tmp_path: Path,
    fields: dict[str, str],
    said: str,
) -> None:
    executor = executor_on(workspace, provider, **fields)

    with pytest.raises(JobError, match=rf"The job 'job' can't be started .*{said}"):
        executor.submit_job(written(tmp_path, HELLO))


def test_machines_come_from_a_pool_by_a_policy(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    client = WorkspaceClient(host=workspace.host, token=workspace.token)
    pool = client.instance_pools.create(instance_pool_name="p", node_type_id="m5.xlarge")
    policy = client.cluster_policies.create(name="etl", definition="{}")
    executor = executor_on(
        workspace, provider, instance_pool_id=pool.instance_pool_id, policy_id=policy.policy_id
    )

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED


def test_service_principal_enters_by_its_secret(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    secret = {"client_id": workspace.client_id, "client_secret": workspace.client_secret}
    config = DatabricksConfig.model_validate({"host": workspace.host, **secret})
    executor = provider.executor("etl", config=config)

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED


def test_environment_names_the_workspace_where_the_config_does_not(
    workspace: DatabricksWorkspace,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in workspace.environment.items():
        monkeypatch.setenv(name, value)
    executor = provider.executor("etl", config=DatabricksConfig())

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED


def test_workspace_that_nothing_names_is_an_error_that_says_how(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # without a file of profiles
    executor = provider.executor("etl", config=DatabricksConfig())

    with pytest.raises(ConfigError, match=r"can't be entered: .*DatabricksConfig\(host="):
        executor.submit_job(written(tmp_path, HELLO))


@pytest.mark.parametrize("where", ["script", "environment", "overrides"])
@pytest.mark.parametrize("whose", ["AwsConfig", "DatabricksConfig"])
def test_secret_is_refused_before_anything_is_submitted(
    workspace: DatabricksWorkspace,
    provider: Provider,
    aws_server: AwsServer,
    tmp_path: Path,
    where: str,
    whose: str,
) -> None:
    secret = SECRET_KEY if whose == "AwsConfig" else workspace.token
    source = f"key = {secret!r}" if where == "script" else HELLO
    environment = {"KEY": secret} if where == "environment" else {}
    overrides = {"spark_conf": {"key": secret}} if where == "overrides" else {}
    executor = executor_on(workspace, provider, overrides=overrides)

    with pytest.raises(PackageError, match=f"holds the secret {whose}"):
        executor.submit_job({"script": written(tmp_path, source), "environment": environment})

    assert workspace.runs() == []
    assert not any(secret.encode() in content for content in staged(aws_server).values())
