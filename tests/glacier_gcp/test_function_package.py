"""The source of a Cloud Function: what Google finds in it."""

import json
import os
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from glacier import Provider, Serverless
from glacier.config import CloudFunctionConfig, GcpConfig
from glacier.errors import FunctionError
from tests.projects import ECHO, Project

SECRET = "bm90LWEtcmVhbC1rZXktb2Ytbm8tcHJvamVjdA=="
KEY = json.dumps({"type": "service_account", "private_key": SECRET})
CONFIG = GcpConfig(project="p", service_account_key=SecretStr(KEY))
FRAMEWORK = "functions-framework>=3.8,<4"


def make(
    handler: Any, name: str = "scorer", runtime: str = "python3.11", **config: Any
) -> Serverless:
    """Return a function that nobody has to be asked about."""
    return Provider(CONFIG).serverless(name, handler, runtime, CloudFunctionConfig(**config))


def content_of(function: Serverless) -> dict[str, str]:
    """Return the texts of a function's zip by their names."""
    with zipfile.ZipFile(function.package()) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {name: archive.read(name).decode() for name in names}


def lines_of(function: Serverless) -> list[str]:
    """Return the lines of a function's requirements."""
    return content_of(function)["requirements.txt"].splitlines()


def test_handler_without_a_dependency_brings_its_sources_alone(project: Project) -> None:
    module = project.module()

    content = content_of(make(f"{module}:run"))

    assert set(content) == {
        "main.py",
        "glacier.json",
        "glacier_http_handler.py",
        "glacier_json_border.py",
        "requirements.txt",
        f"{module}.py",
    }
    assert content["requirements.txt"] == f"{FRAMEWORK}\n"


def test_package_has_the_handlers_whole_package_with_its_data(
    project: Project, tmp_path: Path
) -> None:
    project.module("", "rating_service.__init__")
    project.module(ECHO, "rating_service.rate")
    (tmp_path / "project/rating_service/model.json").write_text('{"weight": 3}')

    content = content_of(make("rating_service.rate:run"))

    names = {"rating_service/__init__.py", "rating_service/rate.py", "rating_service/model.json"}
    assert names <= set(content)


def test_package_says_what_it_calls(project: Project) -> None:
    module = project.module()

    content = content_of(make(f"{module}:run"))

    assert json.loads(content["glacier.json"]) == {
        "function_name": "scorer",
        "handler": f"{module}:run",
        "runtime": "python3.11",
    }


def test_imports_are_pinned_to_the_versions_of_this_machine(project: Project) -> None:
    module = project.module(f"import packaging.version\n\n{ECHO}")

    assert f"packaging=={version('packaging')}" in lines_of(make(f"{module}:run"))


def test_what_imports_need_in_turn_is_pinned_too(project: Project) -> None:
    module = project.module(f"import polars\n\n{ECHO}")

    content = content_of(make(f"{module}:run"))

    below = f"polars-runtime-32=={version('polars-runtime-32')}"
    assert content["requirements.txt"].startswith("-c constraints.txt\n")
    assert below in content["constraints.txt"].splitlines()


def test_packages_of_the_config_win(project: Project) -> None:
    module = project.module(f"import packaging\n\n{ECHO}")
    packages = ["Packaging>=24", "functions_framework==3.10.0"]

    lines = lines_of(make(f"{module}:run", packages=packages))

    assert lines == packages


def test_handler_that_uses_glacier_brings_it_and_its_plugin(project: Project) -> None:
    module = project.module(f"from glacier import Provider\n\n{ECHO}")

    content = content_of(make(f"{module}:run"))

    names = {line.partition("==")[0] for line in content["requirements.txt"].splitlines()}
    assert {"polars", "pydantic", "pluggy", "google-cloud-storage", "gcsfs"} <= names
    assert not {"pyspark", "boto3", "databricks-sdk", "azure-identity"} & names
    assert {"glacier/__init__.py", "glacier_gcp/hooks.py", f"{module}.py"} <= set(content)
    assert not any(SECRET in text for text in content.values())


def test_package_of_the_same_has_the_same_bytes(project: Project, tmp_path: Path) -> None:
    function = make(f"{project.module()}:run", packages=["polars==2.1.0"])
    first = function.package()
    for file in (tmp_path / "project").rglob("*.py"):
        os.utime(file, (0, 0))

    second = function.package()

    assert first != second
    assert first.read_bytes() == second.read_bytes()


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


def test_secret_in_a_source_is_refused(project: Project) -> None:
    module = project.module(f"KEY = {KEY!r}\n\n{ECHO}")

    with pytest.raises(
        FunctionError,
        match=rf"The file {module}\.py of .* holds the secret GcpConfig\.service_account_key",
    ) as caught:
        make(f"{module}:run").package()

    assert SECRET not in str(caught.value)


def nested() -> Callable[[dict[str, Any]], dict[str, Any]]:
    def handler(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    return handler


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (lambda payload: payload, "it is a lambda"),
        (nested(), "it is defined inside another function"),
        ("built_in_memory:run", "module 'built_in_memory' has no source file"),
        ("no_such_module:run", "can't be imported"),
    ],
)
def test_handler_without_sources_is_refused(
    monkeypatch: pytest.MonkeyPatch, handler: Any, message: str
) -> None:
    module = ModuleType("built_in_memory")
    exec(ECHO, vars(module))
    monkeypatch.setitem(sys.modules, "built_in_memory", module)

    with pytest.raises(FunctionError, match=message):
        make(handler).package()


@pytest.mark.parametrize("line", ["-r more.txt", "--index-url=http://x", "", "a\nb", "# polars"])
def test_packages_take_requirements_only(line: str) -> None:
    with pytest.raises(ValidationError, match="is no requirement; pass one such as 'polars"):
        CloudFunctionConfig(packages=[line])
