"""The rig's JSON API, as Google's own client writes to it: uploads, copies, compositions."""

import base64
import hashlib
import io
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from google.api_core import exceptions
from google.auth.transport.requests import AuthorizedSession
from google.cloud.storage import Bucket, Client

from tests.glacier_gcp.storage_clients import client_of, credentials, new_bucket
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy, error

UNIT = 256 * 1024
DATA = bytes(range(256)) * 4 * 1024  # 1 MiB


@pytest.fixture(scope="module")
def client(gcp_server: GcpServer) -> Iterator[Client]:
    client = client_of(gcp_server)
    yield client
    client.close()


@pytest.fixture
def bucket(client: Client) -> Bucket:
    return new_bucket(client)


@pytest.fixture(scope="module")
def session(gcp_server: GcpServer) -> Iterator[AuthorizedSession]:
    with AuthorizedSession(credentials(gcp_server)) as session:
        yield session


def begin(session: AuthorizedSession, server: GcpServer, bucket: Bucket) -> str:
    """Begin a resumable upload of `x` and return its address."""
    url = f"{server.endpoint}/upload/storage/v1/b/{bucket.name}/o"
    answer = session.post(url, params={"uploadType": "resumable", "name": "x"})
    return str(answer.headers["Location"])


def test_upload_of_media_alone_needs_a_name(
    session: AuthorizedSession, gcp_server: GcpServer, bucket: Bucket
) -> None:
    url = f"{gcp_server.endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=media"
    headers = {"Content-Type": "text/plain"}

    named = session.post(url, b"abc", params={"name": "a/x"}, headers=headers)
    nameless = session.post(url, b"abc", headers=headers)

    assert (named.json()["name"], named.json()["contentType"]) == ("a/x", "text/plain")
    assert nameless.status_code == 400
    assert nameless.json()["error"]["message"] == "Required parameter: name"


def test_upload_goes_in_chunks(bucket: Bucket, gcp_server: GcpServer) -> None:
    gcp_server.requests(forget=True)

    bucket.blob("x", chunk_size=UNIT).upload_from_file(io.BytesIO(DATA))

    ranges = [one["content_range"] for one in gcp_server.requests()]
    assert ranges[1:] == [
        *(f"bytes {n * UNIT}-{(n + 1) * UNIT - 1}/*" for n in range(4)),
        f"bytes */{len(DATA)}",
    ]
    assert bucket.blob("x").download_as_bytes() == DATA


def test_upload_in_chunks_holds_its_condition(bucket: Bucket) -> None:
    bucket.blob("x").upload_from_string(b"old")

    with pytest.raises(exceptions.PreconditionFailed, match="pre-conditions"):
        bucket.blob("x", chunk_size=UNIT).upload_from_string(DATA, if_generation_match=0)


def test_upload_is_checked_for_its_md5(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.md5_hash = base64.b64encode(hashlib.md5(b"other").digest()).decode()

    with pytest.raises(exceptions.BadRequest, match="doesn't match calculated MD5 hash"):
        blob.upload_from_string(b"abc")

    assert not blob.exists()


def test_upload_is_tried_again(bucket: Bucket, gcp_server: GcpServer) -> None:
    with Proxy(gcp_server.endpoint) as proxy:
        proxy.on(error(503, "ServiceUnavailable"), method="PUT", path="/upload/", times=1)
        client = Client(
            project="glacier-test",
            credentials=credentials(gcp_server),
            client_options={"api_endpoint": proxy.endpoint},
        )

        blob = client.bucket(bucket.name).blob("x", chunk_size=UNIT)
        blob.upload_from_string(DATA, if_generation_match=0)
        client.close()

    assert bucket.blob("x").download_as_bytes() == DATA


def test_session_keeps_multiples_of_its_unit(
    session: AuthorizedSession, gcp_server: GcpServer, bucket: Bucket
) -> None:
    address = begin(session, gcp_server, bucket)
    size = len(DATA)

    first = session.put(
        address, DATA[: UNIT + 5], headers={"Content-Range": f"bytes 0-{UNIT + 4}/*"}
    )
    asked = session.put(address, headers={"Content-Range": "bytes */*"})
    rest = f"bytes {UNIT}-{size - 1}/{size}"
    last = session.put(address, DATA[UNIT:], headers={"Content-Range": rest})

    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{UNIT - 1}")
    assert (asked.status_code, asked.headers["Range"]) == (308, f"bytes=0-{UNIT - 1}")
    assert (last.status_code, last.json()["size"]) == (200, str(size))
    assert session.put(address, headers={"Content-Range": f"bytes */{size}"}).status_code == 200


def test_session_is_completed_by_its_size(
    session: AuthorizedSession, gcp_server: GcpServer, bucket: Bucket
) -> None:
    address = begin(session, gcp_server, bucket)
    session.put(address, DATA, headers={"Content-Range": f"bytes 0-{len(DATA) - 1}/*"})

    answer = session.put(address, headers={"Content-Range": f"bytes */{len(DATA)}"})

    assert answer.json()["md5Hash"] == base64.b64encode(hashlib.md5(DATA).digest()).decode()


def test_session_refuses_a_hole(
    session: AuthorizedSession, gcp_server: GcpServer, bucket: Bucket
) -> None:
    address = begin(session, gcp_server, bucket)

    answer = session.put(
        address, DATA[:UNIT], headers={"Content-Range": f"bytes {UNIT}-{2 * UNIT - 1}/*"}
    )

    assert answer.status_code == 400
    assert "exceeds already uploaded size of 0" in answer.json()["error"]["message"]


def test_session_is_cancelled(
    session: AuthorizedSession, gcp_server: GcpServer, bucket: Bucket
) -> None:
    address = begin(session, gcp_server, bucket)

    assert session.delete(address).status_code == 499
    assert session.put(address, DATA).status_code == 499
    assert not bucket.blob("x").exists()


def test_session_keeps_what_a_broken_connection_has_sent(
    session: AuthorizedSession, gcp_server: GcpServer, bucket: Bucket
) -> None:
    address = begin(session, gcp_server, bucket)
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port)) as connection:
        head = f"PUT {place.path}?{place.query} HTTP/1.1\r\nHost: {place.netloc}\r\n"
        connection.sendall(f"{head}Content-Length: {len(DATA)}\r\n\r\n".encode())
        connection.sendall(DATA[: 3 * UNIT + 7])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""

    answer = session.put(address, headers={"Content-Range": f"bytes */{len(DATA)}"})

    assert (answer.status_code, answer.headers["Range"]) == (308, f"bytes=0-{3 * UNIT - 1}")


def test_copy_is_another_object(bucket: Bucket) -> None:
    source = bucket.blob("a/x")
    source.metadata = {"origin": "test"}
    source.upload_from_string(b"abc", content_type="text/plain")

    copy = bucket.copy_blob(source, bucket, "b/x y")

    assert copy.generation != source.generation
    assert (copy.download_as_bytes(), copy.content_type) == (b"abc", "text/plain")
    assert copy.metadata == {"origin": "test"}


def test_rewrite_goes_in_steps(
    bucket: Bucket, session: AuthorizedSession, gcp_server: GcpServer
) -> None:
    bucket.blob("x").upload_from_string(DATA * 3)
    url = f"{gcp_server.endpoint}/storage/v1/b/{bucket.name}/o/x/rewriteTo/b/{bucket.name}/o/y"
    step = {"maxBytesRewrittenPerCall": str(len(DATA))}

    first = session.post(url, params=step).json()
    second = session.post(url, params={**step, "rewriteToken": first["rewriteToken"]}).json()
    third = session.post(url, params={**step, "rewriteToken": second["rewriteToken"]}).json()

    assert [one["done"] for one in (first, second, third)] == [False, False, True]
    assert third["resource"]["size"] == str(3 * len(DATA))
    assert bucket.blob("y").download_as_bytes() == DATA * 3


def test_rewrite_holds_its_conditions(bucket: Bucket) -> None:
    source = bucket.blob("x")
    source.upload_from_string(b"abc")
    bucket.blob("y").upload_from_string(b"old")

    for condition in ({"if_generation_match": 0}, {"if_source_generation_match": 1}):
        with pytest.raises(exceptions.PreconditionFailed, match="pre-conditions"):
            bucket.blob("y").rewrite(source, **condition)

    assert bucket.blob("y").download_as_bytes() == b"old"


def test_rewrite_changes_the_storage_class(bucket: Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"abc")

    blob.update_storage_class("COLDLINE")

    assert bucket.get_blob("x").storage_class == "COLDLINE"
    assert blob.download_as_bytes() == b"abc"


def test_move_leaves_nothing_behind(bucket: Bucket) -> None:
    bucket.blob("x").upload_from_string(b"abc")

    bucket.move_blob(bucket.blob("x"), "y/z")

    assert [one.name for one in bucket.list_blobs()] == ["y/z"]


def test_compose_puts_objects_together(bucket: Bucket) -> None:
    parts = [bucket.blob(name) for name in ("1", "2")]
    for part in parts:
        part.upload_from_string(part.name.encode() * 3)

    whole = bucket.blob("whole")
    whole.compose(parts, if_generation_match=0)

    assert whole.download_as_bytes() == b"111222"
    assert (whole.component_count, whole.md5_hash) == (2, None)
    with pytest.raises(exceptions.PreconditionFailed, match="pre-conditions"):
        whole.compose(parts, if_source_generation_match=[1, 2])
