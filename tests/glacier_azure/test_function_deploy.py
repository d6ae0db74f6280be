"""Deploying function apps: what Azure then has, and how few requests that takes."""

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from glacier import Provider
from glacier.errors import ConfigError, FunctionError
from glacier_azure.iam import CONTRIBUTOR, OWNER, READER, ROLE_IDS
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.glacier_aws.lambda_wheels import make_wheel
from tests.glacier_azure.blobs import refuse_by_url
from tests.glacier_azure.functions import (
    answer_instead,
    changes,
    deployed,
    found,
    make_function,
    requests_of_apps,
    settings_of,
    web,
)
from tests.projects import ECHO, Project
from tests.rigs.azure.azurite import GROUP
from tests.rigs.azure.server import SUBSCRIPTION, AzureServer
from tests.rigs.proxy import Proxy

PUBLISH = {"host": "scm", "method": "POST", "path": "/api/publish"}
SITE = {"host": "manager", "method": "PUT", "path": ".*/Microsoft.Web/sites/[^/]+"}


def refusal(request: dict[str, str], status: int, code: str, message: str) -> dict[str, Any]:
    """Return an answer of Resource Manager that refuses a request."""
    body = f'{{"error": {{"code": "{code}", "message": "{message}"}}}}'
    headers = {"Content-Type": "application/json"}
    return {**request, "status": status, "body": body, "headers": headers}


def test_deploy_makes_what_the_config_says(azure: AzureServer, project: Project) -> None:
    function = deployed(
        azure,
        f"{project.module()}:run",
        tags={"team": "data"},
        memory_mb=512,
        always_ready=2,
        max_instances=50,
        environment={"MODE": "fast"},
        overrides={"sites": {"properties": {"publicNetworkAccess": "Enabled"}}},
    )

    name = function.function_name
    site = found(azure, name)
    plan = web(azure).app_service_plans.get(GROUP, name).as_dict()
    config = site["properties"]["functionAppConfig"]
    assert (plan["sku"]["name"], plan["tags"]) == ("FC1", {"team": "data"})
    assert site["properties"]["serverFarmId"] == plan["id"]
    assert site["properties"]["publicNetworkAccess"] == "Enabled"
    assert site["identity"]["type"] == "SystemAssigned"
    assert site["tags"]["team"] == "data"
    assert config["runtime"] == {"name": "python", "version": "3.11"}
    assert config["scaleAndConcurrency"] == {
        "instanceMemoryMB": 512,
        "maximumInstanceCount": 50,
        "alwaysReady": [{"name": "http", "instanceCount": 2}],
    }
    assert settings_of(azure, name)["MODE"] == "fast"
    host_storage = settings_of(azure, name)["AzureWebJobsStorage__blobServiceUri"]
    assert host_storage == azure.azurite.endpoint


def test_deploy_to_premium_sends_a_zip_that_is_built(azure: AzureServer, project: Project) -> None:
    module = project.module(f"import packaging.version\n\n{ECHO}")
    requests_of_apps(azure, forget=True)

    function = deployed(
        azure, f"{module}:run", plan="premium", premium_size="EP2", always_ready=1, max_instances=3
    )

    plan = web(azure).app_service_plans.get(GROUP, function.function_name)
    site = found(azure, function.function_name)["properties"]["siteConfig"]
    assert plan.sku is not None
    assert plan.sku.name == "EP2"
    assert site == {
        "linuxFxVersion": "Python|3.11",
        "minimumElasticInstanceCount": 1,
        "functionAppScaleLimit": 3,
    }
    assert requests_of_apps(azure)[0] == "POST /api/zipdeploy"
    assert function.invoke({"a": 1}) == {"a": 1}


def test_deploy_again_changes_nothing(azure: AzureServer, project: Project) -> None:
    function = make_function(
        azure,
        f"{project.module()}:run",
        tags={"team": "data"},
        environment={"MODE": "fast"},
        always_ready=1,
        schedule="0 0 6 * * *",
    )
    function.deploy()
    assert changes(azure) != []

    function.deploy()

    assert changes(azure) == []


def test_deploy_updates_code_in_place(azure: AzureServer, project: Project) -> None:
    module = project.module()
    function = deployed(azure, f"{module}:run")
    assert function.invoke({"a": 1}) == {"a": 1}
    project.module(ECHO.replace("return payload", "return {'new': True}"), module)
    changes(azure)

    function.deploy()

    place = f"PUT Microsoft.Web/sites/{function.function_name}"
    assert changes(azure) == [place, place, "POST /api/publish"]
    assert function.invoke({"a": 1}) == {"new": True}


def test_deploy_updates_settings_in_place(azure: AzureServer, project: Project) -> None:
    module = project.module()
    name = deployed(azure, f"{module}:run", environment={"OLD": "1"}).function_name
    known: Any = {"properties": {**settings_of(azure, name), "OF_OTHERS": "1"}}
    web(azure).web_apps.update_application_settings(GROUP, name, known)
    changes(azure)

    deployed(azure, f"{module}:run", name=name, memory_mb=4096, environment={"NEW": "1"})

    place = f"PUT Microsoft.Web/sites/{name}"
    settings = settings_of(azure, name)
    scale = found(azure, name)["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    assert changes(azure) == [place, f"{place}/config/appsettings"]
    assert scale == {"instanceMemoryMB": 4096, "alwaysReady": []}
    assert (settings["NEW"], settings["OF_OTHERS"]) == ("1", "1")
    assert "OLD" not in settings


def test_instances_that_are_not_wanted_any_more_are_given_up(
    azure: AzureServer, project: Project
) -> None:
    module = project.module()
    name = deployed(azure, f"{module}:run", always_ready=2).function_name

    deployed(azure, f"{module}:run", name=name)

    scale = found(azure, name)["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    assert scale["alwaysReady"] == []


def test_deploy_keeps_tags_of_others(azure: AzureServer, project: Project) -> None:
    module = project.module()
    name = deployed(azure, f"{module}:run", tags={"team": "data"}).function_name
    site = found(azure, name)
    site["tags"]["owner"] = "sales"
    web(azure).web_apps.begin_create_or_update(GROUP, name, site).result()  # type: ignore[call-overload]

    deployed(azure, f"{module}:run", name=name, tags={"team": "ops"})

    tags = {key: value for key, value in found(azure, name)["tags"].items() if "-" not in key}
    assert tags == {"team": "ops", "owner": "sales"}


def test_app_may_do_what_its_buckets_need_and_no_more(azure: AzureServer, project: Project) -> None:
    provider = Provider(azure.config())
    provider.bucket("lake", "sales/")
    azure.requests(forget=True)

    provider.serverless("least-app", f"{project.module()}:run").deploy()

    places = [
        one["path"]
        for one in azure.requests()
        if one["method"] == "PUT" and "Author" in one["path"]
    ]
    containers = [place.partition("/containers/")[2].partition("/")[0] for place in places]
    account = f"/providers/Microsoft.Storage/storageAccounts/{DEVELOPMENT_ACCOUNT}/"
    assert all(f"/resourceGroups/{GROUP}{account}" in place for place in places)
    assert containers == [
        "azure-webjobs-hosts",
        "azure-webjobs-secrets",
        "function-least-app",
        "lake",
    ]


def test_roles_are_assigned_to_the_apps_own_identity(azure: AzureServer, project: Project) -> None:
    azure.requests(forget=True)

    function = deployed(azure, f"{project.module()}:run")

    principal = found(azure, function.function_name)["identity"]["principalId"]
    roles = [assignment(azure, one["path"]) for one in azure.requests() if is_assigning(one)]
    expected = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/"
    assert [one["roleDefinitionId"].removeprefix(expected) for one in roles] == [
        ROLE_IDS[OWNER],
        ROLE_IDS[OWNER],
        ROLE_IDS[CONTRIBUTOR],
    ]
    assert {one["principalId"] for one in roles} == {principal}
    assert ROLE_IDS[READER] not in str(roles)


def test_role_that_terraform_has_assigned_is_enough(azure: AzureServer, project: Project) -> None:
    module = project.module()
    name = deployed(azure, f"{module}:run").function_name
    provider = Provider(azure.config())
    provider.bucket("another-lake", "sales/")
    assigning = {"host": "manager", "method": "PUT", "path": ".*/roleAssignments/.*"}
    answer_instead(azure, refusal(assigning, 409, "RoleAssignmentExists", "it exists already"))

    provider.serverless(name, f"{module}:run").deploy()

    assert provider.serverless(name, f"{module}:run").invoke({"a": 1}) == {"a": 1}


def is_assigning(request: dict[str, str]) -> bool:
    """Return whether a request assigns a role."""
    return request["method"] == "PUT" and "/roleAssignments/" in request["path"]


def assignment(server: AzureServer, place: str) -> dict[str, Any]:
    """Return what an assignment of a role says."""
    from azure.mgmt.resource.resources import ResourceManagementClient

    from glacier_azure.management import management_client
    from glacier_azure.session import session_of

    client = management_client(session_of(server.config()), ResourceManagementClient)
    told: dict[str, Any] = client.resources.get_by_id(place, api_version="2022-04-01").as_dict()
    return dict(told["properties"])


def test_deploy_makes_the_containers_that_the_app_needs(
    azure: AzureServer, project: Project
) -> None:
    function = deployed(azure, f"{project.module()}:run")

    account = BlobServiceClient(azure.azurite.endpoint, credential=DEVELOPMENT_KEY)
    names = {one.name for one in account.list_containers()}
    container = f"function-{function.function_name}"
    assert {container, "azure-webjobs-hosts", "azure-webjobs-secrets"} <= names
    assert account.get_blob_client(container, "released-package.zip").exists()


def test_app_can_not_move_to_another_plan(azure: AzureServer, project: Project) -> None:
    module = project.module()
    name = deployed(azure, f"{module}:run").function_name
    moved = make_function(azure, f"{module}:run", name, plan="premium")

    with pytest.raises(FunctionError, match=r"plan='premium' .* on the plan 'FC1', which it can't"):
        moved.deploy()


def test_package_that_can_not_be_installed_fails_with_the_log(
    azure: AzureServer, project: Project
) -> None:
    function = make_function(azure, f"{project.module()}:run", packages=["no-such-shades==2.0"])

    with pytest.raises(
        FunctionError, match=r"(?s)failed \(status 3\)\.\nThe end of its log:.*no-such-shades==2\.0"
    ) as caught:
        function.deploy()

    assert "No matching distribution" in caught.value.log  # type: ignore[attr-defined]


def test_deployment_that_failed_is_made_again(azure: AzureServer, project: Project) -> None:
    module = project.module()
    wrong = make_function(azure, f"{module}:run", packages=["no-such-shades==2.0"])
    with pytest.raises(FunctionError, match="no-such-shades"):
        wrong.deploy()

    function = deployed(azure, f"{module}:run", name=wrong.function_name)

    assert function.invoke({"a": 1}) == {"a": 1}


def test_code_from_before_a_failed_deployment_is_deployed_again(
    azure: AzureServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = project.module()
    function = deployed(azure, f"{module}:run")
    project.module("import os\n\nif 'WEBSITE_SITE_NAME' in os.environ:\n    os._exit(1)", module)
    with monkeypatch.context() as patch:
        patch.setattr("glacier_azure.function.deployment.LISTED_SECONDS", 0.2)
        with pytest.raises(FunctionError, match="does not list invoke"):
            function.deploy()
    project.module(ECHO, module)

    function.deploy()

    assert function.invoke({"a": 1}) == {"a": 1}


def test_packages_of_the_config_are_installed(
    azure: AzureServer, project: Project, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "colours", {"colours.py": "DARK = 'dark'\n"})
    module = project.module(
        """
        from importlib import import_module

        def run(payload):
            return {"shade": import_module("colours").DARK}
        """
    )

    function = deployed(azure, f"{module}:run", packages=[f"colours @ {wheel.as_uri()}"])

    assert function.invoke({}) == {"shade": "dark"}


def test_deploy_waits_while_another_deployment_goes_on(
    azure: AzureServer, project: Project
) -> None:
    answer_instead(azure, {**PUBLISH, "status": 409}, {**PUBLISH, "status": 503})

    function = deployed(azure, f"{project.module()}:run")

    assert function.invoke({"a": 1}) == {"a": 1}


def test_deploy_waits_until_new_roles_are_known(azure: AzureServer, project: Project) -> None:
    place = {"host": "scm", "method": "GET", "path": "/api/deployments/first"}
    entry = '[{"message": "AuthorizationPermissionMismatch: not authorized"}]'
    answer_instead(
        azure,
        {**PUBLISH, "status": 202, "body": '"first"'},
        {**place, "status": 404},
        {**place, "status": 200, "body": '{"status": 3}'},
        {**place, "path": f"{place['path']}/log", "status": 200, "body": entry},
    )

    function = deployed(azure, f"{project.module()}:run")

    assert function.invoke({"a": 1}) == {"a": 1}


def test_deployment_that_is_refused_says_why(azure: AzureServer, project: Project) -> None:
    function = make_function(azure, f"{project.module()}:run")
    answer_instead(azure, {**PUBLISH, "status": 400, "body": "The zip is damaged."})

    with pytest.raises(FunctionError, match=r"was refused: HTTP 400: The zip is damaged\."):
        function.deploy()


def test_deployment_without_an_end_says_so(
    azure: AzureServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_azure.function.publishing.BUILD_SECONDS", 0.2)
    function = make_function(azure, f"{project.module()}:run")
    answer_instead(azure, {**PUBLISH, "status": 202, "body": '"lost"'})

    with pytest.raises(FunctionError, match=r"has not ended after .*/api/deployments/lost"):
        function.deploy()


def test_app_that_can_not_be_loaded_says_where_to_look(
    azure: AzureServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_azure.function.deployment.LISTED_SECONDS", 0.2)
    module = project.module(
        f"import os\n\nif 'WEBSITE_SITE_NAME' in os.environ:\n    os._exit(1)\n\n{ECHO}"
    )
    function = make_function(azure, f"{module}:run")

    with pytest.raises(FunctionError, match=r"does not list invoke\. Look into the app's log"):
        function.deploy()


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "AuthorizationFailed", "could not be deployed: access is denied .* not today"),
        (409, "Conflict", r"\(Conflict: not today.*rename the function"),
        (400, "BadRequest", "does not take its settings .*Correct its AzureFunctionConfig"),
        (401, "ExpiredAuthenticationToken", "does not take the credentials .*Renew"),
        (404, "SubscriptionNotFound", r"Correct AzureConfig\(subscription_id="),
    ],
)
def test_refused_request_says_why(
    azure: AzureServer, project: Project, status: int, code: str, message: str
) -> None:
    function = make_function(azure, f"{project.module()}:run")
    answer_instead(azure, refusal(SITE, status, code, "not today"))

    with pytest.raises(FunctionError, match=message) as caught:
        function.deploy()

    assert caught.value.code == code  # type: ignore[attr-defined]


def test_resource_group_that_is_missing_is_named(azure: AzureServer, project: Project) -> None:
    config = azure.config(resource_group="nowhere")
    function = Provider(config).serverless("scores", f"{project.module()}:run")

    with pytest.raises(FunctionError, match=r"resource group 'nowhere' does not exist.*Create it"):
        function.deploy()


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("subscription_id", "names no subscription.*AZURE_SUBSCRIPTION_ID"),
        ("storage_account", "names no storage account.*AZURE_STORAGE_ACCOUNT"),
    ],
)
def test_config_that_lacks_what_is_needed_says_so(
    azure: AzureServer, project: Project, field: str, message: str
) -> None:
    config = azure.config(**{field: None, "account_key": None})
    function = Provider(config).serverless("scores", f"{project.module()}:run")

    with pytest.raises(ConfigError, match=message):
        function.deploy()


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        ("python3.10", r"have Python 3\.11, 3\.12, 3\.13 in common\. Use runtime='python3\.11'"),
        ("python3.14", r"have Python 3\.11, 3\.12, 3\.13 in common"),
        ("node22", "handlers are Python functions"),
    ],
)
def test_runtime_that_can_not_run_it_is_refused(
    azure: AzureServer, project: Project, runtime: str, message: str
) -> None:
    function = make_function(azure, f"{project.module()}:run", runtime=runtime)
    azure.requests(forget=True)

    with pytest.raises(FunctionError, match=message):
        function.deploy()

    assert azure.requests() == []


@pytest.mark.parametrize(
    "config",
    [
        {"environment": {"KEY": DEVELOPMENT_KEY}},
        {"overrides": {"sites": {"properties": {"note": DEVELOPMENT_KEY}}}},
        {"packages": [f"colours @ https://host/{DEVELOPMENT_KEY}"]},
    ],
    ids=["environment", "overrides", "packages"],
)
def test_secret_is_not_sent(azure: AzureServer, project: Project, config: dict[str, Any]) -> None:
    function = make_function(azure, f"{project.module()}:run", **config)
    changes(azure)

    with pytest.raises(FunctionError, match=r"holds the secret AzureConfig\.account_key") as caught:
        function.deploy()

    assert DEVELOPMENT_KEY not in str(caught.value)
    assert changes(azure) == []


def test_signature_is_not_repeated_by_an_error(azure: AzureServer, project: Project) -> None:
    signature = azure.azurite.signature()
    with Proxy(azure.azurite.endpoint) as proxy:
        config = azure.config(account_key=None, sas_token=signature, endpoint=proxy.endpoint)
        proxy.on(refuse_by_url)
        function = Provider(config).serverless("scores", f"{project.module()}:run")

        with pytest.raises(FunctionError, match=r"No way to .*sig=\(hidden\)") as caught:
            function.deploy()

    text = "".join(traceback.format_exception(caught.value))
    assert signature.partition("sig=")[2] not in text


def test_log_is_asked_of_the_site_that_tells_of_it(azure: AzureServer, project: Project) -> None:
    function = make_function(azure, f"{project.module()}:run")
    place = {"host": "scm", "method": "GET", "path": "/api/deployments/first"}
    details = f"http://127.0.0.1:9{place['path']}/log/1"
    entries = json.dumps([{"message": "Building.", "details_url": details}])
    answer_instead(
        azure,
        {**PUBLISH, "status": 202, "body": '"first"'},
        {**place, "status": 200, "body": '{"status": 3}'},
        {**place, "path": f"{place['path']}/log", "status": 200, "body": entries},
        {
            **place,
            "path": f"{place['path']}/log/1",
            "status": 200,
            "body": '[{"message": "No room is left."}]',
        },
    )

    with pytest.raises(FunctionError, match=r"(?s)Building\..*No room is left\."):
        function.deploy()
