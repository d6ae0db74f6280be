"""Tables on Cloud Storage, as every identity reaches them."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from glacier import Provider
from glacier.config import GcpConfig
from glacier.errors import ConfigError
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.accounts import DOMAIN, OWNER
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.stores.tables import TablesOnStores

ROWS = pl.DataFrame({"n": [1, 2]})

Entered = Callable[[GcpServer, str, pytest.MonkeyPatch, Path], GcpConfig]


class TestTables(TablesOnStores):
    @pytest.fixture
    def provider(self, gcp_server: GcpServer) -> Provider:
        return Provider(config=gcp_server.config())

    @pytest.fixture
    def lake(self, gcp_server: GcpServer) -> str:
        return Objects(gcp_server).name

    @pytest.fixture
    def secret(self, gcp_server: GcpServer) -> str:
        lines: list[str] = json.loads(gcp_server.key())["private_key"].splitlines()
        return lines[5]


def by_key(
    server: GcpServer, bucket_name: str, patch: pytest.MonkeyPatch, directory: Path
) -> GcpConfig:
    return server.config()


def by_path(
    server: GcpServer, bucket_name: str, patch: pytest.MonkeyPatch, directory: Path
) -> GcpConfig:
    path = directory / "key.json"
    path.write_text(server.key())
    return server.config(service_account_key_path=str(path))


def by_environment(
    server: GcpServer, bucket_name: str, patch: pytest.MonkeyPatch, directory: Path
) -> GcpConfig:
    for name, value in server.environment.items():
        patch.setenv(name, value)
    return GcpConfig(project=PROJECT)


def by_nobody(
    server: GcpServer, bucket_name: str, patch: pytest.MonkeyPatch, directory: Path
) -> GcpConfig:
    patch.setenv("NO_GCE_CHECK", "true")
    server.grant("allUsers", "roles/storage.objectAdmin", bucket=bucket_name)
    return GcpConfig(project=PROJECT, endpoint=server.endpoint)


def by_impersonation(
    server: GcpServer, bucket_name: str, patch: pytest.MonkeyPatch, directory: Path
) -> GcpConfig:
    account = f"etl-{uuid4().hex[:6]}@{DOMAIN}"
    server.key(account)
    server.grant(account, "roles/storage.objectAdmin", bucket=bucket_name)
    server.grant(OWNER, "roles/iam.serviceAccountTokenCreator", account=account)
    return server.config(impersonate_service_account=account)


IDENTITIES = [by_key, by_path, by_environment, by_nobody]


@pytest.mark.parametrize(
    ("format", "enter"),
    [
        *(("delta", enter) for enter in IDENTITIES),
        *(("iceberg", enter) for enter in (*IDENTITIES, by_impersonation)),
    ],
)
def test_table_is_reached_by_every_identity(
    gcp_server: GcpServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    format: str,
    enter: Entered,
) -> None:
    lake = Objects(gcp_server).name
    config = enter(gcp_server, lake, monkeypatch, tmp_path)
    table = Provider(config=config).bucket(lake, "rows", format)

    table.write(ROWS)
    table.write(table.scan().with_columns(pl.col("n") + 2), mode="append")

    assert sorted(table.read()["n"]) == [1, 2, 3, 4]


def test_delta_table_as_another_account_says_that_it_can_not(
    gcp_server: GcpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lake = Objects(gcp_server).name
    Provider(config=gcp_server.config()).bucket(lake, "rows", "delta").write(ROWS)
    config = by_impersonation(gcp_server, lake, monkeypatch, tmp_path)
    table = Provider(config=config).bucket(lake, "rows", "delta")

    with pytest.raises(ConfigError, match=r"etl-.* deltalake takes no token.*iceberg"):
        table.write(ROWS)
    with pytest.raises(ConfigError, match=r"etl-.* deltalake takes no token.*iceberg"):
        table.read()


@pytest.mark.parametrize("format", ["delta", "iceberg"])
def test_table_is_reached_with_limits_of_the_config_s_own(
    gcp_server: GcpServer, format: str
) -> None:
    """Some are numbers to Polars, and deltalake takes texts alone."""
    config = gcp_server.config(retry_timeout_seconds=5, read_timeout_seconds=5)
    table = Provider(config=config).bucket(Objects(gcp_server).name, "rows", format)

    table.write(ROWS)

    assert table.read().equals(ROWS)
