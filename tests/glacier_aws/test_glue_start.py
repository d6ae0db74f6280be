"""One submission starts one run, though the answer to its request is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from pydantic import SecretStr

from glacier import Executor, Provider
from glacier.config import AwsConfig, GlueConfig
from glacier.errors import JobConnectionError, JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier_aws.job.errors import of_glue
from glacier_aws.job.launcher import TOKEN
from glacier_aws.job.start import start_run
from glacier_aws.session import session_of
from tests.executors.jobs import LIMIT_SECONDS, written
from tests.executors.silence_cases import SilenceOnExecutors
from tests.glacier_aws.glue import command, glue_executor, operations, runs_of
from tests.rigs.aws.server import AwsServer
from tests.rigs.proxy import Answer, Exchange, Proxy, reset_response


@pytest.mark.parametrize("how", ["drop", "500", "timeout"])
def test_run_whose_answer_was_lost_is_found_again(
    aws_server: AwsServer, tmp_path: Path, how: str
) -> None:
    executor = glue_executor(aws_server)
    job = written(tmp_path, "print('hello')")
    before = executor.submit_job(job)

    command(aws_server, "lose", how)
    operations(aws_server)
    job_id = executor.submit_job(job)
    asked = operations(aws_server)

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert {run["Id"] for run in runs_of(aws_server, executor)} == {before, job_id}
    assert asked.count("StartJobRun") == 1
    assert asked.count("GetJobRuns") == 1


def test_run_is_started_again_where_none_was(aws_server: AwsServer, tmp_path: Path) -> None:
    executor = glue_executor(aws_server)
    executor.deploy()
    session = session_of(aws_server.config())
    nobody = session.boto_session.client(
        "glue",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}),
    )
    glue = session.client("glue")

    with pytest.raises(Exception, match="Could not connect") as failure:
        start_run(glue, nobody, executor.name, {TOKEN: "none-such"}, patience_seconds=1.0)

    assert type(failure.value).__name__ == "EndpointConnectionError"
    assert operations(aws_server).count("GetJobRuns") >= 2
    assert runs_of(aws_server, executor) == []


def test_run_whose_answer_comes_too_late_is_found_again(aws_server: AwsServer) -> None:
    executor = glue_executor(aws_server)
    executor.deploy()
    session = session_of(aws_server.config())
    hasty = session.client("glue", retries={"total_max_attempts": 1}, read_timeout=0.5)
    command(aws_server, "lose", "stall")

    run_id = start_run(
        session.client("glue"), hasty, executor.name, {TOKEN: "late"}, patience_seconds=30.0
    )

    assert [run["Id"] for run in runs_of(aws_server, executor)] == [run_id]


def answer(status: int, content: object) -> Callable[[Exchange], None]:
    body = json.dumps(content).encode()

    def play(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(Answer(status, [("Content-Length", str(len(body)))], body))

    return play


def test_run_that_comes_late_is_not_started_twice(aws_server: AwsServer) -> None:
    executor = glue_executor(aws_server)
    executor.deploy()
    with Proxy(aws_server.endpoint) as proxy:
        session = session_of(aws_server.config(endpoint_url=proxy.endpoint))
        once = session.client("glue", retries={"total_max_attempts": 1})
        proxy.on(reset_response, times=1)
        proxy.on(answer(200, {"JobRuns": []}), times=3)
        proxy.on(answer(400, {"__type": "ThrottlingException", "message": "no"}), times=1)

        run_id = start_run(once, once, executor.name, {TOKEN: "tardy"}, patience_seconds=30.0)

    assert [run["Id"] for run in runs_of(aws_server, executor)] == [run_id]


def test_lost_answer_is_the_error_where_the_runs_can_not_be_looked_through(
    aws_server: AwsServer,
) -> None:
    executor = glue_executor(aws_server)
    executor.deploy()
    session = session_of(aws_server.config())
    nobody = session.boto_session.client(
        "glue",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}),
    )
    command(aws_server, "lose", "500")

    with pytest.raises(ClientError, match="InternalServiceException") as failure:
        start_run(
            nobody,
            session.client("glue", retries={"total_max_attempts": 1}),
            executor.name,
            {TOKEN: "unknown"},
            patience_seconds=30.0,
        )

    assert isinstance(failure.value.__cause__, EndpointConnectionError)


class TestSilence(SilenceOnExecutors):
    job_id = "jr_1"
    silence = "since AWS does not answer"

    @pytest.fixture
    def unreachable(self, monkeypatch: pytest.MonkeyPatch) -> Executor:
        """An executor on a Glue that does not answer, which the SDK asks once."""
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        config = AwsConfig(
            region="us-east-1",
            endpoint_url="http://127.0.0.1:9",
            account_id="123456789012",
            access_key_id="AKID",
            secret_access_key=SecretStr("0123456789"),
        )
        glue = GlueConfig(role_arn="arn:aws:iam::123456789012:role/etl")
        return Provider(config=config, staging="staging").executor("etl", config=glue)

    def test_submission_that_nobody_answers_is_a_job_error(
        self, unreachable: Executor, tmp_path: Path
    ) -> None:
        with pytest.raises(
            JobConnectionError, match=r"can't be started on Executor\('etl'\), since AWS does not"
        ):
            unreachable.submit_job(written(tmp_path, "pass"))

    def test_deployment_that_nobody_answers_is_an_error(self, unreachable: Executor) -> None:
        with pytest.raises(JobConnectionError, match=self.silence):
            unreachable.deploy()


def client_error(code: str, message: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    return ClientError(answer, "StartJobRun")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (client_error("AccessDeniedException", "not authorized: glue:x"), JobError, "permission"),
        (client_error("AccessDeniedException", "iam:PassRole on x"), JobError, "PassRole on the"),
        (client_error("ExpiredTokenException", "expired"), JobError, "renew them"),
        (client_error("ResourceNumberLimitExceededException", "no"), JobError, "Service Quotas"),
        (client_error("InvalidInputException", "WorkerType"), JobError, "WorkerType"),
        (
            client_error("InvalidInputException", "Service is unable to assume provided role."),
            JobError,
            "trust policy has to let glue.amazonaws.com",
        ),
        (client_error("EntityNotFoundException", "gone"), JobNotFoundError, "no run 'jr_1'"),
        (client_error("ThrottlingException", "slow"), JobConnectionError, "does not answer"),
        (NoCredentialsError(), JobError, "Set keys, a profile or a role"),
    ],
)
def test_errors_of_glue_say_what_to_do(error: Exception, kind: type[Exception], text: str) -> None:
    with (
        pytest.raises(kind, match=text) as failure,
        of_glue("The run is not told of", job_name="etl", job_id="jr_1"),
    ):
        raise error

    assert failure.value.__cause__ is error
    assert type(failure.value) is kind
