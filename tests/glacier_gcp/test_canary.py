"""A service account's secrets are in nothing that a run leaves, says or sends to a job."""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest
from aiohttp import ClientError
from gcsfs.retry import HttpError

from glacier import Bucket, Provider
from glacier.config import GcpConfig, LocalConfig
from glacier.errors import RunError, StorageError
from glacier.redaction import chain_of
from glacier_gcp.session import session_of
from tests.acceptance.secretive import Watch, files_that_hold, reaching, spellings
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.proxy import Fault, Proxy, drop, error, hang


@pytest.fixture
def by_key(
    gcp_server: GcpServer, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> GcpConfig:
    """A config with a key; a job over there has it by its own environment."""
    path = tmp_path_factory.mktemp("keys") / "key.json"
    path.write_text(gcp_server.key())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    return GcpConfig.model_validate(
        {
            "project": PROJECT,
            "endpoint": gcp_server.endpoint,
            "service_account_key": gcp_server.key(),
        }
    )


@pytest.fixture
def secrets(by_key: GcpConfig) -> list[str]:
    """A line of the private key, and the token that was got with it."""
    assert by_key.service_account_key is not None
    key = json.loads(by_key.service_account_key.get_secret_value())["private_key"]
    token, _ = session_of(by_key).token()
    assert token is not None
    return [key.splitlines()[5], token]


@pytest.fixture
def buckets(gcp_server: GcpServer, by_key: GcpConfig) -> dict[str, Bucket]:
    provider, lake = Provider(config=by_key), Objects(gcp_server).name
    made = {
        "parquet": provider.bucket(lake, "rows.parquet"),
        "delta": provider.bucket(lake, "table", "delta"),
        "iceberg": provider.bucket(lake, "ice", "iceberg"),
    }
    for bucket in made.values():
        bucket.write(pl.DataFrame({"x": [1, 2, 3]}))
    return made


def test_secret_is_in_nothing_that_a_run_leaves(
    by_key: GcpConfig,
    buckets: Mapping[str, Bucket],
    secrets: list[str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider = buckets["parquet"].provider
    executor = Provider(config=LocalConfig(base_path=tmp_path / "data")).executor("process")
    reached = reaching(buckets, executor)
    caplog.set_level(logging.DEBUG)

    plan = reached.plan()
    with Watch() as watch, pytest.raises(RunError) as failure:
        reached.run()
    looked = [files_that_hold(secret, tmp_path) for secret in secrets]

    run = failure.value.run
    assert run is not None
    assert "ValueError: ([6, 6, 6], [5, 5, 5], [6, 6, 6]" in str(failure.value)
    assert [found for found, _ in looked] == [[], []]
    assert all(count > 100 for _, count in looked)  # Glacier's own modules, for one
    causes = [error.__cause__ for error in run.errors.values()]
    frames = [bucket.scan() for bucket in buckets.values()]
    told = [plan, failure.value, *causes, caplog.text, *(job.log for job in run.jobs)]
    told += [frame.explain() for frame in frames]
    shown = [by_key, run, run.jobs, run.tasks, run.errors, buckets, provider]
    shown += [bucket.adapter.location() for bucket in buckets.values()]
    texts = [*map(str, told), *map(repr, shown)]
    sent = [frame.serialize() for frame in frames]
    everything = b"\0".join([*watch.seen, *sent, *(text.encode() for text in texts)])
    held = [form for secret in secrets for form in spellings(secret) if form in everything]
    assert held == []


@pytest.mark.parametrize("fault", [drop, hang(0.3), error(403, "AccessDenied"), error(503, "No")])
def test_secret_is_in_no_error_of_the_store(
    gcp_server: GcpServer,
    by_key: GcpConfig,
    secrets: list[str],
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    lake = Objects(gcp_server).name
    caplog.set_level(logging.DEBUG)
    with Proxy(gcp_server.endpoint) as proxy:
        proxy.on(fault, path=lake)
        fields = {
            "endpoint": proxy.endpoint,
            "read_timeout_seconds": 0.1,
            "retry_timeout_seconds": 0.001,
        }
        bucket = Provider(config=by_key.model_copy(update=fields)).bucket(lake, "rows.parquet")
        rows = pl.DataFrame({"x": [1]})
        table = bucket.provider.bucket(lake, "table", "delta")
        works: list[Callable[[], object]] = [
            bucket.read,
            bucket.exists,
            lambda: bucket.write(rows),
            lambda: bucket.write(rows, mode="error"),
            lambda: bucket.filesystem.ls(lake),
            lambda: table.write(rows),
        ]
        texts = []
        for work in works:
            try:
                work()
            except (StorageError, OSError, HttpError, ClientError) as raised:
                texts += [f"{one} {one!r}" for one in chain_of(raised)]

    everything = "\0".join([*texts, caplog.text]).encode()
    assert len(texts) >= 8
    assert lake.encode() in everything
    held = [form for secret in secrets for form in spellings(secret) if form in everything]
    assert held == []


def test_search_finds_the_secrets(secrets: list[str]) -> None:
    """The search that the other tests rely on can fail."""
    assert all(len(secret) > 40 for secret in secrets)
