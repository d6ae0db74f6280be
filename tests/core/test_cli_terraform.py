"""`glacier terraform`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.cli_project import invoke, project_in

INFRA = """
from glacier import Provider, pipeline, task
from glacier_toy import ToyConfig, ToyExecutorConfig
from glacier_toy.database import Database

provider = Provider(ToyConfig(region="attic"))
provider.resource(Database, "shop")
jobs = provider.executor("jobs", config=ToyExecutorConfig())


@pipeline
def daily():
    raise ValueError("no")
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_in(tmp_path, monkeypatch) as directory:
        (directory / "infra.py").write_text(INFRA)
        yield directory


@pytest.mark.parametrize("target", ["infra.py:provider", "infra.py", "infra:provider"])
def test_terraform_writes_the_document_of_a_provider(target: str, project: Path) -> None:
    result = invoke("terraform", target, "-o", "out")

    assert result.exit_code == 0, result.stderr
    assert result.stdout == "out/main.tf.json\n"
    document = json.loads((project / "out" / "main.tf.json").read_text())
    assert list(document["resource"]["terraform_data"]) == ["shop"]


def test_terraform_tells_what_is_in_the_place_of_its_directory() -> None:
    result = invoke("terraform", "infra.py:provider", "-o", "infra.py/out")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: The Terraform configuration can't be written to 'infra.py/out': 'infra.py' is a "
        "file and not a directory. Name a directory that can be written to.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["flows.py:provider"],
            "'flows.py' has no 'provider'. Expected a provider; it holds none. Make one: ",
        ),
        (["flows.py"], "'flows.py' holds no provider. Make one: provider = Provider("),
        (["infra.py:daily"], "'infra.py' has 'daily', an object of type Pipeline. Expected a prov"),
        (["infra.py:"], "'infra.py:' names no provider; expected FILE_OR_MODULE:PROVIDER"),
        (["infra.py", "-p", "infra.py:jobs"], "Expected a pipeline; it holds: daily."),
    ],
)
def test_terraform_says_what_it_can_not_find(arguments: list[str], message: str) -> None:
    result = invoke("terraform", *arguments)

    assert result.exit_code == 2
    assert message in result.stderr


def test_terraform_says_that_a_pipelines_function_fails(project: Path) -> None:
    result = invoke("terraform", "infra.py", "-p", "infra.py:daily", "-o", "out")

    assert result.exit_code == 1
    assert "The function of pipeline 'daily' failed: ValueError: no (infra.py, line " in (
        result.stderr
    )
    assert not (project / "out").exists()


def test_terraform_of_all_providers_of_a_module_is_one_document(project: Path) -> None:
    second = 'other = Provider(ToyConfig(region="cellar"))\nother.resource(Database, "wine")\n'
    (project / "both.py").write_text(INFRA + second)

    result = invoke("terraform", "both.py", "-o", "out")

    assert result.exit_code == 0, result.stderr
    document = json.loads((project / "out" / "main.tf.json").read_text())
    assert sorted(document["resource"]["terraform_data"]) == ["shop", "wine"]
