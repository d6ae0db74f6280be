"""One module with providers of three clouds: deployed, compared and described by three commands."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from azure.storage.blob import BlobServiceClient
from databricks.sdk import WorkspaceClient

from glacier_aws.session import session_of as aws_session
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from glacier_gcp.session import session_of as gcp_session
from tests.core.cli_project import invoke, project_in
from tests.rigs.aws.server import SECRET_KEY, AwsServer
from tests.rigs.azure.azurite import Azurite
from tests.rigs.databricks.server import DatabricksServer
from tests.rigs.gcp.server import GcpServer
from tests.rigs.terraform_schema import problems_of

INFRA = """
from glacier import Provider
from glacier.config import (
    AwsConfig, AzureConfig, BlobConfig, DatabricksConfig, GcpConfig, GcsConfig, GlueConfig, S3Config
)

amazon = Provider(AwsConfig(region="us-east-1"))
amazon.bucket("LAKE", config=S3Config(versioning=True))
amazon.executor("NAME-glue", config=GlueConfig(num_workers=3))
amazon.executor("NAME-bricks", config=DatabricksConfig(num_workers=2))

microsoft = Provider(AzureConfig(resource_group="lakes", location="eastus"))
microsoft.bucket("LAKE", config=BlobConfig(container_access="private"))

google = Provider(GcpConfig(project="lakes", region="europe-west1"))
google.bucket("LAKE", config=GcsConfig(versioning=True))
"""


class Estate:
    """The module's directory, the names in it, and what somebody does behind its back.

    Args:
        directory: Where the module is written.
        aws: S3 and Glue.
        azurite: Blob Storage.
        gcp: Cloud Storage.
        workspace: A client of Databricks' workspace.
    """

    def __init__(
        self,
        directory: Path,
        aws: AwsServer,
        azurite: Azurite,
        gcp: GcpServer,
        workspace: WorkspaceClient,
    ) -> None:
        self.name = f"etl-{uuid4().hex[:12]}"
        self.lake = f"lake-{uuid4().hex}"
        self._aws, self._gcp = aws_session(aws.config()), gcp
        self._blobs = BlobServiceClient.from_connection_string(azurite.connection_string)
        self._workspace = workspace
        # A line of a key in PEM, which has no character that JSON spells in another way.
        google = json.loads(gcp.key())["private_key"].splitlines()[1]
        self.secrets = [SECRET_KEY, DEVELOPMENT_KEY, str(workspace.config.token), google]
        source = INFRA.replace("LAKE", self.lake).replace("NAME", self.name)
        (directory / "infra.py").write_text(source)

    def change_s3(self) -> str:
        versioning: Any = {"Status": "Suspended"}
        client = self._aws.client("s3")
        client.put_bucket_versioning(Bucket=self.lake, VersioningConfiguration=versioning)
        return f"amazon: bucket '{self.lake}': versioning is False and should be True"

    def change_glue(self) -> str:
        client, name = cast("Any", self._aws.client("glue")), f"{self.name}-glue"
        job = client.get_job(JobName=name)["Job"]
        told_only = {"Name", "CreatedOn", "LastModifiedOn", "AllocatedCapacity", "MaxCapacity"}
        update = {key: value for key, value in job.items() if key not in told_only}
        client.update_job(JobName=name, JobUpdate={**update, "NumberOfWorkers": 7})
        return f"amazon: Glue job '{name}': NumberOfWorkers is 7 and should be 3"

    def change_blob(self) -> str:
        container = self._blobs.get_container_client(self.lake)
        container.set_container_access_policy({}, public_access="blob")
        thing = f"microsoft: container '{self.lake}'"
        return f"{thing}: container_access is 'blob' and should be 'private'"

    def change_gcs(self) -> str:
        http = gcp_session(self._gcp.config()).http
        place = f"{self._gcp.endpoint}/storage/v1/b/{self.lake}"
        http.patch(place, json={"versioning": {"enabled": False}}).raise_for_status()
        return f"google: bucket '{self.lake}': versioning.enabled is False and should be True"

    def change_databricks(self) -> str:
        (job,) = self._workspace.jobs.list(name=f"{self.name}-bricks")
        assert job.job_id is not None
        settings = self._workspace.jobs.get(job.job_id).settings
        assert settings is not None
        cast("Any", settings).job_clusters[0].new_cluster.num_workers = 9
        self._workspace.jobs.update(job.job_id, new_settings=settings)
        setting = "job_clusters.glacier.new_cluster.num_workers"
        return f"amazon: job '{self.name}-bricks': {setting} is 9 and should be 2"


CHANGES: list[Callable[[Estate], str]] = [
    Estate.change_s3,
    Estate.change_glue,
    Estate.change_databricks,
    Estate.change_blob,
    Estate.change_gcs,
]


@pytest.fixture
def estate(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    aws_server: AwsServer,
    azurite: Azurite,
    gcp_server: GcpServer,
    databricks_server: DatabricksServer,
) -> Iterator[Estate]:
    """A new estate, in an environment that leads to all of its platforms."""
    workspace = databricks_server.workspace()
    for rig in (aws_server, azurite, gcp_server, workspace):
        for name, value in rig.environment.items():
            monkeypatch.setenv(name, value)
    entry = WorkspaceClient(host=workspace.host, token=workspace.token)
    with project_in(tmp_path, monkeypatch) as directory:
        yield Estate(directory, aws_server, azurite, gcp_server, entry)


def test_estate_is_deployed_once_and_what_somebody_changes_is_found(estate: Estate) -> None:
    before = invoke("drift", "infra.py")
    assert before.exit_code == 2, before.stderr
    deployed = invoke("deploy", "infra.py")
    assert deployed.exit_code == 0, deployed.stderr
    after = invoke("drift", "infra.py")
    changed = [change(estate) for change in CHANGES]

    found = invoke("drift", "infra.py")

    missing = before.stdout.splitlines()
    assert len(missing) == len(CHANGES)
    assert all(line.endswith(" is missing") for line in missing)
    assert (after.exit_code, after.stdout) == (0, "Nothing differs.\n")
    assert found.exit_code == 2, found.stderr
    assert sorted(found.stdout.splitlines()) == sorted(changed)
    again = invoke("deploy", "infra.py")
    assert again.exit_code == 0, again.stderr
    assert invoke("drift", "infra.py").exit_code == 0


def test_estate_is_described_by_one_document(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", str(uuid4()))

    written = invoke("terraform", "infra.py", "-o", "out")

    assert written.exit_code == 0, written.stderr
    (document,) = (tmp_path / "out").glob("*.tf.json")
    found = json.loads(document.read_text())
    assert list(problems_of(found)) == []
    required = found["terraform"]["required_providers"]
    assert {"aws", "azurerm", "google", "databricks"} <= required.keys()
    kinds = ("aws_glue_job", "databricks_job", "azurerm_storage_container", "google_storage_bucket")
    assert set(kinds) <= found["resource"].keys()
    lakes = {f"{name}_bucket_{estate.lake}" for name in ("aws", "google")}
    assert lakes <= found["output"].keys()
    text = document.read_text()
    assert estate.lake in text
    assert not any(secret in text for secret in estate.secrets)
