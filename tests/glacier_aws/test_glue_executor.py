"""Jobs on Glue: the Glue job behind them, their logs and states, and how they are stopped."""

import logging
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from glacier import Executor, Provider
from glacier.config import GlueConfig
from glacier.errors import JobError, PackageError
from glacier.job_status import JobStatus
from glacier_aws.executor import GlueAdapter
from tests.executors.job_cases import ENDLESS, HELLO, JobsOnExecutors
from tests.executors.jobs import LIMIT_SECONDS, Staged, ended, until, written
from tests.glacier_aws.glue import (
    client,
    command,
    glue_executor,
    ids_of,
    job_of,
    operations,
    policy_of,
    runs_of,
    staged,
)
from tests.rigs.aws.server import ACCOUNT, REGION, SECRET_KEY, AwsServer

BOTH_STREAMS = """
    import sys
    print("to output")
    print("to error", file=sys.stderr)
"""


class TestJobs(JobsOnExecutors):
    secret = SECRET_KEY

    @pytest.fixture
    def server(self, aws_server: AwsServer) -> AwsServer:
        return aws_server

    @pytest.fixture
    def executor(self, aws_server: AwsServer) -> Executor:
        return glue_executor(aws_server)

    @pytest.fixture
    def crowded(self, aws_server: AwsServer) -> Executor:
        return glue_executor(aws_server, max_concurrent_runs=1)

    @pytest.fixture
    def staged(self, aws_server: AwsServer) -> Staged:
        return partial(staged, aws_server)

    def job_ids(self, server: AwsServer, executor: Executor) -> list[str]:
        return ids_of(server, executor)


def test_first_submission_makes_the_job_and_its_role(aws_server: AwsServer, tmp_path: Path) -> None:
    provider = Provider(config=aws_server.config(), tags={"team": "data"})
    provider.bucket("lake", "raw/")
    executor = glue_executor(aws_server, provider, worker_type="G.2X", num_workers=3)

    status, _ = ended(executor, written(tmp_path, HELLO))

    job = job_of(aws_server, executor)
    tags = client(aws_server, "glue").get_tags(
        ResourceArn=f"arn:aws:glue:{REGION}:123456789012:job/{executor.name}"
    )["Tags"]
    resources = [str(one["Resource"]) for one in policy_of(aws_server, job["Role"])]
    assert status is JobStatus.SUCCEEDED
    assert (job["WorkerType"], job["NumberOfWorkers"], job["GlueVersion"]) == ("G.2X", 3, "5.0")
    assert (job["ExecutionClass"], job["MaxRetries"], job["Timeout"]) == ("STANDARD", 0, 480)
    assert job["Role"].endswith(f":role/glacier-glue-{executor.name}-{REGION}")
    assert tags == {"team": "data"}
    assert any("arn:aws:s3:::lake/raw/*" in one for one in resources)


def test_second_submission_only_starts_a_run(aws_server: AwsServer, tmp_path: Path) -> None:
    executor = glue_executor(aws_server)
    job = written(tmp_path, HELLO)
    executor.submit_job(job)

    aws_server.requests(forget=True)
    executor.submit_job(job)
    requests = aws_server.requests(forget=True)

    glue = [one["target"] for one in requests if one["target"].startswith("AWSGlue")]
    roles = [one for one in requests if one["path"] == "/" and not one["target"]]
    assert glue[:2] == ["AWSGlue.GetJob", "AWSGlue.StartJobRun"]
    assert not {"AWSGlue.CreateJob", "AWSGlue.UpdateJob"} & set(glue)
    assert [one for one in roles if one["access_key"] == "AKIDGLACIERTEST"] == []


def test_changed_config_updates_the_job_as_a_whole(aws_server: AwsServer, tmp_path: Path) -> None:
    provider = Provider(config=aws_server.config())
    first = glue_executor(
        aws_server, provider, connections=["warehouse"], overrides={"MaxRetries": 1}
    )
    first.deploy()
    second = provider.executor(first.name, config=GlueConfig(num_workers=7))

    status, _ = ended(second, written(tmp_path, HELLO))

    job = job_of(aws_server, second)
    assert status is JobStatus.SUCCEEDED
    assert (job["NumberOfWorkers"], job["GlueVersion"]) == (7, "5.0")
    assert "Connections" not in job
    assert job["MaxRetries"] == 0


@pytest.mark.parametrize("field", ["DefaultArguments", "Tags"])
def test_secret_among_the_settings_is_refused(aws_server: AwsServer, field: str) -> None:
    executor = glue_executor(aws_server, overrides={field: {"--token": SECRET_KEY}})
    aws_server.requests(forget=True)

    with pytest.raises(PackageError, match=r"holds the secret AwsConfig\.secret_acc") as caught:
        executor.deploy()

    assert SECRET_KEY not in str(caught.value)
    assert operations(aws_server) == []


def test_tags_in_overrides_are_added_to_the_providers(
    aws_server: AwsServer, tmp_path: Path
) -> None:
    provider = Provider(config=aws_server.config(), tags={"team": "data"})
    executor = glue_executor(aws_server, provider, overrides={"Tags": {"tier": "1"}})

    executor.deploy()
    executor.deploy()
    operations(aws_server)
    executor.wait(executor.submit_job(written(tmp_path, "pass")), timeout_seconds=LIMIT_SECONDS)

    assert "UpdateJob" not in operations(aws_server)
    tags = client(aws_server, "glue").get_tags(
        ResourceArn=f"arn:aws:glue:{REGION}:{ACCOUNT}:job/{executor.name}"
    )["Tags"]
    assert tags == {"team": "data", "tier": "1"}


def test_deploy_may_be_repeated_and_updates_tags(aws_server: AwsServer) -> None:
    executor = glue_executor(aws_server)
    executor.deploy()
    tagged = Provider(config=aws_server.config(), tags={"team": "data"})

    again = tagged.executor(executor.name, config=executor.config)
    again.deploy()
    again.deploy()

    tags = client(aws_server, "glue").get_tags(
        ResourceArn=f"arn:aws:glue:{REGION}:123456789012:job/{executor.name}"
    )["Tags"]
    assert tags == {"team": "data"}
    assert runs_of(aws_server, executor) == []


def test_role_of_the_config_is_taken_as_it_is(aws_server: AwsServer, tmp_path: Path) -> None:
    trust = '{"Statement": [{"Principal": {"Service": "glue.amazonaws.com"}}]}'
    iam = client(aws_server, "iam")
    arn = iam.create_role(RoleName="etl-own", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    executor = glue_executor(aws_server, role_arn=arn)

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED
    assert job_of(aws_server, executor)["Role"] == arn
    assert iam.list_role_policies(RoleName="etl-own")["PolicyNames"] == []


def test_role_of_the_overrides_is_taken_in_place_of_an_own_one(aws_server: AwsServer) -> None:
    trust = '{"Statement": [{"Principal": {"Service": "glue.amazonaws.com"}}]}'
    iam = client(aws_server, "iam")
    arn = iam.create_role(RoleName="etl-override", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    executor = glue_executor(aws_server, overrides={"Role": arn})
    before = {one["RoleName"] for one in iam.list_roles()["Roles"]}

    executor.deploy()

    assert job_of(aws_server, executor)["Role"] == arn
    assert {one["RoleName"] for one in iam.list_roles()["Roles"]} == before


def test_role_that_glue_may_not_assume_is_an_error(aws_server: AwsServer, tmp_path: Path) -> None:
    arn = "arn:aws:iam::123456789012:role/of-nobody"
    executor = glue_executor(aws_server, role_arn=arn)

    with pytest.raises(JobError, match=r"role/of-nobody .*has to let glue\.amazonaws\.com assume"):
        executor.submit_job(written(tmp_path, HELLO))


def test_log_of_a_run_that_has_printed_nothing_is_empty(
    aws_server: AwsServer, tmp_path: Path
) -> None:
    executor = glue_executor(aws_server)
    job_id = executor.submit_job(written(tmp_path, "pass"))

    assert executor.get_job_logs(job_id) == ""
    assert executor.read_job_logs(job_id).text == ""
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    assert executor.get_job_logs(job_id) == ""


def test_cursor_that_is_none_is_an_error(aws_server: AwsServer, tmp_path: Path) -> None:
    executor = glue_executor(aws_server)
    job_id = executor.submit_job(written(tmp_path, "pass"))

    with pytest.raises(JobError, match="'17' is no cursor of this log"):
        executor.read_job_logs(job_id, "17")


@pytest.mark.parametrize("version", ["4.0", "5.0"])
def test_log_has_both_streams(aws_server: AwsServer, tmp_path: Path, version: str) -> None:
    executor = glue_executor(aws_server, glue_version=version)

    status, log = ended(executor, written(tmp_path, BOTH_STREAMS))

    assert status is JobStatus.SUCCEEDED
    printed = [line for line in log.splitlines() if not line.startswith("Preparing")]
    assert sorted(printed) == ["to error", "to output"]


def test_log_ends_with_what_glue_says_of_a_failure(aws_server: AwsServer, tmp_path: Path) -> None:
    overrides = {"DefaultArguments": {"--additional-python-modules": "no-such-package==1.0"}}
    executor = glue_executor(aws_server, overrides=overrides)

    status, log = ended(executor, written(tmp_path, HELLO))
    job_id = runs_of(aws_server, executor)[0]["Id"]
    piece = executor.read_job_logs(job_id)

    assert status is JobStatus.FAILED
    assert log.startswith("Glue: FAILED: LAUNCH ERROR | pip: No matching distribution found for no")
    assert piece.text == log
    assert executor.read_job_logs(job_id, piece.cursor).text == ""


def test_state_that_nobody_knows_is_running_and_told_once(
    aws_server: AwsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    executor = glue_executor(aws_server)
    job_id = executor.submit_job(written(tmp_path, ENDLESS))
    caplog.set_level(logging.WARNING)

    assert until(lambda: executor.get_job_status(job_id) is JobStatus.RUNNING)
    command(aws_server, "state", job_id, "HIBERNATING")
    found = [executor.get_job_status(job_id) for _ in range(3)]
    executor.cancel_job(job_id)

    assert found == [JobStatus.RUNNING] * 3
    told = [record.message for record in caplog.records if "HIBERNATING" in record.message]
    assert told == [f"Glue says that the run {job_id} is HIBERNATING; taken for RUNNING."]


def test_submission_waits_while_glue_starts_no_more_runs(
    aws_server: AwsServer, tmp_path: Path
) -> None:
    executor = unqueued(aws_server)
    first = executor.submit_job(written(tmp_path, "import time; time.sleep(1)"))

    second = executor.submit_job(written(tmp_path, HELLO, "second.py"))

    assert executor.get_job_status(first).is_final
    assert executor.wait(second, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert operations(aws_server).count("StartJobRun") >= 3


def test_submission_gives_up_when_glue_starts_no_more_runs(
    aws_server: AwsServer, tmp_path: Path
) -> None:
    executor = unqueued(aws_server)
    cast("GlueAdapter", executor.adapter).patience_seconds = 1.0
    first = executor.submit_job(written(tmp_path, ENDLESS))

    with pytest.raises(JobError, match=r"had its most runs for 1 s.*max_concurrent_runs=\.\.\."):
        executor.submit_job(written(tmp_path, HELLO, "second.py"))

    executor.cancel_job(first)
    assert len(runs_of(aws_server, executor)) == 1


def unqueued(server: AwsServer) -> Executor:
    """Return an executor of one run at a time, whose runs Glue does not queue."""
    overrides = {"JobRunQueuingEnabled": False}
    return glue_executor(server, max_concurrent_runs=1, overrides=overrides)


def test_job_runs_as_its_role(aws_server: AwsServer, tmp_path: Path) -> None:
    source = 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'
    executor = glue_executor(aws_server)

    _, log = ended(executor, written(tmp_path, source))

    assert f":assumed-role/glacier-glue-{executor.name}-{REGION}/" in log
