"""Calls of Cloud Functions, in the zip that was deployed, under Google's functions-framework."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from google.auth import jwt
from google.cloud.functions_v2 import FunctionServiceClient

from glacier import Provider, Serverless
from glacier.config import GcpConfig
from glacier.errors import ConfigError, FunctionError, PayloadError
from glacier_gcp.function.calls import caller_of, entrances
from glacier_gcp.session import session_of
from tests.functions.invoke_cases import Deploy, InvokeCases, deploy_many
from tests.glacier_gcp.functions import (
    PLACE,
    answered,
    deployed,
    make_function,
    refused,
    scheduler,
)
from tests.projects import Project
from tests.rigs.gcp.identity import REFRESH_TOKEN
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.proxy import Proxy, drop

CALL = "/run/many$"
NO_INSTANCE = "The request was aborted because there was no available instance."


@pytest.fixture
def deploy(gcp_server: GcpServer) -> Deploy:
    return partial(deployed, gcp_server.config())


@pytest.fixture
def many(deploy: Deploy, project: Project) -> Serverless:
    return deploy_many(deploy, project)


class TestCalls(InvokeCases):
    unpacked = ".*/workspace"
    ended = r"no answer \(HTTP 503.*its process ended.*memory_mb"
    timed_out = r"timed out after 1 seconds \(HTTP 504.*raise timeout_"
    not_packed = r"can't start: ModuleNotFoundError: No module named 'pluggy'.*packages="


def test_function_is_told_its_project(many: Serverless) -> None:
    assert many.invoke({"variable": "GOOGLE_CLOUD_PROJECT"}) == {"value": PROJECT}


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    """The rig behind a proxy, through which everything goes that Glacier asks."""
    with Proxy(gcp_server.endpoint) as made:
        yield made


@pytest.fixture
def through(many: Serverless, gcp_server: GcpServer, proxy: Proxy) -> Serverless:
    """The same function, called through the proxy."""
    config = gcp_server.config(endpoint=proxy.endpoint)
    return Provider(config).serverless("many", many.handler)


def calls_of(proxy: Proxy) -> int:
    """Return how often functions were called through a proxy."""
    return sum("/run/" in one.path for one in proxy.requests)


def test_payload_that_is_too_large_is_not_sent(
    through: Serverless, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_gcp.function.call.LARGEST_PAYLOAD_BYTES", 1000)

    with pytest.raises(PayloadError, match=r"at most 1,000 bytes .* got 1,001\. Send it"):
        through.invoke({"length": "x" * (1001 - len('{"length": ""}'))})

    assert proxy.requests == []


def test_schedule_calls_the_handler_with_an_empty_payload(
    gcp_server: GcpServer, project: Project, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    module = project.module(
        f"""
        from pathlib import Path

        def run(payload):
            Path({str(seen)!r}).write_text(str(payload))
        """
    )
    function = deployed(gcp_server.config(), f"{module}:run", schedule="0 6 * * *")

    done = scheduler(gcp_server).run_job(name=f"{PLACE}/jobs/glacier-{function.function_name}")

    assert done.status.code == 0
    assert seen.read_text() == "{}"


def test_schedule_whose_handler_fails_has_failed(gcp_server: GcpServer, project: Project) -> None:
    module = project.module("def run(payload):\n    raise ValueError('no rows today')\n")
    function = deployed(gcp_server.config(), f"{module}:run", schedule="0 6 * * *")

    done = scheduler(gcp_server).run_job(name=f"{PLACE}/jobs/glacier-{function.function_name}")

    assert done.status.message == "HTTP 500"


def test_invoke_of_a_function_that_is_not_there_says_to_deploy(
    gcp_server: GcpServer, project: Project
) -> None:
    function = make_function(gcp_server.config(), f"{project.module()}:run", "nowhere")

    with pytest.raises(FunctionError, match=r"'nowhere' in europe-west1 .*Deploy it first"):
        function.invoke({})


def test_invoke_of_a_function_that_was_never_built_says_so(
    gcp_server: GcpServer, project: Project
) -> None:
    packages = ["no-such-shades==2.0"]
    function = make_function(gcp_server.config(), f"{project.module()}:run", packages=packages)
    with pytest.raises(FunctionError, match="no-such-shades"):
        function.deploy()

    with pytest.raises(FunctionError, match=r"it is FAILED, and has no address yet\. Deploy it"):
        function.invoke({})


def test_function_that_can_not_be_looked_up_was_not_called(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    config = gcp_server.config(endpoint=proxy.endpoint, retry_timeout_seconds=0)
    function = make_function(config, f"{project.module()}:run")
    proxy.on(refused(503, "UNAVAILABLE", "not today"), path="/functions/")

    with pytest.raises(FunctionError, match=r"Google failed: .*looked up, and not called"):
        function.invoke({})


def test_call_of_a_function_that_is_gone_meanwhile_says_to_deploy(
    gcp_server: GcpServer, project: Project
) -> None:
    function = deployed(gcp_server.config(), f"{project.module()}:run")
    function.invoke({})
    client = session_of(gcp_server.config()).client(FunctionServiceClient)
    client.delete_function(name=f"{PLACE}/functions/{function.function_name}")

    with pytest.raises(FunctionError, match=r"it is not there, or ingress=.*function\.deploy"):
        function.invoke({})


def test_function_that_keeps_the_network_out_says_so(
    gcp_server: GcpServer, project: Project
) -> None:
    function = deployed(gcp_server.config(), f"{project.module()}:run", ingress="internal")

    with pytest.raises(FunctionError, match="ingress= of its CloudFunctionConfig keeps this netw"):
        function.invoke({})


def test_caller_without_the_right_is_told_how_to_get_it(
    gcp_server: GcpServer, many: Serverless
) -> None:
    stranger = f"stranger@{PROJECT}.iam.gserviceaccount.com"
    key = gcp_server.key(stranger)
    gcp_server.grant(stranger, "roles/cloudfunctions.viewer")
    config = gcp_server.config(service_account_key=key)

    with pytest.raises(
        FunctionError, match=rf"denied to the service account {stranger} \(HTTP 403.*invokers="
    ) as caught:
        Provider(config).serverless("many", many.handler).invoke({})

    assert caught.value.status == 403  # type: ignore[attr-defined]


def test_caller_who_may_not_look_for_the_function_is_denied(
    gcp_server: GcpServer, many: Serverless
) -> None:
    key = gcp_server.key(f"blind@{PROJECT}.iam.gserviceaccount.com")
    config = gcp_server.config(service_account_key=key)

    with pytest.raises(
        FunctionError,
        match=r"called: access is denied .*functions\.get.*roles/cloudfunctions\.view",
    ):
        Provider(config).serverless("many", many.handler).invoke({})


def test_acting_as_another_account_calls_as_it(gcp_server: GcpServer, project: Project) -> None:
    caller = f"caller@{PROJECT}.iam.gserviceaccount.com"
    gcp_server.key(caller)
    gcp_server.grant(caller, "roles/cloudfunctions.viewer")
    module = project.module()
    invokers = [f"serviceAccount:{caller}"]
    name = deployed(gcp_server.config(), f"{module}:run", invokers=invokers).function_name
    config = gcp_server.config(impersonate_service_account=caller)

    function = Provider(config).serverless(name, f"{module}:run")

    assert function.invoke({"a": 1}) == {"a": 1}
    token = caller_of(session_of(config)).tokens.find(f"{gcp_server.endpoint}/run/{name}")
    assert jwt.decode(token, verify=False)["email"] == caller


def test_acting_as_another_account_without_the_right_says_so(
    gcp_server: GcpServer, many: Serverless
) -> None:
    target = f"target@{PROJECT}.iam.gserviceaccount.com"
    gcp_server.key(target)
    key = gcp_server.key(f"nobody@{PROJECT}.iam.gserviceaccount.com")
    config = gcp_server.config(service_account_key=key, impersonate_service_account=target)

    with pytest.raises(
        FunctionError, match=rf"nobody@.* may not act as {target} to reach the function 'many'"
    ):
        Provider(config).serverless("many", many.handler).invoke({})


def test_identity_of_a_user_says_what_to_set(
    gcp_server: GcpServer, many: Serverless, tmp_path: Path
) -> None:
    file = tmp_path / "user.json"
    owner = f"owner@{PROJECT}.iam.gserviceaccount.com"
    user = {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": "not-a-secret",
        "refresh_token": f"{REFRESH_TOKEN}{owner}",
        "token_uri": f"{gcp_server.endpoint}/token",
    }
    file.write_text(json.dumps(user))
    config = gcp_server.config(service_account_key_path=str(file))

    with pytest.raises(
        ConfigError, match=r"oauth2\.credentials\.Credentials\. Set GcpConfig\(imperso"
    ):
        Provider(config).serverless("many", many.handler).invoke({})


def test_caller_without_an_identity_is_denied(
    gcp_server: GcpServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    function = deployed(gcp_server.config(), f"{project.module()}:run")
    session = session_of(gcp_server.config(service_account_key=None))
    anonymous = Provider(session.config).serverless(function.function_name, function.handler)
    address = f"{gcp_server.endpoint}/run/{function.function_name}"
    monkeypatch.setitem(entrances._known, (session, function.function_name), address)

    with pytest.raises(FunctionError, match=r"denied to an anonymous caller \(HTTP 403"):
        anonymous.invoke({})


def test_machine_calls_as_its_account(
    gcp_server: GcpServer, many: Serverless, tmp_path: Path
) -> None:
    program = (
        "from glacier import Provider; print(Provider.from_env().serverless('many', 'json:loads')"
    )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GOOGLE_")},
        **gcp_server.metadata,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GOOGLE_CLOUD_REGION": "europe-west1",
        "STORAGE_EMULATOR_HOST": gcp_server.endpoint,
        "HOME": str(tmp_path),
    }

    done = subprocess.run(
        [sys.executable, "-c", f"{program}.invoke({{'length': 'xyz'}}))"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "{'length': 3}\n", done.stderr


def test_token_is_asked_for_once(through: Serverless, proxy: Proxy) -> None:
    through.invoke({})
    proxy.clear()

    through.invoke({})

    assert [(one.method, one.path) for one in proxy.requests] == [("POST", "/run/many")]


def test_call_with_a_token_that_is_refused_gets_a_new_one(
    through: Serverless, proxy: Proxy
) -> None:
    through.invoke({})
    proxy.clear()
    proxy.on(answered(401, "The token is invalid."), path=CALL, times=1)

    assert through.invoke({"length": "x"}) == {"length": 1}

    assert calls_of(proxy) == 2


def test_call_with_a_token_that_is_never_taken_says_so(through: Serverless, proxy: Proxy) -> None:
    proxy.on(answered(401, "The token is invalid."), path=CALL)

    with pytest.raises(FunctionError, match=r"access is denied to the service account .*HTTP 401"):
        through.invoke({})

    assert calls_of(proxy) == 2


@pytest.mark.parametrize(
    ("status", "text"), [(429, "Rate exceeded."), (500, NO_INSTANCE), (503, NO_INSTANCE)]
)
def test_call_that_was_not_begun_is_made_again(
    through: Serverless, proxy: Proxy, status: int, text: str
) -> None:
    proxy.on(answered(status, text), path=CALL, times=2)

    assert through.invoke({"length": "x"}) == {"length": 1}


def test_call_that_is_throttled_for_long_says_so(
    through: Serverless, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_gcp.function.call.UNBEGUN_SECONDS", 0.2)
    proxy.on(answered(429, "Rate exceeded."), path=CALL)

    with pytest.raises(
        FunctionError, match=r"no place for it \(HTTP 429.*also after several tries"
    ):
        through.invoke({})


def test_caller_who_was_just_let_in_waits_until_that_is_known(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    function = deployed(gcp_server.config(endpoint=proxy.endpoint), f"{project.module()}:run")
    refusal = proxy.on(answered(403, "Forbidden"), path="/run/", times=2)

    assert function.invoke({"a": 1}) == {"a": 1}

    assert refusal.played == 2


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, r"access is denied to the service account .* \(HTTP 403: why not\)"),
        (413, "the payload is too large"),
        (500, r"gave no answer .*carried out, so it was not repeated"),
        (502, r"gave no answer .*carried out, so it was not repeated"),
        (503, r"gave no answer .*carried out, so it was not repeated"),
        (504, "timed out after 60 seconds"),
        (302, r"was not called as expected \(HTTP 302"),
    ],
)
def test_refused_call_says_why_and_is_made_once(
    through: Serverless, proxy: Proxy, status: int, message: str
) -> None:
    proxy.on(answered(status, "why not"), path=CALL)

    with pytest.raises(FunctionError, match=message) as caught:
        through.invoke({})

    assert caught.value.status == status  # type: ignore[attr-defined]
    assert calls_of(proxy) == 1


def test_call_whose_answer_is_lost_is_not_repeated(
    gcp_server: GcpServer, proxy: Proxy, project: Project, tmp_path: Path
) -> None:
    module = project.module(
        f"""
        def run(payload):
            with open({str(tmp_path / "calls")!r}, "a") as file:
                file.write("call ")
        """
    )
    function = deployed(gcp_server.config(endpoint=proxy.endpoint), f"{module}:run")
    proxy.on(drop, path="/run/")

    with pytest.raises(FunctionError, match=r"no answer came: .*so it was not repeated"):
        function.invoke({})

    assert (tmp_path / "calls").read_text() == "call "


def test_call_that_is_not_answered_is_not_repeated(
    gcp_server: GcpServer, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    function = deployed(gcp_server.config(), f"{module}:run", timeout_seconds=30)
    # The caller's own idea of the timeout is what it waits for.
    monkeypatch.setattr("glacier_gcp.function.call._START_SECONDS", -29)

    with pytest.raises(FunctionError, match=r"no answer came: .*so it was not repeated"):
        function.invoke({})

    assert (tmp_path / "calls").read_text() == "call "


def test_call_of_what_can_not_be_reached_says_so(
    gcp_server: GcpServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_gcp.function.call.UNBEGUN_SECONDS", 0.1)
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        session = session_of(gcp_server.config())
        monkeypatch.setattr(entrances, "find", lambda *_: address)
        function = make_function(session.config, f"{project.module()}:run")

        with pytest.raises(FunctionError, match=r"could not be called: .*Check the network"):
            function.invoke({})


def test_call_without_a_credential_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    function = make_function(GcpConfig(project=PROJECT), f"{project.module()}:run")

    with pytest.raises(FunctionError, match="No credential was found for the function"):
        function.invoke({})
