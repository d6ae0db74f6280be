"""Handlers that use Polars and Glacier, in functions that have what their requirements ask for."""

import polars as pl
import pytest

from glacier import Provider
from glacier.errors import FunctionError
from glacier_gcp.function.request import account_of
from tests.glacier_gcp.functions import deployed
from tests.projects import Project
from tests.rigs.gcp.server import GcpServer

POLARS = """
import polars as pl

NAMES = pl.DataFrame({"key": ["a", "b"], "name": ["A", "B"]}).sort("key")

def run(payload):
    sums = pl.DataFrame(payload["rows"]).group_by("key").agg(pl.col("n").sum()).sort("key")
    return {"rows": sums.join(NAMES, on="key").to_dicts(), "polars": pl.__version__}
"""
GLACIER = """
import polars as pl
from glacier import Provider
from glacier.config import GcpConfig

def run(payload):
    provider = Provider(GcpConfig.from_env())
    source = provider.bucket(payload["bucket"], "sales/in.parquet")
    target = provider.bucket(payload["bucket"], "sales/doubled.csv")
    target.write(source.scan().with_columns(pl.col("n") * 2))
    with target.open("rb") as file:
        return {"columns": file.readline().decode().strip(), "rows": target.read().to_dicts()}

def stray(payload):
    provider = Provider(GcpConfig.from_env())
    return {"rows": provider.bucket(payload["bucket"], "secret.parquet").read().to_dicts()}
"""
CALLING = """
from glacier import Provider
from glacier.config import GcpConfig

def run(payload):
    function = Provider(GcpConfig.from_env()).serverless(payload["name"], "json:loads")
    return function.invoke({"through": payload["name"]})
"""


def test_polars_runs_in_the_function(gcp_server: GcpServer, project: Project) -> None:
    function = deployed(gcp_server.config(), f"{project.module(POLARS)}:run")
    rows = [{"key": "a", "n": 1}, {"key": "b", "n": 2}, {"key": "a", "n": 3}]

    answer = function.invoke({"rows": rows})

    assert answer["rows"] == [{"key": "a", "n": 4, "name": "A"}, {"key": "b", "n": 2, "name": "B"}]
    assert answer["polars"] == pl.__version__


def test_glacier_reads_and_writes_its_buckets_in_the_function_and_no_others(
    gcp_server: GcpServer, project: Project
) -> None:
    lake = Provider(gcp_server.config()).bucket("functions-lake")
    lake.deploy()
    for path in ("sales/in.parquet", "secret.parquet"):
        (lake / path).write(pl.DataFrame({"n": [1, 2]}))
    provider = Provider(gcp_server.config())
    provider.bucket("functions-lake", "sales/")
    module = project.module(GLACIER)
    doubling, straying = (
        provider.serverless(name, f"{module}:{handler}")
        for name, handler in (("doubling", "run"), ("straying", "stray"))
    )
    doubling.deploy()
    straying.deploy()

    answer = doubling.invoke({"bucket": "functions-lake"})

    assert answer == {"columns": "n", "rows": [{"n": 2}, {"n": 4}]}
    with pytest.raises(FunctionError, match=r"failed: AccessDeniedError: .*secret") as caught:
        straying.invoke({"bucket": "functions-lake"})
    assert caught.value.error_type == "AccessDeniedError"  # type: ignore[attr-defined]


def test_function_calls_another_one_as_its_own_account(
    gcp_server: GcpServer, project: Project
) -> None:
    config = gcp_server.config()
    caller = deployed(config, f"{project.module(CALLING)}:run", name="caller")
    account = f"serviceAccount:{account_of(caller)}"
    gcp_server.grant(account, "roles/cloudfunctions.developer")
    deployed(config, f"{project.module()}:run", name="called", invokers=[account])

    assert caller.invoke({"name": "called"}) == {"through": "called"}
