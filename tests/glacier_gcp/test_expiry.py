"""Tokens that expire, and rights that go, while a run goes on."""

import time
from collections.abc import Iterator
from uuid import uuid4

import polars as pl
import pytest
from google.api_core.exceptions import Forbidden

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import AccessDeniedError, RunError
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.accounts import DOMAIN, LIFETIME_SECONDS
from tests.rigs.gcp.roles import ROLES
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy, delay

LIFE_SECONDS = 2
TURNS = 3
ROWS = pl.DataFrame({"n": [1, 2]})
USE = ROLES["roles/storage.objectUser"]


@pytest.fixture
def objects(gcp_server: GcpServer) -> Objects:
    return Objects(gcp_server)


@pytest.fixture
def short_lived(gcp_server: GcpServer) -> Iterator[None]:
    """Tokens live for a few seconds."""
    gcp_server.set_token_lifetime(LIFE_SECONDS)
    yield
    gcp_server.set_token_lifetime(LIFETIME_SECONDS)


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    """What makes each turn take longer than half a token's life."""
    with Proxy(gcp_server.endpoint) as made:
        made.on(delay(1.5), query="partNumber")
        yield made


@task
def copy(source: Bucket, target: Bucket) -> Bucket:
    target.write(source.scan().with_columns(pl.col("n") + 1))
    return target


def big() -> pl.DataFrame:
    """Rows whose file has two parts."""
    return pl.select(n=pl.int_range(1_200_000).hash() // 2)


def test_tokens_that_are_renewed_see_a_run_to_its_end(
    gcp_server: GcpServer, short_lived: None, proxy: Proxy, objects: Objects
) -> None:
    sound = Provider(config=gcp_server.config())
    sound.bucket(objects.name, "0.parquet").write(big())
    provider = Provider(config=gcp_server.config(endpoint=proxy.endpoint))
    buckets = [provider.bucket(objects.name, f"{turn}.parquet") for turn in range(TURNS + 1)]

    @pipeline
    def copying() -> None:
        source = buckets[0]
        for target in buckets[1:]:
            source = copy(source, target)

    started = time.monotonic()
    copying.run()

    assert time.monotonic() - started > 2 * LIFE_SECONDS
    assert sound.bucket(objects.name, f"{TURNS}.parquet").read().equals(big() + TURNS)


class Worker:
    """An account with a role of its own, whose rights can be taken away."""

    def __init__(self, server: GcpServer, bucket_name: str) -> None:
        name = uuid4().hex[:8]
        self._server, self._role = server, f"projects/glacier-test/roles/{name}"
        self.email = f"worker-{name}@{DOMAIN}"
        self.config = server.config(service_account_key=server.key(self.email))
        server.define_role(self._role, *USE)
        server.grant(self.email, self._role, bucket=bucket_name)

    def lose_rights(self, *left: str) -> None:
        self._server.define_role(self._role, *left)


def test_rights_that_go_between_scan_and_settle_are_one_clear_error(
    gcp_server: GcpServer, objects: Objects
) -> None:
    sound = Provider(config=gcp_server.config())
    for path in ("source.parquet", "target.parquet"):
        sound.bucket(objects.name, path).write(ROWS)
    old = objects.bodies()
    worker = Worker(gcp_server, objects.name)
    provider = Provider(config=worker.config)

    @task
    def copy_and_lose(source: Bucket, target: Bucket) -> None:
        target.write(source.scan().with_columns(pl.col("n") + 1))
        worker.lose_rights()

    @pipeline
    def copying() -> None:
        copy_and_lose(
            provider.bucket(objects.name, "source.parquet"),
            provider.bucket(objects.name, "target.parquet"),
        )

    with pytest.raises(RunError, match=f"denied to the service account {worker.email}") as caught:
        copying.run()

    error = caught.value.run.errors["copy_and_lose"]
    assert isinstance(error.__cause__, AccessDeniedError)
    assert objects.uri("") in str(error)
    assert objects.bodies() == old


def test_rights_that_go_during_a_write_leave_the_old_data(
    gcp_server: GcpServer, objects: Objects
) -> None:
    Provider(config=gcp_server.config()).bucket(objects.name, "f.parquet").write(ROWS)
    old = objects.bodies()
    worker = Worker(gcp_server, objects.name)
    bucket = Provider(config=worker.config).bucket(objects.name, "f.parquet")
    stage = bucket.adapter.stage("overwrite")
    assert stage.files is not None
    stage.files.open("").write(bytes(9 * 1024 * 1024))
    worker.lose_rights("storage.multipartUploads.abort")

    with pytest.raises((Forbidden, AccessDeniedError), match="does not have"):
        bucket.adapter.commit(stage, "overwrite")

    bucket.adapter.discard(stage)
    assert objects.bodies() == old
    assert objects.uploads() == []
