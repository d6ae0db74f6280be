"""The platforms on which pages run."""

from pathlib import Path

import pytest

SERVERS = {
    "aws.md": "aws_server",
    "azure.md": "azure_server",
    "databricks.md": "aws_server",
    "deploying.md": "aws_server",
    "gcp.md": "gcp_server",
    "run-on-databricks.md": "aws_server",
    "run-on-dataproc.md": "gcp_server",
    "run-on-glue.md": "aws_server",
    "run-on-synapse.md": "azure_server",
    "switch-clouds.md": "aws_server",
}
"""The rig's server that a page finds in its environment, by the page's name."""


@pytest.fixture(autouse=True)
def platform_of_the_page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page about a cloud find the rig's server and test credentials in its environment."""
    page = getattr(request.node, "callspec", None) and request.node.callspec.params.get("page")
    if isinstance(page, Path) and page.name == "run-on-spark.md":
        _start_java_faster(monkeypatch)
    if not isinstance(page, Path) or page.name not in SERVERS:
        return
    server = request.getfixturevalue(SERVERS[page.name])
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    if page.name == "azure.md":
        from tests.glacier_azure.functions import make_group

        make_group(server)
    if page.name == "run-on-synapse.md":
        from tests.glacier_azure.synapse import make_pool

        make_pool(server, "acme-analytics", "etl")
        monkeypatch.setenv("SYNAPSE_ENDPOINT", f"{server.endpoint}/synapse/acme-analytics")
    if page.name in {"databricks.md", "run-on-databricks.md"}:
        workspace = request.getfixturevalue("databricks_server").workspace()
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)


def _start_java_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `spark-submit` of a page start as those of other tests do, without a word of it there."""
    from tests.rigs.spark import missing_java, spark_config

    if missing_java() is None:
        options = spark_config().spark_conf["spark.driver.extraJavaOptions"]
        monkeypatch.setenv("SPARK_SUBMIT_OPTS", options)
