"""Calls of Lambda functions, in the zip that was deployed, under AWS's own runtime client."""

import socket
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from glacier import Provider, Serverless
from glacier.config import AwsConfig
from glacier.errors import FunctionError, PayloadError
from tests.functions.invoke_cases import Deploy, InvokeCases, deploy_many
from tests.glacier_aws.lambda_functions import client, deployed, make_function, names_in, refuse
from tests.projects import Project
from tests.rigs.aws.server import AwsServer

THROTTLE: Any = {"status": 429, "type": "TooManyRequestsException", "message": "Rate Exceeded."}
INVOKE = ("POST", ".*/invocations")


@pytest.fixture
def deploy(aws_server: AwsServer) -> Deploy:
    return partial(deployed, aws_server)


@pytest.fixture
def many(deploy: Deploy, project: Project) -> Serverless:
    return deploy_many(deploy, project)


class TestCalls(InvokeCases):
    unpacked = ".*"
    ended = r"ended: Runtime\.ExitError: .* exit status 5"
    timed_out = r"(?s)Task timed out after 1\.00 seconds\. Raise timeout_s.*on the way"
    not_packed = r"can't start: Runtime\.ImportModuleError: .*No module named 'pluggy'.*packages="


def test_zip_is_unpacked_where_lambda_says(many: Serverless) -> None:
    root = many.invoke({"variable": "LAMBDA_TASK_ROOT"})["value"]

    assert many.invoke({})["file"] == f"{root}/many_handlers.py"


def test_invoke_of_a_handler_that_needs_more_memory_says_so(
    aws_server: AwsServer, project: Project
) -> None:
    module = project.module(
        """
        import time

        def run(payload):
            held = bytearray(200_000_000)
            time.sleep(10)
        """
    )
    function = deployed(aws_server, f"{module}:run", memory_mb=128)

    with pytest.raises(FunctionError, match=r"memory is used up .*Runtime\.ExitError.*Raise mem"):
        function.invoke({})


def test_invoke_of_a_function_that_is_not_there_says_to_deploy(
    aws_server: AwsServer, project: Project
) -> None:
    function = make_function(aws_server, f"{project.module()}:run", "nowhere")

    with pytest.raises(FunctionError, match=r"'nowhere' in us-east-1 .*does not exist.*deploy\(\)"):
        function.invoke({})


def test_payload_that_is_too_large_is_not_sent(aws_server: AwsServer, project: Project) -> None:
    function = deployed(aws_server, f"{project.module()}:run")
    aws_server.requests(forget=True)

    with pytest.raises(PayloadError, match=r"at most 6,291,456 bytes .* got 6,291,457\. Send it"):
        function.invoke({"text": "x" * (6_291_457 - len('{"text": ""}'))})

    assert aws_server.requests() == []


def test_largest_payload_arrives(aws_server: AwsServer, project: Project) -> None:
    module = project.module("def run(payload):\n    return {'n': len(payload['text'])}\n")
    function = deployed(aws_server, f"{module}:run")
    length = 6_291_456 - len('{"text": ""}')

    assert function.invoke({"text": "x" * length}) == {"n": length}


def test_answer_that_is_too_large_is_told(aws_server: AwsServer, project: Project) -> None:
    module = project.module("def run(payload):\n    return {'text': 'x' * 7_000_000}\n")
    function = deployed(aws_server, f"{module}:run")

    with pytest.raises(PayloadError, match=r"answer of .* too large: .*6291556 bytes.*a bucket"):
        function.invoke({})


def test_throttled_call_is_tried_again(aws_server: AwsServer, project: Project) -> None:
    function = deployed(aws_server, f"{project.module()}:run")
    refuse(aws_server, *INVOKE, times=2, **THROTTLE)

    assert function.invoke({"a": 1}) == {"a": 1}


def test_function_without_concurrency_is_throttled(aws_server: AwsServer, project: Project) -> None:
    function = deployed(aws_server, f"{project.module()}:run", reserved_concurrency=0)

    with pytest.raises(
        FunctionError,
        match=r"throttles it \(ReservedFunctionConcurrentInvocationLimitExceeded.*several tries",
    ):
        function.invoke({})


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (403, "AccessDeniedException", "could not be called: access is denied .* not authorized"),
        (403, "ExpiredTokenException", "does not take the credentials .*Renew"),
        (403, "UnrecognizedClientException", "does not take the credentials"),
        (500, "ServiceException", "AWS failed: ServiceException.*carried out, so it was not repea"),
        (502, "EC2ThrottledException", "could not be called: EC2ThrottledException: not auth"),
    ],
)
def test_refused_call_says_why_and_is_made_once(
    aws_server: AwsServer, project: Project, status: int, kind: str, message: str
) -> None:
    function = deployed(aws_server, f"{project.module()}:run")
    refuse(aws_server, *INVOKE, status=status, type=kind, message="not authorized to perform")
    aws_server.requests(forget=True)

    with pytest.raises(FunctionError, match=message) as caught:
        function.invoke({})

    assert caught.value.code == kind  # type: ignore[attr-defined]
    assert len(aws_server.requests()) == 1


def test_call_without_credentials_says_so(
    aws_server: AwsServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bare = aws_server.config(access_key_id=None, secret_access_key=None)
    function = Provider(bare).serverless("scores", f"{project.module()}:run")

    with pytest.raises(FunctionError, match="no credentials were found"):
        function.invoke({})


def test_call_of_what_can_not_be_reached_says_so(project: Project) -> None:
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        config = AwsConfig(
            region="us-east-1",
            endpoint_url=f"http://127.0.0.1:{closed.getsockname()[1]}",
            access_key_id="AKID",
            secret_access_key=SecretStr("not-a-real-secret"),
        )
        function = Provider(config).serverless("scores", f"{project.module()}:run")

        with pytest.raises(FunctionError, match=r"Could not connect to the endpoint .*network"):
            function.invoke({})


def test_call_that_is_not_answered_is_not_repeated(
    aws_server: AwsServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = project.module("import time\n\ndef run(payload):\n    time.sleep(3)\n")
    function = deployed(aws_server, f"{module}:run", timeout_seconds=30)
    # The caller's own idea of the timeout is what it waits for.
    monkeypatch.setattr("glacier_aws.function.call._START_SECONDS", -29)
    aws_server.requests(forget=True)

    with pytest.raises(FunctionError, match=r"no answer came: .*so it was not repeated"):
        function.invoke({})

    calls = [one for one in aws_server.requests() if one["path"].endswith("/invocations")]
    assert len(calls) == 1


def test_handler_without_a_dependency_brings_its_sources_alone(
    aws_server: AwsServer, project: Project
) -> None:
    module = project.module()

    names = names_in(make_function(aws_server, f"{module}:run").package())

    assert names == [
        "glacier.json",
        "glacier_json_border.py",
        "glacier_lambda.py",
        f"{module}.py",
    ]


def test_layer_is_importable(aws_server: AwsServer, project: Project) -> None:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("python/from_a_layer.py", "VALUE = 7\n")
    layer = client(aws_server, "lambda").publish_layer_version(
        LayerName="tools", Content={"ZipFile": buffer.getvalue()}
    )
    module = project.module(
        """
        from importlib import import_module

        def run(payload):
            return {"value": import_module("from_a_layer").VALUE}
        """
    )

    function = deployed(aws_server, f"{module}:run", layers=[layer["LayerVersionArn"]])

    assert function.invoke({}) == {"value": 7}
