"""Calls of function apps, in the zip that was deployed, under the library's own app loader."""

from tests.glacier_azure.functions import deployed
from tests.projects import Project
from tests.rigs.azure.server import AzureServer


def test_invoke_gives_the_answer(azure: AzureServer, project: Project) -> None:
    function = deployed(azure, f"{project.module()}:run")

    assert function.invoke({"a": 1}) == {"a": 1}
