"""Calls of function apps, in the zip that was deployed, under the library's own app loader."""

import socket
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from azure.mgmt.web.models import KeyInfo

from glacier import Provider, Serverless
from glacier.errors import ConfigError, FunctionError, PayloadError
from glacier_azure.function.errors import function_errors
from glacier_azure.function.request import ROUTE, TIMER
from glacier_azure.function.web import send
from glacier_azure.session import session_of
from tests.functions.invoke_cases import Deploy, InvokeCases, deploy_many
from tests.glacier_azure.functions import (
    answer_instead,
    deployed,
    make_function,
    requests_of_apps,
    web,
)
from tests.projects import Project
from tests.rigs.azure.azurite import GROUP
from tests.rigs.azure.server import AzureServer

CALL = {"host": "app", "method": "POST", "path": f"/api/{ROUTE}"}
NOT_RUNNING = {**CALL, "status": 503, "body": "Function host is not running."}


@pytest.fixture
def deploy(azure: AzureServer) -> Deploy:
    return partial(deployed, azure)


@pytest.fixture
def many(deploy: Deploy, project: Project) -> Serverless:
    return deploy_many(deploy, project)


class TestCalls(InvokeCases):
    unpacked = r".*glacier-functions-.*"
    ended = r"no answer \(HTTP 500\): its process ended.*memory_"
    timed_out = r"timed out after 1 seconds \(HTTP 500\)\. Raise time"
    not_packed = r"can't start: ModuleNotFoundError: No module named 'pluggy'.*packages="


def test_payload_that_is_too_large_is_not_sent(
    azure: AzureServer, many: Serverless, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_azure.function.call.LARGEST_PAYLOAD_BYTES", 1000)
    requests_of_apps(azure, forget=True)

    with pytest.raises(PayloadError, match=r"at most 1,000 bytes .* got 1,001\. Send it"):
        many.invoke({"length": "x" * (1001 - len('{"length": ""}'))})

    assert requests_of_apps(azure) == []


def test_schedule_calls_the_handler_with_an_empty_payload(
    azure: AzureServer, project: Project, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    module = project.module(
        f"""
        from pathlib import Path

        def run(payload):
            Path({str(seen)!r}).write_text(str(payload))
        """
    )
    function = deployed(azure, f"{module}:run", schedule="0 0 6 * * *")
    host = web(azure).web_apps.get(GROUP, function.function_name).default_host_name
    master = web(azure).web_apps.list_host_keys(GROUP, function.function_name).master_key

    fire(f"http://{host}/admin/functions/{TIMER}", str(master))

    deadline = time.monotonic() + 20
    while not (seen.exists() and seen.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen.read_text() == "{}"


def fire(url: str, key: str) -> None:
    """Have a timer's function called, as Azure's portal does."""
    headers = {"x-functions-key": key, "Content-Type": "application/json"}
    with urlopen(Request(url, b'{"input": ""}', headers)) as answer:
        assert answer.status == 202


def test_invoke_of_a_function_that_is_not_there_says_to_deploy(
    azure: AzureServer, project: Project
) -> None:
    function = make_function(azure, f"{project.module()}:run", "nowhere")

    with pytest.raises(
        FunctionError, match=r"'nowhere' in the resource group 'glacier-tests' .*Deploy it first"
    ):
        function.invoke({})


def test_invoke_of_an_app_without_code_says_to_deploy(azure: AzureServer, many: Serverless) -> None:
    answer_instead(azure, {**CALL, "status": 404})

    with pytest.raises(FunctionError, match=r"the app has no function 'invoke' .*deploy\(\)"):
        many.invoke({})


def test_invoke_without_a_subscription_says_so(azure: AzureServer, project: Project) -> None:
    config = azure.config(subscription_id=None)
    function = Provider(config).serverless("scores", f"{project.module()}:run")

    with pytest.raises(ConfigError, match=r"names no subscription.*AZURE_SUBSCRIPTION_ID"):
        function.invoke({})


def test_call_with_a_key_that_was_renewed_asks_for_the_new_one(
    azure: AzureServer, many: Serverless
) -> None:
    many.invoke({})
    renewed = KeyInfo({"properties": {"name": "default", "value": "a-key-of-today"}})
    web(azure).web_apps.create_or_update_host_secret(
        GROUP, "many", "functionKeys", "default", renewed
    )
    azure.requests(forget=True)

    assert many.invoke({"length": "x"}) == {"length": 1}

    assert sum("listkeys" in one["path"] for one in azure.requests()) == 1


def test_call_with_a_key_that_is_never_taken_says_so(azure: AzureServer, many: Serverless) -> None:
    answer_instead(azure, *[{**CALL, "status": 401}] * 2)

    with pytest.raises(FunctionError, match=r"takes none of its keys \(HTTP 401\)"):
        many.invoke({})


def test_key_is_asked_for_once(azure: AzureServer, many: Serverless) -> None:
    many.invoke({})
    azure.requests(forget=True)

    many.invoke({})

    assert azure.requests() == []


@pytest.mark.parametrize(
    "answer",
    [NOT_RUNNING, {**CALL, "status": 429}],
    ids=["starting", "throttled"],
)
def test_call_that_was_not_begun_is_made_again(
    azure: AzureServer, many: Serverless, answer: dict[str, Any]
) -> None:
    answer_instead(azure, answer)

    assert many.invoke({"length": "x"}) == {"length": 1}


def test_call_that_is_throttled_for_long_says_so(
    azure: AzureServer, many: Serverless, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_azure.function.call._PAUSES_SECONDS", (0.01,))
    answer_instead(azure, *[{**CALL, "status": 429}] * 2)

    with pytest.raises(FunctionError, match=r"no place for it \(HTTP 429\), also after several"):
        many.invoke({})


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, r"access is denied \(HTTP 403: why not\)"),
        (413, "the payload is too large"),
        (500, "gave no answer .*carried out, so it was not repeated"),
        (502, "gave no answer .*carried out, so it was not repeated"),
        (503, "gave no answer .*carried out, so it was not repeated"),
        (302, r"was not called as expected \(HTTP 302"),
    ],
)
def test_refused_call_says_why_and_is_made_once(
    azure: AzureServer, many: Serverless, status: int, message: str
) -> None:
    answer_instead(azure, {**CALL, "status": status, "body": "why not"})
    requests_of_apps(azure, forget=True)

    with pytest.raises(FunctionError, match=message) as caught:
        many.invoke({})

    assert caught.value.status == status  # type: ignore[attr-defined]
    assert len(requests_of_apps(azure)) == 1


def test_call_that_is_not_answered_is_not_repeated(
    azure: AzureServer, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = project.module(
        f"""
        import time

        def run(payload):
            with open({str(tmp_path / "calls")!r}, "a") as file:
                file.write("call ")
            time.sleep(3)
        """
    )
    function = deployed(azure, f"{module}:run", timeout_seconds=30)
    # The caller's own idea of the timeout is what it waits for.
    monkeypatch.setattr("glacier_azure.function.call._START_SECONDS", -29)

    with pytest.raises(FunctionError, match=r"no answer came: .*so it was not repeated"):
        function.invoke({})

    assert (tmp_path / "calls").read_text() == "call "


def test_call_of_an_app_that_is_gone_meanwhile_says_to_deploy(
    azure: AzureServer, project: Project
) -> None:
    function = deployed(azure, f"{project.module()}:run")
    function.invoke({})
    web(azure).web_apps.delete(GROUP, function.function_name)

    with pytest.raises(FunctionError, match=r"does not exist .*Deploy it first"):
        function.invoke({})


def test_call_of_what_can_not_be_reached_says_so(azure: AzureServer, project: Project) -> None:
    function = make_function(azure, f"{project.module()}:run")
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"

        with (
            pytest.raises(FunctionError, match=r"could not be called: .*Check the network"),
            function_errors(function, "called"),
        ):
            send(session_of(azure.config()), "GET", address)


def test_call_without_an_identity_says_so(
    azure: AzureServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in azure.identity:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    function = Provider(azure.config()).serverless("scores", f"{project.module()}:run")

    with pytest.raises(FunctionError, match="no identity was found"):
        function.invoke({})
