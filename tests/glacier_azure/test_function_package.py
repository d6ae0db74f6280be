"""The zip of a function app: what Azure finds in it."""

import json
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from glacier import Provider, Serverless
from glacier.config import AzureConfig, AzureFunctionConfig
from glacier.errors import FunctionError
from glacier.resources.serverless import Handler
from tests.functions.package_cases import Make, SourcePackageCases, content_of, lines_of
from tests.projects import ECHO, Project

SECRET = "bm90LWEtcmVhbC1rZXktb2Ytbm8tYWNjb3VudA=="
CONFIG = AzureConfig(resource_group="g", storage_account="lake", account_key=SecretStr(SECRET))


def make(handler: "Handler | str", *, runtime: str = "python3.11", **fields: Any) -> Serverless:
    """Return a function that nobody has to be asked about."""
    config = AzureFunctionConfig(**fields)
    return Provider(CONFIG).serverless("acme-scorer", handler, runtime, config)


class TestPackage(SourcePackageCases):
    config = AzureFunctionConfig
    secret = SECRET
    secret_field = r"AzureConfig\.account_key"
    own_files: ClassVar = {
        "function_app.py",
        "glacier.json",
        "glacier_http_handler.py",
        "glacier_json_border.py",
        "host.json",
    }
    library = "azure-functions>=1.21,<2"
    wins = "azure-functions==1.24"
    brought: ClassVar = {"azure-identity", "adlfs"}
    left_out: ClassVar = {"boto3", "google-auth"}
    plugin = "glacier_azure"

    @pytest.fixture
    def make(self) -> Make:
        return make


def test_package_says_what_it_calls(project: Project) -> None:
    module = project.module()

    content = content_of(make(f"{module}:run", schedule="0 0 6 * * *"))

    assert json.loads(content["glacier.json"]) == {
        "function_name": "acme-scorer",
        "handler": f"{module}:run",
        "runtime": "python3.11",
        "route": "invoke",
        "timer": "scheduled",
        "schedule": "0 0 6 * * *",
    }


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(300, "00:05:00"), (3661, "01:01:01"), (90_000, "1.01:00:00")],
)
def test_host_has_the_timeout(project: Project, seconds: int, expected: str) -> None:
    content = content_of(make(f"{project.module()}:run", timeout_seconds=seconds))

    host = json.loads(content["host.json"])
    assert host["functionTimeout"] == expected
    assert host["extensions"]["http"]["routePrefix"] == "api"


@pytest.mark.parametrize(
    ("runtime", "expected"),
    [("python3.12", "azure-functions>=1.21,<2"), ("python3.13", "azure-functions>=2,<3")],
)
def test_library_is_that_of_the_runtime(project: Project, runtime: str, expected: str) -> None:
    assert lines_of(make(f"{project.module()}:run", runtime=runtime)) == [expected]


def test_module_in_the_place_of_the_apps_own_is_refused(project: Project) -> None:
    project.module(ECHO, "function_app")

    with pytest.raises(FunctionError, match=r"where its app needs others: function_app\.py\. Ren"):
        make("function_app:run").package()
