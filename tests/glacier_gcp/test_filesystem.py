"""gcsfs enters as the session does, and within its time."""

import time
from collections.abc import Iterator

import pytest
from gcsfs.retry import HttpError

from glacier import Provider
from glacier.errors import StorageError
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Fault, Proxy, drop, error, hang


@pytest.fixture
def objects(gcp_server: GcpServer) -> Objects:
    return Objects(gcp_server)


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    with Proxy(gcp_server.endpoint) as made:
        yield made


def files(server: GcpServer, proxy: Proxy, **fields: float) -> Provider:
    config = server.config(endpoint=proxy.endpoint, read_timeout_seconds=0.3, **fields)
    return Provider(config=config)


@pytest.mark.parametrize("fault", [error(503, "SlowDown"), drop, hang(1)])
def test_file_is_read_though_requests_fail(
    gcp_server: GcpServer, proxy: Proxy, objects: Objects, fault: Fault
) -> None:
    objects.put("f.bin", b"bytes")
    filesystem = files(gcp_server, proxy, retry_timeout_seconds=20).bucket(objects.name).filesystem
    rule = proxy.on(fault, times=2)

    assert filesystem.cat_file(f"{objects.name}/f.bin") == b"bytes"
    assert rule.played == 2


def test_file_that_can_not_be_read_is_an_error_within_the_time_of_the_config(
    gcp_server: GcpServer, proxy: Proxy, objects: Objects
) -> None:
    objects.put("f.bin", b"bytes")
    filesystem = files(gcp_server, proxy, retry_timeout_seconds=0.3).bucket(objects.name).filesystem
    rule = proxy.on(error(503, "SlowDown"))

    started = time.monotonic()
    with pytest.raises(HttpError, match="SlowDown"):
        filesystem.cat_file(f"{objects.name}/f.bin")

    assert time.monotonic() - started < 5
    assert rule.played > 1


def test_file_is_read_once_where_nothing_is_to_be_tried_again(
    gcp_server: GcpServer, proxy: Proxy, objects: Objects
) -> None:
    filesystem = files(gcp_server, proxy, retry_timeout_seconds=0).bucket(objects.name).filesystem
    rule = proxy.on(error(503, "SlowDown"))

    with pytest.raises(HttpError, match="SlowDown"):
        filesystem.cat_file(f"{objects.name}/f.bin")

    assert rule.played == 1


@pytest.mark.parametrize("mode", ["a", "ab", "at"])
def test_file_that_is_to_be_appended_to_is_refused_and_stays(
    provider: Provider, objects: Objects, mode: str
) -> None:
    objects.put("notes.csv", b"kept")
    notes = provider.bucket(objects.name, "notes.csv")

    with pytest.raises(StorageError, match=rf"appended to gs://{objects.name}/notes\.csv, which"):
        notes.open(mode)

    assert notes.filesystem.cat_file(f"{objects.name}/notes.csv") == b"kept"
