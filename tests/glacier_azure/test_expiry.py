"""Signatures that expire while a run goes on."""

import datetime as dt
import time

import polars as pl
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import AccessDeniedError, RunError
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite

LIFE_SECONDS = 2
ROWS = pl.DataFrame({"n": [1, 2]})


def expiring(azurite: Azurite) -> Provider:
    """Return a provider whose signature the server takes for a few seconds."""
    signature = generate_account_sas(
        DEVELOPMENT_ACCOUNT,
        DEVELOPMENT_KEY,
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(read=True, write=True, list=True, delete=True, create=True),
        expiry=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=LIFE_SECONDS),
    )
    return Provider(config=azurite.config(account_key=None, sas_token=signature))


def outlive() -> None:
    time.sleep(LIFE_SECONDS + 1)  # expiries are whole seconds


def test_signature_that_expires_between_scan_and_settle_is_one_clear_error(
    azurite: Azurite,
) -> None:
    blobs = Blobs(azurite)
    sound = Provider(config=azurite.config())
    sound.bucket(blobs.name, "source.parquet").write(ROWS)
    sound.bucket(blobs.name, "target.parquet").write(ROWS)
    old = blobs.bodies()
    provider = expiring(azurite)

    @task
    def copy(source: Bucket, target: Bucket) -> None:
        target.write(source.scan().with_columns(pl.col("n") + 1))
        outlive()

    @pipeline
    def copying() -> None:
        copy(
            provider.bucket(blobs.name, "source.parquet"),
            provider.bucket(blobs.name, "target.parquet"),
        )

    with pytest.raises(RunError, match=r"(?i)signature.*expire") as caught:
        copying.run()

    error = caught.value.run.errors["copy"]
    assert isinstance(error.__cause__, AccessDeniedError)
    assert blobs.uri("") in str(error)
    assert "sig=" not in str(error)
    assert blobs.bodies() == old


def test_signature_that_expires_during_a_write_leaves_the_old_data(azurite: Azurite) -> None:
    blobs = Blobs(azurite)
    Provider(config=azurite.config()).bucket(blobs.name, "f.parquet").write(ROWS)
    old = blobs.bodies()
    bucket = expiring(azurite).bucket(blobs.name, "f.parquet")
    stage = bucket.adapter.stage("overwrite")
    assert stage.files is not None
    stage.files.open("").write(bytes(9 * 1024 * 1024))
    outlive()

    with pytest.raises(HttpResponseError, match=r"Authenti|Authoriz"):
        bucket.adapter.commit(stage, "overwrite")

    bucket.adapter.discard(stage)
    assert blobs.bodies() == old
