"""The source of a Cloud Function: what Google finds in it."""

import json
import sys
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from glacier import Provider, Serverless
from glacier.config import CloudFunctionConfig, GcpConfig
from glacier.errors import FunctionError
from glacier.resources.serverless import Handler
from tests.functions.package_cases import Make, SourcePackageCases, content_of
from tests.projects import ECHO, Project

SECRET = "bm90LWEtcmVhbC1rZXktb2Ytbm8tcHJvamVjdA=="
KEY = json.dumps({"type": "service_account", "private_key": SECRET})
CONFIG = GcpConfig(project="p", service_account_key=SecretStr(KEY))


def make(handler: "Handler | str", *, runtime: str = "python3.11", **fields: Any) -> Serverless:
    """Return a function that nobody has to be asked about."""
    config = CloudFunctionConfig(**fields)
    return Provider(CONFIG).serverless("scorer", handler, runtime, config)


class TestPackage(SourcePackageCases):
    config = CloudFunctionConfig
    secret = KEY
    secret_field = r"GcpConfig\.service_account_key"
    own_files: ClassVar = {
        "main.py",
        "glacier.json",
        "glacier_http_handler.py",
        "glacier_json_border.py",
    }
    library = "functions-framework>=3.8,<4"
    wins = "functions_framework==3.10.0"
    brought: ClassVar = {"google-cloud-storage", "gcsfs"}
    left_out: ClassVar = {"boto3", "azure-identity"}
    plugin = "glacier_gcp"

    @pytest.fixture
    def make(self) -> Make:
        return make


def test_package_says_what_it_calls(project: Project) -> None:
    module = project.module()

    content = content_of(make(f"{module}:run"))

    assert json.loads(content["glacier.json"]) == {
        "function_name": "scorer",
        "handler": f"{module}:run",
        "runtime": "python3.11",
    }


def test_module_in_the_place_of_the_functions_own_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "main", raising=False)
    project.module(ECHO, "main")

    with pytest.raises(FunctionError, match=r"where Google needs others: main\.py\. Rename them"):
        make("main:run").package()


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        ("python3.10", r"have Python 3\.11, 3\.12, 3\.13, 3\.14 in common\. Use runtime='python3"),
        ("node22", "handlers are Python functions"),
    ],
)
def test_runtime_that_can_not_run_it_is_refused(
    project: Project, runtime: str, message: str
) -> None:
    with pytest.raises(FunctionError, match=message):
        make(f"{project.module()}:run", runtime=runtime).package()
