"""A storage account's secrets are in nothing that a run leaves, says or sends to a job."""

import base64
import datetime as dt
import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import polars as pl
import pytest
from azure.storage.blob import (
    AccountSasPermissions,
    BlobServiceClient,
    ResourceTypes,
    generate_account_sas,
)

from glacier import Bucket, Provider, pipeline, task
from glacier.config import AzureConfig, LocalConfig
from glacier.errors import RunError, StorageError
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT
from tests.acceptance.secretive import Watch, files_that_hold, reaching, spellings
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import GROUP, Azurite, missing_azurite

KEY = base64.b64encode(b"canary-" + secrets.token_bytes(57)).decode()
CLIENT_SECRET = "canary-" + secrets.token_hex(16)


@pytest.fixture(scope="module")
def secretive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """A storage account whose key is nobody else's: Azurite's own stands in public sources."""
    reason = missing_azurite()
    if reason:
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZURITE_ACCOUNTS", f"{DEVELOPMENT_ACCOUNT}:{KEY}")
        server = Azurite(tmp_path_factory.mktemp("secretive"))
    with server:
        BlobServiceClient(server.endpoint, credential=KEY).create_container("sales")
        yield server


def signature() -> str:
    return generate_account_sas(
        DEVELOPMENT_ACCOUNT,
        KEY,
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(read=True, write=True, list=True, delete=True, create=True),
        expiry=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
    )


WAYS_IN = ("account_key", "sas_token", "connection_string")


@pytest.fixture(params=WAYS_IN)
def identity(request: pytest.FixtureRequest, secretive: Azurite) -> tuple[AzureConfig, str, str]:
    """A config, the variable that gives a job the same way in, and the secret of both."""
    place = {"storage_account": DEVELOPMENT_ACCOUNT, "endpoint": secretive.endpoint}
    if request.param == "account_key":
        fields, variable, secret = {**place, "account_key": KEY}, "AZURE_STORAGE_KEY", KEY
    elif request.param == "sas_token":
        given = signature()
        fields, variable = {**place, "sas_token": given}, "AZURE_STORAGE_SAS_TOKEN"
        secret = max(re.findall("[A-Za-z0-9]+", unquote(given.partition("sig=")[2])), key=len)
    else:
        text = (
            f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={KEY};BlobEndpoint={secretive.endpoint}"
        )
        fields, variable, secret = (
            {"connection_string": text},
            "AZURE_STORAGE_CONNECTION_STRING",
            KEY,
        )
    config = AzureConfig.model_validate({"resource_group": GROUP, **fields})
    request.getfixturevalue("monkeypatch").setenv(variable, fields[request.param])
    return config, variable, secret


@pytest.fixture
def buckets(identity: tuple[AzureConfig, str, str]) -> dict[str, Bucket]:
    provider = Provider(config=identity[0])
    made = {
        "parquet": provider.bucket("sales", "rows.parquet"),
        "delta": provider.bucket("sales", "table", "delta"),
    }
    for bucket in made.values():
        bucket.write(pl.DataFrame({"x": [1, 2, 3]}))
    return made


@pytest.mark.parametrize("identity", WAYS_IN[:2], indirect=True)
def test_secret_is_in_nothing_that_a_run_leaves(
    identity: tuple[AzureConfig, str, str],
    buckets: Mapping[str, Bucket],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config, _, secret = identity
    provider = buckets["parquet"].provider
    executor = Provider(config=LocalConfig(base_path=tmp_path / "data")).executor("process")
    reached = reaching(buckets, executor)
    caplog.set_level(logging.DEBUG)

    plan = reached.plan()
    with Watch() as watch, pytest.raises(RunError) as failure:
        reached.run()
    found, count = files_that_hold(secret, tmp_path)

    run = failure.value.run
    assert run is not None
    assert "ValueError: ([6, 6], [5, 5], [6, 6], [6, 6, 5, 5])" in str(failure.value)
    assert found == []
    assert count > 100  # Glacier's own modules, for one
    causes = [error.__cause__ for error in run.errors.values()]
    frames = [bucket.scan() for bucket in buckets.values()]
    told = [plan, failure.value, *causes, caplog.text, *(job.log for job in run.jobs)]
    told += [str(provider.terraform()), *(frame.explain() for frame in frames)]
    shown = [config, run, run.jobs, run.tasks, run.errors, buckets, provider]
    shown += [bucket.adapter.location() for bucket in buckets.values()]
    texts = [*map(str, told), *map(repr, shown)]
    sent = [frame.serialize() for frame in frames]
    everything = b"\0".join([*watch.seen, *sent, *(text.encode() for text in texts)])
    assert not any(form in everything for form in spellings(secret))


def test_job_may_be_sent_with_the_key_that_all_emulators_have(
    azurite: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in Glacier's own sources, which travel with a job."""
    for name, value in azurite.environment.items():
        monkeypatch.setenv(name, value)
    bucket = Provider(config=azurite.config()).bucket(Blobs(azurite).name, "rows.parquet")
    bucket.write(pl.DataFrame({"x": [1, 2]}))
    executor = Provider(config=LocalConfig(base_path=tmp_path / "data")).executor("process")

    @task(executor=executor)
    def total(given: Bucket) -> int:
        return int(given.read()["x"].sum())

    @pipeline
    def totals() -> int:
        return total(bucket)

    with totals.run() as run:
        assert run.result == 3


def test_secret_is_in_no_error_of_the_store(
    identity: tuple[AzureConfig, str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config, _, secret = identity
    missing = Provider(config=config).bucket("no-such-container", "rows.parquet")
    texts = []

    for work in (missing.read, missing.exists, lambda: missing.write(pl.DataFrame({"x": [1]}))):
        try:
            work()
        except StorageError as error:
            texts += [str(error), repr(error), repr(error.__cause__), str(error.__cause__)]

    everything = "\0".join([*texts, caplog.text]).encode()
    assert len(texts) >= 8
    assert b"no-such-container" in everything
    assert not any(form in everything for form in spellings(secret))


def test_client_secret_is_in_no_repr_no_plan_and_no_terraform(
    secretive: Azurite, tmp_path: Path
) -> None:
    config = AzureConfig.model_validate(
        {
            "resource_group": GROUP,
            "storage_account": DEVELOPMENT_ACCOUNT,
            "endpoint": secretive.endpoint,
            "tenant_id": "tenant",
            "client_id": "client",
            "client_secret": CLIENT_SECRET,
        }
    )
    provider = Provider(config=config)
    bucket = provider.bucket("sales", "rows.parquet", schema={"x": pl.Int64})

    frame = bucket.scan()

    shown = [config, provider, bucket, bucket.adapter.location(), provider.terraform()]
    texts = [*map(str, shown), *map(repr, shown), frame.explain()]
    everything = b"\0".join([frame.serialize(), *(text.encode() for text in texts)])
    assert not any(form in everything for form in spellings(CLIENT_SECRET))
