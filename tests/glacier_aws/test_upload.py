"""Uploads: nothing is visible before its commit, and what is visible is whole."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from glacier import Provider
from glacier.errors import AccessDeniedError, StorageError
from glacier.uploads.stage import Uploads
from glacier.uploads.upload import PART_BYTES, part_size
from glacier_aws.session import session_of
from glacier_aws.storage.upload import S3Object
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import AwsServer
from tests.rigs.proxy import Proxy, delay, drop, error

MIB = 1024 * 1024
PART = 5 * MIB
TOKEN = "0123456789abcdef"


@pytest.fixture
def objects(aws_server: AwsServer) -> Objects:
    return Objects(aws_server)


@pytest.fixture
def proxy(aws_server: AwsServer) -> Iterator[Proxy]:
    with Proxy(aws_server.endpoint) as made:
        yield made


@pytest.fixture
def make(
    aws_server: AwsServer, proxy: Proxy, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Uploads]:
    """Makes the uploads of a stage, through the proxy."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")  # less to wait for
    config = aws_server.config(endpoint_url=proxy.endpoint)
    client = session_of(config).client("s3")

    def uploads(root: str, *, is_exclusive: bool = False, **settings: Any) -> Uploads:
        return Uploads(
            root,
            lambda key: S3Object(client, objects.name, key, TOKEN, is_exclusive=is_exclusive),
            translate=Provider(config).bucket(objects.name, "ds/").adapter.translate,
            **{"part_bytes": PART, **settings},
        )

    return uploads


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def fill(uploads: Uploads, path: str, body: bytes, chunk: int = MIB) -> None:
    file = uploads.open(path)
    for start in range(0, len(body), chunk):
        file.write(body[start : start + chunk])


def asked(proxy: Proxy) -> list[tuple[str, str]]:
    """Return method and the names in the query of all requests."""
    return [
        (one.method, "&".join(part.partition("=")[0] for part in one.query.split("&")))
        for one in proxy.requests
    ]


def ended(upload: Any) -> bool:
    """Wait until all parts have ended; return whether they did."""
    return not wait(upload._parts, timeout=20).not_done


def test_small_file_is_one_request_at_its_commit(
    make: Callable[..., Uploads], proxy: Proxy, objects: Objects
) -> None:
    uploads = make(root="f.bin")
    fill(uploads, "", b"rows")
    before = asked(proxy)

    uploads.complete()

    assert before == []
    assert asked(proxy)[0] == ("PUT", "")
    assert objects.bodies() == {"f.bin": b"rows"}


def test_large_file_is_not_visible_before_its_commit(
    make: Callable[..., Uploads], objects: Objects
) -> None:
    objects.put("f.bin", b"old")
    body = content(2 * PART + 12345)
    uploads = make(root="f.bin")
    fill(uploads, "", body)
    before = objects.bodies()

    uploads.complete()

    assert before == {"f.bin": b"old"}
    assert objects.bodies() == {"f.bin": body}
    assert objects.uploads() == []


@pytest.mark.parametrize(
    ("calculation", "algorithm"), [("when_supported", "CRC32"), ("when_required", None)]
)
def test_upload_is_begun_for_the_checksums_that_its_parts_have(
    aws_server: AwsServer,
    objects: Objects,
    monkeypatch: pytest.MonkeyPatch,
    calculation: str,
    algorithm: str | None,
) -> None:
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", calculation)
    client = session_of(aws_server.config()).client("s3")
    body = content(PART + 1)
    uploads = Uploads(
        "f.bin", lambda key: S3Object(client, objects.name, key, TOKEN), part_bytes=PART
    )
    fill(uploads, "", body)
    [begun] = objects.client.list_multipart_uploads(Bucket=objects.name)["Uploads"]

    uploads.complete()

    whole = objects.client.head_object(Bucket=objects.name, Key="f.bin", ChecksumMode="ENABLED")
    assert begun.get("ChecksumAlgorithm") == algorithm
    assert ("ChecksumCRC32" in whole) == (algorithm == "CRC32")
    assert objects.bodies() == {"f.bin": body}


@pytest.mark.parametrize("chunk", [1000 * 1000, PART, 3 * PART + 7])
def test_parts_are_whole_whatever_the_writes(
    make: Callable[..., Uploads], proxy: Proxy, objects: Objects, chunk: int
) -> None:
    body = content(3 * PART)
    uploads = make(root="f.bin")

    fill(uploads, "", body, chunk)
    uploads.complete()

    assert objects.bodies() == {"f.bin": body}
    assert len([one for one in proxy.requests if "partNumber" in one.query]) == 3


def test_file_without_bytes_is_an_empty_object(
    make: Callable[..., Uploads], objects: Objects
) -> None:
    uploads = make(root="f.bin")
    uploads.open("")

    uploads.complete()

    assert objects.bodies() == {"f.bin": b""}


def test_ten_thousand_parts_hold_the_largest_object() -> None:
    sizes = [part_size(number) for number in range(10_000)]

    assert sizes[0] == PART_BYTES
    assert sum(sizes) >= 5 * 1024**4
    assert max(sizes) <= 5 * 1024**3


def test_parts_grow_after_a_thousand(make: Callable[..., Uploads], objects: Objects) -> None:
    uploads = make(root="f.bin", part_bytes=10)
    fill(uploads, "", bytes(10_000 + 3 * 20 + 5), 1000)
    upload = cast("Any", uploads._all()[0])
    for part in upload._parts:
        part.result()

    pages = objects.client.get_paginator("list_parts").paginate(
        Bucket=objects.name, Key="f.bin", UploadId=upload._target._upload_id
    )
    sizes = [part["Size"] for page in pages for part in page["Parts"]]
    uploads.abort()

    assert sizes == [10] * 1000 + [20] * 3


def test_many_files_of_a_stage_share_its_memory(
    make: Callable[..., Uploads], objects: Objects
) -> None:
    bodies = {f"{number}.bin": content(40_000, number) for number in range(300)}
    uploads = make(root="ds/", memory_bytes=MIB)
    files = {name: uploads.open(name) for name in bodies}

    for start in range(0, 40_000, 10_000):
        for name, file in files.items():
            file.write(bodies[name][start : start + 10_000])
    uploads.complete()

    assert objects.bodies() == {f"ds/{name}": body for name, body in bodies.items()}
    assert uploads.buffers.disk_bytes > 0


def test_aborted_upload_leaves_nothing_and_takes_nothing(
    make: Callable[..., Uploads], objects: Objects
) -> None:
    uploads = make(root="f.bin")
    fill(uploads, "", content(2 * PART + 1))

    uploads.abort()

    with pytest.raises(StorageError, match="given up"):
        uploads._all()[0].write(b"more")
    with pytest.raises(StorageError, match="given up"):
        uploads.open("other")
    with pytest.raises(StorageError, match="given up"):
        uploads.complete()
    assert ended(uploads._all()[0])
    assert (objects.keys(), objects.uploads()) == ([], [])


def test_abort_does_not_wait_for_parts_under_way_and_leaves_none(
    make: Callable[..., Uploads], proxy: Proxy, objects: Objects
) -> None:
    late = proxy.on(delay(1), query="partNumber")
    uploads = make(root="f.bin")
    fill(uploads, "", content(3 * PART))
    while late.played < 3:
        time.sleep(0.01)

    started = time.monotonic()
    uploads.abort()
    seconds = time.monotonic() - started

    assert seconds < 0.9
    assert ended(uploads._all()[0])
    assert (objects.keys(), objects.uploads()) == ([], [])
    assert asked(proxy)[-1] == ("DELETE", "uploadId")


def test_abort_reaches_an_upload_that_is_just_being_begun(
    make: Callable[..., Uploads], proxy: Proxy, objects: Objects
) -> None:
    late = proxy.on(delay(1), method="POST", query="uploads")
    uploads = make(root="f.bin")
    errors: list[BaseException] = []

    def write() -> None:
        try:
            fill(uploads, "", content(2 * PART))
        except StorageError as raised:
            errors.append(raised)

    writer = threading.Thread(target=write)
    writer.start()
    while not late.played:
        time.sleep(0.01)

    uploads.abort()
    writer.join(20)

    assert [str(one) for one in errors] == ["This write was given up."]
    assert (objects.keys(), objects.uploads()) == ([], [])


def test_failed_part_ends_the_write_with_what_the_store_said(
    make: Callable[..., Uploads], proxy: Proxy, objects: Objects
) -> None:
    proxy.on(error(403, "AccessDenied"), query="partNumber")
    uploads = make(root="f.bin")
    file = uploads.open("")

    file.write(bytes(PART))
    while uploads.error is None:
        time.sleep(0.01)  # the answer is on its way
    with pytest.raises(AccessDeniedError, match="AccessDenied"):
        file.write(b"more")

    assert isinstance(uploads.error, AccessDeniedError)
    with pytest.raises(AccessDeniedError, match="AccessDenied"):
        uploads.complete()
    uploads.abort()
    assert ended(uploads._all()[0])
    assert (objects.keys(), objects.uploads()) == ([], [])


@pytest.mark.parametrize("is_exclusive", [False, True])
@pytest.mark.parametrize("size", [100, PART + 1])
@pytest.mark.parametrize("lost", [1, 2, None])
def test_commit_whose_answers_are_lost_is_a_success(
    make: Callable[..., Uploads],
    proxy: Proxy,
    objects: Objects,
    size: int,
    is_exclusive: bool,
    lost: int | None,
) -> None:
    body = content(size)
    uploads = make(root="f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", body)
    if size > PART:
        rule = proxy.on(drop, method="POST", query="^uploadId", times=lost)
    else:
        rule = proxy.on(drop, method="PUT", times=lost)

    uploads.complete()

    assert rule.played >= 1
    assert objects.bodies() == {"f.bin": body}
    uploads.abort()
    assert objects.bodies() == {"f.bin": body}


@pytest.mark.parametrize("size", [100, PART + 1])
def test_exclusive_commit_leaves_what_somebody_else_wrote(
    make: Callable[..., Uploads], objects: Objects, size: int
) -> None:
    uploads = make(root="f.bin", is_exclusive=True)
    fill(uploads, "", content(size))
    objects.put("f.bin", b"of somebody else")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        uploads.complete()

    uploads.abort()
    assert objects.bodies() == {"f.bin": b"of somebody else"}
    assert objects.uploads() == []


def test_upload_that_somebody_aborted_is_an_error(
    make: Callable[..., Uploads], objects: Objects
) -> None:
    objects.put("f.bin", b"old")
    uploads = make(root="f.bin")
    fill(uploads, "", content(PART + 1))
    upload = cast("Any", uploads._all()[0])
    ended(upload)
    objects.client.abort_multipart_upload(
        Bucket=objects.name, Key="f.bin", UploadId=upload._target._upload_id
    )

    with pytest.raises(ClientError, match="NoSuchUpload"):
        uploads.complete()

    uploads.abort()
    assert objects.bodies() == {"f.bin": b"old"}


def test_file_that_fails_at_its_commit_keeps_the_others_from_beginning(
    make: Callable[..., Uploads], proxy: Proxy, objects: Objects
) -> None:
    proxy.on(error(403, "AccessDenied"), method="PUT", path="/000.bin")
    uploads = make(root="ds/")
    for number in range(200):
        fill(uploads, f"{number:03}.bin", b"rows")

    with pytest.raises(ClientError, match="AccessDenied"):
        uploads.complete()

    uploads.abort()
    assert len(objects.keys()) < 150
