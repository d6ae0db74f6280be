"""The roles of a document, given to a job's account: enough for what its tasks do, and no more."""

from typing import Any

import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.config import DataprocConfig
from glacier.errors import RunError
from glacier_gcp.iam import account_email, account_id
from tests.glacier_gcp.dataproc import installed
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import REGION, GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.terraform_schema import check_document

NAME = "etl-roles"
EMAIL = account_email(account_id("dataproc", NAME, REGION), PROJECT)
ROWS = pl.DataFrame({"n": [1, -1]})
SCHEMA = {"n": pl.Int64}

WORKER = (
    *("storage.buckets.get", "storage.objects.create", "storage.objects.delete"),
    *("storage.objects.get", "storage.objects.list", "storage.objects.update"),
)
"""What `roles/dataproc.worker` may do with every bucket, where no condition takes it away."""


def apply_roles(server: GcpServer, resources: dict[str, Any]) -> None:
    """Give the executor's account what a document says."""
    server.define_role("roles/dataproc.worker", *WORKER)
    names = {
        f"${{google_storage_bucket.{label}.name}}": one["name"]
        for label, one in resources["google_storage_bucket"].items()
    }
    (account,) = resources["google_service_account"]
    members = [
        *resources["google_storage_bucket_iam_member"].values(),
        *resources["google_project_iam_member"].values(),
    ]
    for one in members:
        assert one["member"] == f"${{google_service_account.{account}.member}}"
        bucket, condition = names.get(one.get("bucket"), ""), one["condition"]["expression"]
        server.grant(EMAIL, one["role"], bucket=bucket, condition=condition)


def test_roles_of_a_checked_pipeline_allow_what_its_jobs_do_and_no_more(
    gcp_server: GcpServer, lake: Objects
) -> None:
    provider = Provider(gcp_server.config())
    raw = provider.bucket(lake.name, "raw/", schema=SCHEMA)
    out = provider.bucket(lake.name, "out/sums.parquet")
    private = provider.bucket(lake.name, "private.parquet", schema=SCHEMA)
    config = DataprocConfig(packages=installed(), service_account=EMAIL)
    executor = provider.executor(NAME, config=config)

    @task(executor=executor)
    def add_up(rows: pl.LazyFrame, target: Bucket) -> None:
        target.write(rows.sum())

    @pipeline
    def adding() -> None:
        add_up(raw.scan(), out)

    @pipeline
    def prying() -> None:
        add_up(private.scan(), out)

    @pipeline
    def spoiling() -> None:
        add_up(raw.scan(), private)

    gcp_server.key(EMAIL)  # with which the account is made
    executor.deploy()
    document = provider.terraform([adding])
    apply_roles(gcp_server, check_document(document)["resource"])
    for one in (raw, private):
        one.write(ROWS)

    adding.run()

    assert document.notes == ()
    assert out.read()["n"].to_list() == [0]
    asked = {one["identity"] for one in gcp_server.requests()}
    assert EMAIL in asked
    for forbidden, right in ((prying, "get"), (spoiling, "create")):
        with pytest.raises(RunError, match=rf"{EMAIL} does not have storage\.objects\.{right}"):
            forbidden.run()
    assert private.read().equals(ROWS)
