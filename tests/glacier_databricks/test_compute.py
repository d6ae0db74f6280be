"""Where runs find their file and their machines: volumes, clusters, pools, serverless compute."""

import re
from pathlib import Path

import pytest
from databricks.sdk.errors import NotFound

from glacier import Provider
from glacier.errors import ConfigError, JobError
from glacier.job_status import JobStatus
from tests.executors.jobs import ended, written
from tests.glacier_databricks.databricks import HELLO, client, executor_on
from tests.rigs.aws.server import AwsServer
from tests.rigs.databricks.server import VOLUME, DatabricksServer, DatabricksWorkspace


def test_volume_holds_the_file_in_place_of_staging(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider, volume=f"{VOLUME}/")

    status, log = ended(executor, written(tmp_path, HELLO))

    (run,) = workspace.runs()
    file = run["request"]["tasks"][0]["spark_python_task"]["python_file"]
    assert (status, log) == (JobStatus.SUCCEEDED, "hello\n")
    assert re.fullmatch(rf"{VOLUME}/glacier/runs/\w+\.py", file)
    with pytest.raises(NotFound, match="does not exist"):
        client(workspace).files.download(file)


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


def test_serverless_compute_runs_what_fails_once(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    """It may have written before: whether to try again is for the caller to say."""
    begun = tmp_path / "begun"
    source = f"open({str(begun)!r}, 'a').write('x')\nraise ValueError"
    executor = executor_on(workspace, provider, serverless=True, volume=VOLUME)

    status, _ = ended(executor, written(tmp_path, source))

    assert status is JobStatus.FAILED
    assert begun.read_text() == "x"


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
    cluster = (
        client(workspace)
        .clusters.create(spark_version="16.4.x-scala2.12", node_type_id="m5d.xlarge", num_workers=1)
        .result()
    )
    executor = executor_on(workspace, provider, existing_cluster_id=cluster.cluster_id)

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"existing_cluster_id": "1126-gone"},
            r"Cluster 1126-gone does not exist\. Correct .*existing_cluster_id",
        ),
        ({"instance_pool_id": "pool-9"}, r"pool with id pool-9\. Correct .*instance_pool_id"),
        ({"policy_id": "ABC"}, r"policy ABC\. Give the identity the right .*policy_id"),
        (
            {"instance_type": "Standard_D4s_v3"},
            r"Node type Standard_D4s_v3 is not supported\. .*m5\.xlarge",
        ),
        ({"spark_version": "latest"}, r"Invalid spark version latest\. .*15\.4\.x-scala2\.12"),
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
    sdk = client(workspace)
    pool = sdk.instance_pools.create(instance_pool_name="p", node_type_id="m5d.xlarge")
    policy = sdk.cluster_policies.create(name="etl", definition="{}")
    executor = executor_on(
        workspace, provider, instance_pool_id=pool.instance_pool_id, policy_id=policy.policy_id
    )

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED
