"""Deploying Cloud Functions: what Google then has, and how few requests that takes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.cloud.functions_v2 import Function
from google.cloud.scheduler_v1 import Job

from glacier import Provider
from glacier.access import declared_access
from glacier.config import CloudFunctionConfig
from glacier.errors import FunctionError, ObjectNotFoundError
from glacier_gcp.accounts import OWN_DESCRIPTION
from glacier_gcp.function.request import PACKAGE_LABEL, account_of, digest_of
from glacier_gcp.http import send
from glacier_gcp.iam import USER, bucket_bindings
from glacier_gcp.session import session_of
from tests.glacier_aws.lambda_wheels import make_wheel
from tests.glacier_gcp.functions import (
    PLACE,
    answered,
    changes,
    deployed,
    found,
    make_function,
    policy_of,
    refused,
    scheduler,
)
from tests.projects import ECHO, Project
from tests.rigs.gcp.accounts import OWNER
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.proxy import Exchange, Proxy, drop

ETL = f"etl@{PROJECT}.iam.gserviceaccount.com"
CREATE = {"method": "POST", "path": "/functions$", "times": 1}
UPDATE = {"method": "PATCH", "path": "/functions/", "times": 1}


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    """The rig behind a proxy, through which everything goes that Glacier asks."""
    with Proxy(gcp_server.endpoint) as made:
        yield made


def bucket_policy(server: GcpServer, name: str) -> list[dict[str, Any]]:
    """Return the bindings of a bucket's policy that are of functions."""
    place = f"{server.endpoint}/storage/v1/b/{name}/iam?optionsRequestedPolicyVersion=3"
    bindings = send(session_of(server.config()), "GET", place).json()["bindings"]
    return [one for one in bindings if "serviceAccount:glacier-" in str(one["members"])]


def account_in(server: GcpServer, email: str) -> dict[str, Any]:
    """Return a service account as IAM tells it."""
    place = f"{server.endpoint}/v1/projects/{PROJECT}/serviceAccounts/{email}"
    told: dict[str, Any] = send(session_of(server.config()), "GET", place).json()
    return told


def test_deploy_makes_what_the_config_says(gcp_server: GcpServer, project: Project) -> None:
    function = deployed(
        gcp_server.config(),
        f"{project.module()}:run",
        tags={"Team": "Data"},
        memory_mb=2048,
        cpu=1,
        timeout_seconds=90,
        min_instances=1,
        max_instances=50,
        concurrency=4,
        environment={"MODE": "fast"},
        overrides={"functions": {"description": "Scores."}},
    )

    made = found(gcp_server, function.function_name)
    service = made.service_config
    assert made.state == Function.State.ACTIVE
    assert made.description == "Scores."
    assert made.labels["team"] == "data"
    assert (made.build_config.runtime, made.build_config.entry_point) == ("python311", "call")
    assert (service.available_memory, service.available_cpu) == ("2048M", "1")
    assert (service.min_instance_count, service.max_instance_count) == (1, 50)
    assert (service.timeout_seconds, service.max_instance_request_concurrency) == (90, 4)
    assert service.environment_variables["MODE"] == "fast"


def test_deploy_again_changes_nothing(gcp_server: GcpServer, project: Project) -> None:
    function = make_function(
        gcp_server.config(),
        f"{project.module()}:run",
        tags={"team": "data"},
        environment={"MODE": "fast"},
        invokers=["allAuthenticatedUsers"],
        schedule="0 6 * * *",
    )
    function.deploy()
    assert changes(gcp_server) != []

    function.deploy()

    assert changes(gcp_server) == []


def test_deploy_updates_code_in_place(gcp_server: GcpServer, project: Project) -> None:
    module = project.module()
    function = deployed(gcp_server.config(), f"{module}:run")
    assert function.invoke({"a": 1}) == {"a": 1}
    project.module(ECHO.replace("return payload", "return {'new': True}"), module)
    gcp_server.requests(forget=True)

    function.deploy()

    asked = gcp_server.requests(forget=True)
    masks = [one["query"].partition("updateMask=")[2] for one in asked if one["method"] == "PATCH"]
    assert [mask.partition("&")[0] for mask in masks] == ["buildConfig.source%2Clabels", "labels"]
    assert function.invoke({"a": 1}) == {"new": True}


def test_deploy_updates_only_the_settings_that_differ(
    gcp_server: GcpServer, project: Project
) -> None:
    module = project.module()
    name = deployed(gcp_server.config(), f"{module}:run", environment={"OLD": "1"}).function_name
    gcp_server.requests(forget=True)

    deployed(gcp_server.config(), f"{module}:run", name=name, memory_mb=1024)

    asked = [one for one in gcp_server.requests() if one["method"] in {"PATCH", "PUT"}]
    service = found(gcp_server, name).service_config
    assert [one["query"].partition("updateMask=")[2].partition("&")[0] for one in asked] == [
        "serviceConfig.availableMemory%2CserviceConfig.environmentVariables"
    ]
    assert service.available_memory == "1024M"
    assert "OLD" not in service.environment_variables


def test_limits_that_are_not_wanted_any_more_are_given_up(
    gcp_server: GcpServer, project: Project
) -> None:
    module, config = project.module(), gcp_server.config()
    name = deployed(config, f"{module}:run", max_instances=2, cpu=2).function_name

    deployed(config, f"{module}:run", name=name)

    service = found(gcp_server, name).service_config
    assert (service.max_instance_count, service.available_cpu) == (100, "0.1666")


def test_deploy_keeps_labels_of_others(gcp_server: GcpServer, project: Project) -> None:
    module, config = project.module(), gcp_server.config()
    name = deployed(config, f"{module}:run", tags={"team": "data"}).function_name
    label(gcp_server, name, {"owner": "sales"})

    deployed(config, f"{module}:run", name=name, tags={"team": "ops"})

    labels = {k: v for k, v in found(gcp_server, name).labels.items() if "glacier" not in k}
    assert labels == {"team": "ops", "owner": "sales"}


def label(server: GcpServer, name: str, labels: dict[str, str]) -> None:
    """Have a function have more labels."""
    from google.cloud.functions_v2 import FunctionServiceClient

    known = found(server, name)
    known.labels = {**known.labels, **labels}
    client = session_of(server.config()).client(FunctionServiceClient)
    mask: Any = {"paths": ["labels"]}
    client.update_function(function=known, update_mask=mask).result()


def test_function_may_do_what_its_buckets_need_and_no_more(
    gcp_server: GcpServer, project: Project
) -> None:
    provider = Provider(gcp_server.config())
    provider.bucket("least-lake").deploy()
    provider = Provider(gcp_server.config())
    provider.bucket("least-lake", "sales/")
    function = provider.serverless("least", f"{project.module()}:run")

    function.deploy()

    member = f"serviceAccount:{account_of(function)}"
    bindings = bucket_policy(gcp_server, "least-lake")
    wanted = bucket_bindings(declared_access(provider, ""))
    assert all(one["members"] == [member] for one in bindings)
    assert {(one["role"], one["condition"]["expression"]) for one in bindings} == {
        (one.role, one.condition) for one in wanted
    }
    assert all("least-lake/objects/sales/" in one.condition for one in wanted[:1])


def test_rights_follow_the_paths_and_leave_those_of_others(
    gcp_server: GcpServer, project: Project
) -> None:
    module, config = project.module(), gcp_server.config()
    Provider(config).bucket("moving-lake").deploy()
    gcp_server.grant(ETL, USER, bucket="moving-lake")
    for path in ("old/", "new/"):
        provider = Provider(config)
        provider.bucket("moving-lake", path)
        provider.serverless("moving", f"{module}:run").deploy()

    bindings = bucket_policy(gcp_server, "moving-lake")
    place = f"{gcp_server.endpoint}/storage/v1/b/moving-lake/iam?optionsRequestedPolicyVersion=3"
    whole = send(session_of(config), "GET", place).json()["bindings"]
    assert "objects/new/" in str(bindings)
    assert "objects/old/" not in str(bindings)
    assert {"role": USER, "members": [f"serviceAccount:{ETL}"]} in whole


def test_function_runs_as_an_account_of_its_own(gcp_server: GcpServer, project: Project) -> None:
    function = deployed(gcp_server.config(), f"{project.module()}:run")

    email = account_of(function)
    made = found(gcp_server, function.function_name)
    assert made.service_config.service_account_email == email
    assert account_in(gcp_server, email)["description"] == OWN_DESCRIPTION


def test_account_that_is_given_gets_no_rights(gcp_server: GcpServer, project: Project) -> None:
    gcp_server.key(ETL)
    provider = Provider(gcp_server.config())
    provider.bucket("nowhere-at-all")
    config = CloudFunctionConfig(service_account=ETL)
    function = provider.serverless("given-account", f"{project.module()}:run", config=config)

    function.deploy()

    service = found(gcp_server, function.function_name).service_config
    assert service.service_account_email == ETL


def test_account_that_terraform_has_made_is_left_alone(
    gcp_server: GcpServer, project: Project
) -> None:
    provider = Provider(gcp_server.config())
    provider.bucket("terraformed").deploy()
    function = provider.serverless("terraformed", f"{project.module()}:run")
    fields = {"description": "Terraform's own."}
    request = {"accountId": account_of(function).partition("@")[0], "serviceAccount": fields}
    place = f"{gcp_server.endpoint}/v1/projects/{PROJECT}/serviceAccounts"
    send(session_of(gcp_server.config()), "POST", place, json=request)

    function.deploy()

    assert bucket_policy(gcp_server, "terraformed") == []


def test_bucket_that_is_missing_is_named(gcp_server: GcpServer, project: Project) -> None:
    provider = Provider(gcp_server.config())
    provider.bucket("missing-lake", "sales/")
    function = provider.serverless("astray", f"{project.module()}:run")

    with pytest.raises(ObjectNotFoundError, match=r"'missing-lake', to which glacier-astray-\w+@"):
        function.deploy()


def test_deployer_and_invokers_may_call_and_others_may_go_on(
    gcp_server: GcpServer, project: Project
) -> None:
    module, config = project.module(), gcp_server.config()
    name = deployed(config, f"{module}:run", invokers=["group:one@example.com"]).function_name

    deployed(config, f"{module}:run", name=name, invokers=[f"serviceAccount:{ETL}"])

    members = [f"serviceAccount:{OWNER}", "group:one@example.com", f"serviceAccount:{ETL}"]
    (binding,) = policy_of(gcp_server, name)
    assert binding["role"] == "roles/run.invoker"
    assert sorted(binding["members"]) == sorted(members)


def test_package_that_can_not_be_installed_fails_with_googles_reason(
    gcp_server: GcpServer, project: Project
) -> None:
    packages = ["no-such-shades==2.0"]
    function = make_function(gcp_server.config(), f"{project.module()}:run", packages=packages)

    with pytest.raises(
        FunctionError, match=r"could not be deployed: Build failed .*no-such-shades==2\.0"
    ) as caught:
        function.deploy()

    assert "No matching distribution" in caught.value.log  # type: ignore[attr-defined]


def test_function_that_does_not_start_fails_with_googles_reason(
    gcp_server: GcpServer, project: Project
) -> None:
    overrides = {"functions": {"buildConfig": {"entryPoint": "no_such_function"}}}
    function = make_function(gcp_server.config(), f"{project.module()}:run", overrides=overrides)

    with pytest.raises(FunctionError, match=r"Container Healthcheck failed"):
        function.deploy()


def test_function_whose_first_deployment_failed_has_no_address_to_call(
    gcp_server: GcpServer, project: Project
) -> None:
    packages = ["no-such-shades==2.0"]
    function = make_function(gcp_server.config(), f"{project.module()}:run", packages=packages)
    with pytest.raises(FunctionError, match="no-such-shades"):
        function.deploy()

    with pytest.raises(FunctionError, match=r"it is FAILED, and has no address yet\. Deploy it"):
        function.invoke({})


def test_deployment_that_failed_is_made_again(gcp_server: GcpServer, project: Project) -> None:
    module, config = project.module(), gcp_server.config()
    wrong = make_function(config, f"{module}:run", packages=["no-such-shades==2.0"])
    with pytest.raises(FunctionError, match="no-such-shades"):
        wrong.deploy()

    function = deployed(config, f"{module}:run", name=wrong.function_name)

    assert function.invoke({"a": 1}) == {"a": 1}


def test_settings_that_failed_are_mended_with_the_same_code(
    gcp_server: GcpServer, project: Project
) -> None:
    module, config = project.module(), gcp_server.config()
    overrides = {"functions": {"buildConfig": {"entryPoint": "no_such_function"}}}
    wrong = make_function(config, f"{module}:run", overrides=overrides)
    with pytest.raises(FunctionError, match="Healthcheck failed"):
        wrong.deploy()

    function = deployed(config, f"{module}:run", name=wrong.function_name)

    assert function.invoke({"a": 1}) == {"a": 1}


def test_function_that_another_process_has_just_made_is_kept_up(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    module = project.module()
    name = deployed(gcp_server.config(), f"{module}:run").function_name
    missing = refused(404, "NOT_FOUND", "Resource was not found")
    early = proxy.on(missing, method="GET", path=f"/functions/{name}$", times=1)
    begun = {"name": f"{PLACE}/operations/x", "done": False}
    proxy.on(answered(200, json.dumps(begun), "application/json"), **CREATE)
    told = {**begun, "done": True, "error": {"code": 6, "message": "already exists"}}
    failed = proxy.on(
        answered(200, json.dumps(told), "application/json"), path="/operations/x", times=1
    )
    config = gcp_server.config(endpoint=proxy.endpoint)

    deployed(config, f"{module}:run", name=name, memory_mb=1024)

    assert (early.played, failed.played) == (1, 1)
    assert found(gcp_server, name).service_config.available_memory == "1024M"


def test_code_is_not_taken_for_that_of_another_process(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    """Another process deploys its code just before this one has said what runs."""
    module = project.module()
    name = deployed(gcp_server.config(), f"{module}:run").function_name
    aborted = refused(409, "ABORTED", "unable to queue the operation")

    def deploy_others(exchange: Exchange) -> None:
        project.module(ECHO.replace("return payload", "return {'of': 'others'}"), module)
        deployed(gcp_server.config(), f"{module}:run", name=name)
        aborted(exchange)

    overtaken = proxy.on(deploy_others, query="updateMask=labels(&|$)", **UPDATE)
    project.module(ECHO.replace("return payload", "return {'of': 'ours'}"), module)
    function = make_function(gcp_server.config(endpoint=proxy.endpoint), f"{module}:run", name)
    ours = digest_of(function.package().read_bytes())

    function.deploy()

    assert overtaken.played == 1
    assert function.invoke({}) == {"of": "others"}
    assert found(gcp_server, name).labels[PACKAGE_LABEL] != ours


def test_code_from_before_a_failed_deployment_is_deployed_again(
    gcp_server: GcpServer, project: Project
) -> None:
    module, config = project.module(), gcp_server.config()
    function = deployed(config, f"{module}:run")
    name = function.function_name
    wrong = make_function(config, f"{module}:run", name, packages=["no-such-shades==2.0"])
    with pytest.raises(FunctionError, match="no-such-shades"):
        wrong.deploy()
    assert PACKAGE_LABEL not in found(gcp_server, name).labels
    changes(gcp_server)

    function.deploy()

    assert f"PATCH {name}" in changes(gcp_server)
    assert function.invoke({"a": 1}) == {"a": 1}


def test_packages_of_the_config_are_installed(
    gcp_server: GcpServer, project: Project, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "colours", {"colours.py": "DARK = 'dark'\n"})
    module = project.module(
        """
        from importlib import import_module

        def run(payload):
            return {"shade": import_module("colours").DARK}
        """
    )
    packages = [f"colours @ {wheel.as_uri()}"]

    function = deployed(gcp_server.config(), f"{module}:run", packages=packages)

    assert function.invoke({}) == {"shade": "dark"}


def test_deploy_waits_while_another_change_goes_on(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    module, config = project.module(), gcp_server.config(endpoint=proxy.endpoint)
    name = deployed(config, f"{module}:run").function_name
    busy = proxy.on(refused(409, "ABORTED", "unable to queue the operation"), **UPDATE)

    deployed(config, f"{module}:run", name=name, memory_mb=1024)

    assert busy.played == 1
    assert found(gcp_server, name).service_config.available_memory == "1024M"


def test_deploy_waits_while_the_function_is_being_deleted(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    function = deployed(gcp_server.config(endpoint=proxy.endpoint), f"{project.module()}:run")
    known = json.loads(Function.to_json(found(gcp_server, function.function_name)))
    going = answered(200, json.dumps({**known, "state": "DELETING"}), "application/json")
    early = proxy.on(going, method="GET", path="/functions/", times=1)
    changes(gcp_server)

    function.deploy()

    assert early.played == 1
    assert changes(gcp_server) == []


@pytest.mark.parametrize("request_of", [CREATE, UPDATE], ids=["create", "update"])
def test_answer_that_is_lost_is_asked_for_again(
    gcp_server: GcpServer, proxy: Proxy, project: Project, request_of: dict[str, Any]
) -> None:
    module, config = project.module(), gcp_server.config(endpoint=proxy.endpoint)
    name = "lost-create" if request_of is CREATE else deployed(config, f"{module}:run").name
    lost = proxy.on(drop, **request_of)

    function = deployed(config, f"{module}:run", name=name, memory_mb=1024)

    assert lost.played == 1
    assert found(gcp_server, name).service_config.available_memory == "1024M"
    assert function.invoke({"a": 1}) == {"a": 1}


def test_deploy_waits_until_a_new_account_is_known(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    message = "Service account glacier-x@y.iam.gserviceaccount.com was not found."
    unknown = proxy.on(refused(404, "NOT_FOUND", message), **CREATE)

    function = deployed(gcp_server.config(endpoint=proxy.endpoint), f"{project.module()}:run")

    assert unknown.played == 1
    assert function.invoke({"a": 1}) == {"a": 1}


def test_function_that_failed_for_want_of_its_new_account_is_made_again(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    message = "Cloud Run: service account glacier-x@y.iam.gserviceaccount.com does not exist."
    told = {"name": f"{PLACE}/operations/x", "done": True, "error": {"code": 5, "message": message}}
    failed = proxy.on(
        answered(200, json.dumps(told), "application/json"), path="/operations/", times=1
    )

    function = deployed(gcp_server.config(endpoint=proxy.endpoint), f"{project.module()}:run")

    assert failed.played == 1
    assert function.invoke({"a": 1}) == {"a": 1}


def test_source_that_is_refused_says_why(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    text = "<Error><Code>EntityTooLarge</Code><Message>Your zip is too large.</Message></Error>"
    proxy.on(answered(400, text, "application/xml"), method="PUT", path="/gcf-v2-uploads-")
    function = make_function(gcp_server.config(endpoint=proxy.endpoint), f"{project.module()}:run")

    with pytest.raises(FunctionError, match=r"EntityTooLarge: Your zip is too large") as caught:
        function.deploy()

    assert "X-Goog-Signature" not in str(caught.value)


def test_deployment_without_an_end_says_so(
    gcp_server: GcpServer, proxy: Proxy, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_gcp.function.operations.DEPLOY_SECONDS", 0.2)
    told = f'{{"name": "{PLACE}/operations/lost", "done": false}}'
    proxy.on(answered(200, told, "application/json"), path="/operations/")
    function = make_function(gcp_server.config(endpoint=proxy.endpoint), f"{project.module()}:run")

    with pytest.raises(FunctionError, match=r"not come to an end after 0 seconds \(.*/operations/"):
        function.deploy()


def test_schedule_is_made_changed_and_removed(gcp_server: GcpServer, project: Project) -> None:
    module, config = project.module(), gcp_server.config()
    function = deployed(config, f"{module}:run", schedule="0 6 * * *")
    name, job = function.function_name, f"{PLACE}/jobs/glacier-{function.function_name}"
    made = scheduler(gcp_server).get_job(name=job)

    deployed(config, f"{module}:run", name=name, schedule="0 7 * * *")
    changed = scheduler(gcp_server).get_job(name=job)
    deployed(config, f"{module}:run", name=name)

    assert (made.schedule, made.time_zone) == ("0 6 * * *", "Etc/UTC")
    assert made.http_target.oidc_token.service_account_email == account_of(function)
    assert changed.schedule == "0 7 * * *"
    with pytest.raises(NotFound):
        scheduler(gcp_server).get_job(name=job)


def test_schedule_whose_update_failed_is_updated_again(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    module, config = project.module(), gcp_server.config(endpoint=proxy.endpoint)
    function = deployed(config, f"{module}:run", schedule="0 6 * * *")
    name = f"{PLACE}/jobs/glacier-{function.function_name}"
    known = json.loads(Job.to_json(scheduler(gcp_server).get_job(name=name)))
    failed = json.dumps({**known, "state": "UPDATE_FAILED"})
    proxy.on(answered(200, failed, "application/json"), method="GET", path="/jobs/")
    changes(gcp_server)

    function.deploy()

    assert changes(gcp_server) == [f"PATCH glacier-{function.function_name}"]


def test_schedule_may_call_the_function(gcp_server: GcpServer, project: Project) -> None:
    function = deployed(gcp_server.config(), f"{project.module()}:run", schedule="0 6 * * *")

    (binding,) = policy_of(gcp_server, function.function_name)

    assert f"serviceAccount:{account_of(function)}" in binding["members"]


DISABLED = refused(
    403, "PERMISSION_DENIED", "Cloud Scheduler API has not been used before.", "SERVICE_DISABLED"
)


def test_function_without_a_schedule_needs_no_scheduler(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    proxy.on(DISABLED, path="/jobs/")

    function = deployed(gcp_server.config(endpoint=proxy.endpoint), f"{project.module()}:run")

    assert function.invoke({"a": 1}) == {"a": 1}


def test_schedule_without_a_scheduler_says_what_is_not_enabled(
    gcp_server: GcpServer, proxy: Proxy, project: Project
) -> None:
    proxy.on(DISABLED, path="/jobs/")
    config = gcp_server.config(endpoint=proxy.endpoint)
    function = make_function(config, f"{project.module()}:run", schedule="0 6 * * *")

    with pytest.raises(FunctionError, match=r"services is not enabled in the project: .*Scheduler"):
        function.deploy()


@pytest.mark.parametrize(
    ("status", "name", "message"),
    [
        (400, "INVALID_ARGUMENT", r"does not take its settings \(.*not today\)\. Correct its"),
        (401, "UNAUTHENTICATED", rf"does not accept the token of the service account {OWNER}"),
        (403, "PERMISSION_DENIED", rf"access is denied to the service account {OWNER} .*not today"),
        (404, "NOT_FOUND", "or what it needs, does not exist .*Correct its config"),
    ],
)
def test_refused_request_says_why(
    gcp_server: GcpServer,
    proxy: Proxy,
    project: Project,
    status: int,
    name: str,
    message: str,
) -> None:
    function = make_function(gcp_server.config(endpoint=proxy.endpoint), f"{project.module()}:run")
    proxy.on(refused(status, name, "not today"), method="POST", path="/functions$")

    with pytest.raises(FunctionError, match=f"could not be deployed: .*{message}") as caught:
        function.deploy()

    assert caught.value.region == "europe-west1"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "name", "message"),
    [
        (429, "RESOURCE_EXHAUSTED", "a quota of the project is used up"),
        (503, "UNAVAILABLE", r"Google failed: .*Deploy it again; what has been done already stays"),
    ],
)
def test_request_that_is_refused_for_long_says_why(
    gcp_server: GcpServer,
    proxy: Proxy,
    project: Project,
    status: int,
    name: str,
    message: str,
) -> None:
    config = gcp_server.config(endpoint=proxy.endpoint, retry_timeout_seconds=0)
    function = make_function(config, f"{project.module()}:run")
    proxy.on(refused(status, name, "not today"), method="POST", path="/functions$")

    with pytest.raises(FunctionError, match=message):
        function.deploy()


def test_project_of_somebody_else_is_denied(gcp_server: GcpServer, project: Project) -> None:
    config = gcp_server.config(project="somebody-elses")
    function = make_function(config, f"{project.module()}:run", service_account=ETL)

    with pytest.raises(FunctionError, match=r"access is denied .*'somebody-elses' not found or"):
        function.deploy()


def test_account_that_may_not_be_acted_as_is_named(gcp_server: GcpServer, project: Project) -> None:
    deployer = f"deployer@{PROJECT}.iam.gserviceaccount.com"
    config = gcp_server.config(service_account_key=gcp_server.key(deployer))
    gcp_server.key(ETL)
    gcp_server.grant(deployer, "roles/cloudfunctions.developer")
    function = make_function(config, f"{project.module()}:run", service_account=ETL)

    with pytest.raises(
        FunctionError, match=rf"denied to the service account {deployer} .*actAs.*{ETL}"
    ):
        function.deploy()


@pytest.mark.parametrize(
    "overrides",
    [
        {"functions": {"serviceConfig": {"noSuchField": 1}}},
        {"functions": {"serviceConfig": {"timeoutSeconds": "soon"}}},
        {"functions": {"description": {1, 2}}},
        {"jobs": {"noSuchField": 1}},
    ],
    ids=["field", "value", "no JSON", "schedule"],
)
def test_override_that_google_has_no_place_for_is_refused(
    gcp_server: GcpServer, project: Project, overrides: dict[str, Any]
) -> None:
    function = make_function(
        gcp_server.config(), f"{project.module()}:run", overrides=overrides, schedule="0 6 * * *"
    )
    gcp_server.requests(forget=True)

    with pytest.raises(
        FunctionError, match=r"(?s)Google has no place for: .*Correct overrides= of"
    ):
        function.deploy()

    assert gcp_server.requests() == []


@pytest.mark.parametrize("what", ["environment", "overrides", "part", "schedule"])
def test_secret_is_not_sent(gcp_server: GcpServer, project: Project, what: str) -> None:
    key = gcp_server.key()
    fields: dict[str, dict[str, Any]] = {
        "environment": {"environment": {"KEY": key}},
        "part": {"environment": {"KEY": json.loads(key)["private_key"]}},
        "overrides": {"overrides": {"functions": {"description": key}}},
        "schedule": {"overrides": {"jobs": {"description": key}}, "schedule": "0 6 * * *"},
    }
    function = make_function(gcp_server.config(), f"{project.module()}:run", **fields[what])
    changes(gcp_server)

    with pytest.raises(FunctionError, match=r"holds the secret GcpConfig\.service_acc") as caught:
        function.deploy()

    assert "PRIVATE KEY" not in str(caught.value)
    assert changes(gcp_server) == []
